"""The whole configuration: its schema, its checks, and what it builds."""

from contextlib import suppress
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

CONFIRMED = "-confirmed"  # of the folder of what `sweep=confirm` trains


def _sweep_folder(*, _root_: DictConfig) -> str:
    """`${sweep_folder:}`: the sweep's folder; what confirms a sweep has one beside it."""
    folder = str(_root_.sweep.resume or f"outputs/{_root_.sweep.name}")
    return folder + (CONFIRMED if _root_.sweep.kind == "confirm" else "")


def _decoded(text: str | None) -> Any:
    """`${decoded:${oc.env:NAME}}`: the value that the text would be if it were typed, or else the text itself."""
    if text is None:
        return None
    with suppress(OmegaConfBaseException):
        return OmegaConf.create({"value": f"${{oc.decode:'{text}'}}"}).value if text.strip() else text
    return text


# Here, because every process that reads a configuration imports this package first.
OmegaConf.register_new_resolver("sweep_folder", _sweep_folder, replace=True)
OmegaConf.register_new_resolver("decoded", _decoded, replace=True)
