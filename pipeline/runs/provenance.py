"""Where a result comes from: code, versions, machine, data, and the command that makes it again."""

import functools
import platform
import shlex
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any


def about_run(overrides: Sequence[str]) -> list[str]:
    """The overrides that say something about the run: others name folders, launchers and trackers."""
    others = ("hydra", "sweep.", "sweep=", "tracking.", "tracking=")
    return [text for text in overrides if not text.lstrip("+~").startswith(others)]


def rerun_command(overrides: Sequence[str], config_folder: str | None = None) -> str:
    """The command that trains this one run again."""
    kept = about_run(overrides)
    # An experiment may say that it is a sweep; one row of it is not.
    single = ["hydra.mode=RUN"] if any(text.lstrip("+").startswith("experiment=") for text in kept) else []
    folder = ["--config-dir", config_folder] if config_folder else []
    return shlex.join(["python", "-m", "pipeline", *folder, *kept, *single])


@functools.cache
def software() -> dict[str, Any]:
    """Versions, processor and git commit; the same for all runs of a process."""
    import numpy
    import torch

    return {
        "package_version": _package_version(),
        "git_commit": _git("rev-parse", "HEAD"),
        "git_changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "cpu": _cpu(),
    }


def _package_version() -> str | None:
    try:
        return metadata.version("scratchnet-sweeps")
    except metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """Answer of git for the folder of this package, None where it is no checkout."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
