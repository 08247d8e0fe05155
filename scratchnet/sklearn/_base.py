"""What both estimators share: they build a stack of one run from their parameters and train it epoch by epoch."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, fields
from functools import wraps
from typing import Any, Self, TypeVar

import numpy as np
import scipy.sparse
import torch
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from torch import Tensor

from scratchnet import networks
from scratchnet.examples import Examples
from scratchnet.losses import Loss
from scratchnet.run import Run, Settings
from scratchnet.schedules import OneCycle, Schedule
from scratchnet.sklearn._parameters import OPTIMIZERS, SCHEDULES, check_parameters
from scratchnet.stack import Stack

_ROWS = 1000  # that are predicted at once
_NUMBERS = 2**22  # of sparse rows that are dense at once
_BATCH, _WHOLE = 32, 64  # batch_size="auto": the first, or all rows where there are no more than the second
_FLOATS = [np.float64, np.float32]
_Method = TypeVar("_Method", bound=Callable[..., Any])


def all_or_nothing(fit: _Method) -> _Method:
    """A `fit` or `partial_fit` that leaves the estimator as it was where it raises."""

    @wraps(fit)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        before, trained = vars(self).copy(), hasattr(self, "_stack")
        if trained:  # an epoch changes these in place
            before["_order"] = copy.deepcopy(self._order)
            state = self._stack.state_dict()
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            if trained:
                self._stack.load_state_dict(state)
            raise

    return method  # type: ignore[return-value]


@dataclass(frozen=True)
class Rows:
    """Examples as an epoch passes over them: X (N, I), dense or sparse, targets (N,) or (N, K), weight (N,) or None."""

    X: Any
    targets: np.ndarray
    weight: np.ndarray | None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def take(self, rows: np.ndarray) -> "Rows":
        """Some of them."""
        return Rows(self.X[rows], self.targets[rows], None if self.weight is None else self.weight[rows])

    def split(self, fraction: float, seed: int) -> tuple["Rows", "Rows"]:
        """(train, held out), by class where there are classes."""
        stratify = self.targets if self.targets.dtype.kind == "i" else None
        parts = train_test_split(np.arange(len(self)), test_size=fraction, random_state=seed, stratify=stratify)
        return self.take(parts[0]), self.take(parts[1])

    def examples(self) -> Examples:
        """Features as they are: scaling is a step of a scikit-learn pipeline. Weights of mean 1."""
        X = self.X.toarray() if scipy.sparse.issparse(self.X) else np.array(self.X)  # what is given may be read-only
        zeros = torch.zeros(X.shape[1], dtype=torch.float64)
        weight = None if self.weight is None else torch.from_numpy(self.weight)
        return Examples(torch.from_numpy(X), torch.from_numpy(np.array(self.targets)), zeros, zeros + 1, weight)


@dataclass(eq=False, repr=False)  # scikit-learn compares by identity and prints parameters in its own way
class ScratchEstimator(BaseEstimator):
    """Base: a subclass checks its targets and turns outputs into predictions."""

    hidden: Sequence[int] = (100,)
    _: KW_ONLY
    activation: str = "relu"
    layer_norm: bool = False
    dropout: float = 0.0
    input_dropout: float = 0.0
    initializer: str = "glorot"
    l2: float = 0.006
    weight_decay: float = 0.0
    optimizer: Any = "adam"
    lr: float = 0.01
    momentum: float = 0.9
    schedule: Any = "auto"
    batch_size: Any = "auto"
    epochs: int = 60
    patience: int = 0
    validation_fraction: float = 0.1
    warm_start: bool = False
    random_state: Any = None
    device: str = "cpu"
    dtype: str = "float64"
    threads: int = 1

    @property
    def params_(self) -> dict[str, np.ndarray]:
        """The parameters of `network_` by their names, as in model.safetensors: weights (I, O), biases (O,)."""
        check_is_fitted(self)
        return {name: value.numpy() for name, value in self._stack.params_of(0).items()}

    def _fit(self, rows: Rows, outputs: int, loss: Loss) -> Self:
        """Train from the start, or with `warm_start` from the weights that are there."""
        before = self._stack.params_of(0) if self.warm_start and hasattr(self, "network_") else {}
        self._start(len(rows), outputs, loss, OneCycle())
        if before:
            self._load(before)
        held_out = None
        if self.patience:
            rows, held_out = self._split(rows)
        examples = None if scipy.sparse.issparse(rows.X) else rows.examples().to(self._stack.device)
        self.validation_scores_: list[float] = []
        best: dict[str, Tensor] = {}
        for _ in range(self.epochs):
            self._epoch(rows, examples)
            if held_out is None:
                continue
            self.validation_scores_.append(self._validate(self._raw(held_out.X), held_out))
            self.best_epoch_ = 1 + int(np.argmax(np.nan_to_num(self.validation_scores_, nan=-np.inf)))
            if self.best_epoch_ == self.n_iter_:
                best = self._stack.params_of(0)
            elif self.n_iter_ - self.best_epoch_ >= self.patience:
                break
        if best:
            self._load(best)
        return self

    def _split(self, rows: Rows) -> tuple[Rows, Rows]:
        """(train, held out); ValueError where one of them would be empty or count nothing."""
        seed, remedy = int(self._order.integers(2**31)), "take another validation_fraction, or patience=0"
        try:
            parts = rows.split(self.validation_fraction, seed)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}: no rows can be held out: {error}; {remedy}") from error
        for part in parts:
            if part.weight is not None and not part.weight.any():
                raise ValueError(f"{type(self).__name__}: all rows that count are held out, or none; {remedy}")
        return parts

    def _validate(self, outputs: Tensor, rows: Rows) -> float:
        """The score of the network's outputs (N, K) for these rows."""
        raise NotImplementedError

    def _start(self, rows: int, outputs: int, loss: Loss, schedule: Schedule) -> None:
        """A new network for `n_features_in_` inputs, its weights drawn from the seed; `schedule` is that of "auto"."""
        random = check_random_state(self.random_state)
        seeds = random.randint(2**31 - 1, size=2)
        self._order = np.random.default_rng(seeds[1])
        rules = networks.initial_weights(self.initializer, self.activation, len(self.hidden) + 1)
        network = networks.mlp(
            self.n_features_in_,
            self.hidden,
            outputs,
            activation=self.activation,
            initializers=rules,
            layer_norm=self.layer_norm,
            dropout=self.dropout > 0,
            input_dropout=self.input_dropout > 0,
        )
        names = [setting.name for setting in fields(Settings)]
        run = Run(
            network=network,
            loss=loss,
            optimizer=OPTIMIZERS.get(self.optimizer, self.optimizer),
            settings=Settings(**{name: float(getattr(self, name)) for name in names}),
            schedule=({"auto": schedule} | SCHEDULES).get(self.schedule, self.schedule),
            epochs=self.epochs,
            seed=int(seeds[0]),
        )
        device = self.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        steps = math.ceil(rows / self._batch(rows))
        self._stack = Stack([run], steps_per_epoch=steps, dtype=getattr(torch, self.dtype), device=device)
        self.network_, self.n_iter_, self.loss_curve_ = network, 0, list[float]()

    def _load(self, params: dict[str, Tensor]) -> None:
        """Let the network go on from these weights."""
        for name, value in self._stack.params.items():
            if value.shape[1:] != params[name].shape:
                owner, shape = type(self).__name__, tuple(params[name].shape)
                raise ValueError(
                    f"{owner}: warm_start: {name} is {shape} from the last fit and {tuple(value.shape[1:])} now; keep "
                    "hidden, features and outputs as they were, or take warm_start=False"
                )
            value[0] = params[name]  # the one run's own tensors

    def _epoch(self, rows: Rows, examples: Examples | None) -> None:
        """One pass in a new random order; sparse rows, which have no `examples`, are made dense a part at a time."""
        order, batch = self._order.permutation(len(rows)), self._batch(len(rows))
        stretch = len(rows)
        if examples is None:
            stretch = batch * max(1, _NUMBERS // (batch * max(1, rows.X.shape[1])))
        losses = []
        for start in range(0, len(rows), stretch):
            part = order[start : start + stretch]
            chosen = examples
            if chosen is None:
                taken = part
                if rows.weight is not None:  # with one that counts, as `Examples` wants it, though no step reads it
                    taken = np.append(part, rows.weight.argmax())
                chosen, part = rows.take(taken).examples().to(self._stack.device), np.arange(len(part))
            index = torch.from_numpy(part).to(self._stack.device)
            with _threads(self.threads):
                losses.append(self._stack.train(chosen, index, batch)[:, 0].double().cpu())
        means = torch.cat(losses)
        sizes = torch.tensor([min(batch, len(rows) - start) for start in range(0, len(rows), batch)])
        self.n_iter_ += 1
        self.loss_curve_ = [*self.loss_curve_, float((means * sizes).sum() / len(rows))]
        [values] = self._stack.groups
        if not all(value.isfinite().all() for value in (*values.params.values(), *values.state.values())):
            what, remedy = "weights, or their moments,", "scale features, targets and weights, or take a smaller lr"
            raise ValueError(f"{type(self).__name__}: {what} are no longer finite after epoch {self.n_iter_}; {remedy}")

    def _batch(self, rows: int) -> int:
        if self.batch_size != "auto":
            return int(self.batch_size)
        return rows if rows <= _WHOLE else _BATCH

    def _raw(self, X: Any) -> Tensor:
        """The network's outputs for rows that have been checked, (N, K) in float64."""
        parts = []
        for start in range(0, X.shape[0], _ROWS):
            part = X[start : start + _ROWS]
            dense = part.toarray() if scipy.sparse.issparse(part) else np.array(part)
            rows = torch.from_numpy(dense).to(self._stack.device, self._stack.dtype)
            with _threads(self.threads):
                parts.append(self._stack.predict(rows)[0])
        return torch.cat(parts).cpu().double()

    def _outputs(self, X: Any) -> Tensor:
        """The network's outputs for X, (N, K) in float64."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=_FLOATS, accept_sparse="csr")
        self._check_fits("X", X, str(self._stack.dtype).removeprefix("torch."))
        outputs = self._raw(X)
        if not outputs.isfinite().all():
            raise ValueError(f"{type(self).__name__}: X is so large that the network's outputs overflow; scale it")
        return outputs

    def _checked(self, X: Any, y: Any, *, reset: bool, **options: Any) -> tuple[Any, np.ndarray]:
        """X and y as arrays, or X as a sparse matrix, after a check of the parameters."""
        check_parameters(type(self).__name__, self.get_params(deep=False))
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ValueError(f"{type(self).__name__}: device='cuda': torch sees no CUDA device; take 'auto' or 'cpu'")
        X, y = validate_data(self, X, y, reset=reset, dtype=_FLOATS, accept_sparse="csr", **options)
        self._check_fits("X", X)
        return X, y

    def _check_fits(self, name: str, values: Any, dtype: str | None = None) -> None:
        """Raise ValueError for numbers that the network's type cannot hold."""
        dtype, largest = dtype or self.dtype, float(max(values.max(), -values.min()))
        if not largest <= float(np.finfo(dtype).max):
            remedy = "scale it" if dtype == "float64" else "scale it, or take dtype='float64'"
            raise ValueError(f"{type(self).__name__}: {name} holds {largest:g}, which {dtype} cannot hold; {remedy}")

    def _weighted(self, X: Any, targets: np.ndarray, sample_weight: Any) -> Rows:
        """With weights of mean 1: they say what rows count against each other, not how large a step is."""
        if sample_weight is None:
            return Rows(X, targets, None)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not weight.any():
            raise ValueError(f"{type(self).__name__}: sample_weight is 0 for all rows; give one above 0")
        weight = np.ldexp(weight, -np.frexp(weight.max())[1])  # by a power of two: their sum may overflow
        return Rows(X, targets, weight / weight.mean())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Limit torch to so many threads while it lasts; the process keeps its own setting."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
