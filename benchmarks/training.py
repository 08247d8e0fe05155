"""Time plain SGD on an MLP: scratchnet, torch with autograd, and the matrix products that both cannot do without.

    taskset -c 0 python -m benchmarks.training --sizes 784,256,10 --batch 64 --samples 6000 --threads 1

One JSON line a peer: microseconds a run-step and samples a second, best of --repeats, all in one process and the
same minutes. Absolute figures drift with the machine: quote ratios.
"""

import argparse
import functools
import itertools
import json
import time
from collections.abc import Callable

import torch

import scratchnet as sn

LR, L2 = 0.01, 0.001


def scratchnet(
    sizes: list[int],
    x: torch.Tensor,
    y: torch.Tensor,
    batch: int,
    runs: int,
    kernel: sn.kernels.Kernel = "auto",
    momentum: float = 0.0,
) -> Callable[[], object]:
    """An epoch of a stack, by the path that the pipeline trains with."""
    layers: list[sn.Layer] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [sn.Linear(inputs, outputs), sn.ReLU()]
    network = sn.Sequential(tuple(layers[:-1]))
    settings = {"lr": LR, "l2": L2, "momentum": momentum}
    members = [sn.Run(network, sn.CrossEntropy(), sn.SGD(), settings, seed=seed) for seed in range(runs)]
    stack = sn.Stack(members, steps_per_epoch=len(x) // batch, kernel=kernel)
    examples = sn.Examples(x, y, torch.zeros(sizes[0]), torch.ones(sizes[0]))
    return lambda: stack.train(examples, torch.randperm(len(x)), batch)


def autograd(sizes: list[int], x: torch.Tensor, y: torch.Tensor, batch: int, runs: int) -> Callable[[], object]:
    """An epoch of a torch.nn model with the data in memory."""
    layers: list[torch.nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=L2)

    def epoch() -> None:
        for index in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[index]), y[index]).backward()
            optimizer.step()

    return epoch


def floor(sizes: list[int], x: torch.Tensor, y: torch.Tensor, batch: int, runs: int) -> Callable[[], object]:
    """The same multiply-adds in the shape that suits the library best."""
    rows = min(len(x), max(batch, 1000))
    weights = [torch.randn(shape) for shape in itertools.pairwise(sizes)]
    values = [x[:rows], *(torch.randn(rows, size) for size in sizes[1:])]

    def epoch() -> None:
        for _ in range(len(x) // rows):
            for k, weight in enumerate(weights):
                torch.mm(values[k], weight)
                torch.mm(values[k].t(), values[k + 1])
                if k:
                    torch.mm(values[k + 1], weight.t())

    return epoch


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="784,256,10", help="widths from inputs to outputs (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="examples a step (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=6000, help="examples an epoch (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=1, help="runs in scratchnet's stack (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many (default: %(default)s)")
    parser.add_argument(
        "--kernel", default="auto", choices=["auto", "plain", "lookahead", "fused"], help="scratchnet's"
    )
    parser.add_argument("--momentum", type=float, default=0.0, help="scratchnet's (default: %(default)s)")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    sizes, batch = [int(size) for size in given.sizes.split(",")], given.batch
    samples = given.samples // batch * batch
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(samples, sizes[0], generator=generator)
    y = torch.randint(0, sizes[-1], (samples,), generator=generator)
    ours = functools.partial(scratchnet, kernel=given.kernel, momentum=given.momentum)
    functools.update_wrapper(ours, scratchnet)
    for peer, runs in ((floor, 1), (autograd, 1), (ours, given.runs)):
        epoch, times = peer(sizes, x, y, batch, runs), []
        epoch()  # warm
        for _ in range(given.repeats):
            start = time.perf_counter()
            epoch()
            times.append(time.perf_counter() - start)
        line = {"peer": peer.__name__, "sizes": sizes, "batch": batch, "threads": given.threads, "runs": runs}
        line["us_per_run_step"] = round(1e6 * min(times) / (samples // batch) / runs, 2)
        line["run_samples_per_s"] = round(samples * runs / min(times))
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
