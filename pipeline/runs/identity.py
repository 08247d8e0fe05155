"""A run's identity: a hash of all that determines its figures."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pipeline.config.schema import Config
from pipeline.runs._code import engine, hash_of

_WORDS = ("root", "path", "test_path", "targets_path", "title", "licence", "citation")  # of data: its hash is there


@dataclass(frozen=True)
class Identity:
    """Hashes of what determines a run's figures: its configuration, its data and the code that trains.

    `parts`: of the parts that its user wrote or installed packages offer, "" where all ship with the engine.
    """

    config: str
    data: str
    engine: str
    parts: str = ""

    @classmethod
    def of(cls, config: Config, fingerprint: str) -> "Identity":
        """The identity of a run of `config` on data with this fingerprint, by the installed engine."""
        files = {path for part in config.parts() for path in part.source_files()}
        return cls(_hash(_numbers(config)), fingerprint, engine(), hash_of(files) if files else "")

    @classmethod
    def read(cls, facts: Mapping[str, str]) -> "Identity":
        """The inverse of `facts()`."""
        return cls(facts["config"], facts["data"], facts["engine"], facts.get("parts", ""))

    def facts(self) -> dict[str, str]:
        """For files: the parts, and `run`, twelve digits of all of them for people and tables."""
        parts = {name: value for name, value in asdict(self).items() if value}
        return {"run": _hash("".join(parts.values()))} | parts


def without_epochs(config: Config) -> str:
    """The configuration that runs share if they differ only in how long they train."""
    values = json.loads(_numbers(config))
    del values["training"]["epochs"]
    return json.dumps(values, sort_keys=True)


def _numbers(config: Config) -> str:
    """The part of the configuration that affects figures: no names, paths or logging."""
    # What has a default came after version 0.2, whose runs are the same with it.
    values = config.model_dump(mode="json", exclude={"sweep", "tracking", "report"}, exclude_defaults=True)
    for key in ("log_every", "predictions"):
        values["training"].pop(key, None)
    for key in _WORDS:
        values["dataset"].pop(key, None)
    return json.dumps(values, sort_keys=True)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
