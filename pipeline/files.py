"""Files written atomically, whole or not at all, and read only where they are files, of a size that is expected."""

import errno
import hashlib
import itertools
import json
import math
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

RESULT, HISTORY, MODEL = "result.json", "history.csv", "model.safetensors"  # in the folder of a run
PREDICTIONS = "predictions.npz"  # there too, unless training.predictions=false
CHECKPOINT = "checkpoint.safetensors"  # in the folder of a single run while it trains
JOURNAL = Path(".sweep", "study.journal")  # where a search keeps its study, in the folder of its sweep
_gone: ContextVar[set[Path] | None] = ContextVar("gone", default=None)  # a set only in a dry run
_TEMPORARY = ".scratchnet-tmp"  # suffix of files that are not in place yet; no user names a file like this


def read_whole(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most `most` bytes.

    Raises OSError with the file's name for anything else, unopened: a pipe or a device could be waited for without end.
    """
    size = check_regular(path).st_size
    if size > most:
        raise OSError(errno.EFBIG, f"{size:,} bytes, where at most {most:,} are expected", str(path))
    return path.read_bytes()


def check_regular(path: Path) -> os.stat_result:
    """The status of a regular file. Raises OSError, whose `strerror` says what is there instead."""
    if is_gone(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    status = path.stat()
    if stat.S_ISREG(status.st_mode):
        return status
    kinds = {
        stat.S_ISDIR: "a folder",
        stat.S_ISFIFO: "a pipe",
        stat.S_ISSOCK: "a socket",
        stat.S_ISCHR: "a device",
        stat.S_ISBLK: "a device",
    }
    kind = next((name for test, name in kinds.items() if test(status.st_mode)), "something else")
    raise OSError(errno.EINVAL, f"{kind} where a file is expected", str(path))


def write_whole(path: Path, content: str | bytes | bytearray, *, durable: bool = True) -> None:
    """Write to a temporary file, flush to disk, rename: a reader sees the old file or the new one, never a part.

    Without `durable` there is no fsync, which saves milliseconds: only a power failure, not a crash of the process,
    can then lose the file. Raises OSError with the file's name.
    """
    with whole_file(path, durable=durable) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole_file(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """What is written to the stream takes the place of the file when the block ends, unless it raises.

    Raises OSError with the file's name.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_TEMPORARY)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            temporary.chmod(0o666 & ~_UMASK)  # mkstemp makes files that only the owner may read
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # the first error is the one to report
                temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def looking_only() -> Iterator[None]:
    """For a dry run: `move`, `set_aside` and `discard` say what they would do, and what they leave reads as gone."""
    token = _gone.set(set())
    try:
        yield
    finally:
        _gone.reset(token)


def is_dry() -> bool:
    """Whether this is a dry run, in which nothing is written."""
    return _gone.get() is not None


def is_gone(path: Path) -> bool:
    """Whether the path, or a folder that it is in, would be elsewhere by now, were this not a dry run."""
    gone = _gone.get()
    return gone is not None and not gone.isdisjoint([path, *path.parents])


def move(path: Path, place: Path, name: str) -> str:
    """Rename what is not ours to use any more; -> "moved to `name`". Nothing is deleted."""
    if (gone := _gone.get()) is not None:
        gone.add(path)
        return f"would be moved to {name}"
    make_folder(place.parent)
    path.rename(place)
    return f"moved to {name}"


def discard(path: Path) -> None:
    """Remove a file that nothing needs any more, but for a dry run."""
    if (gone := _gone.get()) is not None:
        gone.add(path)
    else:
        path.unlink(missing_ok=True)


def set_aside(path: Path) -> str:
    """`move` what is damaged to a free name beside it."""
    names = (path.with_name(f"{path.name}.damaged{'-' * bool(i)}{i or ''}") for i in itertools.count())
    aside = next(name for name in names if not os.path.lexists(name))
    return move(path, aside, aside.name)


def clear(path: Path, *, linked: bool = True) -> None:
    """Move aside what is no file in the place of one of ours (a folder, a pipe, a link to nothing), and say so.

    A link to a file will do unless `linked` is false.
    """
    try:
        check_regular(path)
        reason = "" if linked or not path.is_symlink() else "a link"
    except FileNotFoundError:
        reason = "a link to nothing" if path.is_symlink() and not is_gone(path) else ""
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ELOOP):
            raise
        reason = str(error.strerror)
    if reason:
        print(f"{path}: {reason}; {set_aside(path)}", file=sys.stderr)


def make_folder(path: Path) -> None:
    """Make one of our folders; what is there and is none moves aside, with a line."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        print(f"{path}: no folder; {set_aside(path)}", file=sys.stderr)
        path.mkdir()


def digest(value: Any) -> str:
    """sha256 of what JSON makes of the value, in whatever order its keys are."""
    return digest_of_json(_plain(value))


def digest_of_json(value: Any) -> str:
    """`digest`, of what was read as JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Standard JSON, in which NaN and infinity become null."""
    write_whole(path, json.dumps(_plain(value), indent=1, allow_nan=False) + "\n")


def write_log(folder: Path, text: str) -> None:
    """Append a timestamped line to the run.log in `folder`."""
    path = folder / "run.log"
    try:
        if path.exists():
            check_regular(path)
        with path.open("a") as stream:
            stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def clean(folder: Path) -> None:
    """Remove the temporary files that killed processes left in `folder` and its subfolders."""
    for path in folder.rglob(f".*{_TEMPORARY}"):
        if path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _umask() -> int:
    """The mask can only be read by setting it: do so once, before there are other threads."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()
