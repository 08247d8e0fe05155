"""The worker processes of this command, for work in the background.

On Linux they are forks of one process that imports what they need while the command still reads its configuration: they
are there at once, and have what is imported in memory once. Elsewhere each is a new interpreter.
"""

import functools
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import signal
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.backend.context import set_start_method

from pipeline import garbage

_FORKS = sys.platform == "linux" and Path("/proc/self/fd").is_dir()
_SHARED_BYTES = 1_000_000  # of an array, below which a copy costs nothing


def prepare(module: str) -> None:
    """Begin to import, in the process whose forks the workers will be, the module that imports what they need."""
    if not _FORKS:
        return
    _choose_how_to_start()
    multiprocessing.forkserver.set_forkserver_preload([module])
    try:
        multiprocessing.resource_tracker.ensure_running()  # which lets signals through again
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # for that process: Ctrl-C is for the command
        multiprocessing.forkserver.ensure_running()
    except OSError:
        pass  # of a machine without room for it: whoever needs workers will be told
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def share(array: np.ndarray) -> np.ndarray:
    """The array in memory that workers map, read only, instead of having copies; a small one as it is.

    The memory has no name in the file system: it is gone with the processes that hold it, however they end.
    """
    if not _FORKS or array.nbytes < _SHARED_BYTES:
        return array  # joblib shares what new interpreters are given
    descriptor = os.memfd_create("scratchnet")
    os.truncate(descriptor, array.nbytes)
    path = f"/proc/{os.getpid()}/fd/{descriptor}"
    np.memmap(path, array.dtype, "r+", shape=array.shape)[...] = array
    shared = np.memmap(path, array.dtype, "r", shape=array.shape)
    weakref.finalize(shared, os.close, descriptor)
    return shared


def run_in_background(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Start function(*arguments) in a fork of this process; -> a function that waits for its result.

    It runs here, at once, where there is no second core or forks are not safe, as beside workers: a fork lacks the
    threads that look after them.
    """
    if _have_started.is_set() or not _can_fork():
        result = function(*arguments)
        return lambda: result
    return _fork(function, *arguments)


def _can_fork() -> bool:
    return _FORKS and bool(joblib.cpu_count() > 1)


def _fork(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sender, os.getpid(), function, arguments), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: no other thread holds what it needs
        child.start()
    sender.close()

    def wait() -> Any:
        try:
            succeeded, result = receiver.recv()
        except EOFError:  # it has died
            return function(*arguments)
        finally:
            receiver.close()
            child.join()
        if not succeeded:
            raise result
        return result

    return wait


def _send(sender: Connection, parent: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """In a fork: send whether the function returned, and what it returned or raised."""
    signal.set_wakeup_fd(-1)  # the parent's, who would hear our signals
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    _initialize(parent)
    try:
        answer = True, function(*arguments)
    except Exception as error:
        answer = False, error
    sender.send(answer)


def shut_down() -> None:
    """Stop the idle workers: left alone they take a second or two to exit."""
    if _have_started.is_set():
        get_reusable_executor(reuse=True).shutdown(kill_workers=True)
        _have_started.clear()


# What a killed command leaves in /dev/shm a tracker puts away, which need not say so on the user's terminal.
_QUIET = "ignore:resource_tracker:UserWarning"
_have_started = threading.Event()  # whether there are workers


@functools.cache
def _choose_how_to_start() -> None:
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), _QUIET]))
    if _FORKS:
        set_start_method("forkserver", force=True)


def pool(processes: int) -> joblib.Parallel:
    """joblib reuses workers for equal arguments, and maps large arrays into the memory of new interpreters."""
    if processes > 1:
        _choose_how_to_start()
        _have_started.set()
    return joblib.Parallel(
        n_jobs=processes,
        return_as="generator_unordered",
        max_nbytes=None if _FORKS else "1M",
        mmap_mode="r",
        initializer=_initialize,
        initargs=(os.getpid(),),
    )


def _exit_with(parent: int) -> None:
    """Exit when the command is gone: another one may already be training in the same folders."""
    command = multiprocessing.parent_process()
    if _FORKS and command:
        command.join()
    else:
        while os.getppid() == parent:
            time.sleep(0.2)
    os._exit(1)


def _initialize(parent: int) -> None:
    """Initialize a worker process. The main process handles Ctrl-C and stops the workers."""
    garbage.collect_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with, args=[parent], daemon=True).start()
