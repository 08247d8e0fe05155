"""What is said of data that cannot be trained on: one line that names file, place and remedy; nothing is written."""

import gzip
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import contents, ended
from examples import blobs, write_csv, write_idx_folder, write_iris, write_module, write_pictures
from hydra import compose, initialize_config_dir
from PIL import Image

from pipeline import extras
from pipeline.config.check import check
from pipeline.config.folder import conf_folder
from pipeline.datasets import _reading
from pipeline.datasets._idx import write_idx
from pipeline.errors import UserError

Complain = Callable[..., str]


@pytest.fixture
def complain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Complain]:
    """complain("dataset=…", …) -> the one line in which it ends, in the folder of the data; nothing is written."""
    monkeypatch.chdir(tmp_path)
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):

        def files() -> set[Path]:
            return {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts}

        def ends(*overrides: str) -> str:
            before = files()
            with pytest.raises(UserError) as caught:
                check(compose("config", list(overrides))).dataset.load()
            assert files() == before
            assert "\n" not in str(caught.value)
            return str(caught.value)

        yield ends


def table(**columns: list[Any]) -> dict[str, list[Any]]:
    return {"a": [float(i) for i in range(12)], "b": [float(i % 5) for i in range(12)], "y": ["u", "v"] * 6} | columns


def spoilt(name: str, position: int, value: Any) -> dict[str, list[Any]]:
    columns = table()
    columns[name] = [value if i == position else old for i, old in enumerate(columns[name])]
    return columns


