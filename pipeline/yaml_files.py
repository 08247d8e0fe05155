"""YAML files of Hydra's, read as plain values."""

from pathlib import Path
from typing import Any

import yaml

from pipeline.files import read_whole


class _WithoutAliases(yaml.SafeLoader):
    """Plain YAML without aliases: Hydra writes none, and they can expand to a thousand times their length."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it holds an alias")
        return super().compose_node(parent, index)


def read_yaml(path: Path, most: int) -> Any:
    """What a file of at most `most` bytes holds. Raises OSError, ValueError, RecursionError or yaml.YAMLError."""
    return yaml.load(read_whole(path, most).decode(), _WithoutAliases)
