"""The IDX files of MNIST and its relatives.

Layout: http://yann.lecun.com/exdb/mnist - magic 0x0000TTDD with type TT and DD axes, a big-endian int32 for each axis,
the numbers, big-endian.
"""

import gzip
import io
import math
import zlib
from pathlib import Path

import numpy as np

from pipeline.datasets._reading import GZIP, check_file, largest_unpacked, read_file, read_gzip, too_large
from pipeline.errors import UserError

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_SPARE = 2**20  # bytes beyond what a header announces that are read, to say by how many a file is too long


def read_idx(path: Path, axes: int) -> np.ndarray:
    """uint8 array of as many axes from a gzipped IDX file; read-only. Raises UserError naming file and fault."""
    magic = (0x0800 + axes).to_bytes(4, "big")
    data = read_gzip(path)
    if data[:4] != magic:
        raise UserError(
            f"{path}: wrong magic number 0x{data[:4].hex()}, expected 0x{magic.hex()}; is it the right file?"
        )
    return _array(path, data)


def read_any_idx(path: Path) -> np.ndarray:
    """The array of an IDX file of any type and number of axes, gzipped or not. Raises UserError as `read_idx`."""
    data = read_file(path)
    if data[:2] == GZIP:
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                start = stream.read(4 + 4 * 255)
                # No more than the header announces is unpacked: a small file may stand for any number of zeros.
                expected, most = _expected(path, start), largest_unpacked(len(data))
                data = start + stream.read(min(max(expected - len(start), 0), most) + _SPARE)
        except (EOFError, OSError, zlib.error) as error:
            raise UserError(f"{path}: the gzip data is cut off or damaged ({error}); get the file again") from None
        if expected > most < len(data):
            raise too_large(path, most)
    _expected(path, data)
    return _array(path, data)


def axes_of(path: Path) -> int | None:
    """How many axes the array in the file has, by its first bytes; None where it is no IDX file."""
    try:
        with check_file(path).open("rb") as file:
            start = file.read(2)
            file.seek(0)
            start = gzip.GzipFile(fileobj=file).read(4) if start == GZIP else file.read(4)
    except (EOFError, OSError, zlib.error) as error:
        raise UserError(f"{path}: cut off or damaged ({error}); get the file again") from None
    return start[3] if len(start) == 4 and start[:2] == b"\0\0" and start[2] in _TYPES and start[3] else None


def _expected(path: Path, data: bytes) -> int:
    """Bytes of the whole file, by its header."""
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES or not data[3]:
        raise UserError(f"{path}: wrong magic number 0x{data[:4].hex()}; is it an IDX file?")
    return 4 + 4 * data[3] + math.prod(_shape(data)) * np.dtype(_TYPES[data[2]]).itemsize


def _shape(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[i : i + 4], "big") for i in range(4, 4 + 4 * data[3], 4))


def _array(path: Path, data: bytes) -> np.ndarray:
    # math.prod, as numpy's product would overflow for the sizes of a damaged header
    shape, dtype, header = _shape(data), np.dtype(_TYPES[data[2]]), 4 + 4 * data[3]
    expected, actual = math.prod(shape) * dtype.itemsize, len(data) - header
    if actual != expected:
        raise UserError(
            f"{path}: the header says {shape}, {expected} bytes, but {max(actual, 0)} follow; get the file again"
        )
    if expected == 0:
        raise UserError(f"{path}: the header says {shape}, so nothing is in it; get the file again")
    return np.frombuffer(data, dtype, offset=header).reshape(shape)


def write_idx(path: Path, array: np.ndarray) -> None:
    """The inverse of `read_idx`, the same bytes for the same array: no time and no file name in them."""
    header = (0x0800 + array.ndim).to_bytes(4, "big") + np.asarray(array.shape, ">i4").tobytes()
    packed = bytearray(gzip.compress(header + array.tobytes(), mtime=0))
    packed[9] = 3  # the operating system: Unix, where versions of Python put different numbers
    path.write_bytes(packed)
