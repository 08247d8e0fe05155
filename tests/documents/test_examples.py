"""docs/examples/: every number of the sentences about runs, recomputed from results.csv by scipy and statsmodels."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from documents import ROOT
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

from benchmarks.examples import EXAMPLES

PLACE = ROOT / "docs" / "examples"
ALL = sorted(path for path in PLACE.rglob("README.md") if path.parent != PLACE)
OVERVIEW = PLACE / "two_data_sets" / "README.md"
PAGES = [page for page in ALL if page != OVERVIEW]
KEYS = {"hidden units": "model.hidden", "learning rate": "optimizer.lr", "L2 penalty": "model.l2"}
NUMBER = r"([-−]?[\d,]*\.?\d+)"
KEY = rf"(?i:{'|'.join(KEYS)})"  # a sentence may begin with one
SETTING = rf"((?:{KEY} [\d.e+-]*\d(?:, )?)+)"


class Sweep:
    """One page and the runs that it is about, read without the package."""

    def __init__(self, page: Path) -> None:
        self.name = page.relative_to(PLACE).parts[0]
        self.text = re.sub(r"\s+", " ", page.read_text(encoding="utf-8").replace("\\", ""))
        runs = pd.read_csv(PLACE / self.name / "results.csv")
        if page.parent.name != self.name:  # of one data set among several
            runs = runs[runs["config.dataset.loader"] == page.parent.name.partition("-of-")[0].replace("-", "_")]
        self.runs = runs
        self.score = (
            "accuracy" if "metric.best_test_accuracy" in runs and runs["task"].iloc[0] != "regression" else "r2"
        )
        self.share = self.score == "accuracy"
        self.scale = 100 if self.share else 1  # of what is written
        self.replicate = "config.dataset.fold" if self.name == "five_folds" else "config.seed"
        self.finished = runs[runs["status"] == "finished"]

    def column(self, split: str) -> str:
        return f"metric.best_{split}_{self.score}"

    def of(self, words: str, runs: pd.DataFrame | None = None) -> pd.DataFrame:
        """The finished runs of a setting that is given in words."""
        runs = self.finished if runs is None else runs
        for key, value in re.findall(rf"({KEY}) ([\d.e+-]*\d)", words):
            name = KEYS[key if key in KEYS else key[0].lower() + key[1:]]
            column = runs[f"config.{name}"]
            if name == "model.hidden":
                wanted = list(map(int, value.split("-")))
                runs = runs[[ast.literal_eval(text) == wanted for text in column]]
            else:
                runs = runs[np.isclose(column.astype(float), float(value), rtol=1e-4)]
        return runs.sort_values(self.replicate)

    def settings(self) -> Iterator[pd.DataFrame]:
        """The finished runs of each setting."""
        keys = [f"config.{key}" for key in KEYS.values() if f"config.{key}" in self.runs]
        for _, runs in self.finished.groupby(keys):
            yield runs.sort_values(self.replicate)

    @property
    def overlap(self) -> float:
        """Of the training sets of folds: Nadeau & Bengio's test / training examples."""
        return 1 / 4 if self.name == "five_folds" else 0.0


def number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def written(text: str) -> object:
    """What is equal to the number to its last digit."""
    return pytest.approx(number(text), abs=0.501 * 10.0 ** -len(text.partition(".")[2]))


def half(values: "pd.Series[float]", overlap: float) -> float:
    n = len(values)
    return float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) * np.sqrt(1 / n + overlap))


def winner(sweep: Sweep, found: re.Match[str]) -> None:
    values = sweep.of(found[1])[sweep.column("test")]
    assert sweep.scale * values.mean() == written(found[2])
    assert sweep.scale * half(values, sweep.overlap) == written(found[3])
    assert number(found[4]) == len(values)
    assert sweep.scale * values.std(ddof=1) == written(found[5])


