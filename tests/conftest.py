"""How many cases the tests of properties draw, where they do not say: few in `make test`, many in `make test-all`."""

import os

from hypothesis import settings

settings.register_profile("few", max_examples=20, deadline=None)  # a busy machine is no failure
settings.register_profile("many", max_examples=150, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "few"))
