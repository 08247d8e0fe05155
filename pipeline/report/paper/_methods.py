"""The methods in sentences, read off the runs: what was done with what, every setting of it, with references."""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

import pandas as pd

from pipeline.metrics import FURTHER
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table, text
from pipeline.report.paper._data import data_sentences
from pipeline.report.paper._references import cite
from pipeline.report.paper._settings import Settings, either
from pipeline.report.paper._vocabulary import ACTIVATIONS, INITIALIZERS, LAYERS, LOSS_OF, LOSSES, MODELS, SCHEDULES
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates

_TOOLS = {  # distribution -> its reference
    "hydra-core": "yadan2019hydra",
    "pandas": "mckinney2010data",
    "matplotlib": "hunter2007matplotlib",
}


def methods(
    settings: Settings,
    replicates: Replicates,
    importance: Importance,
    tables: Sequence[Table],
    figures: Sequence[Figure],
    searched: bool,
) -> list[str]:
    """Sentences with the marks of `references.cite`; what some runs alone have is told with its alternatives."""
    tools = dict(_TOOLS)
    names = {table.name for table in tables} | {figure.name for figure in figures}
    said = [
        *data_sentences(settings),
        *_model(settings),
        *_optimizer(settings),
        *_training(settings),
        *_sweep(settings, replicates, searched),
        *_selection(replicates),
        *_metrics(settings, tools),
        *_statistics(names, importance, tools),
    ]
    return [*said, *_rest(settings), *_computing(settings, tools)]


def _model(settings: Settings) -> Iterator[str]:
    yield f"The models are {_named(settings, 'model.name', MODELS)}."
    if settings.values("model.hidden"):
        yield f"Hidden widths: {settings.said('model.hidden')}; activation: " + (
            f"{_named(settings, 'model.activation', ACTIVATIONS)}."
        )
    yield from _layers(settings)
    if settings.values("model.initializer"):
        from scratchnet.networks import initializer_rule  # imports torch

        settings.told.add("model.initializer")
        rules = {
            initializer_rule(str(run["config.model.initializer"]), activation)
            for run in settings.comparison.runs.to_dict("records")
            for activation in _activations(run)
        }
        yield f"Weights start from {either([INITIALIZERS.get(rule, rule) for rule in sorted(rules)])}, biases from 0."
    if settings.has("model.layer_norm", "false"):
        yield f"Layer normalisation{cite('ba2016layer')}: {settings.said('model.layer_norm')}."
    if settings.has("model.residual", "false"):
        yield f"Each MLP is added to its input{cite('he2016deep')}: {settings.said('model.residual')}."
    if settings.has("model.dropout", "0") or settings.has("model.input_dropout", "0"):
        yield (
            f"Dropout{cite('srivastava2014dropout')} at rate {settings.said('model.dropout')} after hidden layers and "
            f"{settings.said('model.input_dropout')} on inputs."
        )
    if settings.values("model.l2"):
        yield f"The objective has the penalty 0.5 · l2 · Σ‖W‖² over weights, l2 = {settings.said('model.l2')}."


def _layers(settings: Settings) -> Iterator[str]:
    """Networks that are written down layer by layer."""
    if not settings.values("model.layers"):
        return
    words = re.findall(r"\w+", " ".join(settings.values("model.layers")))
    used = [phrase for name, phrase in LAYERS.items() if name in words]
    yield f"Layers, before a linear layer to the outputs: {settings.said('model.layers')}."
    if used:
        yield f"Among them: {', '.join(used)}."


def _activations(run: Mapping[Hashable, Any]) -> list[str]:
    """The activations of a run, by which initial weights go."""
    one, layers = run.get("config.model.activation"), run.get("config.model.layers")
    if isinstance(one, str):
        return [one]
    if not isinstance(layers, str):
        return ["relu"]  # a patch_mlp has no other
    named = [name for name in ACTIVATIONS if re.search(rf"\b{name}\b", layers)]
    return named or re.findall(r"[\w.]+:\w+", layers) or ["relu"]


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
        yield (f"Learning rate: {settings.said('optimizer.lr')}, with {_named(settings, 'schedule.name', SCHEDULES)}.")
    if settings.has("optimizer.weight_decay", "0"):
        decay = settings.said("optimizer.weight_decay")
        yield f"Weight decay, decoupled{cite('loshchilov2019decoupled')}: {decay}."


def _training(settings: Settings) -> Iterator[str]:
    yield (
        f"Training takes {settings.said('training.epochs')} epochs in batches of "
        f"{settings.said('training.batch_size')} examples, in an order drawn with seed "
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
            f"{settings.said('training.averaging')} a step, updated twenty times an epoch."
        )
    if settings.has("training.patience", "0"):
        patience = settings.said("training.patience")
        yield f"A run ends after {patience} epochs without a better validation score (0: never)."


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


