"""`python -m pipeline`: Hydra's command line, with errors of one line and a report after every sweep."""

import os
import re
import signal
import sys
from importlib import metadata
from types import FrameType

import hydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from pipeline.command.callbacks import PipelineCallback
from pipeline.command.task import run
from pipeline.config.check import unknown_key
from pipeline.config.folder import conf_folder
from pipeline.errors import UserError
from pipeline.files import HISTORY, RESULT


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, of a batch system or a closed terminal: there is no time for a report."""


def main() -> int:
    """Run the command line; the exit status."""
    if "--version" in sys.argv[1:]:
        print(f"scratchnet-sweeps {metadata.version('scratchnet-sweeps')}, Hydra {hydra.__version__}")
        return 0
    _listen()
    full = os.environ.get("HYDRA_FULL_ERROR", "0") != "0"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises its errors instead of printing them its own way
    try:
        status = _run(full)
        status = max(_report(), status)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left takes a moment
        print(_how_to_go_on(), file=sys.stderr)
        status = 130
    if pool := sys.modules.get("pipeline.pool"):  # imported where anything was trained by workers
        pool.dismiss()
    return status


def _run(full: bool) -> int:
    try:
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(run)()
    except Terminated:
        raise
    except KeyboardInterrupt:
        print(_how_to_go_on(), file=sys.stderr)
        return 130
    except (UserError, HydraException, OmegaConfBaseException, OSError, ValueError) as error:
        message = _message(error)
        if full or message is None:
            raise
        print(message, file=sys.stderr)
        return 1
    return 0


def _listen() -> None:
    """Let SIGTERM and SIGHUP end the command as Ctrl-C does, unless they are ignored, as under nohup."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, terminate)


def _how_to_go_on() -> str:
    folder = PipelineCallback.sweep_folder
    how = f"; the same command with sweep.resume={folder} goes on from here" if folder else ""
    return f"stopped; what is finished is kept{how}"


def _report() -> int:
    """Build the report of the sweep that has run, also when some of it failed."""
    folder = PipelineCallback.sweep_folder
    if folder is None or not any(any(folder.glob(f"*/{name}")) for name in (HISTORY, RESULT)):
        return 0
    from pipeline.report import build

    try:
        print(f"report: {build([folder])}")
    except (UserError, OSError) as error:
        print(f"no report: {error}; mend it, then: python -m pipeline.report {folder}", file=sys.stderr)
        return 1
    return 0


def _message(error: Exception) -> str | None:
    """A line for each mistake, without Hydra's page around it; None where the error is not the user's to mend."""
    if isinstance(error, UserError):
        return str(error)
    text = str(error)
    if not isinstance(error, (HydraException, OmegaConfBaseException)):
        return _of_the_system(error) if isinstance(error, OSError) else _of_an_empty_group(text)
    key = re.match(r"Could not override '([^']+)'", text)
    if key:
        typed = [word.partition("=")[2] for word in sys.argv[1:] if word.partition("=")[0] == key.group(1)]
        return unknown_key(key.group(1), typed[0] if typed else None)
    wrong = f"{error.override}: " if isinstance(error, OverrideParseException) else ""
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else ""
    return wrong + " ".join(f"{text.partition('Config search path')[0]} {cause}".split())


def _of_the_system(error: OSError) -> str | None:
    if not error.filename:
        return None
    return f"{error.filename}: {error.strerror or error}; make room or give another folder, then go on"


def _of_an_empty_group(text: str) -> str | None:
    """Hydra wants the name of a file for a group, and meets `model=null` with a bare ValueError."""
    empty = [word for word in sys.argv[1:] if re.fullmatch(r"[+~]*[\w/]+=null", word)]
    if not text.startswith("Config group override") or not empty:
        return None
    group = empty[0].removesuffix("=null").lstrip("+~")
    choices = sorted(path.stem for path in (conf_folder() / group).glob("*.yaml"))
    return f"{empty[0]}: a group needs a choice" + (f"; {group}={'|'.join(choices)}" if choices else "")
