"""Files of --config-dir that Hydra would wait for, or that would fill the memory."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.command._user_configs import check_user_configs
from pipeline.errors import UserError

BOMB = "a0: &a0 [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)
BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "a pipe where a file is expected"),
    "a folder": (Path.mkdir, "a folder where a file is expected"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "a device where a file is expected"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), "No such file or directory"),
    "a large file": (lambda path: path.write_bytes(b"#" * (2**20 + 1)), "at most 1,048,576 are expected"),
    "an alias bomb": (lambda path: path.write_text(BOMB), "its aliases stand for"),
    "an alias of itself": (lambda path: path.write_text("a: &a [*a]\n"), "an alias of itself"),
    "deep brackets": (lambda path: path.write_text("a: " + "[" * 5000), "nested too deeply"),
    "no text": (lambda path: path.write_bytes(b"\xff\xfe\xff"), "not text"),
}


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.mark.parametrize("words", [["--config-dir", "mine"], ["--config-dir=mine"], ["-cd", "mine"]])
@pytest.mark.parametrize("case", BAD)
def test_what_hydra_cannot_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, words: list[str]
) -> None:
    make, message = BAD[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "good.yaml").write_text("name: mlp\nsame: &same [1, 2]\nagain: *same\n")
    check_user_configs(["-m", *words, "seed=0,1"])
    make(tmp_path / "mine" / "model" / "bad.yaml")
    with pytest.raises(UserError, match=message) as error:
        check_user_configs(["-m", *words, "seed=0,1"])
    assert str(error.value).startswith("mine/model/bad.yaml: ")
    assert "\n" not in str(error.value)


def test_a_folder_that_is_missing_is_left_to_hydra() -> None:
    check_user_configs(["--config-dir", "nothing"])
    check_user_configs(["--config-dir"])
