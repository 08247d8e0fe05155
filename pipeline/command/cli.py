"""`python -m pipeline`: Hydra's command line, with errors of one line and a report after every sweep."""

import os
import re
import sys

import hydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from pipeline.command.callbacks import PipelineCallback
from pipeline.command.task import run
from pipeline.config.check import unknown_key
from pipeline.config.folder import conf_folder
from pipeline.errors import UserError
from pipeline.files import HISTORY, RESULT


def main() -> int:
    """Run the command line; the exit status."""
    full = os.environ.get("HYDRA_FULL_ERROR", "0") != "0"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises its errors instead of printing them its own way
    try:
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")(run)()
        status = 0
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        folder = PipelineCallback.sweep_folder
        how = f"; the same command with sweep.resume={folder} goes on from here" if folder else ""
        print(f"stopped; what is finished is kept{how}", file=sys.stderr)
        status = 130
    except (UserError, HydraException, OmegaConfBaseException) as error:
        if full:
            raise
        print(_message(error), file=sys.stderr)
        status = 1
    status = max(_report(), status)
    if pool := sys.modules.get("pipeline.pool"):  # imported where anything was trained by workers
        pool.dismiss()
    return status


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


def _message(error: Exception) -> str:
    """The error without Hydra's page around it: a line for each mistake."""
    if isinstance(error, UserError):
        return str(error)
    text = str(error)
    key = re.match(r"Could not override '([^']+)'", text)
    if key:
        typed = [word.partition("=")[2] for word in sys.argv[1:] if word.partition("=")[0] == key.group(1)]
        return unknown_key(key.group(1), typed[0] if typed else None)
    wrong = f"{error.override}: " if isinstance(error, OverrideParseException) else ""
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else ""
    return wrong + " ".join(f"{text.partition('Config search path')[0]} {cause}".split())
