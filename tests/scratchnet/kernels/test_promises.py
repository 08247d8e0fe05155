"""What compiled code takes for granted, in a build of it that checks: see `tests/support/checked.py`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[2] / "support"
DRAWN = ("any_network", "looking_ahead_is_exact", "wide_first_layer", "pieces_does_not_look_ahead", "residual")
DRAWN += ("patch_mlp", "weights_of_examples", "widens")


@pytest.mark.slow
def test_no_part_lies_outside_of_its_vector_and_no_disjoint_arrays_overlap(tmp_path: Path) -> None:
    tests = [str(Path(__file__).with_name(f"test_{name}.py")) for name in ("compiled", "ahead", "lines")]
    options = ["-p", "checked", "-p", "no:xdist", "-p", "no:cacheprovider", "-q", "-k", " or ".join(DRAWN)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(SUPPORT)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests], env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("add(1.0, x[:3], x[2:5])", "add: a and b overlap"),
        ("part(x, 4, 2)", "a part lies outside of its vector"),
        ("part(x, -1, 2)", "a part lies outside of its vector"),
    ],
)
def test_the_build_that_checks_does(line: str, message: str) -> None:
    program = (
        "import checked, numpy as np\nfrom scratchnet.compiled.parts import part\n"
        f"from scratchnet.compiled.vectors import add\nx = np.ones(5)\n{line}\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(message)
