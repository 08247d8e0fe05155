"""A classifier and a regressor with the interface of scikit-learn 1.6 and later."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets

from scratchnet.losses import CrossEntropy, MeanSquaredError
from scratchnet.sklearn._base import ScratchEstimator

_PARAMETERS = """

    Features are taken as they are: put a `StandardScaler` before it in a `Pipeline`.

    Parameters
    ----------
    hidden : widths of the hidden layers; () is a linear model.
    activation : relu, leaky_relu, tanh, sigmoid or gelu.
    layer_norm : True for a layer norm before each activation.
    dropout, input_dropout : probability by which hidden units, or features, are left out of a training step.
    initializer : auto (he for relu, leaky_relu and gelu, else glorot), he, glorot, normal (0.01) or zeros.
    l2 : penalty 0.5 · l2 · Σ‖W‖² over the weights without biases, a part of what is minimised.
    weight_decay : decoupled decay, lr · weight_decay · W is subtracted at each step.
    optimizer : sgd, adam, or an optimizer of `scratchnet`; the formulas are in `scratchnet.optimizers`.
    lr, momentum : learning rate, and the momentum of sgd.
    schedule : constant, step, cosine, one_cycle, or a schedule of `scratchnet`: the factor of lr at each step.
    batch_size, epochs : examples a step, and passes over the examples.
    patience : 0 to train all epochs, or stop after so many without a better score on the held-out examples and take
        the weights of the best epoch.
    validation_fraction : the share of the examples held out, with patience alone.
    random_state : draws the weights, the order of the examples, dropout and what is held out.
    device : cpu, cuda, or auto (cuda where there is one).
    dtype : float32 or float64.
    threads : that it computes with; small networks gain nothing by more, and several searches run side by side.

    Attributes
    ----------
    network_ : the network; `params_` are its parameters by name.
    loss_curve_, n_iter_ : mean data loss an example over the batches of each epoch, and how many epochs there were.
    validation_scores_, best_epoch_ : with patience, the score after each epoch and the epoch of the best.
"""


@dataclass(eq=False, repr=False, kw_only=True)
class ScratchClassifier(ClassifierMixin, ScratchEstimator):
    __doc__ = (
        """A multilayer perceptron for classes: p(k | x) = e^{z_k} / Σ_j e^{z_j}, z the network's outputs.

    Minimised is mean_b (−Σ_k q_bk log p(k | x_b)) + 0.5 · l2 · Σ‖W‖², q = (1 − ε) onehot(y) + ε / K with
    ε = `label_smoothing`. Labels may be of any type that numpy can sort. `classes_` are the classes."""
        + _PARAMETERS
    )

    label_smoothing: float = 0.0

    def fit(self, X: Any, y: Any) -> Self:
        """Train from the start on X (N, I) with labels y (N,)."""
        rows, labels = self._checked(X, y, reset=True)
        check_classification_targets(labels)
        self.classes_, targets = np.unique(labels, return_inverse=True)
        return self._fit(rows, targets.astype(np.int64), len(self.classes_), CrossEntropy(self.label_smoothing))

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Train on for one pass over X and y; the first call needs all `classes` that will ever come.

        A schedule counts each call as one of `epochs`, of as many steps as the first.
        """
        first = not hasattr(self, "network_")
        rows, labels = self._checked(X, y, reset=first)
        check_classification_targets(labels)
        if first and classes is None:
            raise ValueError("ScratchClassifier: classes must be passed on the first call to partial_fit")
        known = np.unique(classes) if first else self.classes_
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(f"ScratchClassifier: classes={classes!r} are not those of the first call, {known!r}")
        if other := np.setdiff1d(labels, known).tolist():
            raise ValueError(f"ScratchClassifier: y holds {other}, which are not among the classes {known.tolist()}")
        self.classes_ = known
        if first:
            self._start(len(rows), len(known), CrossEntropy(self.label_smoothing))
        self._epoch(self._examples(rows, np.searchsorted(known, labels).astype(np.int64)))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """p(k | x) (N, K) in the order of `classes_`."""
        return self._outputs(X).softmax(1).numpy()

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """log p(k | x) (N, K), exact where p is too small for a number."""
        return self._outputs(X).log_softmax(1).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest label of each row, (N,)."""
        likeliest = self._outputs(X).argmax(1).numpy()
        labels: np.ndarray = self.classes_[likeliest]
        return labels


class ScratchRegressor(RegressorMixin, ScratchEstimator):
    __doc__ = (
        """A multilayer perceptron for one value an example, or several: y = z, z the network's outputs.

    Minimised is mean_b Σ_k (z_bk − y_bk)² + 0.5 · l2 · Σ‖W‖². Targets are taken as they are: where they are large,
    put a `TransformedTargetRegressor` around it."""
        + _PARAMETERS
    )

    def fit(self, X: Any, y: Any) -> Self:
        """Train from the start on X (N, I) with targets y (N,) or (N, K)."""
        rows, targets = self._targets(X, y, reset=True)
        return self._fit(rows, targets, targets.shape[1], MeanSquaredError())

    def partial_fit(self, X: Any, y: Any) -> Self:
        """Train on for one pass over X and y.

        A schedule counts each call as one of `epochs`, of as many steps as the first.
        """
        first = not hasattr(self, "network_")
        rows, targets = self._targets(X, y, reset=first)
        if first:
            self._start(len(rows), targets.shape[1], MeanSquaredError())
        [outputs] = self.network_.output_shape((self.n_features_in_,))
        if targets.shape[1] != outputs:
            raise ValueError(
                f"ScratchRegressor: y has {targets.shape[1]} values an example, the first call had {outputs}"
            )
        self._epoch(self._examples(rows, targets))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(N,) or (N, K), as the targets were."""
        outputs = self._outputs(X).numpy()
        return outputs[:, 0] if self._one_value else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _targets(self, X: Any, y: Any, *, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        rows, targets = self._checked(X, y, reset=reset, multi_output=True, y_numeric=True)
        if reset:
            self._one_value = targets.ndim == 1
        return rows, targets.reshape(len(targets), -1).astype(np.float64)
