"""Reading a file whole, and saying of a bad one where it lies, what is wrong with it and what to do."""

import errno
import gzip
import io
import os
import zlib
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.files import check_regular

GZIP = b"\x1f\x8b"
_RATIO = 200  # tables and images shrink to a tenth; what grows by more than this is made to fill the memory
_ALWAYS = 256 * 2**20  # bytes that may be unpacked whatever the ratio


def check_file(path: Path) -> Path:
    """The path, if it is a regular file with something in it: a pipe or a device would be waited for without end.

    Raises UserError that says what it is instead.
    """
    try:
        status = check_regular(path)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise _unreadable(path, error) from None
        remedy = "give a file" if path.is_dir() else "save what it gives as a file, and give that"
        raise UserError(f"{path}: {error.strerror}; {remedy}") from None
    except ValueError:  # a NUL character
        raise UserError(f"{str(path)!r}: not a path; give the path of a file") from None
    if not status.st_size:
        raise UserError(f"{path}: the file is empty; get it again")
    if not os.access(path, os.R_OK):
        raise _unreadable(path, PermissionError(13, "Permission denied"))
    return path


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises UserError that names it where it can't be read or is empty."""
    try:
        return check_file(path).read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def read_gzip(path: Path) -> bytes:
    """The unpacked bytes of a gzip file, read to its end, where its checksum stands. Raises UserError."""
    packed = read_file(path)
    if packed[:2] != GZIP:
        page = packed[:100].lstrip()[:1] == b"<"
        what = "a web page (HTML) saved under this name" if page else "not a gzip file"
        raise UserError(f"{path}: {what}; get the file again")
    return unpack(path, packed)


def unpack(path: Path, packed: bytes) -> bytes:
    """What gzip made `packed` of. Raises UserError where it is damaged or far larger than files of data are."""
    most = largest_unpacked(len(packed))
    try:
        data = gzip.GzipFile(fileobj=io.BytesIO(packed)).read(most + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise UserError(f"{path}: the gzip data is cut off or damaged ({error}); get the file again") from None
    if len(data) > most:
        raise too_large(path, most)
    return data


def largest_unpacked(packed: int) -> int:
    """The most bytes that `packed` bytes of a compressed file may stand for."""
    return max(_ALWAYS, _RATIO * packed)


def too_large(path: Path, most: int) -> UserError:
    """What to raise for a file that holds more than `most` bytes."""
    return UserError(
        f"{path}: unpacks to more than {most / 2**20:.0f} MiB, {_RATIO} times what it takes packed; if that is right, "
        "unpack it and give the unpacked file"
    )


def _unreadable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path}: cannot be read ({error.strerror}); check that it is there and readable")


def check_labels(path: Path, labels: np.ndarray, classes: int) -> None:
    """Raises UserError unless all labels, uint8 (N,), are below `classes`."""
    highest = labels.max(initial=0)
    if highest >= classes:
        raise UserError(f"{path}: label {highest} is out of range, 0 to {classes - 1} expected; get the file again")
