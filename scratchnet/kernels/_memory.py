"""A run's tensors in the flat arrays that compiled code steps: the values keep views of them, nothing is copied."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from scratchnet.compiled.tables import Memory
from scratchnet.kernels._program import Compiled, Layout
from scratchnet.values import Values

_STATES = {"first": ("velocity", "m"), "second": ("v",), "carry": ("carry",)}


@dataclass
class Storage:
    """The flat arrays of one run, and in which layout they are."""

    layout: Layout
    values: Tensor
    states: dict[str, Tensor]
    gradients: Tensor
    scratch: dict[tuple[int, ...], Memory] = field(default_factory=dict)  # by its sizes, for programs come and go
    panels: dict[int, Tensor] = field(default_factory=dict)  # by their size: programs of one weight share them

    def memory(self, compiled: Compiled) -> Memory:
        """What the program's steps change."""
        block = compiled.block
        sizes = compiled.work, block.size, block.panels, block.rows, len(compiled.program.operations)
        if sizes not in self.scratch:
            dtype, nothing = self.values.dtype, torch.empty(0, dtype=self.values.dtype)
            panels = self.panels.setdefault(block.panels, torch.zeros(block.panels, dtype=dtype))
            states = {name: self.states.get(name, nothing).numpy() for name in _STATES}
            self.scratch[sizes] = Memory(
                values=self.values.numpy(),
                gradients=self.gradients.numpy(),
                **states,
                scale=np.ones(len(self.layout.names)),
                work=torch.zeros(compiled.work, dtype=dtype).numpy(),
                block=torch.zeros(block.size, dtype=dtype).numpy(),
                panels=panels.numpy(),
                numbers=np.zeros(4 + 2 * block.rows),
                starts=np.zeros(len(compiled.program.operations), np.int64),
            )
        return self.scratch[sizes]


def storage(values: Values, layout: Layout) -> Storage:
    """The run's storage in this layout; its tensors move there and become views of it."""
    held = values.storage
    if isinstance(held, Storage) and held.layout == layout:
        return held
    flat = _moved(values.params, {name: name for name in layout.names}, layout, values.dtype)
    assert flat is not None
    states = {}
    for array, kinds in _STATES.items():
        for kind in kinds:
            names = {name: f"{name}.{kind}" for name in layout.names if f"{name}.{kind}" in values.state}
            moved = _moved(values.state, names, layout, values.dtype)
            if moved is not None:
                states[array] = moved
    made = Storage(layout, flat, states, torch.zeros_like(flat))
    values.storage = made
    return made


def _moved(tensors: dict[str, Tensor], names: dict[str, str], layout: Layout, dtype: torch.dtype) -> Tensor | None:
    """Copy tensors (1, ...) into a new flat tensor, and make them views of it."""
    if not names and layout.names:
        return None
    flat = torch.zeros(layout.size, dtype=dtype)
    for name, place, shape, turned in zip(layout.names, layout.places, layout.shapes, layout.turned, strict=True):
        if name not in names:
            continue
        size = int(np.prod(shape))
        part = flat[place : place + size]
        view = part.view(*reversed(shape)).T if turned else part.view(shape)
        view.copy_(tensors[names[name]][0])
        tensors[names[name]] = view.unsqueeze(0)
    return flat
