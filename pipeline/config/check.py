"""From what Hydra composed to a checked `Config`, or to one line for each mistake."""

import difflib
import importlib.util
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.config.schema import Config, Images, PatchMLP, describe, keys_of
from pipeline.errors import UserError


class ConfigError(UserError):
    """Mistakes in a configuration, a line each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def without_hydra(composed: DictConfig) -> DictConfig:
    """What the user configures, without Hydra's own node."""
    return OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])


def check(composed: DictConfig) -> Config:
    """The checked configuration. Raises ConfigError with a line for every wrong key, value or combination."""
    return check_values(resolve(without_hydra(composed)))


def resolve(composed: DictConfig) -> dict[Any, Any]:
    """Its values, with what they refer to filled in. Raises ConfigError where that is not there."""
    try:
        values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError([" ".join(str(error).split())]) from error
    assert isinstance(values, dict)
    return values


def check_values(values: dict[Any, Any]) -> Config:
    """`check` of values that are resolved."""
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(list(dict.fromkeys(_line(detail, values) for detail in error.errors()))) from error
    mistakes = _combinations(config)
    if mistakes:
        raise ConfigError(mistakes)
    return config


def unknown_key(key: str, value: str | None = None) -> str:
    """One line for a key that does not exist: which ones do, and the likeliest meant."""
    section, _, leaf = key.rpartition(".")
    known = sorted(keys_of(section))
    shown = key if value is None else f"{key}={value}"
    if not known:
        section, leaf, known = "", key.split(".")[0], sorted(keys_of(""))
    near = difflib.get_close_matches(leaf, known, n=1)
    meant = f"; did you mean {'.'.join(filter(None, (section, near[0])))}?" if near else ""
    return f"{shown}: no such key; {section or 'the configuration'} has {', '.join(known)}{meant}"


def _line(detail: ErrorDetails, values: dict[Any, Any]) -> str:
    """`key=value: what is wrong; allowed: …` from one of pydantic's errors."""
    path: list[str] = []
    value: Any = values
    items = [part for part in detail["loc"] if isinstance(part, int)]
    names = [part for part in detail["loc"] if isinstance(part, str)]
    for i, part in enumerate(names):
        # Else the part is pydantic's tag for the choice in a group, which no user typed.
        if part in value or (detail["type"] == "missing" and i == len(names) - 1):
            path.append(part)
            value = value.get(part)
    key = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return unknown_key(key, _shown(value))
    section = values.get(path[0]) if path else None
    allowed = describe(key, section.get("name") if isinstance(section, dict) else None)
    where = f"item {items[0]} " if items else ""
    message = detail["msg"].removeprefix("Input ")
    message = message[0].lower() + message[1:]
    if detail["type"] == "missing":
        return f"{key}: missing; give {key}=…" + (f", {allowed}" if allowed else "")
    return f"{key}={_shown(value)}: {where}{message}" + (f"; allowed: {allowed}" if allowed else "")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(_shown(item) for item in value) + "]"
    return "null" if value is None else str(value)


def _combinations(config: Config) -> list[str]:
    """Values that are fine alone and wrong together."""
    mistakes = _missing(config)
    model, images, training = config.model, config.dataset, config.training
    layers, scales = model.linear_layers, model.initializer_scale
    if len(scales) not in (1, layers):
        mistakes.append(
            f"model.initializer_scale={_shown(scales)}: {len(scales)} scales for {layers} linear layers; "
            "give one for all or one a layer"
        )
    if model.l2_layers and max(model.l2_layers) >= layers:
        mistakes.append(f"model.l2_layers={_shown(model.l2_layers)}: allowed: 0 to {layers - 1}, the linear layers")
    if isinstance(images, Images):
        channels, height, width = images.shape
        for key in ("mean", "std"):
            values = getattr(images, key)
            if len(values) not in (1, channels):
                mistakes.append(f"dataset.{key}={_shown(values)}: allowed: one number, or {channels}, one a channel")
        if isinstance(model, PatchMLP) and (height % model.patch_size or width % model.patch_size):
            mistakes.append(f"model.patch_size={model.patch_size}: allowed: a divisor of the image's {height}×{width}")
    elif isinstance(model, PatchMLP):
        mistakes.append(f"model=patch_mlp: needs images; dataset={images.name} has none, take model=mlp")
    if config.schedule.name == "cosine" and config.schedule.warmup >= training.epochs:
        mistakes.append(
            f"schedule.warmup={config.schedule.warmup}: allowed: less than training.epochs={training.epochs}"
        )
    if config.optimizer.name == "sgd" and config.optimizer.nesterov and config.optimizer.momentum == 0:
        mistakes.append("optimizer.nesterov=true: needs momentum; give optimizer.momentum above 0, such as 0.9")
    if config.sweep.kind == "halving" and not images.validation_fraction:
        mistakes.append("sweep=halving: needs dataset.validation_fraction above 0: it compares runs on validation")
    if training.patience and not images.validation_fraction:
        mistakes.append(f"training.patience={training.patience}: needs dataset.validation_fraction above 0")
    if training.label_smoothing and images.name in ("linear", "folded"):
        mistakes.append(
            f"training.label_smoothing={training.label_smoothing}: dataset={images.name} has no classes; take 0"
        )
    return mistakes


def _missing(config: Config) -> list[str]:
    """A line for each tracker that is asked for and not installed."""
    wanted = {"tensorboard": config.tracking.tensorboard, "mlflow": config.tracking.mlflow is not None}
    return [
        f"tracking={name}: {name} is not installed; pip install 'scratchnet-sweeps[{name}]'"
        for name, asked in wanted.items()
        if asked and importlib.util.find_spec(name) is None
    ]