def picked(sweep: Sweep, found: re.Match[str]) -> None:
    means = [runs[sweep.column("validation")].mean() for runs in sweep.settings()]
    most = max(len(runs) for runs in sweep.settings())
    whole = [runs[sweep.column("validation")].mean() for runs in sweep.settings() if len(runs) == most]
    assert number(found[1]) == len(means)
    assert sweep.scale * max(whole) == written(found[2])


def verdicts(sweep: Sweep) -> int:
    """All comparisons of the page together, since their p are adjusted together; -> how many there are."""
    kinds = [rf"{SETTING} beats {SETTING} by", rf"{SETTING} is ahead of {SETTING} by"]
    kinds += [rf"No difference between {SETTING} and {SETTING} can be shown: the former is ahead by"]
    tail = rf" {NUMBER} ± {NUMBER} (?:points|in R²).*?\(n = {NUMBER}, d = {NUMBER}, (?:adjusted )?p (=|<) {NUMBER}\)"
    compared = []
    for kind, pattern in enumerate(kinds):
        compared += [(kind, *found.groups()) for found in re.finditer(pattern + tail, sweep.text)]
    if not compared:
        return 0
    ps = []
    for _, first, second, difference, spread, n, effect, _, _ in compared:
        pairs = pd.merge(sweep.of(first), sweep.of(second), on=sweep.replicate)
        differences = pairs[f"{sweep.column('test')}_x"] - pairs[f"{sweep.column('test')}_y"]
        assert sweep.scale * differences.mean() == written(difference)
        assert sweep.scale * half(differences, sweep.overlap) == written(spread)
        assert number(n) == len(differences)
        assert number(effect) == pytest.approx(differences.mean() / differences.std(ddof=1), abs=0.0051)
        error = differences.std(ddof=1) * np.sqrt(1 / len(differences) + sweep.overlap)
        ps.append(2 * stats.t.sf(abs(differences.mean()) / error, len(differences) - 1))
        if not sweep.overlap:
            assert ps[-1] == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)
    adjusted = multipletests(ps, method="holm")[1]
    for p, (kind, *_, sign, said) in zip(adjusted, compared, strict=True):
        assert p < 0.001 if sign == "<" else number(said) == pytest.approx(p, abs=5.1e-4)
        assert (p < 0.05) == (kind == 0)
    told = re.search(
        r"p is by the paired t test on test figures, (?:adjusted for (\d+) tests|the only one)", sweep.text
    )
    assert told
    assert int(told[1] or 1) == len(ps)
    return len(compared)


def power(sweep: Sweep, found: re.Match[str]) -> None:
    sd = number(found[1]) / 100
    needed = np.ceil(np.max(TTestPower().solve_power(0.005 / sd, power=0.8, alpha=0.05)))
    assert number(found[2]) == pytest.approx(needed, rel=0.03)  # of the rounded deviation


def wilson(sweep: Sweep, found: re.Match[str]) -> None:
    right, examples = int(number(found[1])), int(number(found[2]))
    low, high = proportion_confint(right, examples, method="wilson")
    assert 100 * low == written(found[3])
    assert 100 * high == written(found[4])
    assert any(round(score * examples) == right for score in sweep.finished[sweep.column("test")])


def no_better(sweep: Sweep, found: re.Match[str]) -> None:
    scored = sweep.runs[sweep.column("validation")].dropna()
    assert number(found[2]) == len(scored)
    level = number(found[3]) / sweep.scale
    assert (scored <= level - 5.1e-4).sum() <= number(found[1]) <= (scored <= level + 5.1e-4).sum()


def all_better(sweep: Sweep, found: re.Match[str]) -> None:
    scored = sweep.runs[sweep.column("validation")].dropna()
    assert number(found[1]) == len(scored)
    assert scored.min() > number(found[2]) / sweep.scale - 5.1e-4


def halving(sweep: Sweep, found: re.Match[str]) -> None:
    trained, planned = sweep.runs["metric.final_epoch"].sum(), sweep.runs["config.training.epochs"].sum()
    counts = [len(sweep.runs) - len(sweep.finished), len(sweep.runs), trained, planned]
    assert [int(found[i]) for i in range(1, 5)] == counts
    assert int(found[5]) == round(100 * (1 - trained / planned))
    assert (sweep.runs["status"] == "dropped").sum() == int(found[1])


