"""The state of a stack in training, in one file: what is needed to resume bit for bit."""

import errno
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from pipeline.files import check_regular, set_aside, write_whole

_FACTS = "facts 2"  # the name of the tensor that holds them as JSON, with the number of the format


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and facts as JSON (numbers keep every digit)."""

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Replace the file at `path`, whole or not at all."""
        tensors = {name: value.contiguous() for name, value in self.tensors.items()}
        tensors[_FACTS] = of_bytes(json.dumps(self.facts).encode())
        write_whole(path, safetensors.torch.save(tensors, {"sha256": _digest(tensors)}))

    @classmethod
    def read(cls, path: Path) -> "Checkpoint | None":
        """The checkpoint at `path`; None if there is none.

        A file that is not bit for bit what was written is renamed, with a line on stderr, and gives None too:
        training starts over rather than from wrong numbers.
        """
        try:
            check_regular(path)
            with safetensors.safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
                metadata = file.metadata() or {}
            if _FACTS in tensors and metadata.get("sha256") == _digest(tensors):
                return cls(tensors, json.loads(to_bytes(tensors.pop(_FACTS))))
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.EINVAL:  # what is not a file is damaged too
                raise
        except (safetensors.SafetensorError, ValueError):
            pass
        reject(path, "damaged or from another version")
        return None

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with `prefix`, without it."""
        return {name.removeprefix(prefix): value for name, value in self.tensors.items() if name.startswith(prefix)}


def of_bytes(data: bytes | bytearray) -> Tensor:
    """Text as a tensor: a header of more than 100 MB, as of many million steps, could be written but not read."""
    return torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)


def to_bytes(tensor: Tensor) -> bytes:
    """What `of_bytes` made the tensor of."""
    return tensor.numpy().tobytes()


def reject(path: Path, reason: str) -> None:
    """Rename a state that cannot be continued, and say so on stderr."""
    print(f"{path}: {reason}; {set_aside(path)}, and its runs start over", file=sys.stderr)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """sha256 over name, type, shape and bytes of each tensor."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.cpu().numpy().data)
    return digest.hexdigest()
