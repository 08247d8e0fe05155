"""How a stack reads training examples: as they are, or changed at random."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.mixup import Mixup

_CHANGED = 2**22  # numbers of changed examples that are held at a time


@dataclass(frozen=True)
class Reading:
    """How a stack reads examples: as they are, or changed batch by batch."""

    batch_size: int
    augment: Augment | None
    mixup: Mixup | None
    dtype: torch.dtype
    outputs: int

    def parts(
        self, examples: Examples, order: Tensor, generator: torch.Generator | None
    ) -> Iterator[tuple[Examples, Tensor]]:
        """Examples and which rows of them to train on, a stretch of batches at a time where they change."""
        if generator is None or (self.augment is None and self.mixup is None):
            yield examples, order
            return
        stretch = max(_CHANGED // (self.batch_size * examples.inputs.shape[1]), 1) * self.batch_size
        for rows in order.split(stretch):
            batches = [self._batch(examples, batch, generator) for batch in rows.split(self.batch_size)]
            inputs, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
            weight = None
            if examples.weight is not None and self.mixup is None:
                weight = examples.weight.index_select(0, rows)
            yield examples.changed(inputs, targets, weight), torch.arange(len(rows), device=rows.device)

    def _batch(self, examples: Examples, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Inputs and targets of these rows; mixed targets (B, K) have the weights of their examples in them."""
        inputs, targets = examples.inputs.index_select(0, rows), examples.targets.index_select(0, rows)
        if self.augment is not None:
            inputs = self.augment(inputs, generator)
        if self.mixup is None:
            return inputs, targets
        counts = torch.nn.functional.one_hot(targets, self.outputs).to(self.dtype)
        if examples.weight is not None:
            counts *= examples.weight.index_select(0, rows).to(self.dtype).unsqueeze(1)
        return self.mixup(inputs.to(self.dtype), counts, generator)
