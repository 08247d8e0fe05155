"""A search by Optuna: each batch of suggestions is one plan, and the study is kept in the sweep's folder."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from pipeline.command._composition import Composer, check_all, one_metric
from pipeline.command.grid import arguments
from pipeline.errors import UserError
from pipeline.extras import needed
from pipeline.files import JOURNAL
from pipeline.metrics import SELECTION, metric_of
from pipeline.sweep.lock import locked

with needed("search", "hydra/sweeper=search"):
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.storages.journal import JournalFileBackend, JournalStorage

Axis = CategoricalDistribution | FloatDistribution | IntDistribution


class Space:
    """What a command varies, in Hydra's syntax, and what it fixes."""

    def __init__(self, overrides: Sequence[str], loader: ConfigLoader) -> None:
        parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(overrides))
        by_key = {override.get_key_element(): override for override in parsed}
        self.axes: dict[str, Any] = {
            key: _axis(override) for key, override in by_key.items() if override.is_sweep_override()
        }
        self.fixed = [
            f"{key}={override.get_value_element_as_str()}"
            for key, override in by_key.items()
            if not override.is_sweep_override()
        ]
        if not self.axes:
            raise UserError(
                "hydra/sweeper=search: nothing to search over; give intervals or lists, such as "
                "'optimizer.lr=tag(log,interval(0.001,0.3))' or model.hidden=[64],[256]"
            )

    def job(self, values: dict[str, Any]) -> list[str]:
        """The overrides of one point of the space."""
        return [*self.fixed, *(f"{key}={values[key]}" for key in self.axes)]

    def corners(self) -> list[list[str]]:
        """Points that together cover every choice and both ends of every interval."""
        ends = {key: _ends(axis) for key, axis in self.axes.items()}
        longest = max(map(len, ends.values()))
        return [self.job({key: values[i % len(values)] for key, values in ends.items()}) for i in range(longest)]


def search(
    config: DictConfig, loader: ConfigLoader, launcher: Launcher, trials: int, batch: int, seed: int
) -> list[JobReturn]:
    """Suggest `batch` points, train them, report their scores, until `trials` are done; -> this command's jobs.

    The study outlives the process: repeating the command continues the search. Each batch has a new sampler, seeded by
    `seed` and the number of earlier trials, so that a search that was stopped makes the same suggestions.
    """
    space = Space(arguments(config), loader)
    sweep = Path(str(config.hydra.sweep.dir))
    compose = Composer(config, loader)
    corners = check_all([compose(job, number) for number, job in enumerate(space.corners())])
    select = one_metric(corners, "hydra/sweeper=search")
    if config.sweep.dry_run:
        print("\n".join(f"{key}: {axis}" for key, axis in space.axes.items()))
        return []
    returns: list[JobReturn] = []
    with locked(sweep), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = _study(sweep / JOURNAL, select)
        while True:
            finished = [trial for trial in study.trials if trial.state.is_finished()]
            pending = [trial for trial in study.trials if not trial.state.is_finished()]  # left by a stopped search
            if not pending and len(finished) >= trials:
                return returns
            study.sampler = optuna.samplers.TPESampler(seed=seed + len(finished), constant_liar=True)
            new = min(batch, trials - len(finished)) - len(pending)
            suggested = [study.ask(space.axes) for _ in range(max(new, 0))]
            numbers = [trial.number for trial in (*pending, *suggested)]
            ended = launcher.launch([space.job(trial.params) for trial in (*pending, *suggested)], numbers[0])
            for number, job in zip(numbers, ended, strict=True):
                _report_score(study, number, job)
            returns += ended


def _study(path: Path, select: str) -> "optuna.Study":
    """The study of the folder, which optimises what `training.select` says. Raises UserError for one of another."""
    storage = JournalStorage(JournalFileBackend(str(path)))
    # "auto" is accuracy or R², which the data decide on; of both more is better.
    higher = select == "auto" or metric_of(select.removeprefix(f"{SELECTION}_")).higher_is_better
    direction = optuna.study.StudyDirection.MAXIMIZE if higher else optuna.study.StudyDirection.MINIMIZE
    study = optuna.create_study(storage=storage, study_name="sweep", direction=direction, load_if_exists=True)
    before = study.user_attrs.get("select", "auto" if study.trials else select)
    if before != select:
        raise UserError(
            f"{path.parent}: its search optimises training.select={before}, which {select} cannot go on from; give "
            "another sweep.name"
        )
    study.set_user_attr("select", select)
    return study


def _report_score(study: "optuna.Study", number: int, job: JobReturn) -> None:
    score = job._return_value if job.status == JobStatus.COMPLETED else None
    if score is None or not math.isfinite(score):
        study.tell(number, state=optuna.trial.TrialState.FAIL)
    else:
        study.tell(number, score)


def _axis(override: Override) -> Axis:
    """Optuna's distribution for one of Hydra's sweeps: lists are categories, intervals and ranges numbers."""
    value = override.value()
    if isinstance(value, IntervalSweep):
        # Hydra's grammar gives every interval both ends, its type hints do not say so.
        low, high = cast(tuple[float, float], (value.start, value.end))
        log = "log" in value.tags
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log=log)
        return FloatDistribution(low, high, log=log)
    if isinstance(value, RangeSweep) and all(isinstance(part, int) for part in (value.start, value.stop, value.step)):
        points = [int(point) for point in value.range()]
        return IntDistribution(min(points), max(points), step=abs(int(value.step)))
    return CategoricalDistribution(list(override.sweep_string_iterator()))


def _ends(axis: Axis) -> list[Any]:
    return list(axis.choices) if isinstance(axis, CategoricalDistribution) else [axis.low, axis.high]
