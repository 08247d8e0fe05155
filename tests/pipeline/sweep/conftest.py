"""What sweeps that are disturbed are compared with."""

import pytest
from forked import warm
from robustness import SWEEPS, undisturbed


@pytest.fixture(scope="session")
def warmed() -> None:
    warm()


@pytest.fixture(scope="session")
def expected(warmed: None) -> dict[str, dict[str, object]]:
    """The figures of undisturbed sweeps, by kind, run and file."""
    return {kind: undisturbed(kind) for kind in SWEEPS}
