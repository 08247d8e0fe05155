"""The state of a stack in training, in one file: what is needed to resume bit for bit."""

import hashlib
import json
import sys
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
    """Tensors by name, and facts as JSON (numbers keep every digit)."""

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Replace the file at `path`, whole or not at all."""
        tensors = {name: value.contiguous() for name, value in self.tensors.items()}
        facts = json.dumps(self.facts)
        write_whole(path, safetensors.torch.save(tensors, {"facts": facts, "sha256": _digest(tensors, facts)}))

    @classmethod
    def read(cls, path: Path) -> "Checkpoint | None":
        """The checkpoint at `path`; None if there is none.

        A file that is not bit for bit what was written is renamed, with a line on stderr, and gives None too:
        training starts over rather than from wrong numbers.
        """
        try:
            with safetensors.safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
                metadata = file.metadata() or {}
            if metadata.get("sha256") == _digest(tensors, metadata.get("facts", "")):
                return cls(tensors, json.loads(metadata["facts"]))
        except FileNotFoundError:
            return None
        except (safetensors.SafetensorError, ValueError):
            pass
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        print(
            f"{path}: damaged or from another version; moved to {aside.name}, and its runs start over", file=sys.stderr
        )
        return None

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with `prefix`, without it."""
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    """sha256 over the facts and over name, type, shape and bytes of each tensor."""
    digest = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.cpu().numpy().data)
    return digest.hexdigest()
