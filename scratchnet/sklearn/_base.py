"""What both estimators share: they build a stack of one run from their parameters and train it epoch by epoch."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from scratchnet import networks
from scratchnet.examples import Examples
from scratchnet.losses import Loss
from scratchnet.run import Run, Settings
from scratchnet.sklearn._parameters import OPTIMIZERS, SCHEDULES, check_parameters
from scratchnet.stack import Stack

_ROWS = 1000  # that are predicted at once
_FLOATS = [np.float64, np.float32]


@dataclass(eq=False, repr=False)  # scikit-learn compares by identity and prints parameters in its own way
class ScratchEstimator(BaseEstimator):
    """Base: a subclass checks its targets and turns outputs into predictions."""

    hidden: Sequence[int] = (128,)
    _: KW_ONLY
    activation: str = "relu"
    layer_norm: bool = False
    dropout: float = 0.0
    input_dropout: float = 0.0
    initializer: str = "auto"
    l2: float = 0.0
    weight_decay: float = 0.0
    optimizer: Any = "adam"
    lr: float = 0.001
    momentum: float = 0.9
    schedule: Any = "constant"
    batch_size: int = 32
    epochs: int = 100
    patience: int = 0
    validation_fraction: float = 0.1
    random_state: Any = None
    device: str = "cpu"
    dtype: str = "float64"
    threads: int = 1

    @property
    def params_(self) -> dict[str, np.ndarray]:
        """The parameters of `network_` by their names, as in model.safetensors: weights (I, O), biases (O,)."""
        check_is_fitted(self)
        return {name: value.numpy() for name, value in self._stack.params_of(0).items()}

    def _fit(self, rows: np.ndarray, targets: np.ndarray, outputs: int, loss: Loss) -> Self:
        """Train from the start: rows (N, I), targets (N,) int64 or (N, K) floating."""
        self._start(len(rows), outputs, loss)
        validation = None
        if self.patience:
            seed = int(self._order.integers(2**31))
            stratify = targets if targets.dtype.kind == "i" else None
            parts = train_test_split(
                rows, targets, test_size=self.validation_fraction, random_state=seed, stratify=stratify
            )
            rows, held_out, targets, held_out_targets = parts
            validation = self._examples(held_out, held_out_targets)
        examples = self._examples(rows, targets)
        self.validation_scores_: list[float] = []
        best: dict[str, Tensor] = {}
        for _ in range(self.epochs):
            self._epoch(examples)
            if validation is None:
                continue
            with _threads(self.threads):
                self.validation_scores_.append(float(self._stack.evaluate(validation).score[0]))
            self.best_epoch_ = 1 + int(np.argmax(np.nan_to_num(self.validation_scores_, nan=-np.inf)))
            if self.best_epoch_ == self.n_iter_:
                best = self._stack.params_of(0)
            elif self.n_iter_ - self.best_epoch_ >= self.patience:
                break
        for name, value in best.items():
            self._stack.params[name][0] = value  # the one run's own tensors
        return self

    def _start(self, rows: int, outputs: int, loss: Loss) -> None:
        """A new network for `n_features_in_` inputs, its weights drawn from the seed."""
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
            schedule=SCHEDULES.get(self.schedule, self.schedule),
            epochs=self.epochs,
            seed=int(seeds[0]),
        )
        device = self.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        steps = math.ceil(rows / self.batch_size)
        self._stack = Stack([run], steps_per_epoch=steps, dtype=getattr(torch, self.dtype), device=device)
        self.network_, self.n_iter_, self.loss_curve_ = network, 0, list[float]()

    def _epoch(self, examples: Examples) -> None:
        """One pass over the examples in a new random order."""
        order = torch.from_numpy(self._order.permutation(len(examples))).to(self._stack.device)
        with _threads(self.threads):
            losses = self._stack.train(examples, order, self.batch_size)[:, 0].double().cpu()
        sizes = torch.tensor([len(part) for part in order.split(self.batch_size)])
        self.n_iter_ += 1
        self.loss_curve_.append(float((losses * sizes).sum() / len(examples)))
        if not all(value.isfinite().all() for value in self._stack.params.values()):
            remedy = "scale the features, or take a smaller lr"
            raise ValueError(
                f"{type(self).__name__}: weights are no longer finite after epoch {self.n_iter_}; {remedy}"
            )

    def _examples(self, rows: np.ndarray, targets: np.ndarray) -> Examples:
        """Features as they are: scaling is a step of a scikit-learn pipeline."""
        inputs = torch.from_numpy(np.array(rows))  # a copy: what is given may be read-only
        zeros = torch.zeros(inputs.shape[1], dtype=torch.float64)
        return Examples(inputs, torch.from_numpy(np.array(targets)), zeros, zeros + 1).to(self._stack.device)

    def _outputs(self, X: Any) -> Tensor:
        """The network's outputs for X, (N, K) in float64."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=_FLOATS)
        parts = torch.from_numpy(np.array(rows)).to(self._stack.device, self._stack.dtype).split(_ROWS)
        with _threads(self.threads):
            return torch.cat([self._stack.predict(part)[0] for part in parts]).cpu().double()

    def _checked(self, X: Any, y: Any, *, reset: bool, **options: Any) -> tuple[np.ndarray, np.ndarray]:
        """X and y as arrays, after a check of the parameters."""
        check_parameters(type(self).__name__, self.get_params(deep=False))
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ValueError(f"{type(self).__name__}: device='cuda': torch sees no CUDA device; take 'auto' or 'cpu'")
        rows, targets = validate_data(self, X, y, reset=reset, dtype=_FLOATS, **options)
        return rows, targets


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Limit torch to so many threads while it lasts; the process keeps its own setting."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
