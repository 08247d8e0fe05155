"""Nested values as one level with dotted names, for tables and trackers."""

import json
from collections.abc import Iterator
from typing import Any


def flatten(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """`("config.model.l2", 0.0)`, … for each value below `prefix`, "" for none; lists and empty groups as JSON."""
    if isinstance(value, dict) and value:
        start = f"{prefix}." if prefix else ""
        for key, inner in value.items():
            if isinstance(inner, (list, dict)):
                yield from flatten(f"{start}{key}", inner)
            else:
                yield f"{start}{key}", inner
    elif isinstance(value, (list, dict)):
        yield prefix, json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    else:
        yield prefix, value
