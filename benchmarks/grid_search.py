"""The sweep as users of scikit-learn would write it: GridSearchCV over MLPClassifier, every tenth example validates.

    python -m benchmarks.grid_search --widths 64 128 --rates 0.003 0.01 --penalties 0 1e-4

Each fit is a run, as many at once as there are cores. The table of scores is written to scores.csv.
"""

import argparse
import os
import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.neural_network import MLPClassifier

from benchmarks.baseline import FASHION_MNIST, load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", required=True)
    parser.add_argument("--rates", type=float, nargs="+", required=True)
    parser.add_argument("--penalties", type=float, nargs="+", required=True)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--momentum", type=float, default=0.9)
    given = parser.parse_args()
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the workers
    warnings.simplefilter("ignore", ConvergenceWarning)  # so few epochs do not converge
    x, y = (values.numpy() for values in load(FASHION_MNIST, "train"))
    fold = np.where(np.arange(len(x)) % 10 == 0, 0, -1)
    model = MLPClassifier(
        solver="sgd", batch_size=given.batch, max_iter=given.epochs, momentum=given.momentum, nesterovs_momentum=False
    )
    grid = {
        "hidden_layer_sizes": [(width,) for width in given.widths],
        "learning_rate_init": given.rates,
        "alpha": given.penalties,
    }
    search = GridSearchCV(model, grid, cv=PredefinedSplit(fold), n_jobs=-1, refit=False, return_train_score=True)
    search.fit(x, y)
    pd.DataFrame(search.cv_results_).to_csv("scores.csv", index=False)


if __name__ == "__main__":
    main()
