"""The worker processes of this command, for whatever is to be done beside it."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor

from pipeline import garbage


def meanwhile(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Begin function(*arguments) in a worker, where there are any; -> what waits for its result.

    Without workers it runs here and now: starting one takes longer than most that could be given to it.
    """
    if not _started:
        result = function(*arguments)
        return lambda: result
    results = pool(max(_started))([joblib.delayed(function)(*arguments)])

    def wait() -> Any:
        try:
            return next(results)
        except BrokenProcessPool:
            return function(*arguments)

    return wait


def dismiss() -> None:
    """End the workers, which have nothing to do any more: by themselves they take a second or two to clear up."""
    if _started:
        get_reusable_executor(reuse=True).shutdown(kill_workers=True)


_started: set[int] = set()  # sizes of the pools of workers that this process has had


def pool(processes: int) -> joblib.Parallel:
    """joblib keeps the workers of equal arguments, and maps large arrays into their memory: the data is there once."""
    if processes > 1:
        _started.add(processes)
    return joblib.Parallel(
        n_jobs=processes,
        return_as="generator_unordered",
        max_nbytes="1M",
        mmap_mode="r",
        initializer=_watch,
        initargs=(os.getpid(),),
    )


def _end_with(parent: int) -> None:
    """End this process when its parent is gone: another command may be training into the same folders by now."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def _watch(parent: int) -> None:
    """In each worker process, when it starts. Ctrl-C is the main process's business: it ends the workers."""
    garbage.rarely()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()
