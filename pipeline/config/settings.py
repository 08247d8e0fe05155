"""Which configurations are one setting: equal but for the keys that replicate."""

from collections.abc import Iterable, Sequence

from pipeline.config.schema import Config

REPLICATING = ("seed", "dataset.fold")  # beside them, what `sweep.replicates` names
# What tells data sets apart: other examples or targets. How they are split, and what is done to inputs, are choices.
OF_DATA_SET = (
    *("name", "loader", "function", "path", "targets_path", "test_path", "prefix"),
    *("inputs", "targets", "target"),
)
_FOLLOWING = ("training.order_seed", "dataset.seed")  # may be written as ${seed}


def replicating(names: Iterable[str]) -> set[str]:
    """The keys that replicate a setting, given `sweep.replicates`."""
    return {*REPLICATING, *names}


def settings_of(configs: Sequence[Config]) -> list[int]:
    """The number of each configuration's setting, in the order of their first; equal for replicates.

    A key that has the seed's value in all of them follows the seed, and replicates as well.
    """
    following = [key for key in _FOLLOWING if all(_value(config, key) == config.seed for config in configs)]
    numbers: dict[str, int] = {}
    return [numbers.setdefault(_setting(config, following), len(numbers)) for config in configs]


def _setting(config: Config, following: Sequence[str]) -> str:
    exclude: dict[str, bool | set[str]] = {"sweep": True, "tracking": True, "report": True}
    for key in replicating([*config.sweep.replicates, *following]):
        section, _, leaf = key.rpartition(".")
        if not section:
            exclude[leaf] = True
        elif isinstance(leaves := exclude.setdefault(section, set()), set):
            leaves.add(leaf)
    return config.model_dump_json(exclude=exclude)


def _value(config: Config, key: str) -> object:
    section, _, leaf = key.partition(".")
    return getattr(getattr(config, section), leaf, None)
