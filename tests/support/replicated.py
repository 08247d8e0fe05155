"""Settings trained on several seeds, by their scores."""

import pandas as pd

from pipeline.report.comparison import Comparison


def comparison(
    test: dict[str, list[float]],
    validation: dict[str, list[float]] | None = None,
    status: dict[tuple[str, int], str] | None = None,
    score: str = "accuracy",
    **columns: object,
) -> Comparison:
    """Runs of settings (values of one key) on seeds 0, 1, …; validation is the test score unless given."""
    rows = []
    for setting, scores in test.items():
        for seed, value in enumerate(scores):
            row = {"run": str(len(rows)), "status": (status or {}).get((setting, seed), "finished"), "message": None}
            row |= {"task": "classification" if score == "accuracy" else "regression"}
            row |= {"config.model.activation": setting, "config.seed": seed}
            row |= {"metric.best_test_" + score: value}
            row |= {"metric.best_validation_" + score: (validation or test)[setting][seed]}
            rows.append(row | columns)
    return Comparison.of(pd.DataFrame(rows))