def _sweep(settings: Settings, replicates: Replicates, searched: bool) -> Iterator[str]:
    comparison = settings.comparison
    swept = [f"{name} ({settings.said(key.removeprefix('config.'))})" for key, name in comparison.swept.items()]
    runs = comparison.runs
    how = ""
    if searched:
        how = " suggested by Optuna's" + cite("akiba2019optuna")
        how += " tree-structured Parzen estimator" + cite("bergstra2011algorithms")
    elif "config.sweep.kind" in runs and (runs["config.sweep.kind"] == "halving").any():
        how = " thinned out by successive halving" + cite("jamieson2016non")
    count = len(runs)
    yield f"There are {count} run{'s' * (count != 1)}{how}; " + (
        f"swept are {', '.join(swept)}; all else is fixed." if swept else "no setting is swept."
    )
    seeds, n = settings.values("seed"), replicates.n
    if seeds:
        many = f", so that a setting has up to {n.max()} finished runs" if replicates.replicated else ""
        yield f"The seed, which draws {replicates.drawn}, is {either(seeds)}{many}."
    bad = runs["status"][runs["status"] != "finished"].value_counts().sort_index()
    if len(bad):
        yield f"Not finished: {', '.join(f'{number} {status}' for status, number in bad.items())}."


def _selection(replicates: Replicates) -> Iterator[str]:
    label = replicates.comparison.metric.label
    if not replicates.picked:
        yield "There is no validation split, figures are of the last epoch, and nothing is selected."
        return
    best = replicates.comparison.metric.best_word
    yield f"Of each run the epoch with the {best} validation {label} counts."
    over = "mean over seeds of the " if replicates.replicated else ""
    yield f"Settings are selected by the {best} {over}validation {label}; nothing is selected on test."


def _statistics(names: set[str], importance: Importance, tools: dict[str, str]) -> Iterator[str]:
    if "replicates" in names:
        tools |= {"scipy": "virtanen2020scipy", "statsmodels": "seabold2010statsmodels"}
        yield (
            f"± is half of the 95 % confidence interval of a mean over seeds by Student's t "
            f"distribution{cite('student1908probable')}; settings are compared by paired t tests over seeds, adjusted "
            f"by Holm's method{cite('holm1979simple')}."
        )
    if "importance" in names:
        if importance.method == "fanova":
            tools["scikit-learn"] = "pedregosa2011scikit"
            how = f"functional analysis of variance{cite('hutter2014efficient')} of a random forest"
            yield f"Importance is by {how}{cite('breiman2001random')}, times its R² on held-out runs."
        else:
            yield f"Importance is ω² of an analysis of variance{cite('olejnik2003generalized')}."


def _rest(settings: Settings) -> Iterator[str]:
    rest = settings.rest()
    if rest:
        yield f"Further settings: {'; '.join(f'{key} = {value}' for key, value in rest.items())}."


def _computing(settings: Settings, tools: Mapping[str, str]) -> Iterator[str]:
    comparison = settings.comparison

    def found(name: str) -> list[str]:
        column: Any = comparison.runs.get(f"provenance.{name}", pd.Series(dtype=object))
        return list(dict.fromkeys(text(value) for value in column.dropna()))

    versions = [f"scratchnet-sweeps {either(found('package_version'))}"] if found("package_version") else []
    versions += [f"commit {either([commit[:12] for commit in found('git_commit')])}"] if found("git_commit") else []
    versions += [f"Python {either(found('python'))}"] if found("python") else []
    versions += [f"PyTorch {either(found('torch'))}{cite('paszke2019pytorch')}"] if found("torch") else []
    versions += [f"NumPy {either(found('numpy'))}{cite('harris2020array')}"] if found("numpy") else []
    if {"compiled", "lookahead", "fused"} & set(found("kernel")):
        versions.append(f"Numba{cite('lam2015numba')}")
    versions += [f"{name} {metadata.version(name)}{cite(key)}" for name, key in tools.items()]
    yield f"Software: {', '.join(versions)}; gradients are derived by hand, without automatic differentiation."
    machine = either(found("cpu")) if found("cpu") else "unknown"
    device = f" (device: {either(found('device'))})" if found("device") else ""
    yield f"The runs took {comparison.seconds.sum() / 60:.1f} minutes of computing on {machine}{device}."


def _named(settings: Settings, key: str, words: Mapping[str, str]) -> str:
    return either([words.get(value, value) for value in settings.values(key)])
