"""The whole configuration: its schema, its checks, and what it builds."""

import inspect
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


# Here, because every process that reads a configuration imports this package first. OmegaConf 2.4 has renamed it.
_renamed = "replace" in inspect.signature(OmegaConf.register_resolver).parameters
_register: Any = OmegaConf.register_resolver if _renamed else OmegaConf.register_new_resolver
_register("sweep_folder", _sweep_folder, replace=True)
_register("decoded", _decoded, replace=True)
