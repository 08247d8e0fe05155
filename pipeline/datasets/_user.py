"""What the data sets that a user brings have in common."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pipeline.choices import Sections, Seed
from pipeline.datasets import Card, Dataset, DatasetChoice, Official, Task, bibtex_key
from pipeline.datasets._places import place
from pipeline.datasets._reading import read_file
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.datasets._raw import Raw


class UserData(DatasetChoice):
    """A subclass reads examples; here they become splits, classes and a data card.

    Inputs, and values to predict, are standardised by mean and standard deviation of the training split: the
    validation and the test split have no part in them.
    """

    task: Literal["auto", "classification", "multilabel", "regression"] = Field(
        description="auto to tell by the targets, classification, multilabel (0s and 1s, several an example) or "
        "regression"
    )
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="the share of all examples drawn for the test split, above 0 and below 1, where none is given"
    )
    test_seed: Seed = Field(description="a whole number, 0 or more: draws the test split, the same for every seed")
    standardise: bool = Field(
        description="true for inputs, and values to predict, of mean 0 and deviation 1 over the training split"
    )
    class_names: list[str] | str | None = Field(
        description="null to call classes by their values, a list of names in the order of the values, or a text file "
        "with a name a line"
    )
    title: Annotated[str, Field(min_length=1)] | None = Field(
        description="null to call the data by their file, or what reports are to call them"
    )
    licence: str | None = Field(description="null, or under which licence the data are, for reports")
    citation: str | None = Field(description="null, or how to cite the data: an entry of BibTeX, or words")

    @property
    def known_task(self) -> Task | None:
        return None if self.task == "auto" else self.task

    def read(self) -> "Raw":
        """The examples. Raises UserError where they cannot be read."""
        raise NotImplementedError

    def official(self) -> Official:
        from pipeline.datasets._assemble import assemble

        return assemble(self.read(), self)

    def source(self) -> str:
        return f"{super().source()} {Path.cwd()} {self.changed()}"

    def changed(self) -> str:
        """A text that changes when the data do, as far as can be told without reading them."""
        return ""

    @property
    def default_title(self) -> str:
        """What the data are called where their user does not say."""
        return self.name

    def card(self, source: str, notes: tuple[str, ...]) -> Card:
        """The data card."""
        return Card(self.title or self.default_title, source, self.licence, self.citation, notes)

    def names_of_classes(self) -> list[str] | None:
        """The names that were given, None where they are to be told by the values."""
        if not isinstance(self.class_names, str):
            return self.class_names
        path = place("class_names", self.class_names)
        try:
            lines = read_file(path).decode().splitlines()
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path}: not UTF-8 text (byte {error.start}); give a text file with a name a line"
            ) from None
        return [line.strip() for line in lines if line.strip()]

    def normalisation(self, dataset: Dataset) -> tuple[list[float], list[float]]:
        if not self.standardise:
            return super().normalisation(dataset)
        mean, std = dataset.statistics
        if dataset.encoding is not None:  # 0 and 1 of text columns stay as they are
            flags = dataset.encoding.indicators
            mean = [0.0 if flag else value for value, flag in zip(mean, flags, strict=True)]
            std = [1.0 if flag else value for value, flag in zip(std, flags, strict=True)]
        return mean, std

    def mistakes(self, config: Sections) -> list[str]:
        mistakes = super().mistakes(config)
        if self.citation and self.citation.lstrip().startswith("@") and not bibtex_key(self.citation):
            mistakes.append("dataset.citation: begins as an entry of BibTeX and is none; give @misc{key, title = {…}}")
        return mistakes
