"""The whole configuration: its schema, its checks, and what it builds."""

from omegaconf import DictConfig, OmegaConf


def _sweep_folder(*, _root_: DictConfig) -> str:
    """`${sweep_folder:}`: the sweep's folder."""
    return str(_root_.sweep.resume or f"outputs/{_root_.sweep.name}")


# Here, because every process that reads a configuration imports this package first.
OmegaConf.register_new_resolver("sweep_folder", _sweep_folder, replace=True)
