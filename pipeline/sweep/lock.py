"""One sweep at a time in a folder."""

import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from pipeline.errors import UserError
from pipeline.files import write_whole


@contextmanager
def locked(sweep: Path) -> Iterator[None]:
    """Lock the sweep's folder; the lock is released when the process ends, however it does. It is reentrant.

    Raises UserError that names the holder if another process has the lock, or if the folder cannot be written.
    """
    folder = sweep / ".sweep"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / "lock", timeout=0, is_singleton=True)
        lock.acquire()
    except filelock.Timeout:
        raise UserError(
            f"{sweep}: {_holder(folder)} is training in it; wait for it to end, or give another sweep.name"
        ) from None
    except OSError as error:
        raise UserError(f"{sweep}: cannot be written ({error.strerror}); give another sweep.name") from error
    with lock:
        command = " ".join(["python -m pipeline", *sys.argv[1:]])
        facts = {"pid": os.getpid(), "host": platform.node(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        write_whole(folder / "holder.json", json.dumps(facts | {"command": command}))
        yield


def _holder(folder: Path) -> str:
    try:
        facts = json.loads((folder / "holder.json").read_text())
        return f"process {facts['pid']} on {facts['host']}, since {facts['since']} ({facts['command']})"
    except (OSError, ValueError, KeyError):
        return "another process"
