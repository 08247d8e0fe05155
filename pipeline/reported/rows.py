"""The twelve reported networks, and the command that trains each here."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

_HERE = Path(__file__).parent

# Settings that differ by data set, which an experiment file cannot express.
_OVERRIDES = {
    ("three_datasets_float64", "cifar10"): ["training.epochs=20"],
    ("three_datasets_float64", "cifar100"): ["training.epochs=20"],
    ("mlp_800_300", "cifar10"): ["optimizer.lr=0.0002", "model.l2=0.0001"],
}


@dataclass(frozen=True)
class Row:
    """One network of a report: `reported` is its line of reports.csv."""

    experiment: str
    dataset: str
    reported: "pd.Series[Any]"
    curve: pd.DataFrame  # its lines of curves.csv, possibly none

    @property
    def name(self) -> str:
        return f"{self.experiment}-{self.dataset}"

    @property
    def held_out(self) -> str:
        """The split whose figures the report gives: test or validation."""
        return str(self.reported["held_out"])

    @property
    def overrides(self) -> list[str]:
        """What to type after `python -m pipeline`."""
        overrides = _OVERRIDES.get((self.experiment, self.dataset), [])
        if self.experiment != "toy_linear":
            fraction = 0.2 if self.held_out == "validation" else 0.0
            overrides = [f"dataset={self.dataset}", f"dataset.validation_fraction={fraction}", *overrides]
        return [f"experiment={self.experiment}", *overrides]


def reports() -> pd.DataFrame:
    """The reports' figures, one row per network."""
    return pd.read_csv(_HERE / "reports.csv")


def rows() -> list[Row]:
    """All reported networks, in the order of reports.csv."""
    curves = pd.read_csv(_HERE / "curves.csv")
    reported_rows = []
    for _, reported in reports().iterrows():
        experiment = _experiment(reported)
        of_report = (curves["report"] == experiment) & (curves["dataset"] == reported["dataset"])
        reported_rows.append(Row(experiment, reported["dataset"], reported, curves[of_report]))
    return reported_rows


def _experiment(reported: "pd.Series[Any]") -> str:
    if reported["dataset"] == "linear":
        return "toy_linear"
    if reported["report"] == "patch_mlp":
        return f"patch_mlp_{reported['optimizer']}"
    return re.sub(r"\W", "_", str(reported["report"]))
