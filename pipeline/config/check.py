"""From Hydra's composed configuration to a checked `Config`, or to one line per mistake."""

import difflib
import re
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.config.schema import Config, describe, keys_of, sections_of
from pipeline.errors import UserError


class ConfigError(UserError):
    """Mistakes in a configuration, one per line."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def without_hydra(composed: DictConfig) -> DictConfig:
    """The user's configuration, without Hydra's node."""
    return OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])


def check(composed: DictConfig) -> Config:
    """The checked configuration. Raises ConfigError with one line per wrong key, value or combination."""
    return check_values(resolve(without_hydra(composed)))


def resolve(composed: DictConfig) -> dict[str, Any]:
    """The values with interpolations resolved. Raises ConfigError if one cannot be."""
    try:
        values = OmegaConf.to_container(_decoded(composed), resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise ConfigError([" ".join(str(error).split())]) from error
    return cast(dict[str, Any], values)


def _decoded(composed: DictConfig) -> DictConfig:
    """Decode environment variables that are a whole value: text that is a number becomes one, as if typed."""
    text = OmegaConf.to_yaml(composed)
    if "${oc.env:" not in text:
        return composed
    decoded = OmegaConf.create(re.sub(r"(?<=: )(\$\{oc\.env:[^{}]+\})$", r"'${oc.decode:\1}'", text, flags=re.M))
    OmegaConf.copy_cache(from_config=composed, to_config=decoded)
    return cast(DictConfig, decoded)


def check_values(values: dict[Any, Any]) -> Config:
    """`check`, for values that are already resolved."""
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(list(dict.fromkeys(_line(detail, values) for detail in _closest(error.errors())))) from error
    if mistakes := config.all_mistakes():
        raise ConfigError(mistakes)
    return config


def unknown_key(key: str, value: str | None = None) -> str:
    """One line for an unknown key: the known ones and the closest match, or the choices that have the key."""
    section, _, leaf = key.rpartition(".")
    typed = key if value is None else f"{key}={value}"
    known = sorted(keys_of(section))
    if not known:
        section, leaf, known = "", key.split(".")[0], sorted(keys_of(""))
    if section and leaf in known:
        choices = [f"{section}={name}" for name, kind in sections_of(section).items() if leaf in kind.model_fields]
        return f"{typed}: the chosen {section} has no such key; it is one of {', '.join(choices)}"
    nearest = difflib.get_close_matches(leaf, known, n=1)
    meant = f"; did you mean {'.'.join(filter(None, (section, nearest[0])))}?" if nearest else ""
    return f"{typed}: no such key; {section or 'the configuration'} has {', '.join(known)}{meant}"


def _closest(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Of a value that may be of several types the errors of that which it resembles: those inside of it."""
    inside = {detail["loc"][:2] for detail in details if any(isinstance(part, int) for part in detail["loc"])}
    return [
        detail
        for detail in details
        if detail["loc"][:2] not in inside or any(isinstance(part, int) for part in detail["loc"])
    ]


def _line(detail: ErrorDetails, values: dict[Any, Any]) -> str:
    """`key=value: what is wrong; allowed: …` from a pydantic error."""
    path = [part for part in detail["loc"][:2] if isinstance(part, str)]  # further ones name alternatives of a type
    items = [part for part in detail["loc"] if isinstance(part, int)]
    value: Any = values
    choice = ""
    for part in path:
        choice, value = str(value.get("name")), value.get(part)
    key, text = ".".join(path), _text(value)
    if detail["type"] == "extra_forbidden":
        return unknown_key(key, text)
    allowed = describe(key, choice)
    if detail["type"] == "missing":
        return f"{key}: missing; give {key}=…" + (f", {allowed}" if allowed else "")
    where = f"item {items[0]} " if items else ""
    message = detail["msg"].removeprefix("Input ")
    message = message[0].lower() + message[1:]
    return f"{key}={text}: {where}{message}" + (f"; allowed: {allowed}" if allowed else "")


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(_text(item) for item in value) + "]"
    return "null" if value is None else str(value)
