"""dataset=table"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipeline.choices import Count, Sections
from pipeline.datasets._places import place
from pipeline.datasets._user import UserData

if TYPE_CHECKING:
    from pipeline.datasets._raw import Raw


class Table(UserData):
    """A table with a row an example: CSV, TSV (also gzipped), Parquet, Feather or Excel.

    Columns of numbers are standardised, those of text become a feature a text; both are learned of the training split.
    """

    path: str | None = Field(description="the file: .csv, .tsv, .txt (also .gz), .parquet, .feather or .xlsx")
    target: str | list[str] | None = Field(
        description="the column to predict, or several, [a,b], of numbers or of 0 and 1"
    )
    test_path: str | None = Field(description="null to draw the test split, or the file that holds it")
    ignore: list[str] = Field(description="columns to leave out, such as [id]")
    text_columns: list[str] = Field(description="columns to take as text though they look like numbers, such as [zip]")
    missing: Literal["error", "mean", "drop"] = Field(
        description="error, mean (of the training split) or drop (rows): what to do where a value is missing"
    )
    most_categories: Count = Field(
        default=100, description="the most texts that a column may have: each becomes a feature, 0 or 1"
    )
    decimal: Literal[".", ","] = Field(description="the decimal point of the numbers in text files")

    @property
    def targets(self) -> list[str]:
        """The columns to predict."""
        return [self.target] if isinstance(self.target, str) else list(self.target or [])

    @property
    def default_title(self) -> str:
        from pathlib import PurePath

        return PurePath(self.path or self.name).name.partition(".")[0] or self.name

    def changed(self) -> str:
        from pipeline.datasets._places import stamp

        return stamp("path", self.path) + stamp("test_path", self.test_path)

    def reading(self) -> dict[str, Any]:
        return {"missing": self.missing, "decimal": self.decimal}

    def read(self) -> "Raw":
        from dataclasses import replace

        from pipeline.datasets._frame import Columns, raw_of
        from pipeline.datasets._tables import read_table

        path = place("path", str(self.path))
        test_path = place("test_path", self.test_path) if self.test_path is not None else None
        train, notes = read_table(path, self.decimal, self.text_columns)
        test, more = read_table(test_path, self.decimal, self.text_columns) if test_path is not None else (None, [])
        columns = Columns(self.targets, self.ignore, self.text_columns, self.missing, self.most_categories)
        raw = raw_of(str(path), train, test, columns, str(test_path))
        return replace(raw, notes=(*notes, *more, *raw.notes))

    def mistakes(self, config: Sections) -> list[str]:
        mistakes = super().mistakes(config)
        if self.path is None:
            mistakes.append("dataset.path=null: give the file, dataset.path=FILE")
        if not self.targets:
            mistakes.append("dataset.target=null: give the column to predict, dataset.target=COLUMN")
        if len(set(self.targets)) < len(self.targets):
            mistakes.append(f"dataset.target=[{','.join(self.targets)}]: a column stands there twice")
        return mistakes
