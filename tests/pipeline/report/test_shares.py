"""Wilson's interval at its ends, and of what is no share."""

import math

import pytest

from pipeline.report.statistics.shares import wilson


@pytest.mark.parametrize("examples", [3, 10, 1000])
def test_the_interval_of_none_or_of_all_ends_there(examples: int) -> None:
    reach = 1.959964**2 / (examples + 1.959964**2)  # Wilson's formula for a share of 0
    low, high = wilson(0.0, examples)
    assert low == 0
    assert high == pytest.approx(reach, rel=1e-5)
    low, high = wilson(1.0, examples)
    assert low == pytest.approx(1 - reach, rel=1e-5)
    assert high == 1


@pytest.mark.parametrize(("score", "examples"), [(math.nan, 10), (math.inf, 10), (0.5, 0)])
def test_what_is_no_share_has_no_interval(score: float, examples: int) -> None:
    assert all(map(math.isnan, wilson(score, examples)))
