"""How many cases the tests of properties draw: few in `make test`, as many as Hypothesis would in `make test-all`."""

import os

from hypothesis import settings

settings.register_profile("few", max_examples=20, deadline=None)  # a busy machine is no failure
settings.register_profile("many", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "few"))
