"""What users would pick instead, each as its users would write it: torch with autograd, JAX, and the floor.

A peer is a function of a `Workload` that gives an epoch to call. All see the same data in the same order of magnitude
of work: every example once, in a new order, the rate and decay of `Workload`.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import scratchnet as sn

LR, L2, MOMENTUM = 0.01, 0.001, 0.0
IMAGES = (784, 3072)  # pixels of Fashion-MNIST and CIFAR-10
FEATURES, HIDDEN_PATCHES, HIDDEN_FEATURES, DEPTH, PATCH = 64, 32, 128, 2, 7  # conf/model/patch_mlp.yaml

Epoch = Callable[[], object]


@dataclass(frozen=True)
class Workload:
    """A network, a batch size and an optimizer. sizes: the widths of an MLP, or of a patch MLP's input and output."""

    sizes: tuple[int, ...]
    batch: int
    samples: int
    model: str = "mlp"
    optimizer: str = "sgd"
    runs: int = 1
    kernel: str = "auto"
    momentum: float = 0.0

    @property
    def steps(self) -> int:
        return self.samples // self.batch

    @property
    def name(self) -> str:
        widths = "-".join(map(str, self.sizes)) if self.model == "mlp" else "patch_mlp"
        return f"{widths}, batch {self.batch}" + (", Adam" if self.optimizer == "adam" else "")

    def raw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs (N, I), bytes where they are images, and labels (N,)."""
        generator = torch.Generator().manual_seed(0)
        x = torch.rand(self.samples, self.sizes[0], generator=generator)
        labels = torch.randint(0, self.sizes[-1], (self.samples,), generator=generator)
        return (x.mul(255).round().byte() if self.sizes[0] in IMAGES else x), labels

    def data(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The same, normalised: what a peer's users would keep in memory."""
        x, labels = self.raw()
        return (x.float() / 255 if self.sizes[0] in IMAGES else x), labels


def scratchnet(work: Workload) -> Epoch:
    """By the path that the pipeline trains with: images stay bytes, which are normalised whenever they are read."""
    x, y = work.raw()
    optimizer = sn.SGD() if work.optimizer == "sgd" else sn.Adam()
    settings = {"lr": LR, "l2": L2, "momentum": work.momentum}
    members = [sn.Run(_network(work), sn.CrossEntropy(), optimizer, settings, seed=seed) for seed in range(work.runs)]
    stack = sn.Stack(members, steps_per_epoch=work.steps, kernel=work.kernel)
    scale = torch.full((work.sizes[0],), 255.0 if x.dtype == torch.uint8 else 1.0)
    examples = sn.Examples(x, y, torch.zeros(work.sizes[0]), scale)
    return lambda: stack.train(examples, torch.randperm(len(x)), work.batch)


def _network(work: Workload) -> sn.Sequential:
    layers: list[sn.Layer] = []
    if work.model == "mlp":
        for inputs, outputs in itertools.pairwise(work.sizes):
            layers += [sn.Linear(inputs, outputs), sn.ReLU()]
        return sn.Sequential(tuple(layers[:-1]))
    patches = sn.Patchify(1, 28, 28, PATCH)
    layers = [patches, sn.Linear(patches.features, FEATURES)]
    for _ in range(DEPTH):
        across = [sn.Linear(patches.patches, HIDDEN_PATCHES), sn.ReLU(), sn.Linear(HIDDEN_PATCHES, patches.patches)]
        along = [sn.Linear(FEATURES, HIDDEN_FEATURES), sn.ReLU(), sn.Linear(HIDDEN_FEATURES, FEATURES)]
        turned = [sn.LayerNorm(FEATURES), sn.Transpose(), *across, sn.Transpose()]
        layers += [sn.Residual(sn.Sequential(tuple(turned)))]
        layers += [sn.Residual(sn.Sequential((sn.LayerNorm(FEATURES), *along)))]
    return sn.Sequential((*layers, sn.MeanOverPatches(), sn.Linear(FEATURES, work.sizes[-1])))


def autograd(work: Workload) -> Epoch:
    """A torch.nn model with the data in memory."""
    nn = torch.nn
    x, y = work.data()
    model = nn.Sequential(*_torch_layers(work))
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    optimizer = kinds[work.optimizer](model.parameters(), lr=LR, weight_decay=L2)

    def epoch() -> None:
        for index in torch.randperm(len(x)).split(work.batch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[index]), y[index]).backward()
            optimizer.step()

    return epoch


