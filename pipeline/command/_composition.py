"""The jobs of a sweep as Hydra composes them, without composing each one from its files.

Hydra takes 0.15 s per job. But jobs that choose the same groups differ only by values, and these are applied to a
copy of what was composed once, by Hydra's own function. What depends on a job's place in the sweep (`${hydra:…}`, a
custom `hydra.sweep.subdir`) is composed in full.
"""

import copy
import functools
import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict

from pipeline.command._explain import no_key
from pipeline.command._hydra import ConfigLoaderImpl, apply_overrides, dirname, dumper
from pipeline.config.check import resolve, without_hydra
from pipeline.config.schema import Config
from pipeline.errors import UserError

_ENVIRONMENT = re.compile(r"'\$\{oc\.env:[^{}]+\}'|\$\{oc\.env:[^{}]+\}")
Values = dict[str, Any]  # a configuration as nested dictionaries


@dataclass(frozen=True)
class Composed:
    """One job's configuration: the user's part, raw and with its references resolved, and Hydra's own."""

    raw: Values
    resolved: Values
    hydra: Values
    folder: Path

    @property
    def overrides(self) -> tuple[str, ...]:
        """What the user typed for this job, with the environment's values: the record must hold elsewhere as well."""
        return tuple(_ENVIRONMENT.sub(_value_of, text) for text in self.hydra["overrides"]["task"])

    def files(self) -> dict[str, str]:
        """The texts of the job's .hydra folder, as Hydra's `run_job` writes them."""
        per_job = {"overrides", "job", "runtime"}  # the rest is the same for all jobs that choose the same groups
        parts = [
            _yaml({name: value}) if name in per_job else _yaml_once(name, json.dumps(value))
            for name, value in self.hydra.items()
        ]
        return {
            "config.yaml": _yaml(self.raw),
            "hydra.yaml": "hydra:\n" + textwrap.indent("".join(parts), "  "),
            "overrides.yaml": _yaml(list(self.overrides)),
        }

    @property
    def number(self) -> int:
        """The job's number in the sweep."""
        return int(self.hydra["job"]["num"])

    def numbered(self, number: int) -> "Composed":
        """The same job under another number of the sweep; its folder is named by that number."""
        job = self.hydra["job"] | {"id": f"{self.hydra['job']['name']}_{number}", "num": number}
        return replace(self, hydra=self.hydra | {"job": job}).in_folder(self.folder.parent / str(number))

    def in_folder(self, folder: Path) -> "Composed":
        """The same job in another folder."""
        runtime = self.hydra["runtime"] | {"output_dir": str(folder.absolute())}
        return replace(self, folder=folder, hydra=self.hydra | {"runtime": runtime})


def _value_of(reference: re.Match[str]) -> str:
    """The value of a reference to the environment as it would be typed."""
    text = str(OmegaConf.create([reference.group(0).strip("'")])[0])
    return text if re.fullmatch(r"[\w.+-]+", text) else f"'{text}'"


class Composer:
    """Composes jobs for one command: composer(overrides, number)."""

    def __init__(self, config: DictConfig, loader: ConfigLoader) -> None:
        assert isinstance(loader, ConfigLoaderImpl)
        self.config, self.loader = config, loader
        self.parser = OverridesParser.create(config_loader=loader)
        self.sweep = Path(str(config.hydra.sweep.dir))
        self._parsed = functools.cache(self._parse)
        self._base = functools.cache(_Base)

    def __call__(self, overrides: Sequence[str], number: int) -> Composed:
        parsed = [self._parsed(text) for text in overrides]
        base = self._base(self, tuple(text for text, (_, chooses) in zip(overrides, parsed, strict=True) if chooses))
        values = [override for override, chooses in parsed if not chooses]
        if not base.alike or any("${hydra" in text for text in overrides):
            return self._compose_in_full(overrides, number)
        try:
            raw, resolved = base.with_values(values)
        except HydraException as error:
            unknown = no_key(error, values, base.hydra["runtime"]["choices"], base.raw)
            if unknown is None:
                raise
            raise unknown from error
        task = [override for override, _ in parsed if not override.is_hydra_override()]
        per_job = {
            "overrides": base.hydra["overrides"] | {"task": [override.input_line for override in task]},
            "job": base.hydra["job"] | dirname(base.hydra["job"], task),
        }
        return Composed(raw, resolved, base.hydra | per_job, self.sweep / str(number)).numbered(number)

    def _parse(self, text: str) -> tuple[Override, bool]:
        """An override, and whether it selects files or configures Hydra, rather than setting a value."""
        override = self.parser.parse_override(text)
        group = self.loader.repository.group_exists(override.key_or_group)
        return override, override.is_hydra_override() or (group and not isinstance(override.value(), dict))

    def _compose_in_full(self, overrides: Sequence[str], number: int) -> Composed:
        """Compose the job the way Hydra's own launchers do."""
        composed = self.loader.load_sweep_config(self.config, list(overrides))
        with open_dict(composed):
            composed.hydra.job.id = f"{composed.hydra.job.name}_{number}"
            composed.hydra.job.num = number
            folder = Path(str(composed.hydra.sweep.dir)) / str(composed.hydra.sweep.subdir)
            composed.hydra.runtime.output_dir = str(folder.absolute())
        HydraConfig.instance().set_config(composed)
        raw = _plain(composed)
        return Composed(raw, resolve(without_hydra(composed)), raw.pop("hydra"), folder)


