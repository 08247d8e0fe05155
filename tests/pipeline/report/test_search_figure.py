"""The expected best of a search, against all the ways to draw from its scores."""

import itertools

import pandas as pd
import pytest

from pipeline.report.figures.search import expected_best


@pytest.mark.parametrize("higher", [True, False])
def test_the_expected_best_is_the_mean_over_all_draws(higher: bool) -> None:
    scores = [0.3, 0.9, 0.5, 0.5]
    best = max if higher else min
    for n, value in enumerate(expected_best(pd.Series(scores), higher=higher), 1):
        draws = [best(draw) for draw in itertools.product(scores, repeat=n)]
        assert value == pytest.approx(sum(draws) / len(draws), abs=1e-12)
