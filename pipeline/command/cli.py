"""`python -m pipeline`: Hydra's command line, with one-line errors and a report after every sweep."""

import io
import os
import signal
import sys
from importlib import metadata
from types import FrameType

import hydra
import hydra._internal.hydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from pipeline.command._loader import Loader
from pipeline.command.callbacks import PipelineCallback
from pipeline.command.task import run
from pipeline.config.folder import PRIMARY, conf_folder
from pipeline.errors import UserError
from pipeline.files import HISTORY, RESULT


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, from a batch system or a closed terminal: there is no time for a report."""


def main() -> int:
    """Run the command line; the exit status."""
    if "--version" in sys.argv[1:]:
        print(f"scratchnet-sweeps {metadata.version('scratchnet-sweeps')}, Hydra {hydra.__version__}")
        return 0
    if any(word.startswith("--experimental-rerun") for word in sys.argv[1:]):
        print(
            "--experimental-rerun: reads a pickle, which can run any code; to repeat a run, use the command in its "
            "result.json",
            file=sys.stderr,
        )
        return 1
    _handle_signals()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr does, where the terminal knows ASCII alone
    full = os.environ.get("HYDRA_FULL_ERROR", "0") != "0"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise its errors instead of printing them
    try:
        status = _run(full)
        status = max(_report(), status)
    except BrokenPipeError:  # the reader of our output has exited, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # shutting down takes a moment
        print(_resume_hint(), file=sys.stderr)
        status = 130
    if pool := sys.modules.get("pipeline.pool"):  # imported if workers were used
        pool.shut_down()
    return status


def _run(full: bool) -> int:
    try:
        hydra._internal.hydra.ConfigLoaderImpl = Loader  # type: ignore[attr-defined]  # Hydra has no other way
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name=PRIMARY)(run)()
    except Terminated:
        raise
    except KeyboardInterrupt:
        print(_resume_hint(), file=sys.stderr)
        return 130
    except (UserError, HydraException, OmegaConfBaseException, OSError, ValueError) as error:
        message = _message(error)
        if full or message is None:
            raise
        print(message, file=sys.stderr)
        return 1
    return 0


def _handle_signals() -> None:
    """Let SIGTERM and SIGHUP end the command like Ctrl-C, unless they are ignored, as under nohup."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, terminate)


def _resume_hint() -> str:
    folder = PipelineCallback.sweep_folder
    how = f"; to resume, repeat the command with sweep.resume={folder}" if folder else ""
    return f"stopped; finished runs are kept{how}"


def _report() -> int:
    """Build the report of the sweep, even if some of its runs failed."""
    folder = PipelineCallback.sweep_folder
    if folder is None or not any(any(folder.glob(f"*/{name}")) for name in (HISTORY, RESULT)):
        return 0
    from pipeline.report import build

    try:
        print(f"report: {build([folder])}")
    except (UserError, OSError) as error:
        print(f"no report: {error}; fix this, then run: python -m pipeline.report {folder}", file=sys.stderr)
        return 1
    return 0


def _message(error: Exception) -> str | None:
    """One line per mistake, without Hydra's boilerplate; None if the user cannot fix the error."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return _os_error_message(error)
    if not isinstance(error, (HydraException, OmegaConfBaseException)):
        return None
    text = str(error)
    if isinstance(error, OverrideParseException) and "LexerNoViableAlt" in text:
        key, _, value = str(error.override).partition("=")
        return f"{error.override}: not readable; give the value quotes of its own: '{key}=\"{value}\"'"
    wrong = f"{error.override}: " if isinstance(error, OverrideParseException) else ""
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else ""
    return wrong + " ".join(f"{text.partition('Config search path')[0]} {cause}".split())


def _os_error_message(error: OSError) -> str | None:
    if not error.filename:
        return None
    return f"{error.filename}: {error.strerror or error}; free some space or give another folder, then resume"
