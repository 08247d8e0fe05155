"""What `sweep=confirm` trains again: the settings that a sweep selected, and the figures they were selected by.

The record lies beside the new runs, in `.sweep/selection.json`, as the sweep may be moved or go on.
"""

import json
from pathlib import Path

from pydantic import BaseModel, ValidationError

from pipeline.errors import UserError, one_line
from pipeline.files import read_whole, write_whole

_PLACE = Path(".sweep", "selection.json")
_MOST_BYTES = 2**24


class Selected(BaseModel):
    """One setting: the overrides of its runs without those that replicate, and its figures in the sweep."""

    overrides: list[str]
    words: str
    n: int  # finished replicates
    validation: float
    test: float | None


class Selection(BaseModel):
    """The settings, the best first, and the sweep they come from: its name, and how much was tried in it."""

    sweep: str
    runs: int
    settings: int
    seeds: list[int]
    metric: str
    selected: list[Selected]

    def write(self, folder: Path) -> None:
        """Write the record into the folder of what confirms the sweep.

        Raises UserError if it holds another selection: runs of both would be one table.
        """
        before = read_selection(folder)
        if before is not None:
            pairs = zip(before.selected, self.selected, strict=False)  # one may have fewer of the same
            if before.seeds != self.seeds or any(old.overrides != new.overrides for old, new in pairs):
                raise UserError(
                    f"{folder}: confirms what {self.sweep} had selected before it went on; move it away, or delete it, "
                    "to confirm the selection of now"
                )
        (folder / _PLACE).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / _PLACE, self.model_dump_json(indent=1) + "\n")


def read_selection(folder: Path) -> Selection | None:
    """The record in a folder, if it has one. Raises UserError if it cannot be read."""
    try:
        return Selection.model_validate(json.loads(read_whole(folder / _PLACE, _MOST_BYTES)))
    except FileNotFoundError:
        return None
    except (ValidationError, ValueError) as error:
        raise UserError(f"{folder / _PLACE}: cannot be read ({one_line(error)}); repeat the command") from error
