"""Optuna's samplers by name."""

from collections.abc import Callable

from pipeline.errors import UserError
from pipeline.extras import needed

with needed("search", "hydra/sweeper=search"):
    import optuna
    from optuna.samplers import BaseSampler

_SAMPLERS: dict[str, Callable[[int, int], BaseSampler]] = {
    # Equal points in a batch are avoided by taking those that have no score yet as bad ones.
    "tpe": lambda seed, trials: optuna.samplers.TPESampler(seed=seed + trials, constant_liar=True),
    "gp": lambda seed, trials: optuna.samplers.GPSampler(seed=seed + trials, warn_independent_sampling=False),
    "cmaes": lambda seed, trials: optuna.samplers.CmaEsSampler(seed=seed + trials, warn_independent_sampling=False),
    "random": lambda seed, trials: optuna.samplers.RandomSampler(seed=seed + trials),
    # One sequence, whose place the study keeps.
    "qmc": lambda seed, trials: optuna.samplers.QMCSampler(scramble=True, seed=seed, warn_independent_sampling=False),
}


def check_sampler(name: str) -> None:
    """Raise UserError for a name that is none, or a sampler whose package is missing."""
    if name not in _SAMPLERS:
        raise UserError(f"hydra.sweeper.sampler={name}: allowed: {', '.join(_SAMPLERS)}")
    if name == "cmaes":
        with needed("search", "hydra.sweeper.sampler=cmaes"):
            import cmaes  # noqa: F401


def sampler(name: str, seed: int, trials: int) -> BaseSampler:
    """The sampler for the next suggestions after this number of trials."""
    return _SAMPLERS[name](seed, trials)
