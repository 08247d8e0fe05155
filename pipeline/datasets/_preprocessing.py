"""What a trained network's file says of its data, so that new files are read as those it was trained on."""

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pipeline.datasets import Dataset, DatasetChoice


class Preprocessing(BaseModel):
    """How files become inputs and targets. Plain values: it is kept as JSON, and readers ignore unknown keys.

    dataset: the choice of the group `dataset` that read the training data. title, licence, citation: of its card.
    dtype, highest: of the raw inputs, their type and largest value in the training split. targets: the names of the
    columns, or of the array, to predict. class_values: what stands for each class in files, in the order of the
    outputs. The rest are keys of the data set, resolved: `examples_axis` is 0 or -1, `resize` whether images were.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    dataset: str = ""
    title: str = ""
    licence: str | None = None
    citation: str | None = None
    dtype: Literal["uint8", "float32", "float64"] | None = None
    highest: float | None = None
    targets: tuple[str, ...] = ("target",)
    class_values: tuple[str, ...] = ()
    missing: Literal["error", "mean", "drop"] = "error"
    decimal: Literal[".", ","] = "."
    inputs_name: str | None = None
    targets_name: str | None = None
    examples_axis: Literal[0, -1] = 0
    transpose: bool = False
    resize: bool = False

    @classmethod
    def of(cls, choice: "DatasetChoice", dataset: "Dataset") -> Self:
        """What is to be kept of a data set and of how it was read."""
        card, inputs = dataset.card, dataset.train.inputs
        facts: dict[str, Any] = {"title": card.title, "licence": card.licence, "citation": card.citation}
        facts |= {"dataset": choice.name, "dtype": inputs.dtype.name, "highest": float(inputs.max())}
        facts |= {"targets": dataset.target_names, "class_values": dataset.class_values}
        return cls(**facts | {"examples_axis": dataset.examples_axis} | choice.reading())
