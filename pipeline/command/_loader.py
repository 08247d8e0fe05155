"""Hydra's loader of configurations, with the user's folders first and with errors that say what to do.

It also composes a sweep before its jobs are known: Hydra leaves swept groups at their defaults there, and then refuses
keys that every swept choice has but the default lacks (facebookresearch/hydra#2888).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath, SearchPathElement
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig

from pipeline.command._explain import translate
from pipeline.command._hydra import Compose, HookedLoader, IConfigRepository, dirname, parse_overrides
from pipeline.config.folder import conf_folder, is_primary, user_folder

_NONE = {"experiment": "~experiment", "tracking": "tracking=[]"}  # how Hydra writes that none is chosen of a group


class Loader(HookedLoader):
    """Loads configurations for one command."""

    def __init__(self, config_search_path: ConfigSearchPath) -> None:
        _put_first(config_search_path)
        super().__init__(config_search_path)

    def composed(self, name: str | None, overrides: list[str], run_mode: RunMode, compose: Compose) -> DictConfig:
        """The composed configuration; of a sweep, that of its first job as far as groups go. Raises UserError."""
        try:
            parsed, repository = parse_overrides(self, name, overrides)
            lines = list(self._composable(parsed, repository, run_mode))
            config = compose(lines)
        except Exception as error:
            explained = translate(error, self, name, overrides, run_mode)
            if explained is None:
                raise
            raise explained from error
        if lines != overrides:  # what was typed is the record, and what sweepers read
            task = [override for override in parsed if not override.is_hydra_override()]
            config.hydra.overrides.task = [override.input_line for override in task]
            config.hydra.job.update(dirname(config.hydra.job, task))
        return config

    def _composable(
        self, overrides: Sequence[Override], repository: IConfigRepository, run_mode: RunMode
    ) -> Iterator[str]:
        """The overrides with the first choice of each swept group, and without values for its section."""
        sweeps = run_mode == RunMode.MULTIRUN
        groups = [override for override in overrides if repository.group_exists(override.key_or_group)]
        swept = [other for other in groups if other.is_sweep_override() and not other.is_hydra_override()] * sweeps
        for override in overrides:
            key, line = override.key_or_group, str(override.input_line)
            if override in groups and key in _NONE and not override.is_delete() and override.value() is None:
                yield _NONE[key]
            elif override in swept and override.is_discrete_sweep():
                first = next(replace(override, config_loader=self).sweep_string_iterator(), None)
                yield line if first is None else f"{override.get_key_element()}={first}"
            elif not any(key.startswith(f"{other.key_or_group}.") for other in swept):
                yield line


def _put_first(search_path: ConfigSearchPath) -> None:
    """Put --config-dir and ./conf before the folder that ships, in which Hydra looks first."""
    elements = search_path.get_path()
    main = next((i for i, element in enumerate(elements) if element.provider == "main"), None)
    if main is None or not _same(elements[main], conf_folder()):
        return
    given = [element for element in elements if element.provider == "command-line"]
    first = [element for element in given if not is_primary(Path(str(element.path).removeprefix("file://")))]
    for element in first:
        elements.remove(element)
    folder = user_folder()
    if folder is not None and not any(_same(element, folder) for element in given):
        first.append(SearchPathElement("current folder", f"file://{folder}"))
    elements[main:main] = first


def _same(element: SearchPathElement, folder: Path) -> bool:
    path = Path(str(element.path).removeprefix("file://"))
    return path.is_dir() and path.samefile(folder)
