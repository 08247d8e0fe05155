"""Commands of the pipeline in forks of this process, disturbed: killed, stopped, or with a call that fails."""

import io
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CALLS = ("open", "fdopen", "fsync", "replace", "rename", "mkdir", "unlink", "chmod")  # of os, that change the disk


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its status (negative: by a signal) and what it printed."""

    status: int
    out: str
    error: str
    seconds: float = 0.0  # from the signal to the end

    @property
    def is_told(self) -> bool:
        """Whether every error is told in lines, not by a traceback."""
        return "Traceback" not in self.error and "Exception ignored" not in self.error


def warm() -> None:
    """Import what commands import, so that each of thousands need not."""
    import sklearn.metrics  # noqa: F401
    from hydra.core.plugins import Plugins

    import pipeline.command.cli
    import pipeline.command.launcher
    import pipeline.command.search
    import pipeline.report.build
    import pipeline.sweep.board
    import pipeline.training.trainer  # noqa: F401
    from pipeline.runs._code import engine
    from pipeline.runs.provenance import software

    Plugins.instance()
    engine()
    software()


def command(
    folder: Path,
    arguments: Sequence[str],
    disturb: Callable[[], object] | None = None,
    kill_after: float = 0,
    *,
    number: int = signal.SIGKILL,
    reported: bool = False,
) -> Ended:
    """`python -m pipeline` with these arguments in a forked process, in `folder`; `disturb` is called in it first."""
    out, error = folder / "out", folder / "error"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: no other thread holds a lock here
        child = os.fork()
    if child == 0:
        status = 99
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which is ignored in the background of a shell
            os.chdir(folder)
            warnings.resetwarnings()  # which are errors in tests
            for stream, path in ((1, out), (2, error)):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
            sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
            sys.argv = ["pipeline", *arguments]
            from pipeline.command import cli

            _forget_workers()
            if not reported:
                cli._report = lambda: 0  # takes most of the time, and no later command reads what it writes
            if disturb is not None:
                disturb()
            status = cli.main()
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError):
                    stream.flush()
            os._exit(status)
    if kill_after:
        time.sleep(kill_after)
        with suppress(ProcessLookupError):
            os.kill(child, number)
    killed = time.monotonic()
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - killed if kill_after else 0.0
    return Ended(os.waitstatus_to_exitcode(status), out.read_text(), error.read_text(), seconds)


def _forget_workers() -> None:
    """What this process's workers are forks of is not the child's, and few of these commands need any."""
    from multiprocessing import forkserver

    from pipeline import pool

    server = forkserver._forkserver  # type: ignore[attr-defined]
    server._forkserver_address = server._forkserver_alive_fd = server._forkserver_pid = None
    pool.prepare = lambda module: None


def failing(number: int, code: int, counted: list[int] | None = None) -> Callable[[], None]:
    """To be called in the command: its `number`-th call that changes the disk raises OSError of this code."""
    calls = [0]

    def patch(module: Any, name: str) -> None:
        real = getattr(module, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if _changes(name, arguments, options):
                calls[0] += 1
                if counted is not None:
                    counted[0] = calls[0]
                if calls[0] == number:
                    path = arguments[0] if isinstance(arguments[0], (str, os.PathLike)) else None
                    raise OSError(code, os.strerror(code), *([os.fspath(path)] if path else []))
            return real(*arguments, **options)

        setattr(module, name, call)

    def disturb() -> None:
        for name in _CALLS:
            patch(os, name)
        patch(io, "open")

    return disturb


def _changes(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> bool:
    target = arguments[0]
    if isinstance(target, (str, os.PathLike)) and not _is_inside(os.fspath(target)):
        return False
    if name == "open" and len(arguments) > 1 and isinstance(arguments[1], int):
        return bool(arguments[1] & (os.O_WRONLY | os.O_RDWR))
    if name == "open":
        mode = arguments[1] if len(arguments) > 1 else options.get("mode", "r")
        return not str(mode).startswith("r")
    return True


def _is_inside(path: object) -> bool:
    return str(Path(str(path)).absolute()).startswith(str(Path.cwd()))
