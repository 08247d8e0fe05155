"""From what Hydra composed to a checked `Config`, or to one line for each mistake."""

import difflib
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.config import Config, describe, keys_of
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
    try:
        values = OmegaConf.to_container(without_hydra(composed), resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError([" ".join(str(error).split())]) from error
    assert isinstance(values, dict)
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
    mistakes = []
    model, scales = config.model, config.model.initializer_scale
    if len(scales) not in (1, len(model.hidden) + 1):
        mistakes.append(
            f"model.initializer_scale={_shown(scales)}: {len(scales)} scales for {len(model.hidden) + 1} layers; "
            "give one for all or one a layer"
        )
    if config.schedule.name == "cosine" and config.schedule.warmup >= config.training.epochs:
        mistakes.append(
            f"schedule.warmup={config.schedule.warmup}: allowed: less than training.epochs={config.training.epochs}"
        )
    if config.optimizer.name == "sgd" and config.optimizer.nesterov and config.optimizer.momentum == 0:
        mistakes.append("optimizer.nesterov=true: needs momentum; give optimizer.momentum above 0, such as 0.9")
    return mistakes
