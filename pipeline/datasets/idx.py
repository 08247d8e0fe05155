"""The gzipped IDX files of MNIST and its relatives.

Layout: http://yann.lecun.com/exdb/mnist - magic 0x000008DD with DD axes, a big-endian int32 for each axis, bytes.
"""

import gzip
import zlib
from pathlib import Path

import numpy as np

from pipeline.datasets.sources import read_file
from pipeline.errors import UserError


def read_idx(path: Path, axes: int) -> np.ndarray:
    """uint8 array of as many axes from a gzipped IDX file; read-only. Raises UserError naming file and fault."""
    packed = read_file(path)
    if packed[:2] != b"\x1f\x8b":
        page = packed.lstrip()[:1] == b"<"
        what = "a web page (HTML) saved under this name" if page else "not a gzip file"
        raise UserError(f"{path}: {what}; get the file again")
    try:
        data = gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise UserError(f"{path}: the gzip data is cut off or damaged ({error}); get the file again") from None
    header = 4 + 4 * axes
    magic = int.from_bytes(data[:4], "big")
    if len(data) < header or magic != 0x0800 + axes:
        raise UserError(
            f"{path}: wrong magic number {magic:#010x}, expected {0x0800 + axes:#010x}; is it the right file?"
        )
    shape = tuple(int(n) for n in np.frombuffer(data, ">i4", axes, offset=4))
    expected = int(np.prod(shape, dtype=np.int64))
    if len(data) - header != expected or min(shape) < 0:
        raise UserError(
            f"{path}: the header says {shape}, {expected} bytes, but {len(data) - header} follow; get it again"
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """The inverse of `read_idx`, the same bytes for the same array."""
    header = (0x0800 + array.ndim).to_bytes(4, "big") + np.asarray(array.shape, ">i4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes(), mtime=0))