TABLES: dict[str, tuple[dict[str, list[Any]], list[str], str]] = {
    "missing target": (table(), ["dataset.target=z"], "dataset.target=z: {file}: no such column; there are a, b, y"),
    "misspelt target": (table(yes=[1] * 12), ["dataset.target=yess"], "did you mean yes?"),
    "no target": (table(), ["dataset.target=null"], "dataset.target=null: give the column to predict"),
    "target left out": (table(), ["dataset.ignore=[y]"], "dataset.ignore=y: is a target"),
    "unknown column left out": (table(), ["dataset.ignore=[id]"], "dataset.ignore=id: {file}: no such column"),
    "text among numbers": (spoilt("a", 6, "x1"), [], "{file}: row 7, column a: 'x1' among numbers; mend it"),
    "missing": (spoilt("b", 3, ""), [], "{file}: row 4, column b: missing (1 in this column); dataset.missing=mean"),
    "NaN": (spoilt("b", 3, "nan"), [], "{file}: row 4, column b: missing"),
    "infinity": (spoilt("b", 0, "inf"), [], "{file}: row 1, column b: infinity; mend it"),
    "too large": (spoilt("a", 1, "1e200"), [], "{file}: row 2, column a: a number beyond 1e18"),
    "missing target value": (spoilt("y", 5, ""), ["dataset.missing=mean"], "{file}: row 6, column y: missing"),
    "all rows have gaps": (
        table(a=[""] * 6 + [1] * 6, b=[1] * 6 + [""] * 6),
        ["dataset.missing=drop"],
        "{file}: every row has a missing value",
    ),
    "a column without numbers": (
        table(a=[""] * 12),
        ["dataset.missing=mean"],
        "{file}: column a has no number in the training",
    ),
    "decimal commas": (table(a=[f"{i},5" for i in range(12)]), [], "dataset.decimal=',' reads it"),
    "one class": (table(y=["u"] * 12), [], "{file}: column y: a single class, u, so there is nothing to learn"),
    "a rare class": (spoilt("y", 0, "w"), [], "{file}: column y: the class w has 1 example, and 3 splits"),
    "names for classes": (spoilt("y", 0, "v"), ["dataset.class_names=[a,b,c]"], "3 names for the 2 classes"),
    "no file of names": (table(), ["dataset.class_names=names.txt"], "dataset.class_names=names.txt: no such file"),
    "values as classes": (
        table(y=[i + 0.5 for i in range(12)]),
        ["dataset.task=classification"],
        "{file}: column y: row 1 is 0.5, and classes are whole numbers or text; dataset.task=regression takes values",
    ),
    "text as values": (table(), ["dataset.task=regression"], "{file}: column y: row 1 is 'u', no number"),
    "all equal": (table(y=[1.5] * 12), [], "{file}: column y: all targets are equal"),
    "text for several": (table(), ["dataset.target=[a,y]"], "{file}: column y is text; several targets are numbers"),
    "target twice": (table(), ["dataset.target=[a,a]"], "dataset.target=[a,a]: a column stands there twice"),
    "no inputs": (table(), ["dataset.ignore=[a,b]"], "{file}: no column is left for the inputs"),
    "too few for a split": (
        table(),
        ["dataset.test_fraction=0.01"],
        "dataset.test_fraction=0.01 of 12 examples leaves",
    ),
    "a fraction above 1": (table(), ["dataset.test_fraction=1.5"], "dataset.test_fraction=1.5: should be less than 1"),
    "no BibTeX": (table(), ["dataset.citation='@misc'"], "dataset.citation: begins as an entry of BibTeX and is none"),
    "a name a row": (
        {"id": [f"n{i}" for i in range(400)], "y": ["u", "v"] * 200},
        [],
        "{file}: column id has 256 different texts in the training split, 1 to 100 expected; leave it out by "
        "dataset.ignore=[id]",
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables(tmp_path: Path, complain: Complain, kind: str) -> None:
    columns, overrides, said = TABLES[kind]
    file = write_csv(tmp_path / "my.csv", columns)
    target = [] if any("target=" in word for word in overrides) else ["dataset.target=y"]
    assert said.format(file=file) in complain("dataset=table", "dataset.path=my.csv", *target, *overrides)


GOOD = b"a,y\n" + b"".join(b"%d,%c\n" % (i, b"uv"[i % 2]) for i in range(12))
FILES: dict[str, tuple[str, bytes, str]] = {
    "empty": ("my.csv", b"", "the file is empty"),
    "header only": ("my.csv", b"a,y\n", "0 rows of 2 columns"),
    "blank": ("my.csv", b"\n\n", "every line needs as many values"),
    "two headers": ("my.csv", b"y," + GOOD, "two columns are called y"),
    "no header": ("my.csv", b"1,2\n3,4\n", "its first line holds numbers, no names"),
    "a longer line": ("my.csv", GOOD + b"1,u,3\n", "Expected 2 fields in line 14, saw 3"),
    "every line longer": (
        "my.csv",
        b"a,y\n1,2,3\n4,5,6\n",
        "a line has more values; every line needs as many values as the first has names (2)",
    ),
    "Latin-1": ("my.csv", GOOD + b"1,\xe4\n", "line 14 is not UTF-8 text"),
    "binary": ("my.csv", b"a,y\n\0\0", "holds bytes that are no text"),
    "a web page": ("my.csv", b"<!doctype html><title>404</title>", "a web page (HTML)"),
    "cut off gzip": ("my.csv.gz", gzip.compress(GOOD)[:-9], "the gzip data is cut off or damaged"),
    "unknown kind": ("my.doc", GOOD, "no known kind of table; there are .csv"),
    "no Parquet": ("my.parquet", b"PAR1 not", "cannot be read ("),
    "no Feather": ("my.feather", b"ARROW1 not", "cannot be read ("),
    "no Excel": ("my.xlsx", b"PK not", "cannot be read ("),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_of_tables(tmp_path: Path, complain: Complain, kind: str) -> None:
    name, content, said = FILES[kind]
    (tmp_path / name).write_bytes(content)
    line = complain("dataset=table", f"dataset.path={name}", "dataset.target=y")
    assert str(tmp_path / name) in line
    assert said in line


def test_a_test_file_of_other_columns_or_classes(tmp_path: Path, complain: Complain) -> None:
    write_csv(tmp_path / "my.csv", table())
    words = ("dataset=table", "dataset.path=my.csv", "dataset.target=y", "dataset.test_path=test.csv")
    assert "dataset.test_path=test.csv: no such file" in complain(*words)
    file = write_csv(tmp_path / "test.csv", {"a": [1], "y": ["u"]})
    assert f"{file}: column b is missing" in complain(*words)
    write_csv(tmp_path / "test.csv", {"a": [1, 2], "b": [1, 2], "y": ["u", "w"]})
    assert "the class w of row 2 of the test split is not in the training split" in complain(*words)
    write_csv(tmp_path / "test.csv", {"a": [1, "q"], "b": [1, 2], "y": ["u", "v"]})
    assert f"{file}: row 2, column a: 'q' among numbers" in complain(*words)


def test_a_bomb_of_a_table(tmp_path: Path, complain: Complain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reading, "_ALWAYS", 1000)
    (tmp_path / "my.csv.gz").write_bytes(gzip.compress(b"a,y\n" + b"0" * 10**6))
    assert "unpacks to more than" in complain("dataset=table", "dataset.path=my.csv.gz", "dataset.target=y")
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(10**6))
    assert "unpacks to more than" in complain("dataset=arrays", "dataset.path=a.npz")


@pytest.mark.parametrize(("package", "name"), [("pyarrow", "my.parquet"), ("openpyxl", "my.xlsx")])
def test_a_reader_that_is_not_installed(
    tmp_path: Path, complain: Complain, monkeypatch: pytest.MonkeyPatch, package: str, name: str
) -> None:
    (tmp_path / name).write_bytes(b"something")
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda asked: None if asked == package else object())
    line = complain("dataset=table", f"dataset.path={name}", "dataset.target=y")
    assert f"the package {package} is missing; pip install 'scratchnet-sweeps[tables]'" in line


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # a whole path may be too long


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def directory(path: Path) -> None:
    path.mkdir()


SPECIAL = [(pipe, "a pipe"), (a_socket, "a socket"), (device, "a device"), (directory, "a folder")]


@pytest.mark.parametrize(("make", "said"), SPECIAL)
@pytest.mark.parametrize(
    "choice", ["dataset=table dataset.target=y dataset.path=my.csv", "dataset=arrays dataset.path=my.npz"]
)
def test_what_is_no_file_is_not_waited_for(
    complain: Complain, tmp_path: Path, make: Callable[[Path], None], said: str, choice: str
) -> None:
    path = tmp_path / choice.rpartition("=")[2]
    make(path)
    line = complain(*choice.split())
    assert line.startswith(f"{path}: ")
    assert said in line or "no .npy file in this folder" in line


@pytest.mark.parametrize(("make", "said"), SPECIAL[:3])
def test_nor_among_images_and_idx_files(
    complain: Complain, tmp_path: Path, make: Callable[[Path], None], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = write_pictures(tmp_path / "shapes") / "star" / "z.png"
    monkeypatch.chdir(strange.parent)
    make(strange)
    monkeypatch.chdir(tmp_path)
    assert complain("dataset=image_folder", "dataset.path=shapes").startswith(f"{strange}: {said}")
    images = write_idx_folder(tmp_path / "idx") / "train-images-idx3-ubyte.gz"
    images.unlink()
    monkeypatch.chdir(images.parent)
    make(images)
    monkeypatch.chdir(tmp_path)
    assert complain("dataset=idx", "dataset.path=idx").startswith(f"{images}: {said}")


X, Y = blobs(30)
ARRAYS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "no x": ({"points": X, "y": Y}, [], "{file}: no array is called as inputs are; it holds points (30, 6), y (30,)"),
    "no y": ({"x": X}, [], "{file}: no array is called as targets are"),
    "said and not there": ({"x": X, "y": Y}, ["dataset.inputs=z"], "{file}: no array z"),
    "two names": ({"x": X, "data": X, "y": Y}, [], "{file}: both x and data could be the inputs"),
    "objects": ({"x": np.array([{}, []], object), "y": Y}, [], "{file}: x holds objects, which only pickle stores"),
    "lengths": ({"x": X[:29], "y": Y}, [], "lengths that differ along the first or last axis"),
    "square": ({"x": X[:6], "y": Y[:6]}, [], "say it by dataset.examples_axis=0 or dataset.examples_axis=-1"),
    "the other axis": ({"x": X, "y": Y}, ["dataset.examples_axis=-1"], "lengths that differ along axis -1 of x"),
    "scalar": ({"x": np.array(1.0), "y": Y}, [], "x of shape ()"),
    "five axes": ({"x": X.reshape(30, 1, 1, 2, 3), "y": Y}, [], "inputs of shape (30, 1, 1, 2, 3)"),
    "three axes of y": ({"x": X, "y": np.zeros((30, 2, 2))}, [], "y of shape (30, 2, 2)"),
    "nothing": ({"x": X[:0], "y": Y[:0]}, [], "no examples for training"),
    "NaN": ({"x": np.where(X[4, 2] == X, np.nan, X), "y": Y}, [], "{file}: NaN or infinity in row 5, column 3"),
    "infinity": ({"x": np.where(X[0, 0] == X, np.inf, X), "y": Y}, [], "{file}: NaN or infinity in row 1, column 1"),
    "huge": ({"x": np.where(X[0, 0] == X, 1e30, X), "y": Y}, [], "{file}: a number beyond 1e18 in row 1, column 1"),
    "NaN in y": ({"x": X, "y": np.where(Y == 1, np.nan, Y)}, [], "{file}: y: row 2 is missing, NaN or infinite"),
    "text": ({"x": X.astype(str), "y": Y}, [], "{file}: inputs of type <U32; give numbers"),
    "complex": ({"x": X + 1j, "y": Y}, [], "{file}: inputs of type complex128"),
    "dates": ({"x": X, "y": Y.astype("M8[D]")}, [], "{file}: y: targets of type datetime64[D]"),
    "channels": ({"x": np.zeros((30, 5, 4, 7)), "y": Y}, [], "neither the first nor the last axis can be 1, 3 or 4"),
    "other test shape": (
        {"x_train": X, "y_train": Y, "x_test": X[:, :5], "y_test": Y},
        [],
        "examples of shape (6,) for training, (5,) for test",
    ),
    "a class in test alone": (
        {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
        [],
        "the class 3 of row 3 of the test split is not in the training split",
    ),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays(tmp_path: Path, complain: Complain, kind: str) -> None:
    arrays, overrides, said = ARRAYS[kind]
    np.savez(tmp_path / "my.npz", **arrays)
    line = complain("dataset=arrays", "dataset.path=my.npz", *overrides)
    assert said.format(file=tmp_path / "my.npz") in line
    assert str(tmp_path / "my.npz") in line


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("my.npz", b"not a zip", "cannot be read (File is not a zip file)"),
        ("my.npy", b"\x93NUMPY\x01\0", "cannot be read ("),
        ("my.safetensors", b"\xff" * 20, "cannot be read ("),
        ("my.pkl", b"cos\nsystem\n", "no known kind of arrays; there are .npz, .npy, .safetensors"),
        ("my.mat", b"MATLAB 5.0", "no known kind of arrays"),
    ],
)
def test_files_of_arrays(tmp_path: Path, complain: Complain, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert said in complain("dataset=arrays", f"dataset.path={name}")


def test_a_cut_off_archive(tmp_path: Path, complain: Complain) -> None:
    np.savez_compressed(tmp_path / "whole.npz", x=X, y=Y)
    data = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "my.npz").write_bytes(data[:-30])
    assert "is it whole?" in complain("dataset=arrays", "dataset.path=my.npz")
    (tmp_path / "my.npz").write_bytes(data[:200] + b"\0\0\0" + data[203:])
    assert "my.npz: x: cannot be read" in complain("dataset=arrays", "dataset.path=my.npz")


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def no_image(path: Path) -> None:
    path.write_text("circle")


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def wider(path: Path) -> None:
    Image.new("L", (9, 8)).save(path)


def bomb(path: Path) -> None:
    """A PNG of some hundred bytes that says it has 40 000 × 40 000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut_off, "cut off or damaged"),
        (no_image, "no PNG, JPEG or BMP image"),
        (nothing, "the file is empty"),
        (wider, "8×9 pixels (height × width), where 29 of 30 images are 8×8; dataset.size=[8,8] resizes all"),
        (bomb, "more than 50,000,000"),
    ],
)
def test_images(tmp_path: Path, complain: Complain, spoil: Callable[[Path], None], said: str) -> None:
    image = write_pictures(tmp_path / "shapes") / "star" / "2.png"
    spoil(image)
    line = complain("dataset=image_folder", "dataset.path=shapes")
    assert line.startswith(f"{image}: ")
    assert said in line


def test_folders_of_images(tmp_path: Path, complain: Complain) -> None:
    words = ("dataset=image_folder", "dataset.path=shapes")
    assert "dataset.path=null: give the folder" in complain(words[0])
    assert "dataset.path=shapes: no such file or folder" in complain(*words)
    folder = tmp_path / "shapes"
    folder.mkdir()
    assert f"{folder}: holds no folders" in complain(*words)
    (folder / "a.png").write_bytes(b"image")
    assert f"{folder}: holds images, and no folders" in complain(*words)
    (folder / "circle").mkdir()
    assert f"{folder / 'circle'}: no .png, .jpg" in complain(*words)
    assert "dataset.size=[8]: give [height,width]" in complain(*words, "dataset.size=[8]")


def test_idx_folders(tmp_path: Path, complain: Complain) -> None:
    words = ("dataset=idx", "dataset.path=idx")
    folder = tmp_path / "idx"
    folder.mkdir()
    assert f"{folder}: no IDX files" in complain(*words)
    write_idx(folder / "train-images-idx3-ubyte.gz", np.zeros((9, 4, 4), np.uint8))
    assert f"{folder}: no IDX file of labels for training" in complain(*words)
    write_idx(folder / "train-labels-idx1-ubyte.gz", np.arange(8, dtype=np.uint8))
    assert "9 examples for training, but 8 targets" in complain(*words)
    write_idx(folder / "train-labels-idx1-ubyte.gz", np.zeros(9, np.uint8))
    assert "a single class, 0" in complain(*words)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes([0, 0, 8, 3]) + b"\x7f" * 12 + bytes(9)))
    assert "but 9 follow; get the file again" in complain(*words)


FUNCTIONS: dict[str, tuple[str, str]] = {
    "raises": ("raise ValueError('no such sensor')", "raised ValueError: no such sensor (my_data.py, line 5)"),
    "exits": ("raise SystemExit(3)", "raised SystemExit: 3 (my_data.py, line 5)"),
    "nothing": ("pass", "returned nothing (None); return x, y or"),
    "text": ("return 'done'", "returned a str"),
    "three": ("return 1, 2, 3", "returned a tuple of 3 (int, int, int)"),
    "ragged": ("return [[1], [2, 3]], [0, 1]", "x: a list of 2 (list, list), no array"),
    "objects": ("return np.array([{}, None]), [0, 1]", "x: an array of objects, not of numbers"),
    "masked": ("return np.ma.masked_equal(np.eye(3), 0), [0, 1, 2]", "x: some numbers are masked; fill them in"),
    "lengths": ("return np.zeros((30, 2)), np.arange(29) % 3", "lengths that differ"),
    "frame": ("import pandas\nreturn pandas.DataFrame({'a': [1]})", "say which column to predict by dataset.target="),
    "no examples": (
        "class E:\n    __len__ = lambda s: 0\n    __getitem__ = None\nreturn E()",
        "a data set without examples",
    ),
    "odd items": (
        "class E:\n    __len__ = lambda s: 3\n    __getitem__ = lambda s, i: i\nreturn E()",
        "example 0 is an int",
    ),
    "breaks": (
        "class E:\n    __len__ = lambda s: 3\n    __getitem__ = lambda s, i: 1 / 0\nreturn E()",
        "what it returned raised ZeroDivisionError: division by zero (my_data.py, line 7)",
    ),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_functions(tmp_path: Path, complain: Complain, kind: str) -> None:
    body, said = FUNCTIONS[kind]
    write_module(tmp_path, "my_data", body)
    line = complain("dataset=function", "dataset.function=my_data:load")
    assert line.startswith("dataset.function=my_data:load")
    assert said in line


def test_functions_that_are_not_there(tmp_path: Path, complain: Complain) -> None:
    def of(function: str) -> str:
        return complain("dataset=function", f"dataset.function={function}")

    assert "dataset.function=my_data: not of the form module:name" in of("my_data")
    assert f"no module my_own in {tmp_path}" in of("my_own:load")
    path = write_module(tmp_path, "my_own", "return 1")
    assert f"{path} has no read; it has np, load" in of("my_own:read")
    write_module(tmp_path, "needy", "return 1").write_text("import a_package_that_is_missing\n")
    assert "needy needs a_package_that_is_missing, which is missing" in of("needy:load")
    (tmp_path / "wrong.py").write_text("def load(:\n")
    assert "importing it raised SyntaxError" in of("wrong:load")
    (tmp_path / "value.py").write_text("load = 3\n")
    assert "dataset.function=value:load: a int, not a function" in of("value:load")


@pytest.mark.parametrize(
    "words",
    [
        ["dataset=table", "dataset.path=iris.csv", "dataset.target=kind"],
        ["-m", "dataset=table", "dataset.path=iris.csv", "dataset.target=kind", "seed=0,1"],
        ["dataset=table", "dataset.path=iris.csv", "dataset.target=species", "model=patch_mlp"],
        ["-m", "dataset=table", "dataset.path=iris.csv", "dataset.target=species", "model=mlp,patch_mlp"],
    ],
)
def test_a_command_ends_in_one_line_and_writes_nothing(tmp_path: Path, words: list[str]) -> None:
    write_iris(tmp_path / "iris.csv")
    before = contents(tmp_path)
    done = ended(tmp_path, *words, status=1)
    [line] = [line for line in done.stderr.splitlines() if "told from" not in line]
    assert "dataset.target=kind: " in line or "model=patch_mlp: needs images" in line
    assert contents(tmp_path) == before
