"""Writing files whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write beside `path`, flush to disk, rename: a reader sees the old file or the new one, never a part."""
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o666 & ~_UMASK)  # mkstemp makes files that only the owner may read
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The mask can only be read by setting it: once, while there is one thread."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()
