"""dataset=arrays"""

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipeline.choices import Sections
from pipeline.datasets._places import place, stamp
from pipeline.datasets._user import UserData

if TYPE_CHECKING:
    from pipeline.datasets._raw import Raw


class Arrays(UserData):
    """Arrays of numbers: a .npz or .safetensors file with x and y, or X_train, y_train, X_test and y_test; .npy files.

    x is (N, features), (N, height, width) or (N, channels, height, width), y is (N,) or one-hot (N, classes). Both may
    have the examples along the last axis instead, as courses have it.
    """

    path: str | None = Field(description="the file: .npz, .npy or .safetensors, or a folder of .npy files")
    targets_path: str | None = Field(
        description="null, or the .npy file of the targets where path is that of the inputs"
    )
    inputs: str | None = Field(description="null to tell by the names, or the name of the array of inputs")
    targets: str | None = Field(description="null to tell by the names, or the name of the array of targets")
    examples_axis: Literal[0, -1] | None = Field(
        description="null to tell by the shapes, 0 for examples along the first axis of x, -1 along the last"
    )

    @property
    def default_title(self) -> str:
        return PurePath(self.path or self.name).stem

    def changed(self) -> str:
        return stamp("path", self.path) + stamp("targets_path", self.targets_path)

    def reading(self) -> dict[str, Any]:
        return {"inputs_name": self.inputs, "targets_name": self.targets}

    def read(self) -> "Raw":
        from pipeline.datasets._arrays import read_arrays
        from pipeline.datasets._raw_arrays import raw_of_arrays

        path = place("path", str(self.path))
        arrays, x_name, y_name = read_arrays(path), self.inputs, self.targets
        if self.targets_path is not None:
            [inputs], [targets] = arrays.values(), read_arrays(place("targets_path", self.targets_path)).values()
            arrays, x_name, y_name = {"x": inputs, "y": targets}, "x", "y"
        return raw_of_arrays(str(path), arrays, inputs=x_name, targets=y_name, axis=self.examples_axis)

    def mistakes(self, config: Sections) -> list[str]:
        mistakes = super().mistakes(config)
        if self.path is None:
            mistakes.append("dataset.path=null: give the file, dataset.path=FILE")
        for key, path in (("path", self.path), ("targets_path", self.targets_path)):
            if self.targets_path is not None and not str(path).endswith(".npy"):
                mistakes.append(f"dataset.{key}={path}: dataset.targets_path goes with two .npy files, one array each")
        return mistakes
