"""What a CUDA device is good for here, in one prepared script of at most six minutes.

    python -m benchmarks.gpu                 # on a machine with CUDA
    python -m benchmarks.gpu --device cpu --runs 4 --samples 256 --check   # the script itself, checked anywhere

In turn: the contracts of all layers on the device (a forward and backward pass, equal to the CPU's in float64); a stack
of --runs runs of 784-256-10 at batch 64 against the same runs one by one in torch with autograd, and against one
`jax.vmap` over all of them; a sweep through the command line. One JSON line each; goals: 50 times one by one, 1.2
times vmap. A part that cannot be measured says so and why.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import scratchnet as sn

ROOT = Path(__file__).parents[1]
SIZES, BATCH, LR, L2 = (784, 256, 10), 64, 0.01, 1e-3


def say(what: str, **facts: object) -> None:
    print(json.dumps({"what": what, **facts}), flush=True)


def contracts(device: torch.device) -> None:
    """Each layer on the device against the CPU, float64, runs that differ: the largest relative difference."""
    layers: list[tuple[sn.Layer, tuple[int, ...]]] = [
        (sn.Linear(6, 5), (3, 4, 6)),
        (sn.LayerNorm(6), (3, 4, 6)),
        *((activation, (3, 4, 6)) for activation in (sn.ReLU(), sn.LeakyReLU(), sn.Tanh(), sn.Sigmoid(), sn.GELU())),
        (sn.Dropout(6), (3, 4, 6)),
        (sn.Patchify(2, 4, 4, 2), (3, 4, 32)),
        (sn.Transpose(), (3, 4, 5, 6)),
        (sn.MeanOverPatches(), (3, 4, 5, 6)),
        (sn.Flatten(), (3, 4, 5, 6)),
        (sn.Residual(sn.Sequential((sn.Linear(6, 6), sn.Tanh()))), (3, 4, 6)),
    ]
    worst = 0.0
    for layer, shape in layers:
        generators = [torch.Generator().manual_seed(r) for r in range(shape[0])]
        x = torch.randn(shape, generator=generators[0], dtype=torch.float64)
        params = layer.init(generators, torch.float64)
        rates = {"dropout": torch.full((shape[0],), 0.3, dtype=torch.float64)}
        params |= layer.noise(generators, rates, shape[1], torch.float64)
        ends: list[list[Tensor]] = []
        for where in (torch.device("cpu"), device):
            there = {name: value.to(where) for name, value in params.items()}
            y, saved = layer.forward(there, x.to(where))
            dx, grads = layer.backward(
                there, saved, torch.cos(torch.arange(y.numel(), device=where).double()).view(y.shape)
            )
            assert dx is not None
            ends.append([value.cpu() for value in (y, dx, *grads.values())])
        for ours, expected in zip(*ends, strict=True):
            worst = max(worst, float((ours - expected).abs().max() / expected.abs().max().clamp_min(1e-30)))
    say("contracts of the layers on the device", layers=len(layers), largest_difference=worst, good=worst < 1e-12)


def seconds(step: Callable[[], object], device: torch.device, repeats: int = 3) -> float:
    """The best time of a call, after one that warms up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times[1:])


def stacks(device: torch.device, runs: int, samples: int) -> None:
    """Microseconds a step of one run: our stack, torch one by one, JAX's vmap."""
    steps = samples // BATCH
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(samples, SIZES[0], generator=generator)
    y = torch.randint(0, SIZES[-1], (samples,), generator=generator)
    network = sn.Sequential((sn.Linear(*SIZES[:2]), sn.ReLU(), sn.Linear(*SIZES[1:])))
    members = [sn.Run(network, sn.CrossEntropy(), sn.SGD(), {"lr": LR, "l2": L2}, seed=r) for r in range(runs)]
    stack = sn.Stack(members, steps_per_epoch=steps, device=device)
    examples = sn.Examples(x, y, torch.zeros(SIZES[0]), torch.ones(SIZES[0])).to(device)
    order = torch.randperm(samples, generator=generator).to(device)
    ours = seconds(lambda: stack.train(examples, order, BATCH), device) / (steps * runs)
    say("a stack", runs=runs, batch=BATCH, us_a_run_step=round(1e6 * ours, 3), kernel=stack.kernel.name)
    alone = seconds(_torch_epoch(x.to(device), y.to(device), order), device) / steps
    say("torch, one by one", us_a_run_step=round(1e6 * alone, 2), times=round(alone / ours, 2), goal=50)
    if find_spec("jax") is None:
        say("jax.vmap", not_measured="jax is not installed")
        return
    import jax

    # By default JAX multiplies in TF32 on such a device, with 10 bits of each number; "highest" is float32, as here.
    for precision in ("highest", "default"):
        with jax.default_matmul_precision(precision):
            vmap = _vmap_seconds(x, y, order, runs) / (steps * runs)
        facts = {"us_a_run_step": round(1e6 * vmap, 3), "times": round(vmap / ours, 2)}
        say("jax.vmap", on=jax.devices()[0].platform, precision=precision, **facts, goal=1.2)


