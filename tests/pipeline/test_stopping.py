"""Every command that is stopped says so in a line, whatever it was doing, and exits by 130."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT

# While this module is imported, which every command does once it has begun, somebody presses Ctrl-C.
COMMANDS = {
    "pipeline": (["seed=0"], "torch", "stopped; finished runs are kept"),
    "pipeline.report": (["run"], "pandas", "stopped; the runs are untouched; to build the report, repeat the command"),
    "pipeline.predict": (["run", "new.csv"], "torch", "stopped; nothing was written"),
    "pipeline.export": (["run"], "onnx", "stopped; nothing was written"),
    "pipeline.reference": ([], "pandas", "stopped; finished networks are kept; to go on, repeat the command"),
    "pipeline.new": (["mine"], "pydantic", "stopped; to write the rest, remove the folder and repeat the command"),
    "scratchnet.check": (["part:Part"], "part", "stopped"),
}
STOP = """
import os, signal, sys
class Stop:
    def find_spec(self, name, path, target=None):
        if name == os.environ["STOP_AT"]:
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Stop())
"""


@pytest.mark.parametrize("module", COMMANDS)
def test_ctrl_c_ends_every_command_in_a_line(tmp_path: Path, module: str) -> None:
    arguments, moment, words = COMMANDS[module]
    (tmp_path / "sitecustomize.py").write_text(STOP)
    (tmp_path / "conf").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run/model.safetensors").touch()
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "STOP_AT": moment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr.splitlines()) == (130, [words]), ended.stderr


LEAVE = """
import atexit, threading, time

from pipeline.stopping import leave

def work():
    time.sleep(0.3)
    print("written")

atexit.register(print, "put away")
print("said", end=" ")
{started}
leave(3)
"""


@pytest.mark.parametrize(
    ("started", "out"),
    [("", "said put away\n"), ("threading.Thread(target=work).start()", "said written\nput away\n")],
)
def test_a_command_ends_its_threads_and_puts_away_what_it_used(started: str, out: str) -> None:
    command = [sys.executable, "-c", LEAVE.format(started=started)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, out, "")
