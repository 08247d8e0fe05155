"""The grids of a command: one, those of `sweep.grids`, or those of each of several experiments.

Other Hydra applications, which have no section `sweep`, can use them too.

Each grid is a list of overrides, the command line's last, so that these take precedence. Several experiments are
several grids: each has the swept keys, zipped keys and grids of its own file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from pipeline.config.schema import keys_of, sections_of
from pipeline.errors import UserError


@dataclass(frozen=True)
class Grid:
    """Overrides, some of them swept, and the keys among them that vary together."""

    overrides: list[str]
    zipped: list[list[str]]


def grids(config: DictConfig, loader: ConfigLoader) -> list[Grid]:
    """The grids of the command that composed `config`.

    Raises UserError for grids that are not written as `sweep.grids` are, keys to zip that no grid sweeps, and
    experiments that cannot be swept by one command.
    """
    task = [text for text in typed(config) if text.partition("=")[0] != "sweep.grids"]
    result = []
    for composed, overrides in _experiments(config, task, loader):
        params = [text for text in swept_by_file(composed) if text.partition("=")[0] != "experiment"]
        own = [list(_texts(grid, n)) for n, grid in enumerate(_written(composed), 1)] or [[]]
        zipped = [[str(key) for key in together] for together in OmegaConf.select(composed, "sweep.zip") or ()]
        result += [Grid([*params, *grid, *overrides], zipped) for grid in own]
    return result


def typed(config: DictConfig) -> list[str]:
    """The overrides of the command line, whose references are each job's to resolve."""
    return cast(list[str], OmegaConf.to_container(config.hydra.overrides.task, resolve=False))


def swept_by_file(config: DictConfig) -> list[str]:
    """`hydra.sweeper.params`, which an experiment sweeps, as overrides."""
    sweeper = cast(dict[str, Any], OmegaConf.to_container(config.hydra.sweeper, resolve=False))
    return [f"{key}={value}" for key, value in (sweeper.get("params") or {}).items()]


def experiments(config: DictConfig, loader: ConfigLoader) -> list[str]:
    """The experiments that the command sweeps; [] where it takes one, or none."""
    parser = OverridesParser.create(config_loader=loader)
    parsed = parser.parse_overrides([*swept_by_file(config), *typed(config)])
    chosen = [override for override in parsed if override.key_or_group == "experiment"]
    return list(chosen[-1].sweep_string_iterator()) if chosen and chosen[-1].is_sweep_override() else []


def as_grids(key: str, jobs: Sequence[Sequence[str]]) -> str:
    """How to sweep a key that only some of the swept choices of its group have; "" where none is swept."""
    section, _, leaf = key.rpartition(".")
    values: dict[str, dict[str, None]] = {}
    for job in jobs:
        chosen = dict(text.partition("=")[::2] for text in job)
        if section in chosen:
            values.setdefault(chosen[section], {})[chosen.get(key, "")] = None
    if len(values) < 2:
        return ""
    kinds = sections_of(section)
    parts = [
        f'{{{section}: {choice}, {key}: "{",".join(texts)}"}}'
        if choice not in kinds or leaf in kinds[choice].model_fields
        else f"{{{section}: {choice}}}"
        for choice, texts in values.items()
    ]
    return f"; give each choice its own keys: 'sweep.grids=[{', '.join(parts)}]' in place of {section} and {key}"


def _experiments(config: DictConfig, task: list[str], loader: ConfigLoader) -> Iterator[tuple[DictConfig, list[str]]]:
    """The configuration and the overrides of each experiment that is swept, or of the command alone."""
    names = experiments(config, loader)
    if not names:
        yield config, task
        return
    first: dict[str, Any] = {}
    for name in names:
        overrides = [f"experiment={name}", *(text for text in task if text.partition("=")[0] != "experiment")]
        hydra = cast(list[str], OmegaConf.to_container(config.hydra.overrides.hydra))
        composed = loader.load_configuration(config.hydra.job.config_name, [*hydra, *overrides], RunMode.MULTIRUN)
        facts = _of_command(composed)
        first = first or facts
        for what, value in facts.items():
            if value != first[what]:
                raise UserError(
                    f"experiment={name}: {what} is {value} there and {first[what]} in another experiment, but a "
                    f"command has one; give {what}=… on the command line, or sweep them one by one"
                )
        yield composed, overrides


def _of_command(config: DictConfig) -> dict[str, Any]:
    """What a command has only one of: how it sweeps, and where to."""
    hydra = cast(dict[str, Any], OmegaConf.to_container(config.hydra, resolve=False))
    sweep = cast(dict[str, Any], OmegaConf.to_container(config.sweep, resolve=False))
    facts = {f"hydra/{name}": hydra["runtime"]["choices"][f"hydra/{name}"] for name in ("launcher", "sweeper")}
    for name in ("launcher", "sweeper"):
        facts |= {f"hydra.{name}.{key}": value for key, value in hydra[name].items() if key != "params"}
    facts |= {f"hydra.sweep.{key}": value for key, value in hydra["sweep"].items()}
    return facts | {f"sweep.{key}": value for key, value in sweep.items() if key not in ("grids", "zip")}


def _written(config: DictConfig) -> list[Any]:
    grids = OmegaConf.select(config, "sweep.grids")
    if grids is None:
        return []
    if not OmegaConf.is_list(grids):
        raise UserError("sweep.grids: not a list; give [{optimizer: sgd, optimizer.lr: '0.01,0.1'}, {…}]")
    return cast(list[Any], OmegaConf.to_container(grids, resolve=False))


def _texts(grid: Any, number: int) -> Iterator[str]:
    """One of `sweep.grids` as overrides."""
    where = f"sweep.grids: grid {number}"
    if not isinstance(grid, dict):
        raise UserError(f"{where}: {grid} has no keys; write {{key: 'value,value', other.key: value}}")
    for key, value in grid.items():
        section = str(key).partition(".")[0]
        if isinstance(value, (list, dict)):
            text = ",".join(map(str, value))
            raise UserError(f"{where}, {key}: a {type(value).__name__}; write the values as text: {key}: '{text}'")
        if section not in keys_of("") - {"sweep", "tracking"}:
            raise UserError(f"{where}, {key}: not a key that runs can differ by; give it beside sweep.grids")
        yield f"{key}={'null' if value is None else str(value).lower() if isinstance(value, bool) else value}"
