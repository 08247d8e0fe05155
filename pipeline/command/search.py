"""A search by Optuna: each batch of suggestions is one plan, and the study is journal in the sweep's folder."""

import itertools
import math
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from pipeline.command._composition import Composer, one_metric
from pipeline.command._grids import experiments, swept_by_file, typed
from pipeline.command._jobs import compose_all
from pipeline.command._samplers import check_sampler, sampler
from pipeline.command._study import Study
from pipeline.command._trials import report
from pipeline.command.callbacks import deadline
from pipeline.command.grid import texts
from pipeline.config.schema import Config, Sweep
from pipeline.config.settings import replicating
from pipeline.errors import UserError
from pipeline.extras import needed
from pipeline.files import JOURNAL
from pipeline.metrics import SELECTION, metric_of
from pipeline.runs.identity import Identity
from pipeline.sweep.ledger import Ledger
from pipeline.sweep.lock import locked
from pipeline.sweep.sweep import too_many

with needed("search", "hydra/sweeper=search"):
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.trial import FrozenTrial

_BATCH, _SPACE = "batch", "space"  # attributes of a trial, of a study

Axis = CategoricalDistribution | FloatDistribution | IntDistribution


class Space:
    """What a command varies, in Hydra's syntax, what it replicates, and what it fixes."""

    def __init__(self, overrides: Sequence[str], loader: ConfigLoader, replicates: Iterable[str] = ()) -> None:
        parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(overrides))
        by_key = {override.get_key_element(): override for override in parsed}
        swept = {key: override for key, override in by_key.items() if override.is_sweep_override()}
        repeated = replicating(replicates)
        self.axes: dict[str, Any] = {key: _axis(override) for key, override in swept.items() if key not in repeated}
        values = {key: _values(override) for key, override in swept.items() if key in repeated}
        self.replicates = [
            [f"{key}={value}" for key, value in zip(values, combination, strict=True)]
            for combination in itertools.product(*values.values())
        ]
        self.fixed = [str(override.input_line) for override in by_key.values() if not override.is_sweep_override()]
        if not self.axes:
            raise UserError(
                "hydra/sweeper=search: nothing to search over; give intervals or lists, such as "
                "'optimizer.lr=tag(log,interval(0.001,0.3))' or model.hidden=[64],[256]"
            )

    def jobs(self, values: Mapping[str, Any]) -> list[list[str]]:
        """The overrides of each replicate of one point of the space."""
        point = [*self.fixed, *(f"{key}={values[key]}" for key in self.axes)]
        return [[*point, *replicate] for replicate in self.replicates]

    def corners(self) -> list[list[str]]:
        """Points that together cover every choice and both ends of every interval, on all replicates."""
        ends = {key: _ends(axis) for key, axis in self.axes.items()}
        longest = max(map(len, ends.values()))
        points = ({key: values[i % len(values)] for key, values in ends.items()} for i in range(longest))
        return [job for point in points for job in self.jobs(point)]


@dataclass(frozen=True)
class Options:
    """Keys of hydra/sweeper=search."""

    trials: int
    batch: int
    seed: int
    sampler: str

    def check(self) -> None:
        """Raise UserError for what is no search."""
        for name, least, most in (("trials", 1, 10**6), ("batch", 1, 10**5), ("seed", 0, 2**31)):
            if not least <= (value := getattr(self, name)) <= most:
                raise UserError(f"hydra.sweeper.{name}={value}: allowed: {least} to {most}")
        check_sampler(self.sampler)