def diverged(sweep: Sweep, found: re.Match[str]) -> None:
    runs = sweep.of(found[1], sweep.runs)
    assert len(runs) == int(found[2])
    assert set(runs["status"]) == {"diverged"}


SCORE = "(?:accuracy|R²)"
ALWAYS = rf"always answering .{{1,60}}? \(validation {SCORE} {NUMBER}(?: %)?\)"
CHECKS: dict[str, Callable[[Sweep, re.Match[str]], None]] = {
    rf"{SETTING}: test {SCORE} {NUMBER} ± {NUMBER}(?: %)?, n = {NUMBER} \w+ \(sd {NUMBER}(?: points)?\)": winner,
    rf"Picked among {NUMBER} settings for the highest mean validation {SCORE}, {NUMBER}(?: %)?,": picked,
    rf"\(sd {NUMBER} points\), {NUMBER} (?:seeds|folds) would show": power,
    rf"{NUMBER} right of {NUMBER} leaves? a 95 % interval from {NUMBER} to {NUMBER} % \(Wilson\)": wilson,
    rf"{NUMBER} of {NUMBER} runs are no better than {ALWAYS}": no_better,
    rf"All {NUMBER} runs are better than {ALWAYS}": all_better,
    r"Halving dropped (\d+) of (\d+) runs before their end: (\d+) of (\d+) epochs were trained, (\d+) % were": halving,
    rf"{SETTING} diverged on all (\d+) seeds": diverged,
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.relative_to(PLACE).as_posix())
def test_every_number_follows_from_the_results(page: Path) -> None:
    sweep = Sweep(page)
    told = verdicts(sweep)
    for pattern, check in CHECKS.items():
        for found in re.finditer(pattern, sweep.text):
            check(sweep, found)
            told += 1
    assert told >= 3


@pytest.mark.parametrize("pattern", CHECKS)
def test_no_check_is_idle(pattern: str) -> None:
    assert any(re.search(pattern, Sweep(page).text) for page in PAGES)


def test_there_is_a_page_for_each_example() -> None:
    assert {page.relative_to(PLACE).parts[0] for page in ALL} == set(EXAMPLES)
    assert sum(verdicts(Sweep(page)) for page in PAGES) >= 4


def test_the_overview_has_what_each_page_says_and_its_own_ranks() -> None:
    text = OVERVIEW.read_text(encoding="utf-8")
    results = pd.read_csv(OVERVIEW.parent / "results.csv")
    means = (
        results.groupby(["config.model.hidden", "config.dataset.loader"])["metric.best_test_accuracy"].mean().unstack()
    )
    ranks = means.rank(ascending=False).mean(axis=1)
    for hidden, row in means.iterrows():
        name = "-".join(map(str, ast.literal_eval(str(hidden))))
        cells = next(line for line in text.splitlines() if line.startswith(f"| hidden units {name} "))
        assert f"| {ranks[hidden]:.2f} " in cells
        for value, text_of in zip(sorted(row), sorted(re.findall(rf"\| {NUMBER} ± ", cells), key=number), strict=True):
            assert 100 * value == written(text_of)
    for title in ("digits of scikit-learn", "breast cancer of scikit-learn"):
        folder = title.replace(" ", "-")
        page = (OVERVIEW.parent / folder / "README.md").read_text(encoding="utf-8").replace("\\", "")
        told = re.search(rf"## {title}\n\n(.*?)\n\n\[", text.replace("\\", "").replace("_", " "), re.DOTALL)
        assert told
        verdicts_there = [line[2:] for line in told[1].splitlines() if "n = 3, d = " in line]
        assert verdicts_there
        assert all(verdict in page for verdict in verdicts_there)
        assert f"]({folder}/README.md)" in text


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.parent.relative_to(PLACE).as_posix())
def test_figures_are_there(page: Path) -> None:
    figures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert figures
    assert all((page.parent / figure).exists() for figure in figures)
