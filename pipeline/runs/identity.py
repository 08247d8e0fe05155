"""A run's identity: a hash of all that determines its figures."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pipeline.config.schema import Config
from pipeline.runs._code import engine

_WORDS = ("root", "path", "test_path", "targets_path", "title", "licence", "citation")  # of data: its hash is there


@dataclass(frozen=True)
class Identity:
    """Hashes of what determines a run's figures: its configuration, its data and the code that trains."""

    config: str
    data: str
    engine: str

    @classmethod
    def of(cls, config: Config, fingerprint: str) -> "Identity":
        """The identity of a run of `config` on data with this fingerprint, by the installed engine."""
        return cls(_hash(_numbers(config)), fingerprint, engine())

    @classmethod
    def read(cls, facts: Mapping[str, str]) -> "Identity":
        """The inverse of `facts()`."""
        return cls(facts["config"], facts["data"], facts["engine"])

    def facts(self) -> dict[str, str]:
        """For files: the parts, and `run`, twelve digits of all of them for people and tables."""
        return {"run": _hash("".join(asdict(self).values()))} | asdict(self)


def without_epochs(config: Config) -> str:
    """The configuration that runs share if they differ only in how long they train."""
    values = json.loads(_numbers(config))
    del values["training"]["epochs"]
    return json.dumps(values, sort_keys=True)


def _numbers(config: Config) -> str:
    """The part of the configuration that affects figures: no names, paths or logging."""
    # What has a default came after version 0.2, whose runs are the same with it.
    values = config.model_dump(mode="json", exclude={"sweep", "tracking"}, exclude_defaults=True)
    values["training"].pop("log_every")
    for key in _WORDS:
        values["dataset"].pop(key, None)
    return json.dumps(values, sort_keys=True)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
