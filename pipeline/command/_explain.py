"""Hydra's errors about groups, choices and keys, in one line that says what there is and what to do."""

import re
from collections.abc import Sequence
from typing import Any

import yaml
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode

from pipeline.command._hydra import ConfigLoaderImpl, compose_plainly
from pipeline.config.check import unknown_key
from pipeline.config.folder import PRIMARY
from pipeline.errors import UserError, no_such

_NO_KEY = re.compile(r"Could not override '([^']+)'")


class UnknownKey(UserError):
    """A key that the chosen sections do not have: which, and what there is instead."""

    def __init__(self, key: str, value: str | None, why: str) -> None:
        super().__init__(f"{key}={value}: {why}" if value else f"{key}: {why}")
        self.key, self.why = key, why


def translate(
    error: Exception, loader: ConfigLoaderImpl, config_name: str | None, overrides: Sequence[str], run_mode: RunMode
) -> UserError | None:
    """What the user can do about an error in composing these overrides; None if that is Hydra's own to say."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return UserError(f"{mark.name}, line {mark.line + 1}: not YAML: {error.problem}; correct the file")
    if isinstance(error, MissingConfigException):
        return _missing(error)
    if not isinstance(error, (HydraException, ValueError)):
        return None
    ambiguous = re.match(r"(?:Ambiguous value for argument|Sweep parameters) '(.+?)'(?:$|\n| requires)", str(error))
    if ambiguous:
        text = ambiguous.group(1)
        key, _, value = text.partition("=")
        return UserError(f"{text}: several values; add -m to sweep over them, or write {key}=[{value}] for a list")
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    if isinstance(error, ValueError):
        return _no_choice(parsed, loader)
    multiple = re.match(r"Multiple values for ([\w/]+)\.", str(error))
    if multiple:
        group = multiple.group(1)
        return UserError(f"{group}: chosen twice; one choice of it is already among the defaults: leave out the +")
    unknown = _NO_KEY.match(str(error))
    if not unknown:
        return None
    groups = [override for override in parsed if loader.repository.group_exists(override.key_or_group)]
    texts = [str(override.input_line) for override in groups if override.key_or_group != unknown.group(1)]
    try:  # which choices lack the key?
        config = compose_plainly(loader, config_name, texts, run_mode)
    except (HydraException, ValueError):
        return None
    return no_key(error, parsed, config.hydra.runtime.choices, config)


def no_key(error: Exception, overrides: Sequence[Override], choices: Any, values: Any) -> UserError | None:
    """The error for a key that is not in the composed `values`; None if `error` is another."""
    unknown = _NO_KEY.match(str(error))
    if not unknown:
        return None
    key = unknown.group(1)
    typed = [str(override.input_line).partition("=")[2] for override in overrides if override.key_or_group == key]
    section = key.partition(".")[0]
    name = (values.get(section) or {}).get("name") if isinstance(choices.get(section), str) else None
    return UnknownKey(key, typed[0] if typed else None, unknown_key(key, name, choices.get(section)))


def choices_of(loader: ConfigLoader, group: str) -> list[str]:
    """The names of the choices of a group, those of the user too."""
    return [name for name in loader.get_group_options(group) if not name.startswith("_")]


def _missing(error: MissingConfigException) -> UserError | None:
    """No file of that name, where the file would be, and those that there are."""
    group, _, name = str(error.missing_cfg_file).rpartition("/")
    if not group:
        if not str(error).startswith("Cannot find primary config"):
            return None
        return UserError(
            f"--config-name {name}: no such file; write conf/{name}.yaml, which begins with "
            f"`defaults: [{PRIMARY}, _self_]`, or give the folder that it is in by --config-dir FOLDER"
        )
    inside = re.match(r"In '([^']+)'", str(error))
    where = f"{inside.group(1)}: " if inside and inside.group(1) != PRIMARY else ""
    if error.options is None:  # named in a list of defaults, without a group
        return UserError(f"{where}defaults: no file {error.missing_cfg_file}.yaml; write conf/{group}/{name}.yaml")
    remedy = f"; your own would be conf/{group}/{name}.yaml in the current folder"
    if group == "dataset" and "." in name:
        remedy = f"; a file is named by its key, such as dataset=table dataset.path={name} dataset.target=COLUMN"
    return UserError(f"{where}{group}={name}: {no_such('choice', name, error.options)}{remedy}")


def _no_choice(overrides: Sequence[Override], loader: ConfigLoader) -> UserError | None:
    """Hydra expects the name of a file for a group and answers `model=null` and `model=3` with a bare ValueError."""
    for override in overrides:
        key = override.key_or_group
        if override.is_sweep_override() or isinstance(override.value(), (str, list, dict)):
            continue
        if key == "hydra":
            return UserError(f"{override.input_line}: Hydra's settings are no choice; leave it out")
        if names := choices_of(loader, key):
            return UserError(f"{override.input_line}: a group needs a choice; {key}={'|'.join(names)}")
    return None
