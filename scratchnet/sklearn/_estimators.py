"""A classifier and a regressor with the interface of scikit-learn 1.6 and later."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from torch import Tensor

from scratchnet.losses import CrossEntropy, MeanSquaredError
from scratchnet.schedules import Constant
from scratchnet.sklearn._base import Rows, ScratchEstimator, all_or_nothing

_PARAMETERS = """

    Features are taken as they are: put a `StandardScaler` before it in a `Pipeline`. Sparse X is made dense a part at a
    time. `sample_weight` says what each example counts in the loss, Σ_b w_b loss_b / Σ_b w_b over all of them: a whole
    number counts as that many equal rows.

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
    schedule : auto (one_cycle in `fit`, constant in `partial_fit`), constant, step, cosine, one_cycle, or a schedule of
        `scratchnet`: the factor of lr at each step.
    batch_size : examples a step; auto for 32, or all where there are no more than 64.
    epochs : passes over the examples.
    patience : 0 to train all epochs, or stop after so many without a better score on the held-out examples and take
        the weights of the best epoch.
    validation_fraction : the share of the examples held out, with patience alone.
    warm_start : True for a `fit` that goes on from the weights of the last; optimizer and schedule begin anew.
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
    ε = `label_smoothing`. An example of class k counts `class_weight[k]` times, with "balanced" N / (K N_k).
    Labels may be of any type that numpy can sort. `classes_` are the classes."""
        + _PARAMETERS
    )

    label_smoothing: float = 0.01
    class_weight: Any = None

    @all_or_nothing
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X (N, I) with labels y (N,), from the start unless `warm_start`; sample_weight (N,)."""
        again = self.warm_start and hasattr(self, "network_")
        X, labels = self._checked(X, y, reset=not again)
        check_classification_targets(labels)
        classes, targets = np.unique(labels, return_inverse=True)
        if again:
            classes, targets = self.classes_, self._among(labels, self.classes_)
        self.classes_: np.ndarray = classes
        rows = self._weighted(X, targets.astype(np.int64), sample_weight)
        return self._fit(rows, len(self.classes_), self._loss(rows))

    @all_or_nothing
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train on for one pass over X and y; the first call needs all `classes` that will ever come.

        A schedule counts each call as one of `epochs`, of as many steps as the first.
        """
        first = not hasattr(self, "network_")
        X, labels = self._checked(X, y, reset=first)
        check_classification_targets(labels)
        if first and classes is None:
            raise ValueError("ScratchClassifier: classes must be passed on the first call to partial_fit")
        if self.class_weight == "balanced":
            raise ValueError(
                "ScratchClassifier: class_weight='balanced' needs all rows at once; for partial_fit give a dict"
            )
        known = np.unique(classes) if first else self.classes_
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(f"ScratchClassifier: classes={classes!r} are not those of the first call, {known!r}")
        rows = self._weighted(X, self._among(labels, known), sample_weight)
        self.classes_ = known
        if first:
            self._start(len(rows), len(known), self._loss(rows), Constant())
        self._epoch(rows, None if scipy.sparse.issparse(X) else rows.examples().to(self._stack.device))
        return self

    def _among(self, labels: np.ndarray, known: np.ndarray) -> np.ndarray:
        if other := np.setdiff1d(labels, known).tolist():
            raise ValueError(f"ScratchClassifier: y holds {other}, which are not among the classes {known.tolist()}")
        return np.searchsorted(known, labels).astype(np.int64)

    def _loss(self, rows: Rows) -> CrossEntropy:
        """With a weight for each class, balanced over the weights of the rows."""
        if self.class_weight is None:
            return CrossEntropy(self.label_smoothing)
        if self.class_weight == "balanced":
            counts = np.bincount(rows.targets, rows.weight, minlength=len(self.classes_))
            weights = np.divide(len(rows), len(counts) * counts, out=np.zeros(len(counts)), where=counts > 0)
        else:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_[rows.targets])
        return CrossEntropy(self.label_smoothing, tuple(map(float, weights)))

    def _validate(self, outputs: Tensor, rows: Rows) -> float:
        return float(accuracy_score(rows.targets, outputs.argmax(1).numpy(), sample_weight=rows.weight))

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


@dataclass(eq=False, repr=False, kw_only=True)
class ScratchRegressor(RegressorMixin, ScratchEstimator):
    __doc__ = (
        """A multilayer perceptron for one value an example, or several: y = s z + m, z the network's outputs.

    Minimised is mean_b Σ_k (z_bk − (y_bk − m_k) / s_k)² + 0.5 · l2 · Σ‖W‖². With `normalize_y` m and s are mean and
    deviation of each target over the rows of `fit`, or of the first `partial_fit`, `y_mean_` and `y_scale_`; without
    they are 0 and 1."""
        + _PARAMETERS
    )

    normalize_y: bool = True

    @all_or_nothing
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X (N, I) with targets y (N,) or (N, K), from the start unless `warm_start`; sample_weight (N,)."""
        again = self.warm_start and hasattr(self, "network_")
        rows = self._targets(X, y, sample_weight, reset=not again)
        return self._fit(rows, rows.targets.shape[1], MeanSquaredError())

    @all_or_nothing
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on for one pass over X and y.

        A schedule counts each call as one of `epochs`, of as many steps as the first.
        """
        first = not hasattr(self, "network_")
        rows = self._targets(X, y, sample_weight, reset=first)
        if first:
            self._start(len(rows), rows.targets.shape[1], MeanSquaredError(), Constant())
        self._epoch(rows, None if scipy.sparse.issparse(rows.X) else rows.examples().to(self._stack.device))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(N,) or (N, K), as the targets were."""
        with np.errstate(over="ignore"):  # told in the next line
            outputs = self._outputs(X).numpy() * self.y_scale_ + self.y_mean_
        if not np.isfinite(outputs).all():
            raise ValueError("ScratchRegressor: a prediction exceeds 1.8e308, the largest of float64; fit smaller y")
        return outputs[:, 0] if self._one_value else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _validate(self, outputs: Tensor, rows: Rows) -> float:
        return float(r2_score(rows.targets, outputs.numpy(), sample_weight=rows.weight))

    def _targets(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Rows:
        X, y = self._checked(X, y, reset=reset, multi_output=True, y_numeric=True)
        targets = y.reshape(len(y), -1).astype(np.float64)
        rows = self._weighted(X, targets, sample_weight)
        if rows.weight is not None:
            targets[rows.weight == 0] = 0  # as if these rows were not there, whatever they hold
        if reset:
            self._one_value = y.ndim == 1
            self.y_mean_, self.y_scale_ = np.zeros(targets.shape[1]), np.ones(targets.shape[1])
            if self.normalize_y:
                self.y_mean_, self.y_scale_ = _mean_and_scale(targets, rows.weight)
        if targets.shape[1] != len(self.y_mean_):
            raise ValueError(
                f"ScratchRegressor: y has {targets.shape[1]} values an example, the first call had {len(self.y_mean_)}"
            )
        with np.errstate(over="ignore"):  # told in the next line
            targets = (targets - self.y_mean_) / self.y_scale_
        self._check_fits("normalised y" if self.normalize_y else "y", targets)
        return Rows(X, targets, rows.weight)


def _mean_and_scale(targets: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(K,) mean and deviation of targets (N, K); 1 in place of the deviation of a target that never changes.

    Sums and squares are of numbers below 1, which are the targets divided by a power of two: that rounds nothing.
    """
    exponent = np.frexp(np.abs(targets).max(0))[1]
    scaled = np.ldexp(targets, -exponent)
    mean = np.average(scaled, 0, weight)
    deviation = np.sqrt(np.average((scaled - mean) ** 2, 0, weight))
    constant = deviation <= 1e-12 * np.abs(mean)
    scale = np.where(constant, 1.0, np.ldexp(deviation, exponent))
    if (scale < np.finfo(float).tiny).any():
        raise ValueError("ScratchRegressor: y deviates by less than 2.2e-308, which float64 cannot hold; multiply y")
    return np.ldexp(mean, exponent), scale
