"""How far the compiled kernel ends from the plain one, over many drawn configurations: the long version of the tests.

    python -m benchmarks.truth --runs 200 --steps 5000

Networks, optimizers, decays, schedules, batches with remainders, dropout on inputs and inside, augmentation, regression
and a resume in the middle are drawn from a seed; everything in float64. One JSON line a run that ends further apart
than --bound, relative to the largest number of each tensor, and one at the end with the largest distance of all. Runs
that multiply rounding by themselves are counted and left out: those that diverge, and those that end further apart
than --bound when the plain kernel starts from weights that differ by one part in 1e15.
"""

import argparse
import json
import math
import random

import torch
from torch import Tensor

import scratchnet as sn

INPUTS, IMAGES = 48, (3, 4, 4)


def draw_run(draw: random.Random) -> tuple[sn.Run, int, bool]:
    """A run that a user might configure, its batch size, and whether its images are changed."""
    hidden = [draw.choice([3, 8, 20, 48, 64]) for _ in range(draw.randint(0, 3))]
    activation = draw.choice([sn.ReLU(), sn.LeakyReLU(0.1), sn.Tanh(), sn.Sigmoid(), sn.GELU()])
    norm, dropout, residual = (draw.random() < share for share in (0.25, 0.3, 0.3))
    layers: list[sn.Layer] = [sn.Dropout(INPUTS, "input_dropout")] if draw.random() < 0.2 else []
    width = INPUTS
    for size in hidden:
        layers.append(sn.Linear(width, size))
        layers += [sn.LayerNorm(size)] if norm else []
        layers += [activation] + ([sn.Dropout(size)] if dropout else [])
        if residual:
            layers.append(sn.Residual(sn.Sequential((sn.Linear(size, size), activation))))
        width = size
    regression = draw.random() < 0.2
    network = sn.Sequential((*layers, sn.Linear(width, 3)))
    loss = sn.MeanSquaredError() if regression else sn.CrossEntropy(draw.choice([0.0, 0.1]))
    optimizer = draw.choice([sn.SGD(), sn.SGD(), sn.SGD(nesterov=True), sn.Adam(eps=1e-4)])
    lr = draw.choice([0.001, 0.005, 0.02]) * (0.2 if isinstance(optimizer, sn.Adam) or regression else 1)
    settings = sn.Settings(
        lr,
        momentum=draw.choice([0.0, 0.0, 0.5, 0.9]) if isinstance(optimizer, sn.SGD) else 0.0,
        l2=draw.choice([0.0, 1e-6, 1e-3, 0.45 / lr]) if draw.random() < 0.7 else 0.0,
        weight_decay=draw.choice([0.0, 0.1]),
        dropout=0.3,
        input_dropout=0.2,
    )
    schedule = draw.choice([sn.Constant(), sn.OneCycle(), sn.Cosine(warmup=0.2), sn.Step(1, 0.9)])
    run = sn.Run(network, loss, optimizer, settings, schedule, epochs=8, seed=draw.randrange(2**31))
    return run, draw.choice([1, 1, 2, 3, 5, 8, 13, 16, 64]), draw.random() < 0.2


def examples(regression: bool, seed: int) -> sn.Examples:
    """500 images of bytes whose targets can be learned."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randint(0, 256, (500, INPUTS), generator=generator, dtype=torch.uint8)
    values = (inputs.double() / 128 - 1) @ torch.randn(INPUTS, 3, generator=generator, dtype=torch.float64) / 5
    targets = values.tanh() if regression else values.argmax(1)
    return sn.Examples(inputs, targets, torch.full((INPUTS,), 127.5), torch.full((INPUTS,), 75.0))


def train(
    run: sn.Run, kernel: str, data: sn.Examples, batch: int, changed: bool, steps: int, resume: bool, off: float = 0
) -> sn.Stack:
    """Epochs until so many steps; with `resume` the state goes to a new stack in the middle of each epoch.

    `off`: by what share of themselves the initial weights are changed.
    """
    augment = sn.Augment(*IMAGES, flip=True, shift=1) if changed else None
    per_epoch = math.ceil(len(data) / batch)
    stack = sn.Stack([run], steps_per_epoch=per_epoch, dtype=torch.float64, kernel=kernel)
    for value in stack.params.values():
        value *= 1 + off
    for epoch in range(math.ceil(steps / per_epoch)):
        generator = torch.Generator().manual_seed(epoch)
        order = torch.randperm(len(data), generator=generator)
        for part in order.split(max(per_epoch // 2, 1) * batch):
            stack.train(data, part, batch, augment, generator)
            if resume:
                state = {name: value.clone() for name, value in stack.state_dict().items()}
                stack = sn.Stack([run], steps_per_epoch=per_epoch, dtype=torch.float64, kernel=kernel)
                stack.load_state_dict(state)
    return stack


def distance(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    """The largest difference, relative to the largest number of its tensor."""
    return max(float((a[name] - value).abs().max() / value.abs().max().clamp_min(1e-3)) for name, value in b.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=5000, help="(default: %(default)s)")
    parser.add_argument("--bound", type=float, default=1e-11, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    distances: list[float] = []
    diverged = chaotic = 0
    for number in range(given.runs):
        draw = random.Random(f"{given.seed} {number}")
        run, batch, changed = draw_run(draw)
        data = examples(isinstance(run.loss, sn.MeanSquaredError), number)
        plain, compiled = (
            train(run, kernel, data, batch, changed, given.steps, kernel == "compiled" and number % 4 == 0)
            for kernel in ("plain", "compiled")
        )
        weights = plain.params_of(0)
        if not all(value.isfinite().all() for value in weights.values()):
            diverged += 1
            continue
        found = distance(compiled.params_of(0), weights)
        if found > given.bound:
            control = train(run, "plain", data, batch, changed, given.steps, False, off=1e-15)
            if distance(control.params_of(0), weights) > given.bound:
                chaotic += 1
                continue
        distances.append(found)
        if found > given.bound:
            line = {"run": number, "distance": found, "batch": batch, "changed": changed}
            about = {"network": str(run.network), "optimizer": str(run.optimizer), "settings": str(run.settings)}
            print(json.dumps(line | about | {"schedule": str(run.schedule)}), flush=True)
    within = sum(value <= given.bound for value in distances)
    summary = {"runs": len(distances), "diverged": diverged, "chaotic": chaotic, "steps": given.steps, "within": within}
    print(json.dumps(summary | {"median": sorted(distances)[len(distances) // 2], "largest": max(distances)}))


if __name__ == "__main__":
    main()
