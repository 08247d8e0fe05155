"""Where a result comes from: code, versions, machine, data, and the command that reproduces it."""

import functools
import os
import platform
import re
import shlex
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any


def about_run(overrides: Sequence[str]) -> list[str]:
    """The overrides that configure the run itself, not its folder, launcher or trackers."""
    others = ("hydra", "sweep.", "sweep=", "tracking.", "tracking=")
    return [text for text in overrides if not text.lstrip("+~").startswith(others)]


def rerun_command(overrides: Sequence[str], flags: Sequence[str] = ()) -> str:
    """The command that trains this one run again; `flags` say where its configuration comes from."""
    run_overrides = about_run(overrides)
    # An experiment or a primary configuration may be a sweep; a single run of it is not.
    named = "--config-name" in flags or any(text.lstrip("+").startswith("experiment=") for text in run_overrides)
    return shlex.join(["python", "-m", "pipeline", *flags, *run_overrides, *["hydra.mode=RUN"] * named])


@functools.cache
def software() -> dict[str, Any]:
    """Versions, machine and git commit; the same for all runs of a process."""
    import numpy
    import torch

    return {
        "package_version": _package_version(),
        "git_commit": _git("rev-parse", "HEAD"),
        "git_changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "git_url": _address(_git("remote", "get-url", "origin")),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": _memory(),
    }


def accelerator() -> dict[str, str]:
    """The name of the GPU that this process computes on; nothing where it uses none, so as not to start one."""
    import torch

    return {"gpu": torch.cuda.get_device_name()} if torch.cuda.is_initialized() else {}


def _package_version() -> str | None:
    try:
        return metadata.version("scratchnet-sweeps")
    except metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """Git's answer for this package's folder; None outside a checkout."""
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


def _address(remote: str | None) -> str | None:
    """Where the code is, without a user's name and password; None for a folder of this machine."""
    if not remote or Path(remote).is_absolute() or remote.startswith("file:"):
        return None
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", remote)


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return None


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
