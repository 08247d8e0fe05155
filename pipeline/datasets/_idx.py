"""The gzipped IDX files of MNIST and its relatives.

Layout: http://yann.lecun.com/exdb/mnist - magic 0x000008DD with DD axes, a big-endian int32 for each axis, bytes.
"""

import gzip
import math
from pathlib import Path

import numpy as np

from pipeline.datasets._reading import read_gzip
from pipeline.errors import UserError


def read_idx(path: Path, axes: int) -> np.ndarray:
    """uint8 array of as many axes from a gzipped IDX file; read-only. Raises UserError naming file and fault."""
    data = read_gzip(path)
    header, magic = 4 + 4 * axes, (0x0800 + axes).to_bytes(4, "big")
    if data[:4] != magic:
        raise UserError(
            f"{path}: wrong magic number 0x{data[:4].hex()}, expected 0x{magic.hex()}; is it the right file?"
        )
    # math.prod, as numpy's product would overflow for the sizes of a damaged header
    shape = tuple(int.from_bytes(data[i : i + 4], "big") for i in range(4, header, 4))
    expected, actual = math.prod(shape), len(data) - header
    if actual != expected:
        raise UserError(
            f"{path}: the header says {shape}, {expected} bytes, but {max(actual, 0)} follow; get the file again"
        )
    if expected == 0:
        raise UserError(f"{path}: the header says {shape}, so nothing is in it; get the file again")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """The inverse of `read_idx`, the same bytes for the same array: no time and no file name in them."""
    header = (0x0800 + array.ndim).to_bytes(4, "big") + np.asarray(array.shape, ">i4").tobytes()
    packed = bytearray(gzip.compress(header + array.tobytes(), mtime=0))
    packed[9] = 3  # the operating system: Unix, where versions of Python put different numbers
    path.write_bytes(packed)
