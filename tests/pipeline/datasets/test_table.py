"""dataset=table: what is read of tables, and how columns become features."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from data import choose_dataset
from examples import write_csv, write_diabetes, write_iris

from pipeline.datasets import Dataset


def load(path: Path, target: str | list[str] = "y", **options: Any) -> Dataset:
    return choose_dataset("table", path=str(path), target=target, **options).load()


def notes(data: Dataset) -> str:
    return "\n".join(data.card.notes)


def mixed(rows: int = 30) -> dict[str, list[Any]]:
    colours = ["red", "green", "blue"]
    return {
        "size": [0.5 * i for i in range(rows)],
        "colour": [colours[i % 3] for i in range(rows)],
        "y": ["yes" if i % 2 else "no" for i in range(rows)],
    }


def test_iris(tmp_path: Path) -> None:
    data = load(write_iris(tmp_path / "iris.csv"), "species")
    assert data.class_names == ("setosa", "versicolor", "virginica")
    assert [len(data.train), len(data.validation), len(data.test)] == [96, 24, 30]
    for split in (data.train, data.validation, data.test):
        assert len(set(np.bincount(split.targets))) == 1  # stratified
    assert data.card.title == "iris"
    assert data.facts()["examples_of_classes"] == {"train": [32] * 3, "validation": [8] * 3, "test": [10] * 3}


def test_numbers_are_standardised_by_the_training_split_alone(tmp_path: Path) -> None:
    columns = mixed() | {"size": [*range(29), 1e6]}
    choice = choose_dataset("table", path=str(write_csv(tmp_path / "t.csv", columns)), target="y")
    data = choice.load()
    mean, std = choice.normalisation(data)
    train = data.train.inputs
    assert mean[0] == pytest.approx(train[:, 0].mean())
    assert std[0] == pytest.approx(train[:, 0].std())
    assert (mean[1:], std[1:]) == ([0, 0, 0], [1, 1, 1])  # 0 and 1 of the colours stay
    others = np.concatenate([data.validation.inputs, data.test.inputs])
    assert mean[0] != pytest.approx(np.concatenate([train, others])[:, 0].mean())
    unscaled = choose_dataset("table", path=str(tmp_path / "t.csv"), target="y", standardise=False)
    assert unscaled.normalisation(data) == ([0.0], [1.0])


def test_text_is_one_hot_by_the_training_split(tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", mixed())
    test = write_csv(tmp_path / "test.csv", {"size": [1, 2], "colour": ["red", "violet"], "y": ["no", "yes"]})
    data = load(train, test_path=str(test))
    assert data.encoding is not None
    assert data.encoding.features == ["size", "colour=blue", "colour=green", "colour=red"]
    np.testing.assert_array_equal(data.test.inputs, [[1, 0, 0, 1], [2, 0, 0, 0]])
    assert "column colour of the test split has texts that the training split has not (violet)" in notes(data)


@pytest.mark.parametrize(
    ("values", "task", "expected"),
    [
        (["a", "b"] * 15, "auto", ("a", "b")),
        ([10, 9] * 15, "auto", ("9", "10")),
        ([True, False] * 15, "auto", ("False", "True")),
        ([1.0, 2.0] * 15, "auto", ("1", "2")),
        (list(range(30)), "auto", ()),
        ([0.5, 1.0] * 15, "auto", ()),
        ([0, 1] * 15, "regression", ()),
    ],
)
def test_the_target_tells_the_task(tmp_path: Path, values: list[Any], task: str, expected: tuple[str, ...]) -> None:
    data = load(write_csv(tmp_path / "t.csv", mixed() | {"y": values}), task=task)
    assert data.class_names == expected
    assert data.task == ("classification" if expected else "regression")


def test_values_are_scaled_by_the_training_split(tmp_path: Path) -> None:
    path = write_diabetes(tmp_path / "d.csv")
    data, plain = load(path, "progression"), load(path, "progression", standardise=False)
    assert data.target_scale is not None
    [mean], [std] = data.target_scale
    assert mean == pytest.approx(plain.train.targets.mean())
    np.testing.assert_allclose(data.test.targets * std + mean, plain.test.targets)
    assert data.train.targets.std() == pytest.approx(1)


def test_several_targets(tmp_path: Path) -> None:
    data = load(write_diabetes(tmp_path / "d.csv"), ["progression", "bmi"])
    assert (data.outputs, data.input_shape) == (2, (9,))


def test_missing_values(tmp_path: Path) -> None:
    columns = mixed() | {"size": [None if i in (3, 4) else float(i) for i in range(30)]}
    columns["colour"][7] = ""
    path = write_csv(tmp_path / "t.csv", columns)
    assert sum(map(len, (split := load(path, missing="drop"), split.validation, split.test)[1:])) < 30
    dropped, filled = load(path, missing="drop"), load(path, missing="mean")
    assert "3 of 30 rows left out" in notes(dropped)
    known = filled.train.inputs[:, 0]
    assert filled.encoding is not None
    assert np.isfinite(known).all()
    fill = filled.encoding.columns[0].fill
    assert fill is not None
    whole = [s.inputs[:, 0] for s in (filled.train, filled.validation, filled.test)]
    assert sum((x == fill).sum() for x in whole) == 2
    assert "size (2), colour (1)" in notes(filled)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".parquet", ".feather", ".xlsx"])
def test_kinds_of_files_hold_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    frame = pd.DataFrame(mixed())
    if suffix == ".csv.gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    elif suffix in (".csv", ".tsv"):
        frame.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    else:
        {".parquet": frame.to_parquet, ".feather": frame.to_feather}.get(
            suffix, lambda place: frame.to_excel(place, index=False)
        )(path)
    reference = load(write_csv(tmp_path / "reference.csv", mixed()))
    assert load(path).fingerprint == reference.fingerprint


def test_european_files_and_columns_that_are_left_out(tmp_path: Path) -> None:
    columns = mixed() | {"size": [f"{i},5" for i in range(30)], "zip": [10000 + i % 4 for i in range(30)]}
    path = write_csv(tmp_path / "t.csv", columns, ";")
    data = load(path, decimal=",", text_columns=["zip"], ignore=["colour"])
    assert data.encoding is not None
    assert data.encoding.features == ["size", *(f"zip={10000 + i}" for i in range(4))]
    assert data.train.inputs[:, 0].min() >= 0.5


def test_an_index_that_pandas_wrote_is_no_feature(tmp_path: Path) -> None:
    pd.DataFrame(mixed()).to_csv(tmp_path / "t.csv")
    data = load(tmp_path / "t.csv")
    assert data.encoding is not None
    assert data.encoding.features[0] == "size"
    assert "counts the rows; it is left out" in notes(data)


def test_the_test_split_is_the_same_for_every_seed(tmp_path: Path) -> None:
    path = write_iris(tmp_path / "iris.csv")
    first, other = load(path, "species", seed=0), load(path, "species", seed=1)
    assert first.fingerprint == other.fingerprint
    assert first.train.inputs.tobytes() != other.train.inputs.tobytes()
    assert load(path, "species", test_seed=1).fingerprint != first.fingerprint


def test_class_names_are_given(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", mixed())
    names = tmp_path / "names.txt"
    names.write_text("nein\nja\n")
    assert load(path, class_names=["nein", "ja"]).class_names == ("nein", "ja")
    assert load(path, class_names=str(names)).class_names == ("nein", "ja")


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", mixed())
    before = load(path)
    write_csv(path, mixed(40))
    assert len(load(path).train) > len(before.train)
