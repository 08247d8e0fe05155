"""Which keys count as swept, and cells that stand under the values they are of."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from pipeline.report.comparison import Comparison
from pipeline.report.figures.effects import heat_map
from pipeline.report.statistics.importance import Importance


def comparison(rows: list[dict[str, object]], score: str = "accuracy") -> Comparison:
    """Finished runs of one seed, with the score of each under "score"."""
    facts = [
        {"run": str(i), "status": "finished", "message": None, "task": "classification", "config.seed": 0}
        | {f"config.{key}": value for key, value in row.items() if key != "score"}
        | {f"metric.best_{split}_{score}": row["score"] for split in ("validation", "test")}
        for i, row in enumerate(rows)
    ]
    return Comparison.of(pd.DataFrame(facts))


def test_a_key_that_has_anothers_value_in_one_run_is_swept_as_well() -> None:
    pairs = [(1, 1), (2, 1), (4, 3)]
    rows: list[dict[str, object]] = [{"model.depth": a, "training.epochs": b, "score": 0.5} for a, b in pairs]
    assert set(comparison(rows).swept.values()) == {"depth", "epochs"}
    equal: list[dict[str, object]] = [{"model.depth": a, "training.epochs": a, "score": 0.5} for a, _ in pairs]
    assert list(comparison(equal).swept.values()) == ["depth"]


def test_where_less_is_better_the_least_comes_first() -> None:
    rows: list[dict[str, object]] = [
        {"optimizer.lr": lr, "training.select": "validation_loss", "score": loss}
        for lr, loss in ((0.1, 0.5), (0.2, 0.3), (0.3, 0.9))
    ]
    assert list(comparison(rows, "loss").score) == [0.3, 0.5, 0.9]


def test_each_cell_of_a_heat_map_is_that_of_its_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    rates, widths = (0.001, 0.01, 0.1), ("[4]", "[16]")
    scores = {(lr, width): 0.3 + 0.1 * i + 0.05 * j for i, lr in enumerate(rates) for j, width in enumerate(widths)}
    made = comparison(
        [{"optimizer.lr": lr, "model.hidden": width, "score": value} for (lr, width), value in scores.items()]
    )
    drawn: list[tuple[Axes, np.ndarray]] = []
    real = Axes.imshow

    def watch(self: Axes, values: Any, *rest: Any, **options: Any) -> Any:
        drawn.append((self, np.asarray(values)))
        return real(self, values, *rest, **options)

    monkeypatch.setattr(Axes, "imshow", watch)
    assert heat_map(made, Importance(["config.optimizer.lr", "config.model.hidden"])) is not None
    [(axes, values)] = drawn
    down, across = (
        [label.get_text() for label in labels] for labels in (axes.get_yticklabels(), axes.get_xticklabels())
    )
    assert len(down) * len(across) == len(scores)
    for i, lr in enumerate(down):
        for j, width in enumerate(across):
            assert values[i, j] == pytest.approx(100 * scores[float(lr), f"[{width}]"])  # in percent
