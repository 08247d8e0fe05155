"""Writing files whole or not at all."""

import json
import math
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RESULT, HISTORY, MODEL = "result.json", "history.csv", "model.safetensors"  # in the folder of a run
CHECKPOINT = "checkpoint.safetensors"  # in the folder of a run that trains by itself; gone when it has ended
JOURNAL = Path(".sweep", "study.journal")  # where a search keeps its study, in the folder of its sweep
_BESIDE = ".scratchnet-tmp"  # how files end that are not yet in their place; no user calls a file so


def write_whole(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Write beside `path`, flush to disk, rename: a reader sees the old file or the new one, never a part.

    Without `durable` it is not forced to the disk, milliseconds that are saved where a loss of power, not of the
    process, may cost the file.
    """
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_BESIDE)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        beside.chmod(0o666 & ~_UMASK)  # mkstemp makes files that only the owner may read
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Standard JSON: NaN and infinity, which it does not have, become null."""
    write_whole(path, json.dumps(_plain(value), indent=1, allow_nan=False) + "\n")


def write_log(folder: Path, text: str) -> None:
    """Add a line with the time to the run.log in `folder`."""
    with (folder / "run.log").open("a") as stream:
        stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")


def clean(folder: Path) -> None:
    """Remove what processes that were killed in `write_whole` have left in `folder` and its subfolders."""
    for path in folder.rglob(f".*{_BESIDE}"):
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
    """The mask can only be read by setting it: once, while there is one thread."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()
