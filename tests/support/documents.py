"""What a page of Markdown tells people to type, and what it points to."""

import re
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROGRAMS = {"python", ".venv/bin/python", "make", "pip", "scratchnet", "eval", "autoload"}
PROGRAMS |= {"tensorboard", "optuna-dashboard", "dask", "sbatch"}

# What the tests of pages do not type, and why: all of it.
ELSEWHERE = {
    "make sweep": "trains for half a minute; test_readme.py sees what it would do",
    "make test": "would run the tests in themselves; test_readme.py sees what it would do",
    "pip install .": "fetches packages; .ci/run installs the wheel and trains by it",
    "pip install '.[search,onnx,tables]'": "fetches packages; test_pages.py knows the extras",
    "pip install 'scratchnet-sweeps[sklearn]'": "fetches packages; test_pages.py knows the extras",
    'eval "$(scratchnet --shell-completion install=bash)"': "tests/pipeline/command/test_completion.py, in that shell",
    "autoload -U compinit bashcompinit && compinit -u && bashcompinit && "
    'eval "$(scratchnet --shell-completion install=bash)"': "tests/pipeline/command/test_completion.py, in that shell",
    "scratchnet --shell-completion install=fish | source": "tests/pipeline/command/test_completion.py, in that shell",
    "optuna-dashboard outputs/NAME/.sweep/study.journal": "serves until it is stopped",
    "dask scheduler": "serves until it is stopped; tests/pipeline/sweep/test_dask.py has a scheduler and workers",
    "dask worker tcp://HOST:8786 --nthreads 1 --nworkers 8": "tests/pipeline/sweep/test_dask.py",
    "python -m pipeline -m optimizer.lr=0.01,0.03 seed=0,1,2 hydra.launcher.backend=dask "
    "hydra.launcher.scheduler=tcp://HOST:8786": "tests/pipeline/sweep/test_dask.py",
    "sbatch sweep.sh": "needs Slurm",
    "python -m pipeline.reference --page docs": "trains for hours; tests/pipeline/reference/ has it on small data",
}


def fenced(page: Path, language: str) -> list[str]:
    """The texts of the blocks between ```language and ```."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def files_of(page: Path) -> dict[str, str]:
    """The files that a page shows whole: `name`, then a block; by their names."""
    block = re.compile(r"`([\w/.]+\.(?:py|yaml|sh))`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return dict(block.findall(page.read_text("utf-8")))


def write_files_of(page: Path, folder: Path) -> None:
    """Write the files that a page shows into a user's folder."""
    for name, text in files_of(page).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def indented(page: Path) -> list[str]:
    """The lines of the blocks that are set in by four spaces."""
    return re.findall(r"^    (\S.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def typed(page: Path) -> list[str]:
    """The commands among these lines, without the remarks behind them."""
    lines = (re.sub(r" +# .*$", "", line) for line in indented(page))
    return [line for line in lines if line.split()[0] in PROGRAMS]


def tried(page: Path) -> list[str]:
    """Those that the page's test types."""
    return [command for command in typed(page) if command not in ELSEWHERE]


def links(page: Path) -> list[str]:
    """Where the page's links go, within the repository, relative to the page, without anchors."""
    targets = re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)", page.read_text(encoding="utf-8"))
    return [target.replace("\\_", "_") for target in targets if "://" not in target]


def arguments(command: str) -> list[str]:
    """The words of a command, to be run by the interpreter that runs the tests."""
    words = shlex.split(command, comments=True)
    return [sys.executable if word in ("python", ".venv/bin/python") else word for word in words]
