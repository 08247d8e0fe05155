"""What compiled code is told: a program, a run's memory, its rules and the data, as tuples of numbers and arrays.

A program is a row of integers an operation; the columns are named here. Places are where an array begins in the run's
`work`, -1 where there is none. Examples in a batch: b. Where patches cut them, memory holds (outer, b, inner) of the
sizes OUTER and INNER; without patches OUTER is 1. `ACROSS`: the last axis of the layer's tensor is the outer one.
"""

from typing import NamedTuple

import numpy as np

(
    CODE,
    X,  # input
    Y,  # output
    KEPT,  # what the derivative is told from: f(z) or z; the moments of a norm; the second addend
    DX,  # gradient of the input
    DY,  # gradient of the output
    WANTED,  # whether the gradient of the input is wanted
    ADDED,  # whether it is added to what is there
    WEIGHT,  # number of the weight, or of a norm's scale
    BIAS,  # number of the bias, or of a norm's shift
    OUTER,
    INNER,
    OUTPUTS,  # of a product
    ACROSS,
    KIND,  # of an activation
    NOISE,  # where a dropout's noise begins, a number an example; of a cut or flattening: where its pixels begin
    COLUMNS,
) = range(17)

PRODUCT, ELEMENTWISE, NORM, CUT, MEAN, ADD, FLATTEN = range(7)

SGD, ADAM = range(2)


class Program(NamedTuple):
    """The operations of a network for batches of one size."""

    operations: np.ndarray  # (operations, COLUMNS)
    reals: np.ndarray  # (operations, 2): slope or eps, and the rate of a dropout
    weights: np.ndarray  # (parameters, 4): where it begins, I, O (vectors: 1, size), whether stored as (O, I)
    pixels: np.ndarray  # of all cuts and flattenings
    sizes: np.ndarray  # numbers of examples and such, see below


# In Program.sizes:
(
    BATCH,
    PIECE,
    BLOCK,  # steps
    AHEAD,
    INPUTS,
    OUTPUT,
    INPUT_PLACE,
    OUTPUT_PLACE,
    DELTA_PLACE,
    NOISES,
    VECTORS,
    TILED,
    INPUT_STRIDE,  # of a block: how many numbers rows of its inputs,
    GRAM_STRIDE,  # of its Gram matrix,
    OUTPUT_STRIDE,  # and of its products and deltas lie apart,
    GRAM_PLACE,  # and where its Gram matrix begins
    PANEL_ROOM,
    SIZES,
) = range(18)


class Memory(NamedTuple):
    """What a run's steps change. Flat arrays in the order of `Program.weights`, empty where the optimizer has none."""

    values: np.ndarray
    gradients: np.ndarray
    first: np.ndarray  # velocity, or Adam's m
    second: np.ndarray  # Adam's v
    carry: np.ndarray
    scale: np.ndarray  # (parameters,) a weight is scale · stored
    work: np.ndarray
    block: np.ndarray  # of looking ahead: inputs, products and deltas of a block of steps
    panels: (
        np.ndarray
    )  # the weight that looks ahead where its products are tiled, room for a panel, its optimizer's state
    numbers: np.ndarray  # of it: what becomes of the weight, and of each delta, see `scratchnet.compiled.ahead`
    starts: np.ndarray  # (operations,) where each dropout's draws for the examples at hand begin


class Rules(NamedTuple):
    """How a run steps and what its loss is."""

    optimizer: int
    momentum: float
    nesterov: bool
    beta1: float
    beta2: float
    eps: float
    l2: np.ndarray  # (parameters,)
    decay: np.ndarray
    carried: np.ndarray  # (parameters,) whether what rounding takes from the weight is carried
    loss: int
    smoothing: float
    weights: np.ndarray  # of classes (K,), of 0s and 1s (2 K,); () for none
    delta: float  # of Huber's loss


class Data(NamedTuple):
    """A split, and which rows of it; the inputs are in one of three arrays, the other two are empty."""

    kind: int
    bytes: np.ndarray
    floats: np.ndarray
    doubles: np.ndarray
    order: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    inverse: np.ndarray  # 1 / std, empty where that leaves the range of exact quotients
    weights: np.ndarray  # (N,) what an example counts in the loss, empty where all count 1


BYTES, FLOATS, DOUBLES = range(3)

ALIGNED = 16  # numbers: vector registers and the library's fastest paths ask for 64 bytes
PANEL = 64  # bytes of each row of a matrix that lies in panels: a cache line
