"""Commands that are told to stop: Ctrl-C, SIGTERM (batch systems) and SIGHUP (closed terminals)."""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from pipeline import garbage

STOPPED = 130  # the exit status
_SECONDS = 1.5  # compiled code hears no signal until it returns; what is saved by then is what there is


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: there is no time for a report."""


def handle_signals(hint: Callable[[], str]) -> None:
    """Let Ctrl-C, SIGTERM and SIGHUP end the command within two seconds, unless they are ignored, as by nohup."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    numbers = {int(signal.SIGINT)} if signal.getsignal(signal.SIGINT) is signal.default_int_handler else set()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, terminate)
            numbers.add(int(number))
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=(reader, numbers, hint), daemon=True).start()


def _end_in_time(reader: int, numbers: set[int], hint: Callable[[], str]) -> None:
    """After one of these signals, exit even if the main thread is in compiled code: files are whole at any moment."""
    while True:
        received = numbers & set(os.read(reader, 64))
        if not received or (received == {signal.SIGINT} and _heard.wait(_SECONDS)):
            continue
        if received != {signal.SIGINT}:
            time.sleep(_SECONDS)
        say(hint())
        os._exit(STOPPED)


_heard = threading.Event()


def heard() -> None:
    """The main thread has stopped training: what it still does, such as a report, may take longer."""
    _heard.set()


_unsaid = threading.Semaphore(1)


def say(hint: str) -> None:
    """Tell the user, once in a command, how to go on."""
    if _unsaid.acquire(blocking=False):
        print(hint, file=sys.stderr, flush=True)


def leave(status: int) -> NoReturn:
    """Exit with this status, which Ctrl-C no longer changes, and free nothing: that would take a third of a second.

    A KeyboardInterrupt that has passed an exec(), as imports of dataclasses do, makes CPython itself end by SIGINT.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    if status != STOPPED and not all(thread.daemon for thread in others):
        sys.exit(status)  # Python ends them, such as joblib's
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # the reader may have gone
        os._exit(status)


def run(main: Callable[[], int], hint: str) -> NoReturn:
    """A command other than a sweep, and its exit: a signal ends it with the hint, and 130."""
    garbage.collect_rarely()
    handle_signals(lambda: hint)
    try:
        status = main()
    except KeyboardInterrupt:
        say(hint)
        status = STOPPED
    garbage.skip_at_exit()
    leave(status)
