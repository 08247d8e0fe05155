"""Compiled code is kept where it can be, and else compiled again: no folder stops a run."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # every process compiles

TRAIN = """
import warnings
warnings.simplefilter("always")
{before}
import numpy as np
from scratchnet.compiled import jit

@jit.compiled(jit.AS_WRITTEN, entry=True)
def double(x):
    return 2 * x

jit.when_compiling.append(lambda: print("compiling"))
print(double(21.0))
"""


def run(cache: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """A process that compiles a function, with its cache in a folder; the warnings are on stderr."""
    folder = Path(__file__).parents[3]
    script, text = cache.parent / "script.py", TRAIN.format(before=before)
    if not script.exists() or script.read_text() != text:  # numba asks when it was written
        script.write_text(text)
    return subprocess.run(
        [sys.executable, str(script)],
        env={"XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(folder), "HOME": str(cache.parent), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_what_was_compiled_is_loaded_by_the_next_process(tmp_path: Path) -> None:
    first, second = run(tmp_path / "cache"), run(tmp_path / "cache")
    assert (first.stdout.split(), first.stderr) == (["compiling", "42.0"], "")
    assert (second.stdout.split(), second.stderr) == (["42.0"], "")


def test_a_damaged_file_is_compiled_again(tmp_path: Path) -> None:
    run(tmp_path / "cache")
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(b"not what it was")
    assert run(tmp_path / "cache").stdout.split() == ["compiling", "42.0"]


def test_one_bit_of_machine_code_is_noticed_before_it_is_executed(tmp_path: Path) -> None:
    run(tmp_path / "cache")
    for path in list((tmp_path / "cache").rglob("*.nb?")):
        content = path.read_bytes()
        for place in (5, len(content) // 2):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            again = run(tmp_path / "cache")
            assert (again.stdout.split(), again.stderr) == (["compiling", "42.0"], "")
        assert run(tmp_path / "cache").stdout.split() == ["42.0"]  # kept anew


FULL = """
import numba.core.caching as caching
def full(self, *arguments):
    raise OSError(28, "No space left on device")
caching.IndexDataCacheFile.save = full
"""


@pytest.mark.parametrize("why", ["a file where the folder should be", "full disk"])
def test_a_folder_that_cannot_be_written_costs_one_warning(tmp_path: Path, why: str) -> None:
    cache = tmp_path / "cache"
    if why != "full disk":
        cache.write_text("a file")
    for _ in range(2):
        process = run(cache, FULL if why == "full disk" else "")
        assert process.stdout.split() == ["compiling", "42.0"]
        assert process.stderr.count("compiled code is not kept") == 1
        assert "Traceback" not in process.stderr


def test_two_first_uses_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(TRAIN.format(before=""))
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3]), "PATH": ""}
    both = [
        subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        out, error = process.communicate(timeout=300)
        assert process.returncode == 0
        assert out.split()[-1] == b"42.0"
        assert error == b""
