"""`python -m benchmarks.estimators`: the estimators' defaults beside scikit-learn's, on its bundled small tables.

5-fold cross-validation behind a StandardScaler, with the folds of `cross_val_score` as they are and shuffled; mean
score over seeds, and the fastest of the fits, pinned to one core. Writes the table into docs/using.md.
"""

import os
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
import sklearn.datasets as data
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scratchnet.sklearn import ScratchClassifier, ScratchRegressor

PAGE = Path(__file__).parents[1] / "docs" / "using.md"
SETS = ("iris", "wine", "breast_cancer", "digits", "diabetes")
SEEDS = range(3)


def measure(name: str, make: Callable[..., Any], shuffled: bool) -> tuple[float, float]:
    """Mean score, and the seconds of the fastest five folds."""
    X, y = getattr(data, f"load_{name}")(return_X_y=True)
    folds = KFold if name == "diabetes" else StratifiedKFold
    scores, seconds = [], []
    for seed in SEEDS:
        cv = folds(5, shuffle=shuffled, random_state=seed if shuffled else None)
        start = time.perf_counter()
        scores.append(cross_val_score(make_pipeline(StandardScaler(), make(random_state=seed)), X, y, cv=cv).mean())
        seconds.append(time.perf_counter() - start)
    return float(np.mean(scores)), min(seconds)


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore", ConvergenceWarning)
    ScratchClassifier(epochs=1).fit([[0.0], [1.0]], [0, 1])  # compiles
    rows = []
    for name in SETS:
        regression = name == "diabetes"
        row: dict[str, object] = {"data": f"{name} ({'R²' if regression else 'accuracy'})"}
        makers = {
            "scratchnet": ScratchRegressor if regression else ScratchClassifier,
            "scikit-learn": MLPRegressor if regression else MLPClassifier,
        }
        for library, make in makers.items():
            plain, seconds = measure(name, make, shuffled=False)
            row[library], row[f"{library}, shuffled"] = f"{plain:.4f}", f"{measure(name, make, shuffled=True)[0]:.4f}"
            row[f"{library}, s"] = f"{seconds:.2f}"
        rows.append(row)
        print(row, flush=True)
    columns = [f"{library}{part}" for part in ("", ", shuffled", ", s") for library in ("scratchnet", "scikit-learn")]
    table = pd.DataFrame(rows)[["data", *columns]].to_markdown(index=False, disable_numparse=True)
    text = PAGE.read_text(encoding="utf-8")
    new = f"<!-- estimators -->\n\n{table}\n\n<!-- /estimators -->"
    PAGE.write_text(re.sub(r"<!-- estimators -->.*<!-- /estimators -->", lambda _: new, text, flags=re.DOTALL))


if __name__ == "__main__":
    main()
