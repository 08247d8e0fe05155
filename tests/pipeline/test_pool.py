"""Worker processes: what they share, what they have imported, and how they end."""

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest

from pipeline.pool import pool, share

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are new interpreters elsewhere")
_COMMAND = """
import multiprocessing.forkserver, os, signal, sys, time

import joblib

from pipeline.pool import pool, prepare

def look(number):
    return "imported_first" in sys.modules, os.getpid()

def wait(number):
    print(os.getpid(), flush=True)
    time.sleep(300)

if __name__ == "__main__":
    prepare("imported_first")
    server = multiprocessing.forkserver._forkserver._forkserver_pid
    os.kill(server, signal.SIGINT)  # as Ctrl-C does
    seen = list(pool(2)([joblib.delayed(look)(number) for number in range(4)]))
    assert all(imported for imported, _ in seen), seen
    print(server, flush=True)
    list(pool(2)([joblib.delayed(wait)(number) for number in range(2)]))
"""


def _seen(array: np.ndarray) -> tuple[str, float, bool]:
    return type(array).__name__, float(array.sum()), array.flags.writeable


def test_a_large_array_is_mapped_by_workers_and_a_small_one_is_copied() -> None:
    large, small = np.arange(200_000, dtype=np.float64).reshape(1000, 200), np.arange(3)
    shared = share(large)
    assert share(small) is small
    np.testing.assert_array_equal(shared, large)
    results = set(pool(2)([joblib.delayed(_seen)(array) for array in (shared, shared[500:], small)]))
    assert results == {
        ("memmap", large.sum(), False),
        ("memmap", large[500:].sum(), False),
        ("ndarray", 3.0, True),
    }


def test_memory_that_is_shared_is_given_back() -> None:
    descriptors = Path("/proc/self/fd")
    gc.collect()
    before = len(list(descriptors.iterdir()))
    shared = share(np.zeros(200_000))
    assert len(list(descriptors.iterdir())) > before
    with pytest.raises(ValueError, match="read-only"):
        shared[0] = 1
    del shared
    gc.collect()
    assert len(list(descriptors.iterdir())) == before


def test_workers_have_what_was_imported_and_end_with_a_command_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "imported_first.py").write_text("import time\ntime.sleep(0.5)\n")
    (tmp_path / "command.py").write_text(_COMMAND)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])}
    with subprocess.Popen(
        [sys.executable, "command.py"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        try:
            numbers = [command.stdout.readline() for _ in range(3)]
            assert all(numbers), command.stderr.read()
            processes = [psutil.Process(int(number)) for number in numbers]
        finally:
            command.kill()
        until = time.monotonic() + 60
        while any(process.is_running() for process in processes) and time.monotonic() < until:
            time.sleep(0.05)
        assert not [process for process in processes if process.is_running()]
        assert command.stderr.read() == ""
