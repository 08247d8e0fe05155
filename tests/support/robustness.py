"""Sweeps disturbed on purpose: the k-th call of the system fails, a file of state is damaged, the process is killed.

Each disturbed sweep is continued and must come to the figures of an undisturbed one, to the last bit, and no message
may be a traceback. The tests take a sample; all of it, with a line a failure and a table of counts:

    python tests/support/robustness.py faults kills stops corruptions --count 50
    python tests/support/robustness.py workers kills stops corruptions --count 50 --kind dask
"""

import argparse
import errno
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from commands import figures  # noqa: E402
from damage import damage  # noqa: E402
from dask_cluster import Cluster, cluster  # noqa: E402
from forked import Ended, command, failing, warm  # noqa: E402

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
SWEEPS["halved search"] = [*SWEEPS["search"], "sweep=halving", "training.epochs=4"]
_HALVING = ("halving", "halved search")
_ON_A_CLUSTER = ["dataset.samples=2000", "training.epochs=12", "optimizer.lr=0.1,0.3", "seed=0,1"]


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


def killed(folder: Path, kind: str, epoch: int, arguments: Sequence[str] = ()) -> Path:
    """A sweep, or a command with these arguments, killed as an epoch begins; -> its folder."""

    def disturb() -> None:
        from pipeline.training.trainer import Trainer

        real = Trainer._train_epoch

        def train(self: Trainer, number: int) -> None:
            if number == epoch:
                os.kill(os.getpid(), signal.SIGKILL)
            real(self, number)

        Trainer._train_epoch = train  # type: ignore[method-assign]

    assert command(folder, arguments or SWEEPS[kind], disturb).status == -signal.SIGKILL
    return folder / "outputs/s"


def flip(path: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


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
        now = figures(folder / "outputs/s")
    except Exception as error:  # whatever a damaged file raises
        return [*faults, f"not whole: {error}"]
    same = now == expected
    if kind in _HALVING and before is not None and "outputs/s/" in before.error:  # a run failed, told by its folder
        same = all(is_as_far(now[run], expected[run]) for run in expected)
    return faults if same else [*faults, "other figures"]


def is_as_far(now: Any, expected: Any) -> bool:
    """Whether a run of halving has its figures, and those of more epochs if it once took the place of a failed run."""
    return bool(now == expected or (expected[0] == "interrupted" and now[2].startswith(expected[2])))


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
        "--kind", default=",".join(SWEEPS), help="sweeps, separated by commas; dask: a grid on a cluster"
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
