"""The pipeline: from overrides to run folders to a report. `load_model(RUN_FOLDER)` is the network of a run."""

from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

if TYPE_CHECKING:
    from pipeline.models import load_model

__all__ = ["load_model"]


def __getattr__(name: str) -> Any:
    """Torch comes with it, which the command line does not wait for."""
    if name == "load_model":
        from pipeline.models import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _sweep_folder(*, _root_: DictConfig) -> str:
    """`${sweep_folder:}`: where a sweep goes."""
    return str(_root_.sweep.resume or f"outputs/{_root_.sweep.name}")


# Here, because every process that reads a configuration of ours imports the package first.
OmegaConf.register_new_resolver("sweep_folder", _sweep_folder, replace=True)