class _Base:
    """What jobs with the same group choices have in common."""

    def __init__(self, composer: Composer, overrides: tuple[str, ...]) -> None:
        composed = composer.loader.load_sweep_config(composer.config, list(overrides))
        self.raw = _plain(composed)
        self.hydra = self.raw.pop("hydra")
        self.user = without_hydra(composed)
        OmegaConf.set_struct(self.user, True)
        OmegaConf.copy_cache(from_config=composer.config, to_config=self.user)  # ${now:…} is the same for all jobs
        self.alike = self.hydra["sweep"]["subdir"] == "${hydra.job.num}" and "${hydra" not in str(self.raw)
        # If only the sweep's name refers to other keys, values can be set without resolving again.
        self.name = str(self.user.sweep.name) if "sweep" in self.user else ""
        named = self.raw | {"sweep": self.raw.get("sweep", {}) | {"name": self.name}}
        self.refers = "${" in str(named)

    def with_values(self, overrides: Sequence[Override]) -> tuple[Values, Values]:
        """The configuration, raw and resolved. Raises Hydra's errors for keys that do not exist."""
        if not self.refers and all(self._replaces(override) for override in overrides):
            raw = copy.deepcopy(self.raw)
            resolved = copy.deepcopy(self.raw)
            resolved["sweep"]["name"] = self.name
            for values in (raw, resolved):
                for override in overrides:
                    *sections, leaf = override.key_or_group.split(".")
                    functools.reduce(dict.__getitem__, sections, values)[leaf] = override.value()
            return raw, resolved
        user = copy.deepcopy(self.user)
        apply_overrides(list(overrides), user)
        return _plain(user), resolve(user)

    def _replaces(self, override: Override) -> bool:
        """Whether the override replaces a plain value or a list by another."""
        current: Any = self.raw
        for part in override.key_or_group.split("."):
            if not isinstance(current, dict) or part not in current:
                return False
            current = current[part]
        value = override.value()
        plain = not isinstance(current, dict) and isinstance(value, (int, float, str, list, type(None)))
        return plain and override.type == OverrideType.CHANGE and "${" not in str(override.input_line)


def one_metric(configs: Sequence[Config], what: str) -> str:
    """The `training.select` of all. Raises UserError where runs that `what` compares would differ in it."""
    selects = sorted({config.training.select for config in configs})
    if len(selects) > 1:
        raise UserError(f"training.select={','.join(selects)}: {what} compares runs by one metric; give one value")
    return selects[0]


# libyaml is not on every platform, and mypy allows no base class that depends on it.
class _Dumper(yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper):  # type: ignore[misc]
    """OmegaConf's YAML by the fast library: it quotes what would otherwise be read as a number."""


_Dumper.add_representer(str, lambda writer, text: dumper().str_representer(writer, text))


def _plain(config: DictConfig) -> Values:
    values = cast(dict[str, Any], OmegaConf.to_container(config, resolve=False, enum_to_str=True))
    return {str(key): value for key, value in values.items()}


@functools.cache
def _yaml_once(name: str, value: str) -> str:
    return _yaml({name: json.loads(value)})


def _yaml(value: Any) -> str:
    return str(yaml.dump(value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, sort_keys=False))
