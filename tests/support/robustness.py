"""Sweeps disturbed on purpose: the k-th call of the system fails, a file of state is damaged, the process is killed.

Each disturbed sweep is continued and must come to the figures of an undisturbed one, to the last bit, and no message
may be a traceback. The tests take a sample; all of it, with a line a failure and a table of counts:

    python tests/support/robustness.py faults kills stops corruptions --count 50 --kind grid,halving,search
    python tests/support/robustness.py workers kills stops corruptions --count 50 --kind dask
"""

import argparse
import errno
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from commands import figures  # noqa: E402
from dask_cluster import Cluster, cluster  # noqa: E402

SMALL = ["-m", "dataset=square", "dataset.samples=60", "model.hidden=[3]", "training.batch_size=8"]
SMALL += ["training.kernel=plain", "sweep.name=s"]
SWEEPS = {
    "grid": [*SMALL, "training.epochs=3", "optimizer.lr=0.1,0.3", "seed=0,1"],
    "halving": [*SMALL, "sweep=halving", "training.epochs=4", "optimizer.lr=0.01,0.1,0.3", "seed=0,1"],
    "search": [
        *SMALL,
        *("training.epochs=2", "hydra/sweeper=search", "hydra.sweeper.trials=6", "hydra.sweeper.batch=3"),
        "optimizer.lr=tag(log,interval(0.01,0.5))",
    ],
}
_ON_A_CLUSTER = ["dataset.samples=2000", "training.epochs=12", "optimizer.lr=0.1,0.3", "seed=0,1"]
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


def calls_of(folder: Path, kind: str) -> int:
    """How many calls an undisturbed sweep makes that change the disk."""
    counted = [0]
    patched = failing(0, 0, counted)

    def disturb() -> None:
        patched()
        real = os._exit

        def leave(status: int) -> None:
            Path("calls").write_text(str(counted[0]))
            real(status)

        os._exit = leave  # type: ignore[assignment]

    command(folder, SWEEPS[kind], disturb)
    return int((folder / "calls").read_text())


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one disturbed sweep."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def undisturbed(kind: str) -> dict[str, object]:
    """The figures to compare with."""
    with scratch() as folder:
        ended = command(folder, SWEEPS[kind])
        assert ended.status == 0, ended.error
        return figures(folder / "outputs/s")


def continued(folder: Path, kind: str, expected: dict[str, object], before: Ended | None) -> list[str]:
    """What is wrong once the command has been repeated: nothing, or lines."""
    faults = []
    if before is not None and not before.is_told:
        faults.append(f"a traceback: {before.error.splitlines()[-1]}")
    after = command(folder, SWEEPS[kind])
    if "sweep.mismatch=retrain trains them again" in after.error:  # a file of a finished run is missing
        after = command(folder, [*SWEEPS[kind], "sweep.mismatch=retrain"])
    if after.status != 0 or not after.is_told:
        return [*faults, f"continuing ended by {after.status}: {after.error.strip()}"]
    try:
        same = figures(folder / "outputs/s") == expected
    except Exception as error:  # whatever a damaged file raises
        return [*faults, f"not whole: {error}"]
    if not same:
        faults.append("other figures")
    return faults


def fault(kind: str, number: int, code: int, expected: dict[str, object]) -> list[str]:
    """A sweep whose `number`-th call fails, continued."""
    with scratch() as folder:
        return continued(folder, kind, expected, command(folder, SWEEPS[kind], failing(number, code)))


def kill(kind: str, seconds: float, expected: dict[str, object]) -> list[str]:
    """A sweep killed after some seconds, continued."""
    with scratch() as folder:
        command(folder, SWEEPS[kind], kill_after=seconds)
        return continued(folder, kind, expected, None)


def stop(kind: str, seconds: float, number: int, expected: dict[str, object]) -> list[str]:
    """A sweep told to stop after some seconds, continued; it must have ended in two."""
    with scratch() as folder:
        before = command(folder, SWEEPS[kind], kill_after=seconds, number=number)
        faults = [] if before.status in (0, 130) else [f"ended by {before.status}: {before.error}"]
        if before.status == 130 and not before.error.splitlines()[-1].startswith("stopped; "):
            faults.append(f"the last line is {before.error.splitlines()[-1]}")
        if before.seconds > 2:
            faults.append(f"took {before.seconds:.1f} s to end")
        return faults + continued(folder, kind, expected, before)


def loss(running: Cluster, number: int, seconds: float, expected: dict[str, object]) -> list[str]:
    """A sweep on a cluster that loses a worker after some seconds, and ends all the same; repeated."""
    with scratch() as folder:
        timer = threading.Timer(seconds, running.lose, [number])
        timer.start()
        before = command(folder, SWEEPS["dask"])
        timer.join()
        faults = [] if before.status == 0 else [f"ended by {before.status}: {before.error}"]
        return faults + continued(folder, "dask", expected, before)


def corruption(kind: str, moments: random.Random, seconds: float, expected: dict[str, object]) -> tuple[str, list[str]]:
    """A sweep killed after some seconds or at its end, with one file of it damaged, continued."""
    with scratch() as folder:
        command(folder, SWEEPS[kind], kill_after=seconds)
        what = damage(folder / "outputs/s", moments)
        return what, continued(folder, kind, expected, None)


