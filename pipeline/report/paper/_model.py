"""The model in sentences: its architecture, initial weights, dropout and penalty."""

import re
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.paper._references import cite
from pipeline.report.paper._settings import Settings, either, named
from pipeline.report.paper._vocabulary import ACTIVATIONS, INITIALIZERS, LAYERS, MODELS, RECTIFIERS
from pipeline.report.swept import levels


def model_sentences(settings: Settings) -> Iterator[str]:
    """What the networks are, from the architecture to the penalty on their weights."""
    yield f"The models are {named(settings, 'model.name', MODELS)}."
    linear = settings.values("model.hidden") == ["[]"] and settings.values("model.name") == ["mlp"]
    if linear:
        settings.told.add("model.activation")
        yield "There is no hidden layer."
    elif settings.values("model.hidden"):
        yield f"Hidden widths: {settings.said('model.hidden')}."
    yield from _patches(settings)
    if settings.values("model.activation") and not linear:
        yield f"Activation: {named(settings, 'model.activation', ACTIVATIONS)}."
    yield from _layers(settings)
    yield from _parameters(settings.comparison)
    if settings.values("model.initializer"):
        settings.told.add("model.initializer")
        rules = {
            _rule(str(run["config.model.initializer"]), activation)
            for run in settings.comparison.runs.to_dict("records")
            for activation in _activations(run)
        }
        yield f"Weights start from {either([INITIALIZERS.get(rule, rule) for rule in sorted(rules)])}, biases from 0."
    if settings.has("model.layer_norm", "false"):
        yield f"Layer normalisation{cite('ba2016layer')}: {settings.said('model.layer_norm')}."
    if settings.has("model.residual", "false"):
        yield f"Each MLP is added to its input{cite('he2016deep')}: {settings.said('model.residual')}."
    yield from _dropout(settings)
    if settings.has("model.l2", "0"):
        some = f" (of these layers: {settings.said('model.l2_layers')})" * settings.has("model.l2_layers", "null")
        yield f"The objective has the penalty 0.5 · l2 · Σ‖W‖² over weights{some}, l2 = {settings.said('model.l2')}."


def _rule(initializer: str, activation: str) -> str:
    """What auto stands for, as `scratchnet.networks.initializer_rule` has it, which takes a second to import."""
    return initializer if initializer != "auto" else "he" if activation in RECTIFIERS else "glorot"


def _patches(settings: Settings) -> Iterator[str]:
    """The sizes of networks of MLPs across patches and across features."""
    if settings.values("model.patch_size"):
        size = settings.said("model.patch_size")
        patches, features = settings.said("model.hidden_patches"), settings.said("model.hidden_features")
        yield (
            f"Patches have sides of {size} pixels and {settings.said('model.features')} features after the stem; "
            f"blocks: {settings.said('model.depth')}; hidden widths: {patches} across patches, {features} across "
            "features."
        )


def _dropout(settings: Settings) -> Iterator[str]:
    """Where what is dropped, of each kind of model: of a patch_mlp the mean over patches."""
    runs = settings.comparison.runs
    settings.told |= {"model.dropout", "model.input_dropout"}
    across_patches = runs.get("config.model.name", pd.Series("", runs.index)) == "patch_mlp"
    places = {
        "after hidden layers": ("config.model.dropout", ~across_patches),
        "to the mean over patches": ("config.model.dropout", across_patches),
        "on inputs": ("config.model.input_dropout", ~across_patches),
    }
    rates = {words: levels(runs[key][rows].dropna()) for words, (key, rows) in places.items() if key in runs}
    said = [f"at rate {either(values)} {words}" for words, values in rates.items() if set(values) - {"0"}]
    if said:
        yield f"Dropout{cite('srivastava2014dropout')}: {', '.join(said)}."


def _parameters(comparison: Comparison) -> Iterator[str]:
    numbers = comparison.figure("parameters").dropna()
    if len(numbers):
        low, high = int(numbers.min()), int(numbers.max())
        yield f"A network has {low:,} parameters." if low == high else f"Networks have {low:,} to {high:,} parameters."


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
        return ["relu"]  # the only one of a patch_mlp of version 0.1
    named = [name for name in ACTIVATIONS if re.search(rf"\b{name}\b", layers)]
    return named or re.findall(r"[\w.]+:\w+", layers) or ["relu"]
