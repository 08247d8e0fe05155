"""What is wrong with a file or folder of a run or a sweep."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["no_result", "bad_result", "no_history", "bad_history", "bad_config", "not_a_run", "unreadable"]


@dataclass(frozen=True)
class Problem:
    """`kind` is for programs, `words` are for the user; `place` is the run's folder, or whatever is there instead."""

    kind: Kind
    place: Path
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"
