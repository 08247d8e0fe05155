"""What a report is written from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table
from pipeline.report.statistics.diagnosis import Diagnosis
from pipeline.report.statistics.fit import Fit
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates


@dataclass(frozen=True)
class Findings:
    """The runs of one data set and what was made of them.

    `tables` are those of the report's folder, `figures` are drawn for a column; `diagnosis` or `fit` is of the best
    run; `by_example` compares the first two runs; `confirmation` says what these runs confirm; `date` is when the last
    run ended.
    """

    replicates: Replicates
    importance: Importance
    tables: Sequence[Table]
    figures: Sequence[Figure]
    folders: Sequence[Path]
    searched: bool = False
    diagnosis: Diagnosis | None = None
    fit: Fit | None = None
    by_example: str | None = None
    confirmation: str | None = None
    date: str = ""

    @property
    def comparison(self) -> Comparison:
        """The runs."""
        return self.replicates.comparison
