"""CSV that a spreadsheet opens without harm, and that says what the frame says."""

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.runs.spreadsheet import to_csv

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_text_is_a_formula(cell: str) -> None:
    text = to_csv(pd.DataFrame({"a": [cell, "plain"]}))
    assert pd.read_csv(io.StringIO(text, newline=""), lineterminator="\n")["a"].tolist()[1] == "plain"
    assert text.split("\n", 1)[1].lstrip('"').startswith("'" + cell[0])


@given(st.lists(st.floats(allow_infinity=False), min_size=1), st.lists(st.integers(-(2**53), 2**53), min_size=1))
def test_numbers_come_back_as_they_are(numbers: list[float], counts: list[int]) -> None:
    frame = pd.DataFrame({"x": pd.Series(numbers), "n": pd.Series([float(n) for n in counts])})
    back = pd.read_csv(io.StringIO(to_csv(frame, ["n"])), dtype={"n": "Int64"})
    assert back["n"].dropna().tolist() == counts
    pd.testing.assert_series_equal(back["x"].astype(float), frame["x"], check_exact=True)


def test_negative_numbers_in_a_column_of_text_stay() -> None:
    assert to_csv(pd.DataFrame({"a": ["-0.5", "-inf", -1, "relu", None]})) == 'a\n-0.5\n-inf\n-1\nrelu\n""\n'