def _torch_layers(work: Workload) -> list[torch.nn.Module]:
    nn = torch.nn
    if work.model == "mlp":
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(work.sizes):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        return layers[:-1]

    class Patches(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            side = 28 // PATCH
            return x.view(-1, side, PATCH, side, PATCH).transpose(2, 3).reshape(len(x), side**2, PATCH**2)

    class Turned(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.transpose(1, 2)

    class Residual(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + super().forward(x)

    class Mean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(1)

    patches = (28 // PATCH) ** 2
    layers = [Patches(), nn.Linear(PATCH**2, FEATURES)]
    for _ in range(DEPTH):
        across = nn.Linear(patches, HIDDEN_PATCHES), nn.ReLU(), nn.Linear(HIDDEN_PATCHES, patches)
        along = nn.Linear(FEATURES, HIDDEN_FEATURES), nn.ReLU(), nn.Linear(HIDDEN_FEATURES, FEATURES)
        layers += [Residual(nn.LayerNorm(FEATURES), Turned(), *across, Turned())]
        layers += [Residual(nn.LayerNorm(FEATURES), *along)]
    return [*layers, Mean(), nn.Linear(FEATURES, work.sizes[-1])]


def jax(work: Workload) -> Epoch:
    """JAX: the epoch compiled as one scan."""
    import jax
    import jax.numpy as jnp

    x, y = (jnp.asarray(values.numpy()) for values in work.data())
    rng = np.random.default_rng(0)
    shapes = list(itertools.pairwise(work.sizes)) if work.model == "mlp" else list(_jax_mixer_shapes(work.sizes[-1]))
    weights = [(jnp.asarray(rng.normal(0, (2 / i) ** 0.5, (i, o)), jnp.float32), jnp.zeros(o)) for i, o in shapes]
    norms = [(jnp.ones(FEATURES), jnp.zeros(FEATURES))] * (2 * DEPTH if work.model != "mlp" else 0)
    start = (weights, norms)

    def logits(params: Any, rows: Any) -> Any:
        if work.model != "mlp":
            return _jax_mixer(params, rows)
        for k, (weight, bias) in enumerate(params[0]):
            rows = rows @ weight + bias
            if k < len(params[0]) - 1:
                rows = jax.nn.relu(rows)
        return rows

    def loss(params: Any, rows: Any, labels: Any) -> Any:
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits(params, rows)), labels[:, None], 1))

    def step(carry: Any, index: Any) -> Any:
        params, m, v, count = carry
        gradient = jax.grad(loss)(params, x[index], y[index])
        gradient = jax.tree.map(lambda g, w: g + L2 * w, gradient, params)
        if work.optimizer == "sgd":
            return (jax.tree.map(lambda w, g: w - LR * g, params, gradient), m, v, count), None
        count = count + 1
        m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, gradient)
        v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradient)
        params = jax.tree.map(
            lambda w, a, b: w - LR * (a / (1 - 0.9**count)) / (jnp.sqrt(b / (1 - 0.999**count)) + 1e-8), params, m, v
        )
        return (params, m, v, count), None

    zeros = jax.tree.map(jnp.zeros_like, start)
    moments = (zeros, zeros) if work.optimizer == "adam" else (0, 0)
    state = [(start, *moments, jnp.zeros(()))]
    fit = jax.jit(lambda carry, order: jax.lax.scan(step, carry, order)[0])

    def epoch() -> None:
        order = rng.permutation(work.samples).reshape(work.steps, work.batch)
        state[0] = jax.block_until_ready(fit(state[0], jnp.asarray(order)))

    return epoch


def _jax_mixer_shapes(outputs: int) -> Any:
    patches = (28 // PATCH) ** 2
    yield PATCH**2, FEATURES
    for _ in range(DEPTH):
        yield from ((patches, HIDDEN_PATCHES), (HIDDEN_PATCHES, patches))
        yield from ((FEATURES, HIDDEN_FEATURES), (HIDDEN_FEATURES, FEATURES))
    yield FEATURES, outputs


def _jax_mixer(params: Any, rows: Any) -> Any:
    import jax

    linear, norms = iter(params[0]), iter(params[1])

    def apply(values: Any) -> Any:
        weight, bias = next(linear)
        return values @ weight + bias

    def norm(values: Any) -> Any:
        scale, shift = next(norms)
        centred = values - values.mean(-1, keepdims=True)
        return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + shift

    side = 28 // PATCH
    grid = rows.reshape(-1, side, PATCH, side, PATCH).swapaxes(2, 3)
    values = apply(grid.reshape(len(rows), side**2, PATCH**2))
    for _ in range(DEPTH):
        values = values + apply(jax.nn.relu(apply(norm(values).swapaxes(1, 2)))).swapaxes(1, 2)
        values = values + apply(jax.nn.relu(apply(norm(values))))
    return apply(values.mean(1))


def _products(work: Workload) -> tuple[int, list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]]:
    """Rows a product, and inputs, weight and delta of each layer, in the shape that suits a library best."""
    if work.model == "mlp":
        blocks = max(round(work.samples / max(work.batch, 1000)), 1)
        rows, shapes = math.ceil(work.samples / blocks), list(itertools.pairwise(work.sizes))
        counts = [rows] * len(shapes)
    else:
        rows, shapes = work.batch, list(_jax_mixer_shapes(work.sizes[-1]))
        patches = (28 // PATCH) ** 2
        counts = [rows * FEATURES if min(shape) == patches else rows * patches for shape in shapes]
        counts[-1] = rows
    return rows, [
        (torch.rand(n, i), torch.randn(i, o), torch.randn(n, o)) for n, (i, o) in zip(counts, shapes, strict=True)
    ]


def torch_floor(work: Workload) -> Epoch:
    """The matrix products that the algorithm cannot do without, alone, by torch."""
    rows, values = _products(work)

    def epoch() -> None:
        for _ in range(round(work.samples / rows)):
            for k, (inputs, weight, delta) in enumerate(values):
                torch.mm(inputs, weight)
                torch.mm(inputs.T, delta)
                if k > 0:
                    torch.mm(delta, weight.T)

    return epoch


def numpy_floor(work: Workload) -> Epoch:
    """The same by numpy."""
    rows, values = _products(work)
    arrays = [tuple(value.numpy() for value in layer) for layer in values]

    def epoch() -> None:
        for _ in range(round(work.samples / rows)):
            for k, (inputs, weight, delta) in enumerate(arrays):
                np.matmul(inputs, weight)
                np.matmul(inputs.T, delta)
                if k > 0:
                    np.matmul(delta, weight.T)

    return epoch


PEERS: dict[str, Callable[[Workload], Epoch]] = {
    "floor": torch_floor,
    "floor by numpy": numpy_floor,
    "torch": autograd,
    "jax": jax,
    "scratchnet": scratchnet,
}
