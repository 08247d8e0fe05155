"""What is read is a file of an expected size, what is written is whole, and refusals are told in a line."""

import errno
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline import files
from pipeline.command._study import Study
from pipeline.errors import UserError, explain
from pipeline.files import check_regular, clean, digest, make_folder, read_whole, set_aside, write_log, write_whole
from pipeline.runs.history import read_history
from pipeline.runs.problem import Problem
from pipeline.runs.read import collect
from pipeline.runs.result import read_result
from pipeline.sweep.ledger import Ledger
from pipeline.sweep.lock import locked
from pipeline.training.checkpoint import Checkpoint


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # its name may have 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "a pipe where a file is expected"),
    "a link to a pipe": (
        lambda path: (os.mkfifo(path.with_name("p")), path.symlink_to("p")),
        "a pipe where a file is expected",
    ),
    "a folder": (Path.mkdir, "a folder where a file is expected"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "a device where a file is expected"),
    "a socket": (make_socket, "a socket where a file is expected"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
}


def tried(read: Callable[[Path], object], path: Path) -> tuple[object, OSError | None]:
    try:
        return read(path), None
    except OSError as error:
        return None, error


def read_state(path: Path) -> object:
    with suppress(OSError):
        return Checkpoint.read(path)
    return None


def read_holder(path: Path) -> object:
    from pipeline.sweep.lock import _holder

    return _holder(path.parent)


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "result": ("run/result.json", lambda path: read_result(path.parent)),
    "history": ("run/history.csv", lambda path: read_history(path.parent)),
    "plan": ("s/.sweep/plan.json", lambda path: Ledger(path.parents[1])),
    "state": ("s/.sweep/stacks/0.safetensors", read_state),
    "holder": ("s/.sweep/holder.json", read_holder),
    "journal": ("s/.sweep/study.journal", lambda path: Study(path.parents[1], higher_is_better=True)),
    "seal": ("s/.sweep/study.sealed.json", lambda path: Study(path.parents[1], higher_is_better=True)),
}


@pytest.fixture
def in_time() -> Iterator[None]:
    """Whoever waits for a pipe is ended."""
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, reader: str
) -> None:
    name, read = READERS[reader]
    make, words = KINDS[kind]
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    make(path)
    if reader == "seal":
        path.with_name("study.journal").write_text('{"op_code":0}\n')
    answer, refusal = tried(read, path)
    if refusal is not None:
        assert words in explain(refusal)
        assert str(path) in explain(refusal)
        return
    if isinstance(answer, Problem):
        assert words in answer.words
    elif reader == "holder":
        assert answer == "another process"
    else:
        assert "moved to" in capsys.readouterr().err or reader == "state"


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_that_is_no_file_moves_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    make, words = KINDS[kind]
    (tmp_path / ".sweep").mkdir()
    make(tmp_path / ".sweep" / "lock")
    with locked(tmp_path):
        assert (tmp_path / ".sweep" / "lock").is_file()
    assert capsys.readouterr().err == f"{tmp_path}/.sweep/lock: {words}; moved to lock.damaged\n"
    assert os.path.lexists(tmp_path / ".sweep" / "lock.damaged")


@pytest.mark.parametrize("name", [".sweep", ".sweep/stacks", ".sweep/replaced"])
def test_a_file_in_the_place_of_one_of_our_folders_moves_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file")
    make_folder(path)
    assert path.is_dir()
    assert capsys.readouterr().err == f"{path}: no folder; moved to {path.name}.damaged\n"
    assert path.with_name(f"{path.name}.damaged").read_text() == "a file"


