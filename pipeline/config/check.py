"""From Hydra's composed configuration to a checked `Config`, or to one line per mistake."""

import difflib
import re
from collections.abc import Sequence
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
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
        raise ConfigError([_unresolved(error)]) from error
    return cast(dict[str, Any], values)


def _unresolved(error: OmegaConfBaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key}: missing; give {error.full_key}=…"
    missing = re.search(r"Interpolation key '(.+?)' not found", text)
    if missing and missing.group(1) in keys_of(""):
        return f"{missing.group(1)}: missing; give {missing.group(1)}="
    unset = re.search(r"Environment variable '(.+?)' not found", text)
    if unset is None:
        return text
    name = unset.group(1)
    return (
        f"{error.full_key}: environment variable {name} is not set; set it, or give a default: ${{oc.env:{name},VALUE}}"
    )


def _decoded(composed: DictConfig) -> DictConfig:
    """Decode environment variables that are a whole value: text that is a number becomes one, as if typed."""
    text = OmegaConf.to_yaml(composed)
    if "${oc.env:" not in text:
        return composed
    decoded = OmegaConf.create(re.sub(r"(?<=[:-] )(\$\{oc\.env:[^{}]+\})$", r"'${decoded:\1}'", text, flags=re.M))
    OmegaConf.copy_cache(from_config=composed, to_config=decoded)
    return cast(DictConfig, decoded)


def check_values(values: dict[Any, Any]) -> Config:
    """`check`, for values that are already resolved."""
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_without_echoes([_line(detail, values) for detail in _closest(error.errors())])) from error
    if mistakes := config.all_mistakes() + _unknown(config.sweep.replicates):
        raise ConfigError(mistakes)
    return config


def _unknown(keys: Sequence[str]) -> list[str]:
    """What is wrong with keys of `sweep.replicates` that no configuration has."""
    known = keys_of("") | {f"{group}.{key}" for group in keys_of("") for key in keys_of(group) if sections_of(group)}
    return [
        f"sweep.replicates: {key}: {unknown_key(key)}"
        for key in keys
        if ".".join(key.split(".")[:2]) not in known  # below that are a user's own
    ]


def _without_echoes(lines: list[str]) -> list[str]:
    """Each mistake once, also where training.order_seed=${seed} repeats it."""
    wrong = {line.partition(";")[0] for line in lines}
    order = "training.order_seed="
    return [
        line
        for line in dict.fromkeys(lines)
        if not line.startswith(order) or line.partition(";")[0].replace(order, "seed=") not in wrong
    ]


def unknown_key(key: str, name: str | None = None, choice: str | None = None) -> str:
    """What there is instead of an unknown key: the choices that have it, or the known keys and the closest of them.

    `name` is the `name` of the chosen section, where the key is in a group, and `choice` the file that chose it.
    """
    section, _, leaf = key.rpartition(".")
    kinds = sections_of(section)
    if not kinds:
        first = key.partition(".")[0]
        inside = [f"{other}.{key}" for other in sorted(keys_of("")) if key in keys_of(other)]
        nearest = inside or difflib.get_close_matches(first, sorted(keys_of("")), n=1)
        return _no_such_key("the configuration", keys_of(""), nearest)
    chosen = f"{section}={choice or name}" if name in kinds else section
    others = [f"{section}={other}" for other, kind in kinds.items() if leaf in kind.model_fields and other != name]
    if others:
        return f"{chosen} has no such key; {', '.join(others)} {'have' if len(others) > 1 else 'has'} it"
    known = set(kinds[name].model_fields) if name in kinds else keys_of(section)
    nearest = difflib.get_close_matches(leaf, sorted(known - {"name"}), n=1)
    return _no_such_key(chosen, known - {"name"}, [f"{section}.{other}" for other in nearest])


def _no_such_key(owner: str, known: set[str], nearest: list[str]) -> str:
    meant = f"; did you mean {' or '.join(nearest)}?" if nearest else ""
    return f"no such key; {owner} has {', '.join(sorted(known))}{meant}"


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
        return f"{key}={text}: {unknown_key(key, choice)}"
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