def search(config: DictConfig, loader: ConfigLoader, launcher: Launcher, options: Options) -> list[JobReturn]:
    """Suggest `batch` points, train them, report their scores, until `trials` are done; -> this command's jobs.

    A point's score is the mean over its replicates. The study outlives the process: repeating the command continues the
    search. Each batch has a new sampler, seeded by `seed` and the number of earlier trials, and comes to its end before
    the next is suggested, so that a search that was stopped makes the same suggestions. A point that failed stays
    pending, and the next command trains it again, in its batch.
    """
    if config.sweep.get("grids") or experiments(config, loader):
        raise UserError(
            "hydra/sweeper=search: searches one space, not sweep.grids nor several experiments; search them one by one"
        )
    options.check()
    space = Space([*swept_by_file(config), *typed(config)], loader, config.sweep.replicates)
    sweep = Path(str(config.hydra.sweep.dir))
    compose = Composer(config, loader)
    try:
        _, corners = compose_all(compose, space.corners())
    except UserError as error:
        raise _with_hint(error, space) from None
    select = one_metric(corners, "hydra/sweeper=search")
    if config.sweep.dry_run:
        print("\n".join(f"{key}: {axis}" for key, axis in space.axes.items()))
        _plan_first_batch(space, launcher, options)
        return []
    returns: list[JobReturn] = []
    failed: set[int] = set()  # numbers of trials that did not come to their end in this command
    replicates, swept = len(space.replicates), corners[0].sweep
    with locked(sweep), _quiet_optuna(), _told(sweep):
        journal = Study(sweep, higher_is_better=_higher_is_better(select))
        study = journal.optuna
        _check_select(sweep, study, select)
        _check_space(sweep, study, corners)
        journal.seal()  # before the first suggestion: what a command that ends while it asks has added is taken back
        returns += _train_damaged_again(sweep, swept, study, space, launcher, options)
        while time.time() < deadline(config.sweep.hours):
            known = study.trials
            pending = [trial for trial in known if not trial.state.is_finished() and trial.number not in failed]
            if pending:
                batch = _batch(pending[0], options)
            elif len(known) < options.trials:
                batch = _suggest(study, space, options)
                journal.seal()
            else:
                break
            trials = [trial for trial in study.trials if _batch(trial, options) == batch]
            jobs = [job for trial in trials for job in space.jobs(trial.params)]
            ended = launcher.launch(jobs, trials[0].number * replicates)
            for place, trial in enumerate(trials):
                of_trial = ended[place * replicates : (place + 1) * replicates]
                if not trial.state.is_finished() and not report(study, optuna.Trial(study, trial._trial_id), of_trial):
                    failed.add(trial.number)
            returns += ended
            journal.seal()
            if too_many(sum(job.status != JobStatus.COMPLETED for job in returns), swept):
                break
    return returns


def _with_hint(error: UserError, space: Space) -> UserError:
    """The same mistakes, and how to search whole numbers where an interval gave others."""
    whole = [
        key
        for key, axis in space.axes.items()
        if isinstance(axis, FloatDistribution) and f"{key}={axis.low}: should be a valid integer" in str(error)
    ]
    hints = [f"whole numbers of an interval: {key}=int(interval(…))" for key in whole[:1]]
    return UserError("\n".join([str(error), *hints]))


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Without Optuna's own lines about trials, and its warnings that a sampler is experimental."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


@contextmanager
def _told(sweep: Path) -> Iterator[None]:
    """Raise UserError where Optuna cannot lock its journal, which it tells by a RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        if "lock" not in str(error):
            raise
        raise UserError(
            f"{sweep / JOURNAL}: cannot be locked ({error}); check the disk, or give a folder on another, then repeat "
            "the command"
        ) from error


def _plan_first_batch(space: Space, launcher: Launcher, options: Options) -> None:
    """For a dry run: the plan of points like the first batch's, of which the launcher says what they will take."""
    with _quiet_optuna():
        study = optuna.create_study(sampler=sampler(options.sampler, options.seed, 0))
        points = [study.ask(space.axes).params for _ in range(min(options.batch, options.trials))]
    batches = math.ceil(options.trials / options.batch)
    print(f"{options.trials} points in {batches} batch{'es' * (batches > 1)}, each about as long as the first:")
    launcher.launch([job for point in points for job in space.jobs(point)], 0)


def _higher_is_better(select: str) -> bool:
    """The direction of what `training.select` names; "auto" is accuracy or R², which the data decide on."""
    return metric_of(select.removeprefix(f"{SELECTION}_")).higher_is_better


def _check_select(sweep: Path, study: "optuna.Study", select: str) -> None:
    """Raise UserError for a study that optimises something else."""
    before = study.user_attrs.get("select", "auto" if study.trials else select)
    if before != select:
        raise UserError(
            f"{sweep}: its search optimises training.select={before}, which {select} cannot go on from; give "
            "another sweep.name"
        )
    study.set_user_attr("select", select)


