"""dataset=arrays and dataset=function: named arrays, and which axis of them holds the examples."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from data import choose_dataset
from examples import blobs, pictures, write_lab, write_module
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets import Dataset
from pipeline.datasets._axes import examples_first


def load(path: Path, **options: Any) -> Dataset:
    return choose_dataset("arrays", path=str(path), **options).load()


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y"),
        ("X_train", "y_train", "X_test", "y_test"),
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
def test_names_of_arrays(tmp_path: Path, names: tuple[str, ...]) -> None:
    x, y = blobs(60)
    parts = [x, y] if len(names) == 2 else [x[:45], y[:45], x[45:], y[45:]]
    np.savez(tmp_path / "a.npz", **dict(zip(names, parts, strict=True)))
    data = load(tmp_path / "a.npz")
    assert sum(map(len, (data.train.inputs, data.validation.inputs, data.test.inputs))) == 60
    if len(names) == 4:
        np.testing.assert_array_equal(data.test.inputs, x[45:])
        np.testing.assert_array_equal(data.test.targets, y[45:])


def test_the_cached_format_of_courses(tmp_path: Path) -> None:
    data = load(write_lab(tmp_path / "lab.npz"))
    assert data.input_shape == (6,)
    assert data.class_names == ("0", "1", "2")
    assert any("the examples are along the last axis of x" in note for note in data.card.notes)
    np.savez(tmp_path / "rows.npz", x=blobs(60)[0], y=blobs(60)[1])
    assert load(tmp_path / "rows.npz").fingerprint == data.fingerprint


def test_other_files_hold_the_same(tmp_path: Path) -> None:
    x, y = blobs(60)
    folder = tmp_path / "arrays"
    folder.mkdir()
    np.savez(tmp_path / "a.npz", x=x, y=y)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    safetensors.numpy.save_file({"x": x, "y": y}, tmp_path / "a.safetensors")
    expected = load(tmp_path / "a.npz").fingerprint
    assert load(folder).fingerprint == expected
    assert load(folder / "x.npy", targets_path=str(folder / "y.npy")).fingerprint == expected
    assert load(tmp_path / "a.safetensors").fingerprint == expected


def test_names_can_be_said(tmp_path: Path) -> None:
    x, y = blobs(60)
    np.savez(tmp_path / "a.npz", points=x, kinds=y)
    assert load(tmp_path / "a.npz", inputs="points", targets="kinds").input_shape == (6,)


def test_what_is_not_used_is_told(tmp_path: Path) -> None:
    x, y = blobs(60)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x, y_test=y, x_val=x)
    assert any("not used: x_val" in note for note in load(tmp_path / "a.npz").card.notes)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("u1", "u1"), ("?", "u1"), ("u2", "f4"), ("i2", "f4"), ("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i8", "f8")],
)
def test_bytes_stay_bytes(tmp_path: Path, dtype: str, expected: str) -> None:
    x, y = pictures(60)
    np.savez(tmp_path / "a.npz", x=x.astype(dtype), y=y)
    data = load(tmp_path / "a.npz")
    assert data.train.inputs.dtype == expected
    assert data.image_shape == (1, 8, 8)


@pytest.mark.parametrize("shape", [(3, 8, 8), (8, 8, 3)])
def test_channels_come_first(tmp_path: Path, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).integers(0, 256, (30, *shape), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(30) % 2)
    choice = choose_dataset("arrays", path=str(tmp_path / "a.npz"))
    data = choice.load()
    assert data.image_shape == (3, 8, 8)
    mean, std = choice.normalisation(data)
    np.testing.assert_allclose(mean, data.train.inputs.mean((0, 2, 3)))
    np.testing.assert_allclose(std, data.train.inputs.std((0, 2, 3)))


@given(
    st.integers(2, 9), st.integers(2, 9), st.integers(2, 9), st.booleans(), st.booleans(), st.sampled_from(["1d", "2d"])
)
def test_examples_are_found_along_the_axis_that_fits_or_not_at_all(
    n: int, features: int, classes: int, x_last: bool, y_last: bool, kind: str
) -> None:
    """Whatever the shapes, examples stay with their targets; where two axes fit, it is not guessed."""
    x = np.arange(n * features).reshape(n, features)
    y = np.arange(n) if kind == "1d" else np.arange(n * classes).reshape(n, classes)
    given_x, given_y = x.T if x_last else x, y.T if y_last and kind == "2d" else y
    alone = len({n, features, classes} if kind == "2d" else {n, features}) == (3 if kind == "2d" else 2)
    if alone:
        found_x, found_y, note = examples_first("f", given_x, given_y, None)
        np.testing.assert_array_equal(found_x, x)
        np.testing.assert_array_equal(found_y, y)
        assert bool(note) == x_last
    elif kind == "1d":
        with pytest.raises(Exception, match="examples_axis"):
            examples_first("f", given_x, given_y, None)
        found_x, _, _ = examples_first("f", given_x, given_y, -1 if x_last else 0)
        np.testing.assert_array_equal(found_x, x)


RETURNS = {
    "arrays": "return {x}, {y}",
    "four": "return {x}, {y}, {x}, {y}",
    "pairs": "return ({x}, {y}), ({x}, {y})",
    "dict": "return dict(x={x}, y={y})",
    "lists": "return {x}.tolist(), {y}.tolist()",
    "tensors": "import torch\nreturn torch.tensor({x}), torch.tensor({y})",
    "torch": "import torch\nreturn torch.utils.data.TensorDataset(torch.tensor({x}), torch.tensor({y}))",
    "two data sets": (
        "from torch.utils.data import TensorDataset\nimport torch\n"
        "data = TensorDataset(torch.tensor({x}), torch.tensor({y}))\nreturn data, data"
    ),
    "frame": "import pandas as pd\nreturn pd.DataFrame({x}, columns=list('abcdef')).assign(kind={y})",
    "sklearn": "from sklearn.datasets import load_iris\nreturn load_iris()",
}


@pytest.mark.parametrize("kind", RETURNS)
def test_what_a_function_may_return(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    x, y = "np.arange(180.0).reshape(30, 6) % 7", "np.arange(30) % 3"
    write_module(tmp_path, "loader", RETURNS[kind].format(x=f"({x})", y=f"({y})"))
    target = {"target": "kind"} if kind == "frame" else {}
    data = choose_dataset("function", function="loader:load", **target).load()
    assert len(data.class_names) == 3
    assert data.input_shape == ((4,) if kind == "sklearn" else (6,))


def test_a_function_is_part_of_the_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = []
    for comment in ("", "# as before\n"):
        folder = tmp_path / f"folder{len(found)}"
        folder.mkdir()
        monkeypatch.chdir(folder)
        write_module(folder, "loader", f"{comment}return np.arange(60.0).reshape(30, 2), np.arange(30) % 3")
        found.append(choose_dataset("function", function="loader:load").load())
    assert found[0].fingerprint != found[1].fingerprint
    np.testing.assert_array_equal(found[0].train.inputs, found[1].train.inputs)


@pytest.mark.parametrize(
    ("loader", "shape", "outputs"),
    [
        ("digits", (1, 8, 8), 10),
        ("iris", (4,), 3),
        ("wine", (13,), 3),
        ("breast_cancer", (30,), 2),
        ("diabetes", (10,), 1),
    ],
)
def test_sets_of_scikit_learn(loader: str, shape: tuple[int, ...], outputs: int) -> None:
    data = choose_dataset("sklearn", loader=loader).load()
    assert (data.input_shape, data.outputs) == (shape, outputs)
    assert data.card.citation is not None
    assert data.card.citation.startswith("@")
