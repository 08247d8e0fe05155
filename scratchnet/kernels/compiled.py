"""Training and outputs by one compiled function that runs whole stretches of steps, on the CPU.

A network becomes a program (`_program`), a run's tensors views of the flat arrays that the program steps (`_memory`),
products go to the library at an address (`_blas`), and `scratchnet.compiled` does the rest in one call: forward, loss,
backward, update. At small batches the first weight rests for a block of steps (`scratchnet.compiled.ahead`); where a
library is slower than loops of its own for it, the weight lies in panels for the time of a call
(`scratchnet.compiled.panels`).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from scratchnet import compiled
from scratchnet.compiled import tables
from scratchnet.compiled.jit import when_compiling
from scratchnet.compiled.tables import Data, Rules
from scratchnet.examples import Examples
from scratchnet.kernels import _blas
from scratchnet.kernels._blocks import Steps
from scratchnet.kernels._memory import Storage, storage
from scratchnet.kernels._program import Compiled, compile_network, reason_against
from scratchnet.layers import Linear, Sequential
from scratchnet.losses import BinaryCrossEntropy, CrossEntropy, Huber, Loss, MeanSquaredError
from scratchnet.optimizers import SGD, Adam
from scratchnet.run import Run
from scratchnet.values import Values

name = "compiled"
rows = 10_000  # it computes them in pieces itself

_LOSSES: dict[type[Loss], int] = {
    CrossEntropy: compiled.CROSS_ENTROPY,
    BinaryCrossEntropy: compiled.BINARY_CROSS_ENTROPY,
    MeanSquaredError: compiled.SQUARED_ERROR,
    Huber: compiled.HUBER,
}
_DRAWN = 2**21  # numbers of dropout that are held at a time
_PREDICTED = 96  # examples that pass together where nothing is learned: whole tiles of six


def refusal(run: Run, device: torch.device) -> str | None:
    """Why this kernel cannot train the run, None where it can."""
    if device.type != "cpu":
        return f"it is compiled for the CPU, not for {device.type}"
    if type(run.optimizer) not in (SGD, Adam):
        return f"it has no {type(run.optimizer).__name__}"
    if type(run.loss) not in _LOSSES:
        return f"it has no {type(run.loss).__name__}"
    return reason_against(run.network)


def train(values: Values, examples: Examples, order: Tensor, batch_size: int) -> Tensor:
    """What `plain.train` does, for the values of one run."""
    [run] = values.runs
    how: Steps = "adam" if isinstance(run.optimizer, Adam) else "momentum" if run.settings.momentum else "plain"
    network = compile_network(run.network, batch_size, how, tiled=_blas.is_tiled())
    program = _with_rates(network, run)
    memory = storage(values, network.layout).memory(network)
    rules = _rules(values, network)
    rates = values.rates(-(-len(order) // batch_size))[:, 0].contiguous().numpy()
    losses = np.empty(len(rates))
    draws, gemm = int(program.sizes[tables.NOISES]), _blas.gemm(values.dtype)
    stretch = max(_DRAWN // (draws * batch_size), 1) if draws else len(rates)
    for start in range(0, len(rates), stretch):
        rows, part = order[start * batch_size : (start + stretch) * batch_size], slice(start, start + stretch)
        data = _data(examples.inputs, examples.targets, rows, *examples.normalisation(values.dtype), examples.weight)
        # One call draws what the layers would draw one after the other.
        noise = torch.rand(len(rows) * draws, generator=values.generators[0], dtype=torch.float32).numpy()
        compiled.train(program, memory, rules, data, noise, rates[part], values.steps + start, gemm, losses[part])
    values.steps += len(rates)
    return torch.from_numpy(losses).to(values.dtype).unsqueeze(1)


def predict(values: Values, inputs: Tensor, normalisation: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """What `plain.predict` does, for the values of one run."""
    [run] = values.runs
    tiled = _blas.is_tiled()
    how: Steps | None = "plain" if tiled else None
    network = compile_network(run.network, _PREDICTED, how, tiled=tiled)
    if isinstance(values.storage, Storage) and values.storage.layout != network.layout:
        network = compile_network(run.network, _PREDICTED, how, values.storage.layout, tiled=tiled)
    memory = storage(values, network.layout).memory(network)
    features, outputs = (int(network.program.sizes[size]) for size in (tables.INPUTS, tables.OUTPUT))
    output = torch.empty(len(inputs), outputs, dtype=values.dtype)
    mean, std = normalisation or (torch.zeros(features, dtype=values.dtype), torch.ones(features, dtype=values.dtype))
    data = _data(inputs, _no_labels, torch.arange(len(inputs)), mean, std)
    compiled.predict(network.program, memory, data, _blas.gemm(values.dtype), output.numpy())
    return output.unsqueeze(0)


def prepare(dtype: torch.dtype, compiling: Callable[[], None] = lambda: None) -> None:
    """Load what was compiled for `dtype`, or call `compiling` and compile: some seconds, once on each machine."""
    when_compiling.append(compiling)
    try:
        _prepare(dtype)
    finally:
        when_compiling.remove(compiling)


def _prepare(dtype: torch.dtype) -> None:
    zeros = torch.zeros(1, 2, dtype=torch.float64)
    run = Run(Sequential((Linear(2, 2),)), CrossEntropy(), SGD(), {"lr": 0.1})
    values = Values([run], steps_per_epoch=1, dtype=dtype, device="cpu")
    examples = Examples(zeros, zeros[:, 0].long(), zeros[0], zeros[0] + 1)
    train(values, examples, torch.tensor([0]), 1)
    predict(values, examples.inputs, examples.normalisation(dtype))


def _with_rates(network: Compiled, run: Run) -> tables.Program:
    """The program with the run's own dropout rates."""
    reals = network.program.reals.copy()
    for real, rate in zip(reals, network.rates, strict=True):
        real[1] = getattr(run.settings, rate) if isinstance(rate, str) else rate
    return network.program._replace(reals=reals)


