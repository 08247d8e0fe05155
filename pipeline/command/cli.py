"""`python -m pipeline`: Hydra's command line, with one-line errors and a report at the end."""

import io
import os
import signal
import sys
from importlib import metadata

import hydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from pipeline.command._hydra import main as hydra_main
from pipeline.command._hydra import use
from pipeline.command._loader import Loader
from pipeline.command._user_configs import check_user_configs
from pipeline.command.callbacks import PipelineCallback
from pipeline.command.task import run
from pipeline.config.folder import PRIMARY, conf_folder
from pipeline.errors import RunFailed, UserError, explain
from pipeline.runs.folders import holds_result, run_folders
from pipeline.stopping import STOPPED, Terminated, handle_signals, heard, say


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
        say(_resume_hint())
        status = STOPPED
    _stop_workers()
    return status


def _stop_workers() -> None:
    if pool := sys.modules.get("pipeline.pool"):  # imported if workers were used
        pool.shut_down()


def _run(full: bool) -> int:
    try:
        handle_signals(_resume_hint)
        check_user_configs(sys.argv[1:])
        use(Loader)
        hydra_main(config_path=str(conf_folder()), config_name=PRIMARY)(run)()
    except Terminated:
        raise
    except KeyboardInterrupt:
        heard()
        say(_resume_hint())
        return STOPPED
    except (UserError, HydraException, OmegaConfBaseException, OSError, ValueError, MemoryError, RuntimeError) as error:
        message = _message(error)
        if full or message is None:
            raise
        print(message, file=sys.stderr)
        refused = isinstance(error, (UserError, HydraException, OmegaConfBaseException))
        if refused and not isinstance(error, RunFailed):
            PipelineCallback.sweep_folder = None  # which may hold what an earlier command has trained
        return 1
    return 0


def _resume_hint() -> str:
    folder = PipelineCallback.sweep_folder
    how = f"; to resume, repeat the command with sweep.resume={folder}" if folder else ""
    return f"stopped; finished runs are kept{how}"


def _report() -> int:
    """Build the report of the sweep, even if some of its runs failed, or of the run; say how they ended, and where."""
    folder, single = PipelineCallback.sweep_folder or PipelineCallback.run_folder, PipelineCallback.sweep_folder is None
    if folder is None or not PipelineCallback.wants_report or not folder.is_dir():
        return 0
    if not any(map(holds_result, [folder] if single else run_folders(folder))):
        return 0
    _stop_workers()
    from pipeline.report.build import build
    from pipeline.report.paper import COLUMN

    try:
        page = build([folder], column=None if single else COLUMN, tell=print)
        print(f"report: {page}")
        if PipelineCallback.tracks_mlflow:
            from pipeline.command._share import share_best

            share_best(folder, page)
    except (UserError, OSError) as error:
        reason = explain(error) if isinstance(error, OSError) else error
        print(f"no report: {reason}; the report alone: python -m pipeline.report {folder}", file=sys.stderr)
        return 1
    return 0


def _message(error: Exception) -> str | None:
    """One line per mistake, without Hydra's boilerplate; None if the user cannot fix the error."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return explain(error)
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        return "out of memory, or of threads; free some, or allow more (ulimit -v, ulimit -u), then repeat the command"
    if not isinstance(error, (HydraException, OmegaConfBaseException)):
        return None
    text = str(error)
    if isinstance(error, OverrideParseException) and "LexerNoViableAlt" in text:
        key, _, value = str(error.override).partition("=")
        return f"{error.override}: not readable; give the value quotes of its own: '{key}=\"{value}\"'"
    wrong = f"{error.override}: " if isinstance(error, OverrideParseException) else ""
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else ""
    return wrong + " ".join(f"{text.partition('Config search path')[0]} {cause}".split())
