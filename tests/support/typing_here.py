"""The command line in this process: as a user types it, without a second for each start."""

import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from pipeline.command import _sources
from pipeline.command.callbacks import PipelineCallback
from pipeline.command.cli import main


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    error: str


def typed(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Ended:
    """The command `python -m pipeline WORDS` in `folder`, when it has ended."""
    handlers, level = logging.root.handlers[:], logging.root.level
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["pipeline", *words])
        patch.setattr(PipelineCallback, "sweep_folder", None)
        patch.setenv("HYDRA_FULL_ERROR", os.environ.get("HYDRA_FULL_ERROR", "0"))
        _sources.tell_once.cache_clear()
        capsys.readouterr()
        try:
            status = main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        finally:
            GlobalHydra.instance().clear()
            logging.root.handlers[:], logging.root.level = handlers, level  # Hydra's write to what is captured
            for number, handler in signals.items():
                signal.signal(number, handler)
    captured = capsys.readouterr()
    return Ended(status, captured.out, captured.err)
