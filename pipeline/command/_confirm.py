"""The jobs of `sweep=confirm`: the best settings of a sweep, on seeds that it has not seen."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from pipeline.command._grids import typed
from pipeline.config import CONFIRMED
from pipeline.config.check import check
from pipeline.config.settings import replicating
from pipeline.errors import UserError
from pipeline.metrics import SELECTION
from pipeline.runs.provenance import about_run
from pipeline.runs.result import Result, read_result
from pipeline.runs.selection import Selected, Selection

if TYPE_CHECKING:
    import pandas as pd


def confirming_jobs(config: DictConfig, loader: ConfigLoader) -> list[list[str]]:
    """The overrides of each job: those of the best `sweep.top` settings, with `sweep.seeds` new seeds.

    What else the command sets holds for them too; what it sweeps is taken from the sweep's runs. Raises UserError if
    there is no such sweep, or nothing was selected in it.
    """
    options = check(config).sweep
    selection, runs = select(config)
    replicates = _replicates(config, runs)
    parser = OverridesParser.create(config_loader=loader)
    parsed = parser.parse_overrides(typed(config))
    repeated = replicating(replicates)
    fixed = {
        override.get_key_element(): str(override.input_line)
        for override in parsed
        if not override.is_sweep_override() and override.get_key_element() not in repeated
    }
    if replicates:
        fixed["sweep.replicates"] = f"sweep.replicates=[{','.join(replicates)}]"
    first = max(selection.seeds, default=-1) + 1
    axes = [[f"seed={first + i}" for i in range(options.seeds)]]
    axes += [_values(runs, key) for key in sorted(repeated - {"seed"}) if _values(runs, key)]
    jobs = []
    for setting in selection.selected:
        texts = {text.partition("=")[0]: text for text in setting.overrides} | fixed
        jobs += [[*texts.values(), *replicate] for replicate in itertools.product(*axes)]
    return jobs


def select(config: DictConfig) -> "tuple[Selection, pd.DataFrame]":
    """The settings to confirm, and all runs of the sweep."""
    import pandas as pd

    from pipeline.report.comparison import Comparison
    from pipeline.report.statistics.replicates import Replicates
    from pipeline.report.swept import SEED
    from pipeline.runs.read import collect

    sweep = Path(str(config.hydra.sweep.dir).removesuffix(CONFIRMED))
    if not sweep.is_dir():
        raise UserError(
            f"sweep=confirm: there is no sweep in {sweep}; give the sweep.name (or sweep.resume) of one that has ended"
        )
    collected = collect([sweep])
    comparison = Comparison.of(collected.runs)
    replicates = Replicates.of(comparison)
    if not replicates.picked:
        raise UserError(f"sweep=confirm: {sweep} has no finished run with a validation score, so nothing to confirm")
    validation, test = (replicates.summary(split) for split in (SELECTION, "test"))
    repeated = replicating(_replicates(config, comparison.runs))
    selected = []
    for setting in validation.index[validation["n"] > 0][: int(config.sweep.top)]:
        members = comparison.runs[(comparison.setting == setting) & (comparison.runs["status"] == "finished")]
        result = read_result(collected.folder_of[members["run"].iloc[0]])
        if not isinstance(result, Result):
            raise UserError(str(result))
        selected.append(
            Selected(
                overrides=_without(about_run(result.overrides), repeated),
                words=replicates.name(int(setting)),
                n=int(validation["n"][setting]),
                validation=float(validation["mean"][setting]),
                test=None if pd.isna(test["mean"][setting]) else float(test["mean"][setting]),
            )
        )
    return Selection(
        sweep=sweep.name,
        runs=len(comparison.runs),
        settings=len(replicates.settings),
        seeds=sorted({int(seed) for seed in comparison.runs.get(SEED, pd.Series(dtype=int)).dropna()}),
        metric=comparison.metric.name,
        selected=selected,
    ), comparison.runs


def _replicates(config: DictConfig, runs: "pd.DataFrame") -> list[str]:
    """`sweep.replicates` of the command, and of the sweep that it confirms: what replicated there, was not selected."""
    from pipeline.report.swept import given_replicates

    return list(dict.fromkeys([*config.sweep.replicates, *given_replicates(runs)]))


def _without(overrides: Sequence[str], keys: set[str]) -> list[str]:
    return [text for text in overrides if text.partition("=")[0].lstrip("+") not in keys]


def _values(runs: "pd.DataFrame", key: str) -> list[str]:
    """The values of a replicating key that varied in the sweep, as overrides."""
    values = list(dict.fromkeys(runs[f"config.{key}"].dropna())) if f"config.{key}" in runs else []
    return [f"{key}={value}" for value in values] if len(values) > 1 else []
