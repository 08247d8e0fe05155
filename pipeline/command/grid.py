"""From the overrides of a command to the jobs of its sweep: every combination, with some keys in step."""

import itertools
from collections.abc import Sequence

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from pipeline.errors import UserError


def arguments(config: DictConfig) -> list[str]:
    """What is swept: the experiment's `hydra.sweeper.params`, then the command line, which may replace it."""
    params = [f"{key}={value}" for key, value in (config.hydra.sweeper.get("params") or {}).items()]
    return [*params, *config.hydra.overrides.task]


def grid(overrides: Sequence[str], zipped: Sequence[Sequence[str]], loader: ConfigLoader) -> list[list[str]]:
    """The overrides of each job: the product over all keys, the last fastest, as Hydra's basic sweeper has it.

    Keys of one list of `zipped` go in step and count as one axis, at the place of the first of them. Raises
    UserError for keys in step that are not swept, are in two lists, or have different numbers of values.
    """
    axes: dict[str, list[str]] = {}
    for override in OverridesParser.create(config_loader=loader).parse_overrides(list(overrides)):
        key = override.get_key_element()
        if override.is_sweep_override() and not override.is_discrete_sweep():
            raise UserError(
                f"{override.input_line}: a grid has no intervals; list the values, {key}=0.1,0.2, or search among "
                "them with hydra/sweeper=search"
            )
        values = (
            override.sweep_string_iterator() if override.is_sweep_override() else [override.get_value_element_as_str()]
        )
        axes[key] = [f"{key}={value}" for value in values]
        if not axes[key]:
            raise UserError(f"{override.input_line}: no values; a range or glob that matches nothing sweeps nothing")
    steps = {key: [[value] for value in values] for key, values in axes.items()}
    for together in zipped:
        for key in together:
            if key not in steps or len(axes[key]) < 2:
                reason = "it is in step with other keys already" if key in axes and key not in steps else "not swept"
                raise UserError(f"sweep.zip: {key}: {reason}; give it several values, once, such as {key}=1,2,3")
        if len({len(axes[key]) for key in together}) > 1:
            counts = ", ".join(f"{key} has {len(axes[key])}" for key in together)
            raise UserError(f"sweep.zip: keys in step need as many values each, and {counts}")
        rows = [list(values) for values in zip(*(axes[key] for key in together), strict=True)]
        first = min(together, key=list(steps).index)
        steps = {
            key: rows if key == first else own for key, own in steps.items() if key == first or key not in together
        }
    return [list(itertools.chain.from_iterable(job)) for job in itertools.product(*steps.values())]
