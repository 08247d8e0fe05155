"""Metrics by name: those that ship, and a user's own."""

import inspect
from collections.abc import Mapping
from typing import Any

from pipeline.parts import Seam


def _shipped() -> Mapping[str, Any]:
    from pipeline.metrics.scoring import SHIPPED

    return SHIPPED


def _is_metric(part: Any) -> bool:
    if isinstance(part, type) or not callable(part):
        return False
    try:
        inspect.signature(part).bind(None)
    except (TypeError, ValueError):
        return False
    return True


metric = Seam(
    "metric",
    "metrics",
    _shipped,
    _is_metric,
    "a function of pipeline.metrics.scoring.Predictions that returns a number, better the higher it is",
)
