"""From a command's overrides to the jobs of its sweep: every combination, with zipped keys varied together."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Transformer
from omegaconf import DictConfig, OmegaConf

from pipeline.command._confirm import confirming_jobs
from pipeline.command._grids import grids
from pipeline.errors import UserError, one_line

_MAX_RUNS = 100_000  # one folder each; more is a typo


def jobs(config: DictConfig, loader: ConfigLoader) -> list[list[str]]:
    """The overrides of each job of the command, grid after grid. Raises UserError for what is not a grid."""
    if OmegaConf.select(config, "sweep.kind") == "confirm":
        return confirming_jobs(config, loader)
    overrides = grids(config, loader)
    for together in (together for one in overrides for together in one.zipped):
        keys = {text.partition("=")[0] for one in overrides if together in one.zipped for text in one.overrides}
        if not keys & set(together):
            raise _not_swept(together[0])
    return [job for one in overrides for job in grid(one.overrides, one.zipped, loader)]


def grid(overrides: Sequence[str], zipped: Sequence[Sequence[str]], loader: ConfigLoader) -> list[list[str]]:
    """The overrides of each job: the product over all keys, the last fastest, as in Hydra's basic sweeper.

    Keys of one list of `zipped` vary together and count as one axis, at the place of the first of them; a list of which
    no key is here is for another grid. Raises UserError for zipped keys that are not swept, are in two lists, or have
    different numbers of values.
    """
    axes: dict[str, list[str]] = {}
    for override in OverridesParser.create(config_loader=loader).parse_overrides(list(overrides)):
        key = override.get_key_element()
        if override.is_sweep_override() and not override.is_discrete_sweep():
            raise UserError(
                f"{override.input_line}: a grid cannot have intervals; list the values, {key}=0.1,0.2, or search "
                "with hydra/sweeper=search"
            )
        swept = override.is_sweep_override()
        axes[key] = [f"{key}={value}" for value in texts(override)] if swept else [str(override.input_line)]
    steps = {key: [[value] for value in values] for key, values in axes.items()}
    for together in zipped:
        if not set(together) & set(axes):
            continue
        for key in together:
            if key in axes and key not in steps:
                raise UserError(f"sweep.zip: {key}: already zipped with other keys; name it in one of the lists")
            if key not in steps or len(axes[key]) < 2:
                raise _not_swept(key)
        if len({len(axes[key]) for key in together}) > 1:
            counts = ", ".join(f"{key} has {len(axes[key])}" for key in together)
            raise UserError(f"sweep.zip: zipped keys need equal numbers of values, but {counts}")
        rows = [list(values) for values in zip(*(axes[key] for key in together), strict=True)]
        first = min(together, key=list(steps).index)
        steps = {
            key: rows if key == first else choices
            for key, choices in steps.items()
            if key == first or key not in together
        }
    if (runs := math.prod(map(len, steps.values()))) > _MAX_RUNS:
        sizes = ", ".join(f"{key} {len(rows):,}" for key, rows in steps.items() if len(rows) > 1)
        raise UserError(
            f"{runs:,} runs or more ({sizes}): a grid may have at most {_MAX_RUNS:,}; give fewer values, zip keys with "
            "sweep.zip, or search with hydra/sweeper=search"
        )
    return [list(itertools.chain.from_iterable(job)) for job in itertools.product(*steps.values())]


def texts(override: Override) -> list[str]:
    """The values of a sweep as they are typed, of too many the first. Raises UserError where there are none."""
    try:  # Hydra escapes `${seed}`, so that it is no reference any more
        values = cast(Iterator[str], override.sweep_iterator(transformer=_text))
        first = list(itertools.islice(values, _MAX_RUNS + 1))
    except ValueError as error:  # of a range
        raise UserError(f"{override.input_line}: {one_line(error)}") from error
    if not first:
        raise UserError(f"{override.input_line}: no values; give a range or glob that matches at least one")
    return first


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_text, value))}]"
    if isinstance(value, str) and "${" in value:
        return f"'{value}'"
    return str(Transformer.encode(value))


def _not_swept(key: str) -> UserError:
    return UserError(f"sweep.zip: {key}: not swept; give it several values, once, such as {key}=1,2,3")
