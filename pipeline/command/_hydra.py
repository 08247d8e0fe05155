"""What this package uses of Hydra and OmegaConf that they do not promise to keep: all of it is here.

It is that of Hydra 1.3 and of 1.4, which composes through another method and names folders by a resolver.
"""

from collections.abc import Callable, Sequence
from typing import Any

import hydra
import hydra.utils
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig

from pipeline.errors import UserError

try:
    import hydra._internal.hydra as _main
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra._internal.config_repository import IConfigRepository
    from omegaconf._utils import get_omega_conf_dumper

    apply_overrides: Callable[[list[Override], DictConfig], None] = ConfigLoaderImpl._apply_overrides_to_config
    parse_overrides = ConfigLoaderImpl._parse_overrides_and_create_caching_repo
except (ImportError, AttributeError) as error:
    raise UserError(
        f"Hydra {hydra.__version__}: not a version that this package works with ({error}); pip install 'hydra-core<1.5'"
    ) from error

__all__ = ["ConfigLoaderImpl", "HookedLoader", "IConfigRepository", "apply_overrides", "compose_plainly", "dumper"]

_COMPOSES = "_load_configuration" if hasattr(ConfigLoaderImpl, "_load_configuration") else "load_configuration"
dumper = get_omega_conf_dumper
Compose = Callable[[list[str]], DictConfig]


class HookedLoader(ConfigLoaderImpl):
    """Hydra's loader, with one method through which every composition goes."""

    def composed(self, name: str | None, overrides: list[str], run_mode: RunMode, compose: Compose) -> DictConfig:
        """The configuration, by calling `compose` with these or other overrides."""
        return compose(overrides)


def _hook(
    self: HookedLoader, config_name: str | None, overrides: list[str], run_mode: RunMode, *rest: Any, **options: Any
) -> DictConfig:
    def compose(lines: list[str]) -> DictConfig:
        changed = {"parsed_overrides": None} if lines != overrides and "parsed_overrides" in options else {}
        return _hydras(self, config_name, lines, run_mode, *rest, **(options | changed))

    return self.composed(config_name, overrides, run_mode, compose)


_hydras: Callable[..., DictConfig] = getattr(ConfigLoaderImpl, _COMPOSES)
setattr(HookedLoader, _COMPOSES, _hook)


def compose_plainly(
    loader: ConfigLoaderImpl, config_name: str | None, overrides: list[str], run_mode: RunMode
) -> DictConfig:
    """Compose as Hydra itself does, with sweeps not checked against the mode."""
    new = {"skip_missing_defaults": False, "activate_config_repository": False} if _COMPOSES.startswith("_") else {}
    options = {"from_shell": True, "validate_sweep_overrides": False} | new
    return _hydras(loader, config_name=config_name, overrides=overrides, run_mode=run_mode, **options)


def main(**options: Any) -> Callable[[Callable[[DictConfig], Any]], Callable[[], None]]:
    """`hydra.main` with the behaviour of version 1.3: callbacks are what a configuration names."""
    trusted = getattr(hydra.utils, "UNSAFE_DISABLE_EXECUTION_CHECKS", None)
    return hydra.main(**({"version_base": "1.3"} if trusted is None else {"execution_whitelist": trusted}), **options)


def use(loader: type[HookedLoader]) -> None:
    """Let Hydra's command line compose by this loader."""
    _main.ConfigLoaderImpl = loader  # type: ignore[attr-defined]  # Hydra has no other way


def dirname(job: Any, overrides: Sequence[Override]) -> dict[str, str]:
    """`hydra.job.override_dirname` of these overrides as a dictionary; {} where a resolver gives it."""
    try:
        from hydra._internal.config_loader_impl import get_overrides_dirname
    except ImportError:
        return {}
    return {"override_dirname": get_overrides_dirname(list(overrides), **job["config"]["override_dirname"])}
