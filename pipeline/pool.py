"""The worker processes of this command, for work in the background."""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor

from pipeline import garbage


def run_in_background(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Start function(*arguments) in a worker; -> a function that waits for its result.

    Without workers a fork of this process does it, which needs no arguments sent, and where there is no second core, or
    forks are not safe, it runs here, at once: starting a worker would take longer than most of this work.
    """
    if not _started and not _can_fork():
        result = function(*arguments)
        return lambda: result
    if not _started:
        return _fork(function, *arguments)
    # Pickled here, from memory to memory: joblib would do it in a thread of its own, while this one may go on to change
    # what the arguments cache.
    results = pool(max(_started))([joblib.delayed(_call)(pickle.dumps((function, arguments)))])

    def wait() -> Any:
        try:
            return next(results)
        except BrokenProcessPool:
            return function(*arguments)

    return wait


def _can_fork() -> bool:
    return sys.platform == "linux" and bool(joblib.cpu_count() > 1)


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


def _call(pickled: bytes) -> Any:
    function, arguments = pickle.loads(pickled)
    return function(*arguments)


def has_started() -> bool:
    """Whether this process has had workers."""
    return bool(_started)


def shut_down() -> None:
    """Stop the idle workers: left alone they take a second or two to exit."""
    if _started:
        get_reusable_executor(reuse=True).shutdown(kill_workers=True)


# Of what a killed command leaves in /dev/shm: loky's tracker puts it away, and need not say so on the user's terminal.
_QUIET = "ignore:resource_tracker:UserWarning"
_started: set[int] = set()  # sizes of the pools that this process has started


def pool(processes: int) -> joblib.Parallel:
    """joblib reuses workers for equal arguments and memory-maps large arrays: the data is in memory once."""
    if processes > 1:
        if not _started:
            os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), _QUIET]))
        _started.add(processes)
    return joblib.Parallel(
        n_jobs=processes,
        return_as="generator_unordered",
        max_nbytes="1M",
        mmap_mode="r",
        initializer=_initialize,
        initargs=(os.getpid(),),
    )


def _exit_with(parent: int) -> None:
    """Exit when the parent is gone: another command may already be training in the same folders."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def _initialize(parent: int) -> None:
    """Initialize a worker process. The main process handles Ctrl-C and stops the workers."""
    garbage.collect_rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with, args=[parent], daemon=True).start()
