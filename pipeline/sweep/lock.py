"""One sweep at a time in a folder."""

import errno
import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from pipeline.errors import UserError, explain
from pipeline.files import clear, make_folder, read_whole, write_whole

_FILES = ("*.json", "*.journal", "*.journal.lock", "stacks/*.safetensors", "stacks/*.started", "stacks/*.epochs")
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}


@contextmanager
def locked(sweep: Path) -> Iterator[None]:
    """Lock the sweep's folder; the lock is released when the process ends, however it does. It is reentrant.

    Raises UserError that names the holder if another process has the lock, or if the folder cannot be written.
    """
    folder = sweep / ".sweep"
    try:
        make_folder(folder)
        clear(folder / "lock", linked=False)  # a lock is not taken through one
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # of a lock that outlives its process, in place of this one
            lock = filelock.FileLock(folder / "lock", timeout=0, is_singleton=True)
            lock.acquire()
        for path in (path for pattern in _FILES for path in folder.glob(pattern)):
            clear(path)
        _write_holder(folder)
    except filelock.Timeout:
        raise UserError(
            f"{sweep}: {_holder(folder)} is training in it; wait for it to end, or give another sweep.name"
        ) from None
    except (UserWarning, NotImplementedError):
        raise _no_locks(sweep, "flock is missing") from None
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise _no_locks(sweep, str(error.strerror)) from None
        raise UserError(f"{sweep}: cannot be written: {explain(error)}") from error
    with lock:
        yield


def _no_locks(sweep: Path, reason: str) -> UserError:
    return UserError(
        f"{sweep}: its file system has no locks ({reason}), without which two sweeps could mix their runs; give a "
        "folder on another by hydra.sweep.dir, or mount this one with locks"
    )


def _write_holder(folder: Path) -> None:
    command = " ".join(["python -m pipeline", *sys.argv[1:]])
    facts = {"pid": os.getpid(), "host": platform.node(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    write_whole(folder / "holder.json", json.dumps(facts | {"command": command}))


def _holder(folder: Path) -> str:
    try:
        facts = json.loads(read_whole(folder / "holder.json", 2**20))
        return f"process {facts['pid']} on {facts['host']}, since {facts['since']} ({facts['command']})"
    except (OSError, ValueError, LookupError, TypeError):
        return "another process"