@pytest.mark.usefixtures("in_time")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["result.json", "history.csv", "model.safetensors", ".hydra/config.yaml"])
def test_one_run_of_something_else_hides_no_other(tmp_path: Path, kind: str, name: str) -> None:
    from written import write_run

    write_run(tmp_path / "s" / "0")
    bad = write_run(tmp_path / "s" / "1")
    if name.startswith(".hydra"):
        (bad / "result.json").unlink()  # its configuration is read only then
    (bad / name).parent.mkdir(exist_ok=True)
    (bad / name).unlink(missing_ok=True)
    KINDS[kind][0](bad / name)
    collected = collect([tmp_path / "s"])
    assert "0" in set(collected.runs["run"])
    assert all("\n" not in str(problem) for problem in collected.problems)
    if name != "model.safetensors":  # which only a report of the best run opens
        assert any(KINDS[kind][1] in problem.words for problem in collected.problems)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(OSError, match="1,099,511,627,776 bytes, where at most 10 are expected"):
        read_whole(path, 10)
    path.rename(tmp_path / "result.json")
    problem = read_result(tmp_path)
    assert isinstance(problem, Problem)
    assert "where at most" in problem.words
    os.truncate(tmp_path / "result.json", 0)
    assert isinstance(read_result(tmp_path), Problem)


CODES = ["ENOSPC", "EDQUOT", "EROFS", "EIO", "EACCES", "EPERM", "ENOENT", "EMFILE", "ENAMETOOLONG", "ESTALE", "EFBIG"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("call", ["open", "fdopen", "fsync", "chmod", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: str
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    number = getattr(errno, code)

    def fails(*arguments: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(files.os, call, fails)
        with pytest.raises(OSError) as error:  # noqa: PT011
            write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208
    line = explain(error.value)
    assert line.startswith(f"{path}: {os.strerror(number)}; ")
    assert line.endswith(", then repeat the command")
    assert "\n" not in line


@pytest.mark.parametrize("code", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    import fcntl

    def fails(*arguments: object) -> None:
        raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))

    monkeypatch.setattr(fcntl, "flock", fails)
    with pytest.raises(UserError, match="its file system has no locks") as error, locked(tmp_path / "s"):
        pass
    assert "hydra.sweep.dir" in str(error.value)


@pytest.mark.parametrize("code", ["EROFS", "ENOSPC", "EACCES", "ENAMETOOLONG", "EIO"])
def test_a_folder_that_refuses_the_lock_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)), str(tmp_path / "s"))

    monkeypatch.setattr(os, "mkdir", fails)
    with pytest.raises(UserError, match="cannot be written") as error, locked(tmp_path / "s"):
        pass
    assert os.strerror(getattr(errno, code)) in str(error.value)


USERS = [".a.tmp", ".swp.tmp", "notes.scratchnet-tmp", ".scratchnet-tmp.bak", "x.tmp", ".x.tmp~", "scratchnet-tmp"]


@pytest.mark.parametrize("name", USERS)
def test_what_users_named_is_not_cleaned_away(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path, tmp_path / "a" / "b"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
        (folder / ".plan.json.abc.scratchnet-tmp").write_text("left by a killed process")
    (tmp_path / ".d.scratchnet-tmp").mkdir()
    clean(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir()}
    assert left == {name, f"a/b/{name}"}
    assert (tmp_path / ".d.scratchnet-tmp").is_dir()


def test_nothing_that_is_set_aside_replaces_another(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    names = []
    for text in ("one", "two", "three"):
        path.write_text(text)
        names.append(set_aside(path).removeprefix("moved to "))
    assert names == ["plan.json.damaged", "plan.json.damaged-1", "plan.json.damaged-2"]
    assert [(tmp_path / name).read_text() for name in names] == ["one", "two", "three"]


def test_a_digest_knows_order_of_lists_only() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": (1, 2), "a": 1})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})
    assert digest({"a": float("nan")}) == digest(json.loads('{"a": null}'))


@pytest.mark.usefixtures("in_time")
def test_a_log_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.log")
    with pytest.raises(OSError, match="a pipe where a file is expected"):
        write_log(tmp_path, "text")
    with pytest.raises(FileNotFoundError):
        check_regular(tmp_path / "nothing")
