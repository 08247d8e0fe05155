"""How many cases the tests of properties draw, where they do not say: few in `make test`, many in `make test-all`; and
what is done once for the workers of a run of the tests.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("few", max_examples=20, deadline=None)  # a busy machine is no failure
settings.register_profile("many", max_examples=150, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "few"))

_COMPILE = "import torch; from scratchnet.kernels.compiled import prepare; prepare(torch.{})"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Compile, on a machine that has not yet, for both types at once; otherwise each worker would, for both."""
    root = Path(__file__).parents[1]
    programs = [_COMPILE.format(dtype) for dtype in ("float32", "float64")]
    for process in [subprocess.Popen([sys.executable, "-c", program], cwd=root) for program in programs]:
        process.wait()