def state_files(sweep: Path) -> list[Path]:
    """Every file that a later command reads."""
    names = ("result.json", "history.csv", "model.safetensors")
    runs = [path for path in sweep.glob("*/*") if path.name in names]
    return sorted([*runs, *(path for path in sweep.glob(".sweep/**/*") if path.is_file())])


def damage(sweep: Path, moments: random.Random) -> str:
    """Damage a file of state, or a folder that holds some; -> what was done, in words."""
    files = state_files(sweep)
    if not files:
        return "nothing there yet"
    if moments.random() < 0.1:
        folder = moments.choice(sorted({path.parent for path in files}))
        aside = folder.rename(sweep.parent / "lost")
        if moments.random() < 0.5:
            return f"{folder.relative_to(sweep)}/: deleted"
        folder.write_bytes(b"a file")
        return f"{folder.relative_to(sweep)}/: a file in its place, {aside.name}"
    path, (how, change) = moments.choice(files), moments.choice(sorted(_DAMAGES.items()))
    if how == "swap":
        other = moments.choice(files)
        content = other.read_bytes()
        other.write_bytes(path.read_bytes())
        path.write_bytes(content)
        return f"{path.relative_to(sweep)} swapped with {other.relative_to(sweep)}"
    change(path, bytearray(path.read_bytes()), moments)
    return f"{path.relative_to(sweep)}: {how}"


def _flip(path: Path, data: bytearray, moments: random.Random) -> None:
    if data:
        data[moments.randrange(len(data))] ^= 1 << moments.randrange(8)
        path.write_bytes(data)


def _replaced(make: Callable[[Path], object]) -> Callable[[Path, bytearray, random.Random], object]:
    def change(path: Path, data: bytearray, moments: random.Random) -> None:
        path.unlink()
        make(path)

    return change


_DAMAGES: dict[str, Callable[[Path, bytearray, random.Random], object]] = {
    "flip": _flip,
    "cut": lambda path, data, moments: path.write_bytes(data[: moments.randrange(len(data) + 1)]),
    "empty": lambda path, data, moments: path.write_bytes(b""),
    "zeros": lambda path, data, moments: path.write_bytes(bytes(len(data))),  # as power failures leave files
    "longer": lambda path, data, moments: path.write_bytes(data + data[-100:]),
    "delete": lambda path, data, moments: path.unlink(),
    "pipe": _replaced(os.mkfifo),
    "folder": _replaced(Path.mkdir),
    "full folder": _replaced(lambda path: (path / "inner").mkdir(parents=True)),
    "loop": _replaced(lambda path: path.symlink_to(path.name)),
    "link to nothing": _replaced(lambda path: path.symlink_to("nothing")),
    "device": _replaced(lambda path: path.symlink_to("/dev/zero")),
    "swap": lambda path, data, moments: None,
}


def tries(
    what: str,
    kind: str,
    expected: dict[str, object],
    seconds: float,
    options: argparse.Namespace,
    running: Cluster | None,
) -> Iterator[tuple[str, list[str]]]:
    """What is done, in words, and what goes wrong then, of each disturbance."""
    moments = random.Random(options.seed)
    if what == "faults":
        with scratch() as folder:
            calls = calls_of(folder, kind)
        codes = [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EACCES, errno.ENOENT]
        for number in range(1 + options.seed % options.every, calls + 1, options.every):
            code = codes[number % len(codes)]
            yield f"call {number} of {calls} {errno.errorcode[code]}", fault(kind, number, code, expected)
        return
    for _ in range(options.count):
        moment = moments.uniform(0.05, seconds)
        if what == "kills":
            yield f"killed after {moment:.2f} s", kill(kind, moment, expected)
        elif what == "stops":
            number = moments.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
            yield f"{signal.Signals(number).name} after {moment:.2f} s", stop(kind, moment, number, expected)
        elif what == "workers":
            number = moments.randrange(2)
            yield f"worker {number} killed after {moment:.2f} s", loss(running, number, moment, expected)
        else:
            done, faults = corruption(kind, moments, moment, expected)
            yield f"{done}, after {moment:.2f} s", faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="+", choices=("faults", "kills", "stops", "corruptions", "workers"))
    parser.add_argument(
        "--kind", default="grid,halving,search", help="sweeps, separated by commas; dask: a grid on a cluster"
    )
    parser.add_argument("--count", type=int, default=50, help="of kills, stops and corruptions")
    parser.add_argument("--every", type=int, default=1, help="of faults: every how many-th call")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warm()
    kinds = options.kind.split(",")
    with ExitStack() as stack:
        running = None
        if "dask" in kinds:
            running = stack.enter_context(cluster(stack.enter_context(scratch())))
            SWEEPS["dask"] = [*SMALL, *_ON_A_CLUSTER, *running.overrides]
        failed = sum(disturbed(kind, options, running) for kind in kinds)
    return int(failed > 0)


def disturbed(kind: str, options: argparse.Namespace, running: Cluster | None) -> int:
    """Try all that is asked for on one kind of sweep; -> how many tries failed."""
    started = time.monotonic()
    expected = undisturbed(kind)
    seconds = time.monotonic() - started
    failed = 0
    for what in options.what:
        tried = bad = 0
        for done, faults in tries(what, kind, expected, seconds, options, running):
            tried += 1
            bad += bool(faults)
            for text in faults:
                print(f"  {kind}: {done}: {text}", flush=True)
        print(f"{kind}: {what}: {tried} tried, {bad} failed", flush=True)
        failed += bad
    return failed


if __name__ == "__main__":
    sys.exit(main())
