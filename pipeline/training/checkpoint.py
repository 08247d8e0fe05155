"""The state of a stack in training, in one file: what is needed to go on to the last bit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from pipeline.files import write_whole


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and facts that JSON can hold (its numbers keep every digit)."""

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Replace the file at `path`, whole or not at all."""
        owned = {name: value.contiguous() for name, value in self.tensors.items()}
        write_whole(path, safetensors.torch.save(owned, {"facts": json.dumps(self.facts)}))

    @classmethod
    def read(cls, path: Path) -> "Checkpoint | None":
        """What was written there; None where nothing was."""
        try:
            with safetensors.safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
                return cls(tensors, json.loads(file.metadata()["facts"]))
        except FileNotFoundError:
            return None

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with `prefix`, without it."""
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}
