"""Tensors that people give, as the kernels read them."""

import torch
from torch import Tensor


def as_data(owner: str, name: str, tensor: Tensor) -> Tensor:
    """The tensor without gradient and pending sign, which numpy does not read. Raises TypeError where it has no data.

    A tensor on the device "meta" has none, a sparse one has others.
    """
    if tensor.layout != torch.strided or tensor.is_meta:
        kind = "on the device meta" if tensor.is_meta else "sparse"
        remedy = "give one with data" if tensor.is_meta else f"give {name}.to_dense()"
        raise TypeError(f"{owner}: {name} is {kind}; {remedy}")
    return tensor.detach().resolve_neg()
