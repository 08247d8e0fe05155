"""Writing files atomically: whole or not at all."""

import json
import math
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

RESULT, HISTORY, MODEL = "result.json", "history.csv", "model.safetensors"  # in the folder of a run
CHECKPOINT = "checkpoint.safetensors"  # in the folder of a single run while it trains
JOURNAL = Path(".sweep", "study.journal")  # where a search keeps its study, in the folder of its sweep
_TEMPORARY = ".scratchnet-tmp"  # suffix of files that are not in place yet; no user names a file like this


def write_whole(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Write to a temporary file, flush to disk, rename: a reader sees the old file or the new one, never a part.

    Without `durable` there is no fsync, which saves milliseconds: only a power failure, not a crash of the process,
    can then lose the file.
    """
    with whole_file(path, durable=durable) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole_file(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """What is written to the stream takes the place of the file when the block ends, unless it raises."""
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
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Standard JSON, in which NaN and infinity become null."""
    write_whole(path, json.dumps(_plain(value), indent=1, allow_nan=False) + "\n")


def write_log(folder: Path, text: str) -> None:
    """Append a timestamped line to the run.log in `folder`."""
    with (folder / "run.log").open("a") as stream:
        stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")


def clean(folder: Path) -> None:
    """Remove the temporary files that killed processes left in `folder` and its subfolders."""
    for path in folder.rglob(f".*{_TEMPORARY}"):
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
