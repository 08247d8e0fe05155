"""A signal at any moment."""

import os
import signal
from pathlib import Path

import pytest
from forked import command
from robustness import SWEEPS

pytestmark = pytest.mark.usefixtures("warmed")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
@pytest.mark.parametrize("moment", ["planning", "training", "ending"])
def test_a_signal_at_any_moment_is_stopped(tmp_path: Path, name: str, moment: str) -> None:
    def stop() -> None:
        from pipeline.command import launcher
        from pipeline.runs.folder import RunFolder
        from pipeline.training.trainer import Trainer

        places = {"planning": (launcher, "compose_all"), "training": (Trainer, "_train_epoch")}
        owner, function = places.get(moment, (RunFolder, "close"))
        real = getattr(owner, function)

        def call(*arguments: object) -> object:
            os.kill(os.getpid(), getattr(signal, name))
            return real(*arguments)

        setattr(owner, function, call)

    ended = command(tmp_path, SWEEPS["grid"], stop)
    assert ended.status == 130, ended.error
    assert ended.is_told
    assert ended.error.splitlines()[-1].startswith("stopped; finished runs are kept")
    assert command(tmp_path, SWEEPS["grid"]).status == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_compiled_code_that_hears_no_signal_is_ended_in_time(tmp_path: Path, name: str) -> None:
    def stop() -> None:
        import hashlib
        import threading

        from pipeline.training.trainer import Trainer

        def deaf(self: Trainer, epoch: int) -> None:
            threading.Timer(0.2, os.kill, (os.getpid(), getattr(signal, name))).start()
            hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # ten minutes without Python, the lock released
            Path("heard").touch()

        Trainer._train_epoch = deaf  # type: ignore[method-assign]

    ended = command(tmp_path, SWEEPS["grid"], stop)
    assert ended.status == 130, ended.error
    assert ended.error.splitlines() == [
        "stopped; finished runs are kept; to resume, repeat the command with sweep.resume=outputs/s"
    ]
    assert not (tmp_path / "heard").exists()