def _rules(values: Values, network: Compiled) -> Rules:
    [run] = values.runs
    optimizer, decays, names = run.optimizer, values.hyper, network.layout.names
    l2, decay = (
        np.array([float(by_name[name][0]) if name in by_name else 0.0 for name in names])
        for by_name in (decays.l2, decays.weight_decay)
    )
    adam = optimizer if isinstance(optimizer, Adam) else Adam()
    return Rules(
        optimizer=tables.ADAM if isinstance(optimizer, Adam) else tables.SGD,
        momentum=float(run.settings.momentum),
        nesterov=isinstance(optimizer, SGD) and bool(optimizer.nesterov),
        beta1=float(adam.beta1),
        beta2=float(adam.beta2),
        eps=float(adam.eps),
        l2=l2,
        decay=decay,
        carried=np.array([f"{name}.carry" in values.state for name in names]),
        loss=_LOSSES[type(run.loss)],
        smoothing=float(getattr(run.loss, "label_smoothing", 0.0)),
        weights=np.array(getattr(run.loss, "class_weight", None) or (), np.float64).reshape(-1),
        delta=float(run.loss.delta) if isinstance(run.loss, Huber) else 0.0,
    )


def _data(
    inputs: Tensor, targets: Tensor, order: Tensor, mean: Tensor, std: Tensor, weight: Tensor | None = None
) -> Data:
    """Tensors as compiled code reads them."""
    dtype, regression = mean.dtype, targets.is_floating_point()
    raw, floats, doubles = (inputs if inputs.dtype == kind else torch.empty(0, 0, dtype=kind) for kind in _INPUTS)
    return Data(
        _INPUTS.index(inputs.dtype),
        raw.contiguous().numpy(),
        floats.contiguous().numpy(),
        doubles.contiguous().numpy(),
        order.contiguous().numpy(),
        (_no_labels if regression else targets).contiguous().numpy(),
        (targets.to(dtype) if regression else torch.empty(0, 0, dtype=dtype)).contiguous().numpy(),
        mean.contiguous().numpy(),
        std.contiguous().numpy(),
        (1 / std if _in_range(std) else torch.empty(0, dtype=dtype)).numpy(),
        (_no_weights if weight is None else weight.double()).contiguous().numpy(),
    )


def _in_range(std: Tensor) -> bool:
    """Whether quotients by these are exact as products with the reciprocal."""
    least, most = std.aminmax()
    return bool(least > 1e-30 and most < 1e30)


_INPUTS = (torch.uint8, torch.float32, torch.float64)  # in the order of `tables`: BYTES, FLOATS, DOUBLES
_no_labels = torch.empty(0, dtype=torch.int64)
_no_weights = torch.empty(0, dtype=torch.float64)
