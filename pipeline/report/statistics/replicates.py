"""Runs that differ only in their seed, aggregated: mean, standard deviation and confidence interval."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.metrics import SPLITS
from pipeline.report.comparison import ONLY, Comparison
from pipeline.report.formats import Table, text
from pipeline.report.swept import FOLD, SEED
from pipeline.report.vocabulary import described

LEVEL = 0.95
FEWEST = 3  # replicates from which an interval or a test says something: the t interval of two is 13 deviations wide
_OTHER_SEEDS = {"config.training.order_seed": "the order of the examples", "config.dataset.seed": "the split"}


@dataclass(frozen=True)
class Replicates:
    """Settings in the order of the table, the picked ones first; a setting is a choice of all swept keys but the seed.

    `settings` holds the swept columns of `Comparison.runs`, (S, keys). `scores` holds for each split the score of
    each setting on each seed, (S, seeds), NaN where there is no finished run: the figure of the run's best epoch on
    validation. `unfinished` counts the runs of each setting that have not finished; they are in no mean.
    """

    comparison: Comparison
    settings: pd.DataFrame
    scores: dict[str, pd.DataFrame]
    unfinished: "pd.Series[int]"

    @classmethod
    def of(cls, comparison: Comparison) -> "Replicates":
        """Group the runs. A setting trained twice on one seed counts once, with the mean of both."""
        runs, number = comparison.runs, comparison.setting
        finished = runs["status"] == "finished"
        table = pd.DataFrame({split: comparison.best(split) for split in SPLITS})
        cells = table[finished].groupby([number[finished], comparison.replicate[finished]]).mean()
        settings = range(int(number.max()) + 1)
        return cls(
            comparison,
            runs.loc[~number.duplicated(), list(comparison.swept)].reset_index(drop=True),
            {split: cells[split].unstack().reindex(settings).astype(float) for split in SPLITS},
            (~finished).groupby(number).sum().astype(int),
        )

    @property
    def noun(self) -> str:
        """What replicates are called: seeds, folds, or replicates where they differ in more than one key."""
        keys = set(self.comparison.replicating)
        return "folds" if keys == {FOLD} else "seeds" if keys <= {SEED} else "replicates"

    @cached_property
    def n(self) -> "pd.Series[int]":
        """The number of seeds that each setting has finished on."""
        return self.scores["test"].notna().sum(axis=1)

    @property
    def replicated(self) -> bool:
        """Whether any setting has more than one seed."""
        return bool((self.n > 1).any())

    @property
    def picked(self) -> bool:
        """Whether the first setting is the best by its mean on validation."""
        return len(self.settings) > 0 and bool(self.scores["validation"].iloc[0].notna().any())

    def name(self, row: int) -> str:
        """The settings of a row in words: "hidden units 256, learning rate 0.05"."""
        names = self.comparison.names
        return described({names[str(key)]: value for key, value in self.settings.iloc[row].items()}) or ONLY

    def summary(self, split: str) -> pd.DataFrame:
        """n, mean, standard deviation (n − 1) and half of the 95 % confidence interval of each setting's mean.

        half = t · sd · √(1/n + overlap) with the quantile t of Student's distribution with n − 1 degrees of freedom;
        NaN for n < 3. The scores are taken as normal. Source: G. Casella, R. Berger, "Statistical Inference", 9.2.1.
        """
        from scipy.special import stdtrit  # scipy.stats imports slowly

        scores = self.scores[split]
        n, mean, sd = scores.count(axis=1), scores.mean(axis=1), scores.std(axis=1)
        freedom = np.where(n >= FEWEST, n - 1, np.nan)
        half = stdtrit(freedom, (1 + LEVEL) / 2) * sd * np.sqrt(1 / n + self.overlap)
        return pd.DataFrame({"n": n, "mean": mean, "sd": sd, "half": half})

    @cached_property
    def overlap(self) -> float:
        """What the variance of a mean over folds has beside 1/n, since their training examples are mostly the same.

        test / training examples, 1 / (k − 1) for k folds; 0 without folds. It is a correction in the mean, not a proof.
        Source: C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003).
        """
        if FOLD not in self.comparison.replicating:
            return 0.0
        folds = pd.to_numeric(self.comparison.runs["config.dataset.folds"], errors="coerce").min()
        return 1 / (float(folds) - 1)

    @property
    def drawn(self) -> str:
        """What the seed determines in these runs, in words: the variation that ± covers."""
        runs = self.comparison.runs
        also = [
            words
            for key, words in _OTHER_SEEDS.items()
            if SEED in self.comparison.replicating and key in runs and runs[key].map(text).equals(runs[SEED].map(text))
        ]
        return " and ".join(["the initial weights (and dropout)", *also])

    @property
    def population(self) -> str:
        """What the replicates are a sample of, as a sentence without its full stop."""
        keys = self.comparison.replicating
        parts = [f"the seed draws {self.drawn}"] if SEED in keys else []
        if FOLD in keys:
            parts.append(
                "the fold draws which examples are for test, and intervals are widened for what the training sets of "
                "folds share (Nadeau & Bengio 2003)"
            )
        parts += [f"replicates differ in {self.comparison.names[key]}" for key in keys if key not in (SEED, FOLD)]
        words = "; ".join(parts)
        return words[:1].upper() + words[1:]


def replicates_table(replicates: Replicates, compared: pd.DataFrame) -> Table | None:
    """One row per setting, the picked one first, with the paired comparisons; None without replicates."""
    if not replicates.replicated:
        return None
    comparison, metric = replicates.comparison, replicates.comparison.metric
    columns: dict[str, Any] = {comparison.swept[str(key)]: replicates.settings[key] for key in replicates.settings}
    columns["n"] = replicates.n
    digits, halves = {"n": 0}, {}
    for split in ("validation", "test") if replicates.picked else ("test",):
        summary, name = replicates.summary(split), metric.heading(split)
        columns |= {name: summary["mean"], f"{name}, 95 % half-width": summary["half"], f"{name}, sd": summary["sd"]}
        digits |= {name: 4, f"{name}, sd": 4}
        halves[name] = f"{name}, 95 % half-width"
    tests = int(compared["p"].notna().sum())
    if len(compared):
        columns |= {"behind the first": compared["difference"], "behind, 95 % half-width": compared["half"]}
        digits["behind the first"] = 4
        halves["behind the first"] = "behind, 95 % half-width"
    if tests:
        columns["p (Holm)"] = compared["p_adjusted"]
        digits["p (Holm)"] = 3
    if replicates.unfinished.any():
        columns["not finished"] = replicates.unfinished
        digits["not finished"] = 0
    noun = replicates.noun
    half = f" ± half of the {100 * LEVEL:.0f} % confidence interval (t distribution)"
    interval = half if replicates.n.max() >= FEWEST else ""
    caption = (
        f"Means over n {noun}{interval}, and standard deviations (sd). {replicates.population}: "
        f"{'±' if interval else 'sd'} covers that and nothing else."
    )
    if replicates.picked:
        caption += (
            f" In the first row is the setting with the {metric.best_word} mean on validation among those on the "
            f"most {noun}."
        )
    if len(compared):
        caption += (
            f" Behind the first: by how much {metric.heading('test')} is worse than in the first row in "
            f"the mean, paired by {noun.removesuffix('s')}."
        )
    if tests:
        adjusted = f"adjusted for {tests} tests (Holm)" if tests > 1 else "the only test, so not adjusted"
        caption += f" p by paired t tests, {adjusted}."
    footer = comparison.baseline.row(metric, next(iter(columns))) if comparison.baseline else {}
    return Table("replicates", pd.DataFrame(columns), digits, caption, halves, replicates.picked, footer)
