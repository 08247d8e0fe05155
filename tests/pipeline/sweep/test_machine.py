"""A machine that is small, full or says no: told in lines; where there is more of it, the sweep comes to its end."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import ROOT, contents, figures
from forked import command, warm
from robustness import SWEEPS, continued, undisturbed

NOBODY = 65534


@pytest.fixture(scope="module")
def expected() -> dict[str, object]:
    warm()
    return undisturbed("grid")


def limited(name: str, most: int) -> Callable[[], None]:
    """To be called in the command: it gets no more than this; of memory, beside what it has."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then the write fails, as on a full disk
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if name == "AS" else 0
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (size + most, size + most))

    return limit


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit other things")
@pytest.mark.parametrize(
    ("name", "most"),
    [
        *(("NOFILE", most) for most in (4, 6, 8, 9, 10, 12)),
        *(("FSIZE", most) for most in (0, 100, 300, 1000, 4000, 6000)),
        *(("AS", 2**bits) for bits in (26, 28)),
    ],
)
def test_what_the_machine_does_not_give_is_told_and_costs_nothing(
    tmp_path: Path, name: str, most: int, expected: dict[str, object]
) -> None:
    before = command(tmp_path, SWEEPS["grid"], limited(name, most))
    assert before.status in (0, 1), before.error
    assert before.status == 0 or before.error or most == 0  # a file of no byte holds no message
    assert not continued(tmp_path, "grid", expected, before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize(
    ("closed", "finished"),
    [("", True), ("outputs/s", True), ("outputs/s/.sweep", True), ("outputs/s", False), ("outputs/s/1/.hydra", False)],
)
def test_a_folder_that_a_user_may_not_write_is_told(
    tmp_path: Path, closed: str, finished: bool, expected: dict[str, object]
) -> None:
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    short = [*SWEEPS["grid"], *(() if finished else ("training.epochs=1",))]
    assert command(tmp_path, short).status == 0
    if not finished:
        shutil.rmtree(tmp_path / "outputs/s/0")
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    (tmp_path / closed).chmod(0o555)
    before = set(contents(tmp_path / "outputs"))
    ended = command(tmp_path, short, lambda: os.setuid(NOBODY))
    (tmp_path / closed).chmod(0o755)
    assert ended.is_told
    assert ended.status in (0, 1)
    if ended.status == 1:
        assert "Permission denied; check who may read and write it" in ended.error
        assert len(ended.error.splitlines()) == 1
    if finished:
        assert figures(tmp_path / "outputs/s") == expected
    assert before <= set(contents(tmp_path / "outputs"))
    assert command(tmp_path, short).status == 0


FULL = """
mount -t tmpfs -o size=$2 scratch small || exit 77
cd small
"$1" -m pipeline $3; echo "first $?"
cd ..
mount -o remount,size=50m small || exit 77
cd small
"$1" -m pipeline $3; echo "second $?"
cp -r outputs ../outputs
"""


@pytest.mark.slow
@pytest.mark.parametrize("size", ["8k", "80k"])
def test_a_disk_that_is_full_is_told_and_goes_on_once_there_is_space(
    tmp_path: Path, size: str, expected: dict[str, object]
) -> None:
    (tmp_path / "small").mkdir()
    wrapped = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", FULL, "sh", sys.executable, size]
    if shutil.which("unshare") is None:
        pytest.skip("no unshare")
    ended = subprocess.run(
        [*wrapped, " ".join(SWEEPS["grid"])],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode == 77 or "first" not in ended.stdout:
        pytest.skip(f"no file system of one's own: {ended.stderr}")
    assert "first 1" in ended.stdout
    assert "second 0" in ended.stdout
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert figures(tmp_path / "outputs/s") == expected
