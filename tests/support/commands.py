"""The command line as a user types it, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import indent

import forkserver
import pandas as pd
import psutil
from safetensors.torch import load_file

from pipeline.runs.read import write_results

ROOT = Path(__file__).parents[2]
NO_REPORT = "report=false"  # of three seconds that a small sweep takes, the report takes two
COMMON = ["dataset=square", "dataset.samples=300", "training.batch_size=4", "training.epochs=3", "sweep.name=s"]
LONGER = ["dataset=square", "dataset.samples=4000", "training.batch_size=32", "training.epochs=12", "sweep.name=s"]
ENDLESS = [*LONGER, "training.epochs=100000"]  # it trains until a test stops it
GRID = ["model.hidden=[4],[6],[30,20]", "optimizer.lr=0.1,0.3", "training.kernel=plain"]
SLOWLY = "time.sleep(0.002)"  # so that a signal meets training, however fast the machine and however busy


@contextmanager
def running(
    folder: Path, *arguments: str, step: str = "", before: Callable[[], object] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """The command as it runs; it and its workers are gone afterwards, also where a test fails.

    `step` is code that it runs before each step of the plain kernel, `before` is called before it starts.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=folder,
        env=stepping(folder, step),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=before,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                stop(process, signal.SIGKILL)


def stepping(folder: Path, code: str) -> dict[str, str]:
    """An environment whose commands, and their workers, run the code before each step of the plain kernel.

    `lrs` are the learning rates of the runs that take the step.
    """
    if not code:
        return {**os.environ, "PYTHONPATH": str(ROOT)}
    (folder / "sitecustomize.py").write_text(
        "import os\n"
        "import time\n"
        "from scratchnet.kernels import plain\n"
        "step = plain.step\n"
        "def stepping(values, *batch):\n"
        "    lrs = [run.settings.lr for run in values.runs]\n"
        f"{indent(code, '    ')}\n"
        "    return step(values, *batch)\n"
        "plain.step = stepping\n"
    )
    return {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"}


def ended(folder: Path, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """The command, when it has ended with that exit status."""
    return module_ended(folder, "pipeline", *arguments, status=status)


def module_ended(folder: Path, module: str, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """`python -m module arguments`, when it has ended with that exit status."""
    done = forkserver.run(folder, module, arguments, timeout=300)
    assert done.returncode == status, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done


def pipeline(folder: Path, *arguments: str, status: int = 0) -> tuple[list[str], list[str]]:
    """Lines of stdout and of stderr of the command line."""
    done = ended(folder, *arguments, status=status)
    return done.stdout.splitlines(), done.stderr.splitlines()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def results(sweep: Path) -> pd.DataFrame:
    """The table `results.csv` of a sweep, which a report writes."""
    return pd.read_csv(write_results(sweep))


def figures(sweep: Path) -> dict[str, object]:
    """All that the runs of a sweep found out, without how long it took."""
    figures_by_run: dict[str, object] = {}
    for run in sorted(path for path in sweep.iterdir() if path.name.isdecimal()):
        result = json.loads((run / "result.json").read_text())
        figures_by_run[run.name] = (
            result["status"],
            result["metrics"],
            pd.read_csv(run / "history.csv").drop(columns="seconds").to_csv(),
            {name: value.tolist() for name, value in load_file(run / "model.safetensors").items()},
        )
    return figures_by_run


def assert_readable(sweep: Path) -> None:
    """Nothing in the folder is half a file."""
    for path in sweep.rglob("*"):
        if path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".csv":
            assert len(pd.read_csv(path))
        elif path.suffix == ".safetensors":
            load_file(path)


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.05)


def stop(process: subprocess.Popen[str], number: int, whole: bool = True) -> None:
    """Send the signal to the command and its workers, or to the command alone."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    with suppress(ProcessLookupError):  # it may have come to its end
        (os.killpg if whole else os.kill)(process.pid, number)
    process.communicate(timeout=60)
    psutil.wait_procs(children, timeout=30)  # workers end by themselves when the command is gone
