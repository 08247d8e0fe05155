"""dataset=image_folder"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from pipeline.choices import Count, Sections
from pipeline.datasets._pictures import Pictures
from pipeline.datasets._places import folder
from pipeline.datasets._user import UserData

if TYPE_CHECKING:
    from pipeline.datasets._raw import Raw


class ImageFolder(Pictures, UserData):
    """Images, PNG, JPEG or BMP, in a folder a class, or in such folders within train/ and test/."""

    path: str | None = Field(description="the folder that holds a folder a class, or train/ and test/ with one a class")
    size: list[Count] | None = Field(
        description="null where all images are of one size, or [height,width] to resize to"
    )
    colours: Literal["auto", "grey", "rgb"] = Field(description="auto (grey where all images are), grey or rgb")

    @property
    def default_title(self) -> str:
        return Path(self.path or self.name).name

    def changed(self) -> str:
        from pipeline.datasets._class_folders import changed

        return changed(folder("path", str(self.path)))

    def reading(self) -> dict[str, Any]:
        return {"resize": self.size is not None}

    def read(self) -> "Raw":
        from pipeline.datasets._class_folders import raw_of_folder

        size = (self.size[0], self.size[1]) if self.size else None
        return raw_of_folder(folder("path", str(self.path)), size, self.colours)

    def mistakes(self, config: Sections) -> list[str]:
        mistakes = super().mistakes(config)
        if self.path is None:
            mistakes.append("dataset.path=null: give the folder, dataset.path=FOLDER")
        if self.size is not None and len(self.size) != 2:
            mistakes.append(f"dataset.size=[{','.join(map(str, self.size))}]: give [height,width]")
        return mistakes
