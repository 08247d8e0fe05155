"""Reading a file whole, and saying of a bad one where it lies, what is wrong with it and what to do."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from pipeline.errors import UserError


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises UserError that names it where it can't be read or is empty."""
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        raise UserError(f"{path}: a folder where a file is expected; put the official file there") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check that it is there and readable") from None
    if not data:
        raise UserError(f"{path}: the file is empty; get it again")
    return data


def read_gzip(path: Path) -> bytes:
    """The unpacked bytes of a gzip file, read to its end, where its checksum stands. Raises UserError."""
    packed = read_file(path)
    if packed[:2] != b"\x1f\x8b":
        page = packed[:100].lstrip()[:1] == b"<"
        what = "a web page (HTML) saved under this name" if page else "not a gzip file"
        raise UserError(f"{path}: {what}; get the file again")
    try:
        return gzip.decompress(packed)
    except (EOFError, OSError, zlib.error) as error:
        raise UserError(f"{path}: the gzip data is cut off or damaged ({error}); get the file again") from None


def check_labels(path: Path, labels: np.ndarray, classes: int) -> None:
    """Raises UserError unless all labels, uint8 (N,), are below `classes`."""
    highest = labels.max(initial=0)
    if highest >= classes:
        raise UserError(f"{path}: label {highest} is out of range, 0 to {classes - 1} expected; get the file again")