def _suggest(study: "optuna.Study", space: Space, options: Options) -> int:
    """Ask for the points of the next batch; -> its number."""
    known = study.trials
    number = 1 + max((_batch(trial, options) for trial in known), default=-1)
    study.sampler = sampler(options.sampler, options.seed, len(known))
    for _ in range(min(options.batch, options.trials - len(known))):
        study.ask(space.axes).set_user_attr(_BATCH, number)
    return number


def _check_space(sweep: Path, study: "optuna.Study", corners: Sequence[Config]) -> None:
    """Raise UserError for a study of other points: its scores would be taken for those of this command's runs."""
    identities = [Identity.of(config, config.dataset.load().fingerprint) for config in corners]
    here = [[identity.config, identity.data] for identity in identities]
    before = study.user_attrs.get(_SPACE, here)
    if before != here:
        raise UserError(
            f"{sweep}: its search was over other ranges or data, or with other fixed values or replicates, and its "
            "scores are not of these runs; repeat that command, or give another sweep.name"
        )
    study.set_user_attr(_SPACE, here)


def _batch(trial: FrozenTrial, options: Options) -> int:
    """The number of the batch that the trial trains in: halving compares it with the others of that."""
    return int(trial.user_attrs.get(_BATCH, trial.number // options.batch))  # version 0.1.0 noted none


def _train_damaged_again(
    sweep: Path, swept: Sweep, study: "optuna.Study", space: Space, launcher: Launcher, options: Options
) -> list[JobReturn]:
    """Train earlier trials whose runs have no results any more, each in its batch, so that halving decides as before.

    Their scores stay, as equal runs have equal ones.
    """
    batches: dict[int, list[FrozenTrial]] = {}
    for trial in study.trials:
        batches.setdefault(_batch(trial, options), []).append(trial)
    finished = [trials for trials in batches.values() if all(trial.state.is_finished() for trial in trials)]
    jobs = [[job for trial in trials for job in space.jobs(trial.params)] for trials in finished]
    ledger = Ledger(sweep)
    ledger.check_files(ledger.numbers_of(itertools.chain.from_iterable(jobs)), swept)
    returns: list[JobReturn] = []
    for trials, of_batch in zip(finished, jobs, strict=True):
        if not ledger.decided(of_batch):
            returns += launcher.launch(of_batch, trials[0].number * len(space.replicates))
    return returns


def _axis(override: Override) -> Axis:
    """Optuna's distribution for one of Hydra's sweeps: lists are categories, intervals and ranges numbers.

    Raises UserError for an interval that holds nothing, or of which there is no logarithm.
    """
    value = override.value()
    if isinstance(value, IntervalSweep):
        # Hydra's grammar gives every interval both ends, its type hints do not say so.
        low, high = cast(tuple[float, float], (value.start, value.end))
        log = "log" in value.tags
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise UserError(f"{override.input_line}: give two finite numbers, the smaller first")
        if log and low <= 0:
            raise UserError(f"{override.input_line}: a logarithm needs numbers above 0; begin higher, or leave out log")
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log=log)
        return FloatDistribution(low, high, log=log)
    choices = texts(override)
    if isinstance(value, RangeSweep) and all(isinstance(part, int) for part in (value.start, value.stop, value.step)):
        points = cast(range, value.range())
        return IntDistribution(min(points[0], points[-1]), max(points[0], points[-1]), step=abs(points.step))
    return CategoricalDistribution(choices)


def _values(override: Override) -> list[str]:
    """The values of a key that replicates a point. Raises UserError for an interval, of which there is no end."""
    if not override.is_discrete_sweep():
        raise UserError(
            f"{override.input_line}: replicates every point, and a point's score is the mean over them; list "
            f"the values, such as {override.get_key_element()}=0,1,2"
        )
    return texts(override)


def _ends(axis: Axis) -> list[Any]:
    return list(axis.choices) if isinstance(axis, CategoricalDistribution) else [axis.low, axis.high]