def _torch_epoch(x: Tensor, y: Tensor, order: Tensor) -> Callable[[], None]:
    nn = torch.nn
    model = nn.Sequential(nn.Linear(*SIZES[:2]), nn.ReLU(), nn.Linear(*SIZES[1:])).to(x.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=L2)

    def epoch() -> None:
        for index in order.split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[index]), y[index]).backward()
            optimizer.step()

    return epoch


def _vmap_seconds(x: Tensor, y: Tensor, order: Tensor, runs: int) -> float:
    """All runs as one vmapped step, the epoch as one scan."""
    import jax
    import jax.numpy as jnp

    inputs, labels = jnp.asarray(x.numpy()), jnp.asarray(y.numpy())
    batches = jnp.asarray(order.cpu().numpy()).reshape(-1, BATCH)
    keys = jax.random.split(jax.random.key(0), 2 * runs).reshape(runs, 2)

    def start(key: Any) -> Any:
        first, second = (0.05 * jax.random.normal(k, s) for k, s in zip(key, (SIZES[:2], SIZES[1:]), strict=True))
        return first, jnp.zeros(SIZES[1]), second, jnp.zeros(SIZES[2])

    def loss(params: Any, rows: Any, targets: Any) -> Any:
        first, a, second, b = params
        logits = jax.nn.relu(rows @ first + a) @ second + b
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), targets[:, None], 1))

    def step(params: Any, index: Any) -> Any:
        gradient = jax.vmap(jax.grad(loss), in_axes=(0, None, None))(params, inputs[index], labels[index])
        return jax.tree.map(lambda w, g: w - LR * (g + L2 * w), params, gradient), None

    fit = jax.jit(lambda params: jax.lax.scan(step, params, batches)[0])
    params, times = jax.vmap(start)(keys), []
    for _ in range(4):
        begin = time.perf_counter()
        params = jax.block_until_ready(fit(params))
        times.append(time.perf_counter() - begin)
    return min(times[1:])


def sweep(device: torch.device) -> None:
    """A sweep from the command line to the report, on data that every installation has."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pipeline", "-m", f"training.device={device.type}", "training.epochs=2"]
        command += ["dataset=fashion_mnist_mini", "optimizer.lr=0.01,0.03,0.1", "model.l2=0,0.001", "sweep.name=gpu"]
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        start = time.perf_counter()
        process = subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True
        )
        took = round(time.perf_counter() - start, 1)
        done = len(list(Path(folder).glob("outputs/gpu/*/result.json")))
        report = (Path(folder) / "outputs/gpu/report/index.html").exists()
    good = process.returncode == 0 and done == 6 and report
    say("a sweep by the command line", runs=done, report=report, seconds=took, good=good)
    if not good:
        print(process.stderr[-2000:], file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"], help="(default: %(default)s)")
    parser.add_argument("--runs", type=int, default=256, help="of the stack (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=6400, help="an epoch (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="leave out the sweep")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        sys.exit("benchmarks.gpu: torch sees no CUDA device; --device cpu checks the script itself")
    device = torch.device(given.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    say("machine", device=name, torch=torch.__version__)
    contracts(device)
    stacks(device, given.runs, given.samples)
    if not given.check:
        sweep(device)


if __name__ == "__main__":
    main()
