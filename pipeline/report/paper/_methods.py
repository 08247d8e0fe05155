"""The methods in sentences, read off the runs: what was done with what, every setting of it, with references."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from pipeline.metrics import FURTHER
from pipeline.report.page import count
from pipeline.report.paper._command import SweepCommand
from pipeline.report.paper._computing import computing_sentences
from pipeline.report.paper._data import data_sentences
from pipeline.report.paper._model import model_sentences
from pipeline.report.paper._references import cite
from pipeline.report.paper._settings import Settings, either, named
from pipeline.report.paper._vocabulary import LOSS_OF, LOSSES, SAMPLERS, SCHEDULES
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import FEWEST, Replicates
from pipeline.report.statistics.tests import compare_best
from pipeline.report.swept import SEED
from pipeline.report.vocabulary import key_name, listed

_TOOLS = {  # distribution -> its reference
    "hydra-core": "yadan2019hydra",
    "pandas": "mckinney2010data",
    "matplotlib": "hunter2007matplotlib",
    "scipy": "virtanen2020scipy",
}


@dataclass(frozen=True)
class Methods:
    """Sentences with the marks of `_references`, by what they are about; what only some runs have is told with its
    alternatives."""

    data: list[str]
    model: list[str]
    training: list[str]
    sweep: list[str]
    figures: list[str]  # how figures were computed, chosen and compared
    computing: list[str]

    @classmethod
    def of(
        cls, settings: Settings, replicates: Replicates, importance: Importance, command: SweepCommand, names: set[str]
    ) -> "Methods":
        """`names` are those of the figures."""
        tools = dict(_TOOLS)
        data, model = list(data_sentences(settings)), list(model_sentences(settings))
        training = [*_optimizer(settings), *_training(settings)]
        sweep = list(_sweep(settings, replicates, command))
        figures = [
            *_selection(replicates),
            *_metrics(settings, tools),
            *_statistics(replicates),
            *_importance(names, importance, tools),
        ]
        return cls(
            data, model, [*training, *_rest(settings)], sweep, figures, list(computing_sentences(settings, tools))
        )


def _optimizer(settings: Settings) -> Iterator[str]:
    for name in settings.values("optimizer.name"):
        if name == "adam":
            betas = f"β1 = {settings.said('optimizer.beta1')}, β2 = {settings.said('optimizer.beta2')}"
            yield f"Optimizer: Adam{cite('kingma2015adam')} with {betas} and ε = {settings.said('optimizer.eps')}."
        elif name == "sgd":
            words = "stochastic gradient descent" + cite("robbins1951stochastic")
            if settings.has("optimizer.momentum", "0"):
                nesterov = ", Nesterov's" if settings.values("optimizer.nesterov") == ["true"] else ""
                words += f" with momentum {settings.said('optimizer.momentum')}{nesterov}"
                words += cite("sutskever2013importance")
            yield f"Optimizer: {words}."
        else:
            yield f"Optimizer: {name}."
    if settings.values("optimizer.lr"):
        yield (f"Learning rate: {settings.said('optimizer.lr')}, with {named(settings, 'schedule.name', SCHEDULES)}.")
    if settings.has("optimizer.weight_decay", "0"):
        decay = settings.said("optimizer.weight_decay")
        yield f"Weight decay, decoupled{cite('loshchilov2019decoupled')}: {decay}."


def _training(settings: Settings) -> Iterator[str]:
    epochs = settings.said("training.epochs")
    size = settings.said("training.batch_size")
    batches = "in steps of one example" if size == "1" else f"in batches of {size} examples"
    yield (
        f"Training takes {epochs} epoch{'s' * (epochs != '1')} {batches}, in an order drawn with seed "
        f"{settings.said('training.order_seed')}, in {settings.said('training.dtype')}."
    )
    yield from _loss(settings)
    if settings.has("training.label_smoothing", "0"):
        smoothing = settings.said("training.label_smoothing")
        yield f"Label smoothing{cite('szegedy2016rethinking')}: {smoothing}."
    if settings.has("training.mixup", "0"):
        mixup = settings.said("training.mixup")
        yield f"Training examples are mixed in pairs{cite('zhang2018mixup')} by shares from Beta(α, α), α = {mixup}."
    if settings.has("training.averaging", "0"):
        sources = cite("polyak1992acceleration", "tarvainen2017mean")
        yield (
            f"Evaluated and kept is a moving average of the weights{sources} with a decay of "
            f"{settings.said('training.averaging')} a step, updated at most twenty times an epoch."
        )
    if settings.has("training.patience", "0"):
        patience = settings.said("training.patience")
        never = " (0: never)" * ("0" in settings.values("training.patience"))
        yield f"A run ends after {patience} epoch{'s' * (patience != '1')} without a better validation score{never}."


def _loss(settings: Settings) -> Iterator[str]:
    task = settings.comparison.task
    names = settings.values("training.loss") or ["auto"]
    words = either(list(dict.fromkeys(LOSSES.get(LOSS_OF[task] if name == "auto" else name, name) for name in names)))
    settings.told |= {"training.huber_delta", "training.class_weight"}
    delta = f" with δ = {settings.said('training.huber_delta')}" if "huber" in names else ""
    yield f"The loss is {words}{delta}, averaged over examples."
    if settings.has("training.class_weight", "null"):
        weights = settings.said("training.class_weight")
        yield (
            f"In training, examples count by class weights ({weights}; balanced is N / (K · examples of the class)); "
            + ("reported losses are without them.")
        )


def _metrics(settings: Settings, tools: dict[str, str]) -> Iterator[str]:
    """The definition of what the tables give."""
    comparison = settings.comparison
    settings.told |= {"training.metrics", "training.select"}
    defined = [metric for metric in (comparison.metric, *comparison.beside) if metric.definition]
    if any(metric.name in FURTHER for metric in defined):
        tools["scikit-learn"] = "pedregosa2011scikit"
    yield "Figures are " + "; ".join(f"{metric.label}: {metric.definition}" for metric in defined) + "."


def _sweep(settings: Settings, replicates: Replicates, command: SweepCommand) -> Iterator[str]:
    comparison = settings.comparison
    keys = []
    for column in comparison.swept:
        key = column.removeprefix("config.")
        keys.append(f"{key_name(key)} ({command.space.get(key) or settings.said(key)})")
    runs = comparison.runs
    how = ""
    if command.sampler:
        sampler = SAMPLERS.get(command.sampler, command.sampler)
        how = f" suggested by Optuna{cite('akiba2019optuna')} ({sampler})"
    if comparison.dropped.any():
        how += " and" * bool(how) + " thinned out by successive halving" + cite("jamieson2016non")
    yield f"There {'is' if len(runs) == 1 else 'are'} {count(len(runs), 'run')}{how}; " + (
        f"settings differ in {listed(keys)}; all else is fixed." if keys else "no setting is swept."
    )
    seeds, n = settings.values("seed"), replicates.n
    if seeds:
        many = f", so that a setting has up to {n.max()} finished runs" if SEED in comparison.replicating else ""
        yield f"The seed, which draws {replicates.drawn}, is {either(seeds)}{many * replicates.replicated}."
    if replicates.replicated and SEED not in comparison.replicating:
        over = listed([comparison.names[key] for key in comparison.replicating])
        yield f"Settings are replicated over the {over}: each has up to {n.max()} finished runs."
    bad = runs["status"][runs["status"] != "finished"].value_counts().sort_index()
    if len(bad):
        yield f"Not finished: {', '.join(f'{number} {status}' for status, number in bad.items())}."


def _selection(replicates: Replicates) -> Iterator[str]:
    comparison = replicates.comparison
    label, best = comparison.metric.label, comparison.metric.best_word
    sizes = comparison.runs.get("provenance.examples.validation", pd.Series(dtype=float))
    if not (comparison.score.notna().any() or (sizes > 0).any()):
        yield "There is no validation split, figures are of the last epoch, and nothing is selected."
        return
    if comparison.undefined:
        yield f"{comparison.undefined}: of each run the last epoch counts, and nothing is selected."
        return
    yield f"Of each run the epoch with the {best} validation {label} counts."
    if not replicates.picked:
        yield f"{comparison.why_not_picked}, so nothing is selected."
        return
    if not comparison.swept:
        yield "All runs are of one setting, so nothing else is selected."
        return
    over = f"mean over {replicates.noun} of the " if replicates.replicated else ""
    yield f"Settings are selected by the {best} {over}validation {label}; nothing is selected on test."


def _statistics(replicates: Replicates) -> Iterator[str]:
    """Intervals and tests, where there are any."""
    if replicates.n.max() < FEWEST:
        return
    noun = replicates.noun
    yield (
        f"± is half of the 95 % confidence interval of a mean over {noun} by Student's t "
        f"distribution{cite('student1908probable')}."
    )
    compared = compare_best(replicates)
    if tests := int(compared["p"].notna().sum()):
        adjusted = f", adjusted for {tests} tests by Holm's method{cite('holm1979simple')}" if tests > 1 else ""
        yield f"Settings are compared by paired t tests over {noun}{adjusted}."


def _importance(names: set[str], importance: Importance, tools: dict[str, str]) -> Iterator[str]:
    if "importance" in names:
        if importance.method == "fanova":
            tools["scikit-learn"] = "pedregosa2011scikit"
            how = f"functional analysis of variance{cite('hutter2014efficient')} of a random forest"
            yield f"Importance is by {how}{cite('breiman2001random')}, times its R² on held-out runs."
        else:
            yield f"Importance is ω² of an analysis of variance{cite('olejnik2003generalized')}."


def _rest(settings: Settings) -> Iterator[str]:
    settings.told |= {"training.device", "training.kernel", "training.threads"}  # what computes, not what
    if not settings.has("dataset.task", "auto"):
        settings.told.add("dataset.task")
    if not settings.has("model.l2", "0"):
        settings.told.add("model.l2_layers")
    if "normal" not in settings.values("model.initializer"):
        settings.told.add("model.initializer_scale")
    if not settings.has("optimizer.momentum", "0"):
        settings.told.add("optimizer.nesterov")
    if not settings.has("dataset.folds", "0"):
        settings.told.add("dataset.fold")
    rest = settings.rest()
    if rest:
        yield f"Further settings: {'; '.join(f'{key} = {value}' for key, value in rest.items())}."
