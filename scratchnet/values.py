"""What the runs of a stack change as they train: parameters, optimizer state, generators, and how far they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields

import torch
from torch import Tensor

from scratchnet import averaging
from scratchnet.optimizers import Hyper
from scratchnet.run import Run, Settings


class Values:
    """The tensors of R runs of one structure, and their settings as tensors.

    Every tensor has the run axis first. Narrower networks are padded with units that stay exactly zero: `network` is
    the widest, `shapes[r]` has the shapes of run r without the run axis, and `mask` is 1 where a run has a parameter,
    0 where it is padded (empty where all runs have the same shapes). `settings` are (R,) in float64, `steps` counts
    the steps done. `average` is that of the parameters, float64, empty where no run averages.
    """

    def __init__(
        self, runs: Sequence[Run], *, steps_per_epoch: int, dtype: torch.dtype, device: torch.device | str
    ) -> None:
        self.runs, self.dtype, self.device = tuple(runs), dtype, torch.device(device)
        self.loss, self.optimizer = runs[0].loss, runs[0].optimizer
        self.network = runs[0].network.widest([run.network for run in runs[1:]])
        self.steps_per_epoch, self.steps = steps_per_epoch, 0
        names = [setting.name for setting in fields(Settings)]
        self.settings = {name: self._per_run(getattr(run.settings, name) for run in runs) for name in names}
        self.hyper = Hyper(self.settings["momentum"], self._decay("l2"), self._decay("weight_decay"))
        # Each run draws at its own width from its own generator, and is padded afterwards.
        initial = [torch.Generator().manual_seed(run.seed) for run in self.runs]
        unpadded = [run.network.init([g], torch.float64) for run, g in zip(self.runs, initial, strict=True)]
        self.shapes = [{name: value.shape[1:] for name, value in params.items()} for params in unpadded]
        ragged = any(shapes != self.shapes[0] for shapes in self.shapes)
        self.params = {name: value.to(self.device, dtype) for name, value in pad(unpadded).items()}
        ones = [{name: torch.ones_like(value) for name, value in params.items()} for params in unpadded]
        self.mask = {name: value.to(self.device, dtype) for name, value in pad(ones).items()} if ragged else {}
        # Noise has a stream of its own: a device draws differently, initial weights must not.
        seeds = [int(torch.randint(2**62, (), generator=g)) for g in initial]
        self.generators = [torch.Generator(self.device).manual_seed(seed) for seed in seeds]
        self.state = self.optimizer.init(self.params, self.hyper, self.settings["lr"])
        self.decay = self._per_run(run.averaging for run in self.runs)
        averaged = self.params.items() if self.decay.any() else ()
        self.average = {name: value.to(torch.float64, copy=True) for name, value in averaged}
        self.storage: object = None  # a kernel's, which may move the tensors to where it wants them

    def __getstate__(self) -> dict[str, object]:
        """To be pickled or copied: each tensor by itself, for a kernel's storage ties them together."""
        names = ("params", "state", "average")
        tensors = {name: {key: value.clone() for key, value in getattr(self, name).items()} for name in names}
        return vars(self) | tensors | {"storage": None}

    def rates(self, steps: int) -> Tensor:
        """(steps, R) learning rates of the next steps, in float64."""
        step = torch.arange(self.steps, self.steps + steps, dtype=torch.float64)
        factors = [run.schedule.factor(step, self.steps_per_epoch, run.epochs) for run in self.runs]
        return torch.stack(factors, 1).to(self.device) * self.settings["lr"]

    @property
    def steps_to_average(self) -> int:
        """The steps until the average is updated."""
        return averaging.steps_to_update(self.steps, self.steps_per_epoch)

    def update_average(self) -> None:
        """Take the parameters into their average, where one is due after the steps done."""
        averaging.update(self.average, self.params, self.decay, self.steps, self.steps_per_epoch)

    @property
    def evaluated(self) -> dict[str, Tensor]:
        """The parameters that are evaluated: the average, or those that train."""
        return {name: value.to(self.dtype) for name, value in self.average.items()} or self.params

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The average in the place of the parameters, which are back afterwards."""
        trained = {name: value.clone() for name, value in self.params.items()} if self.average else {}
        try:
            for name, value in self.average.items():
                self.params[name].copy_(value)
            yield
        finally:
            for name, value in trained.items():
                self.params[name].copy_(value)

    def penalty(self) -> Tensor:
        """(R,) 0.5 · l2 · Σ‖W‖² over the penalized weights, in float64."""
        total, params = torch.zeros(len(self.runs), dtype=torch.float64, device=self.device), self.evaluated
        for name, l2 in self.hyper.l2.items():
            total += 0.5 * l2 * params[name].double().square().flatten(1).sum(1)
        return total

    def noise(self, batch: int) -> dict[str, Tensor]:
        """What all runs draw for their next step, each (R, batch, ...), padded."""
        if not self.network.noise_names:
            return {}
        return pad([self.noise_of(r, batch) for r in range(len(self.runs))])

    def noise_of(self, r: int, batch: int) -> dict[str, Tensor]:
        """What run r draws for its next step, each (1, batch, ...) at its own widths."""
        settings = {name: value[r : r + 1] for name, value in self.settings.items()}
        return self.runs[r].network.noise([self.generators[r]], settings, batch, self.dtype)

    def view(self, run: int, name: str) -> Tensor:
        """One run's part of a parameter, or of its state, at the run's own widths: a view without the run axis."""
        value = self.params[name] if name in self.params else self.state[name]
        return self._at_widths(run, name, value)

    def params_of(self, run: int) -> dict[str, Tensor]:
        """Copies of one run's evaluated parameters at its own widths, without the run axis, on the CPU."""
        return {
            name: self._at_widths(run, name, value).detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in self.evaluated.items()
        }

    def _at_widths(self, run: int, name: str, value: Tensor) -> Tensor:
        parameter = name if name in self.params else name.rpartition(".")[0]
        return value[run][tuple(slice(n) for n in self.shapes[run][parameter])]

    def _per_run(self, values: Iterable[float]) -> Tensor:
        return torch.tensor(list(values), dtype=torch.float64, device=self.device)

    def _decay(self, setting: str) -> dict[str, Tensor]:
        """(R,) decay of each parameter that decays in some run, zero in the others."""
        weights = [run.weights for run in self.runs]
        decays = {
            name: self._per_run(
                getattr(run.settings, setting) * (name in names) for run, names in zip(self.runs, weights, strict=True)
            )
            for name in self.network.names
        }
        return {name: decay for name, decay in decays.items() if decay.any()}


def pad(unpadded: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Join tensors (1, ...) of runs of different widths into (R, ...), zeros where a run is narrower."""
    joined = {}
    for name, first in unpadded[0].items():
        parts = [values[name][0] for values in unpadded]
        widest = [max(sizes) for sizes in zip(*(part.shape for part in parts), strict=True)]
        joined[name] = first.new_zeros(len(parts), *widest)
        for row, part in zip(joined[name], parts, strict=True):
            row[tuple(slice(n) for n in part.shape)] = part
    return joined


def join(groups: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors of groups of runs, each (R, ...), as one; zeros where a group lacks a name or is smaller."""
    if len(groups) == 1:
        return dict(groups[0])
    names = dict.fromkeys(name for group in groups for name in group)
    joined: dict[str, Tensor] = {}
    for name in names:
        like = next(group[name] for group in groups if name in group)
        parts = [group.get(name, like.new_zeros(1, *(0,) * (like.ndim - 1))) for group in groups]
        joined |= pad([{name: part} for part in parts])
    return joined
