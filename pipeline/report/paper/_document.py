"""A report as sections of blocks, whatever it is then written as: Markdown, LaTeX, Word or a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table


@dataclass(frozen=True)
class Items:
    """A list."""

    items: Sequence[str]


@dataclass(frozen=True)
class Code:
    """Commands, verbatim."""

    text: str


@dataclass(frozen=True)
class Words:
    """What the user wrote, in Markdown."""

    text: str


Block = str | Items | Code | Words | Table | Figure  # text may hold the marks of `_references`


@dataclass(frozen=True)
class Section:
    """A heading and what is below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """`references`: the entry of BibTeX of each key that is cited, in order."""

    title: str
    authors: Sequence[str]
    sections: Sequence[Section]
    appendix: Sequence[Table]
    references: dict[str, str]

    @property
    def tables(self) -> list[Table]:
        """The tables of the text, in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Table)]

    @property
    def figures(self) -> list[Figure]:
        """The figures of the text, in order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Figure)]

    @property
    def labels(self) -> dict[str, str]:
        """The label of each float -> what the text calls it: "Figure 2"."""
        tables = {f"tab:{table.name}": f"Table {number}" for number, table in enumerate(self.tables, 1)}
        return tables | {f"fig:{figure.name}": f"Figure {number}" for number, figure in enumerate(self.figures, 1)}
