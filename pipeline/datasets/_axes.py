"""Which axis of an array holds the examples: told by the array beside it."""

import numpy as np

from pipeline.errors import UserError


def examples_first(where: str, x: np.ndarray, y: np.ndarray, axis: int | None) -> tuple[np.ndarray, np.ndarray, str]:
    """x (N, …) and y (N,) or (N, K), and a line where the examples were along another axis than the first.

    The examples are along that axis, the first or the last, which is as long in x as in y: labels (N,), or one-hot
    (N, K) or (K, N), as courses have it. `axis`, 0 or -1, says it. Raises UserError where no axis or several fit.
    """
    if x.ndim == 0 or y.ndim == 0:
        raise UserError(f"{where}: x of shape {x.shape} and y of shape {y.shape}; give arrays of examples")
    if y.ndim == 2 and 1 in y.shape and y.size > 1:
        y = y.reshape(-1)
    if y.ndim > 2:
        raise UserError(f"{where}: y of shape {y.shape}; give labels (N,), or a row of targets for each example (N, K)")
    fitting = [
        (i, j)
        for i in ((0,) if x.ndim == 1 else (0, -1))
        for j in ((0,) if y.ndim == 1 else (0, -1))
        if x.shape[i] == y.shape[j] and (axis is None or i == axis)
    ]
    shapes = f"x of shape {x.shape} and y of shape {y.shape}"
    if not fitting:
        along = "the first or last axis" if axis is None else f"axis {axis} of x"
        raise UserError(f"{where}: {shapes}: lengths that differ along {along}; give as many targets as examples")
    if len(fitting) > 1 and axis is not None and (axis, axis) in fitting:
        fitting = [(axis, axis)]
    if len(fitting) > 1:
        raise UserError(
            f"{where}: {shapes}, whose examples could be along the first or the last axis; say it by "
            "dataset.examples_axis=0 or dataset.examples_axis=-1"
        )
    [(i, j)] = fitting
    note = f"{where}: {shapes}: the examples are along the last axis of x" if i == -1 else ""
    return np.moveaxis(x, i, 0), np.moveaxis(y, j, 0), note
