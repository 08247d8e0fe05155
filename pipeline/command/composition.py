"""The jobs of a sweep as Hydra composes them, without composing each of them from its files.

Hydra takes 0.15 s for a job. But jobs that choose the same groups differ only by values, and these are applied to a
copy of what was composed once, by Hydra's own function. What depends on a job's place in the sweep (`${hydra:…}`, a
`hydra.sweep.subdir` of one's own) is composed in full.
"""

import copy
import functools
import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf._utils import get_omega_conf_dumper

from pipeline.config.check import ConfigError, check_values, resolve, without_hydra
from pipeline.config.schema import Config

Values = dict[str, Any]  # a configuration as nested dictionaries


@dataclass(frozen=True)
class Composed:
    """One job's configuration: the user's part as written and with its references resolved, and Hydra's own."""

    written: Values
    resolved: Values
    hydra: Values
    folder: Path

    @property
    def overrides(self) -> tuple[str, ...]:
        """What was typed for this job."""
        return tuple(self.hydra["overrides"]["task"])

    def files(self) -> dict[str, str]:
        """The texts of the job's .hydra folder, as Hydra's `run_job` writes them."""
        own = {"overrides", "job", "runtime"}  # the rest is the same for all jobs that choose the same groups
        parts = [
            _yaml({name: value}) if name in own else _yaml_once(name, json.dumps(value))
            for name, value in self.hydra.items()
        ]
        return {
            "config.yaml": _yaml(self.written),
            "hydra.yaml": "hydra:\n" + textwrap.indent("".join(parts), "  "),
            "overrides.yaml": _yaml(list(self.overrides)),
        }

    def numbered(self, number: int) -> "Composed":
        """The same job as another number of the sweep, where its folder is called by the number."""
        folder = self.folder.parent / str(number)
        job = self.hydra["job"] | {"id": f"{self.hydra['job']['name']}_{number}", "num": number}
        runtime = self.hydra["runtime"] | {"output_dir": str(folder.absolute())}
        return replace(self, folder=folder, hydra=self.hydra | {"job": job, "runtime": runtime})


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
            return self._in_full(overrides, number)
        written, resolved = base.with_values(values)
        task = [override for override, _ in parsed if not override.is_hydra_override()]
        dirname = get_overrides_dirname(task, **base.hydra["job"]["config"]["override_dirname"])
        own = {
            "overrides": base.hydra["overrides"] | {"task": [override.input_line for override in task]},
            "job": base.hydra["job"] | {"override_dirname": dirname},
        }
        return Composed(written, resolved, base.hydra | own, self.sweep / str(number)).numbered(number)

    def _parse(self, text: str) -> tuple[Override, bool]:
        """An override, and whether it chooses files or is Hydra's own rather than gives a value."""
        override = self.parser.parse_override(text)
        group = self.loader.repository.group_exists(override.key_or_group)
        return override, override.is_hydra_override() or (group and not isinstance(override.value(), dict))

    def _in_full(self, overrides: Sequence[str], number: int) -> Composed:
        """As Hydra's own launchers make it."""
        composed = self.loader.load_sweep_config(self.config, list(overrides))
        with open_dict(composed):
            composed.hydra.job.id = f"{composed.hydra.job.name}_{number}"
            composed.hydra.job.num = number
            folder = Path(str(composed.hydra.sweep.dir)) / str(composed.hydra.sweep.subdir)
            composed.hydra.runtime.output_dir = str(folder.absolute())
        HydraConfig.instance().set_config(composed)
        written = _plain(composed)
        return Composed(written, resolve(without_hydra(composed)), written.pop("hydra"), folder)


class _Base:
    """What jobs that choose the same groups have in common."""

    def __init__(self, composer: Composer, overrides: tuple[str, ...]) -> None:
        composed = composer.loader.load_sweep_config(composer.config, list(overrides))
        self.written = _plain(composed)
        self.hydra = self.written.pop("hydra")
        self.user = without_hydra(composed)
        OmegaConf.set_struct(self.user, True)
        OmegaConf.copy_cache(from_config=composer.config, to_config=self.user)  # ${now:…} is the same for all jobs
        self.alike = self.hydra["sweep"]["subdir"] == "${hydra.job.num}" and "${hydra" not in str(self.written)
        # Where nothing but the name of the sweep refers to something, values go in as they are.
        self.name = str(self.user.sweep.name) if "sweep" in self.user else ""
        named = self.written | {"sweep": self.written.get("sweep", {}) | {"name": self.name}}
        self.refers = "${" in str(named)

    def with_values(self, overrides: Sequence[Override]) -> tuple[Values, Values]:
        """The configuration as written and resolved. Raises Hydra's errors for keys that are not there."""
        if not self.refers and all(self._replaces(override) for override in overrides):
            written = copy.deepcopy(self.written)
            resolved = copy.deepcopy(self.written)
            resolved["sweep"]["name"] = self.name
            for values in (written, resolved):
                for override in overrides:
                    *sections, leaf = override.key_or_group.split(".")
                    functools.reduce(dict.__getitem__, sections, values)[leaf] = override.value()
            return written, resolved
        user = copy.deepcopy(self.user)
        ConfigLoaderImpl._apply_overrides_to_config(list(overrides), user)
        return _plain(user), resolve(user)

    def _replaces(self, override: Override) -> bool:
        """Whether the override puts a plain value or a list in the place of another."""
        found: Any = self.written
        for part in override.key_or_group.split("."):
            if not isinstance(found, dict) or part not in found:
                return False
            found = found[part]
        value = override.value()
        plain = not isinstance(found, dict) and isinstance(value, (int, float, str, list, type(None)))
        return plain and override.type == OverrideType.CHANGE and "${" not in str(override.input_line)


def check_all(composed: Sequence[Composed]) -> list[Config]:
    """All jobs checked. Raises one ConfigError with all mistakes of all jobs, each with the jobs it is in."""
    checked: list[Config] = []
    mistakes: dict[str, list[str]] = {}
    for number, job in enumerate(composed):
        try:
            checked.append(check_values(job.resolved))
        except ConfigError as error:
            for mistake in error.mistakes:
                mistakes.setdefault(mistake, []).append(str(number))
    if mistakes:
        raise ConfigError([f"{mistake} ({_in_jobs(found, len(composed))})" for mistake, found in mistakes.items()])
    return checked


def _in_jobs(numbers: Sequence[str], total: int) -> str:
    if len(numbers) == total:
        return "in every job"
    shown = ", ".join(numbers[:5]) + (", …" if len(numbers) > 5 else "")
    return f"in {len(numbers)} of {total} jobs: {shown}"


# libyaml is not on every platform, and mypy allows no base class that depends on it.
class _Dumper(yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper):  # type: ignore[misc]
    """OmegaConf's YAML by the fast library: it quotes what would otherwise be read as a number."""


_Dumper.add_representer(str, lambda dumper, text: get_omega_conf_dumper().str_representer(dumper, text))


def _plain(config: DictConfig) -> Values:
    values = cast(dict[str, Any], OmegaConf.to_container(config, resolve=False, enum_to_str=True))
    return {str(key): value for key, value in values.items()}


@functools.cache
def _yaml_once(name: str, value: str) -> str:
    return _yaml({name: json.loads(value)})


def _yaml(value: Any) -> str:
    return str(yaml.dump(value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, sort_keys=False))
