"""Several labels an example, a given validation split, and columns of many texts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data import choose_dataset
from examples import blobs, write_csv

from pipeline.datasets import Dataset
from pipeline.errors import UserError

RNG = np.random.default_rng(2)
X = RNG.normal(size=(90, 4))
FLAGS = (X[:, :3] > 0.2).astype(int)


def arrays(folder: Path, **named: np.ndarray) -> Path:
    np.savez(folder / "a.npz", **named)
    return folder / "a.npz"


def load(path: Path, **options: Any) -> Dataset:
    return choose_dataset("arrays", path=str(path), **options).load()


def table(folder: Path, columns: dict[str, Any], target: list[str], **options: Any) -> Dataset:
    path = write_csv(folder / "t.csv", {name: list(values) for name, values in columns.items()})
    return choose_dataset("table", path=str(path), target=target, **options).load()


def columns(flags: np.ndarray) -> dict[str, Any]:
    return dict(zip("abcd", X.T, strict=True)) | dict(zip(("sky", "sea", "car"), flags.T, strict=True))


@pytest.mark.parametrize("values", [FLAGS, FLAGS.astype(bool), FLAGS.astype(float)], ids=["int", "bool", "float"])
def test_rows_of_0_and_1_are_labels(tmp_path: Path, values: np.ndarray) -> None:
    data = load(arrays(tmp_path, x=X, y=values))
    assert (data.task, data.class_names, data.outputs) == ("multilabel", ("0", "1", "2"), 3)
    assert data.target_scale is None
    assert data.train.targets.dtype == np.float64
    together = np.concatenate([data.train.targets, data.validation.targets, data.test.targets])
    assert sorted(map(tuple, together)) == sorted(map(tuple, FLAGS.astype(float)))
    facts = data.facts()
    assert facts["examples_of_classes"]["train"] == data.train.targets.sum(0).tolist()
    named = load(arrays(tmp_path, x=X, y=values), class_names=["sky", "sea", "car"])
    assert named.class_names == ("sky", "sea", "car")


def test_labels_of_a_table_are_called_by_their_columns(tmp_path: Path) -> None:
    for flags in (FLAGS, FLAGS.astype(bool)):
        data = table(tmp_path, columns(flags), ["sky", "sea", "car"])
        assert (data.task, data.class_names) == ("multilabel", ("sky", "sea", "car"))
        assert data.encoding is not None
        assert data.encoding.features == list("abcd")


def test_columns_of_which_one_is_1_are_classes_by_name_unless_labels_are_asked_for(tmp_path: Path) -> None:
    one_hot = np.eye(3, dtype=int)[np.arange(90) % 3]
    data = table(tmp_path, columns(one_hot), ["sky", "sea", "car"])
    assert (data.task, data.class_names) == ("classification", ("sky", "sea", "car"))
    asked = table(tmp_path, columns(one_hot), ["sky", "sea", "car"], task="multilabel")
    assert (asked.task, asked.train.targets.shape[1]) == ("multilabel", 3)
    values = table(tmp_path, columns(FLAGS), ["sky", "sea", "car"], task="regression")
    assert (values.task, values.class_names) == ("regression", ())


@pytest.mark.parametrize(
    ("y", "options", "said"),
    [
        (
            FLAGS * [1, 1, 0],
            {},
            "the label 2 is 0 in every training example, so there is nothing to learn; leave it out",
        ),
        (FLAGS, {"task": "classification"}, "name one column, or take dataset.task=multilabel"),
        (FLAGS + np.array([0, 0, 2]), {"task": "multilabel"}, "row 1 has another number than 0 and 1"),
        (FLAGS[:, 0], {"task": "multilabel"}, "targets of shape (90,); dataset.task=multilabel takes rows of 0 and 1"),
        (FLAGS, {"class_names": ["a", "b"]}, "dataset.class_names: 2 names for the 3 labels"),
        (FLAGS, {"class_names": ["a", "b", "a"]}, "a name stands there twice"),
    ],
)
def test_labels_that_are_none_are_told(tmp_path: Path, y: np.ndarray, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        load(arrays(tmp_path, x=X, y=y), **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "names", [("x_val", "y_val"), ("X_valid", "y_valid"), ("validation_data", "validation_labels")]
)
def test_a_validation_split_that_is_given_is_taken(tmp_path: Path, names: tuple[str, str]) -> None:
    x, y = blobs(90)
    parts = {"x_train": x[:50], "y_train": y[:50], "x_test": x[70:], "y_test": y[70:]}
    drawn = load(arrays(tmp_path, **parts))
    data = load(arrays(tmp_path, **parts, **dict(zip(names, (x[50:70], y[50:70]), strict=True))))
    np.testing.assert_array_equal(data.train.inputs, x[:50])
    np.testing.assert_array_equal(data.validation.inputs, x[50:70])
    np.testing.assert_array_equal(data.validation.targets, y[50:70])
    np.testing.assert_array_equal(data.test.targets, y[70:])
    assert (data.card.validation_split, drawn.card.validation_split) == ("given", "drawn")
    assert data.fingerprint != drawn.fingerprint
    assert not any("not used" in note for note in data.card.notes)
    np.testing.assert_allclose(data.statistics[0], x[:50].mean(0))  # all given training examples, and no others


def test_a_given_validation_split_is_checked_as_the_others_are(tmp_path: Path) -> None:
    x, y = blobs(90)
    parts = {"x_train": x[:50], "y_train": y[:50], "x_test": x[70:], "y_test": y[70:]}
    for held_out, said in (
        ((x[50:70, :4], y[50:70]), "examples of shape (6,) for training, (4,) for validation"),
        ((x[50:70], y[50:70] + 5), "the class 7 of row 1 of the validation split is not in the training split"),
        ((x[50:70] * np.nan, y[50:70]), "(validation): NaN or infinity in row 1"),
    ):
        with pytest.raises(UserError) as caught:
            load(arrays(tmp_path, **parts, x_val=held_out[0], y_val=held_out[1]))
        assert said in str(caught.value)


def test_a_test_split_is_drawn_beside_a_given_validation_split(tmp_path: Path) -> None:
    x, y = blobs(90)
    data = load(arrays(tmp_path, x_train=x[:70], y_train=y[:70], x_val=x[70:], y_val=y[70:]))
    assert (len(data.train), len(data.validation), len(data.test)) == (56, 20, 14)


def test_a_column_of_many_texts_becomes_as_many_features_where_that_is_asked_for(tmp_path: Path) -> None:
    count = 400
    given = {"town": [f"town {i % 130}" for i in range(count)], "a": range(count), "y": [i % 2 for i in range(count)]}
    with pytest.raises(UserError, match=r"dataset\.most_categories=124 make as many features of it"):
        table(tmp_path, given, ["y"])
    data = table(tmp_path, given, ["y"], most_categories=130)
    assert data.input_shape == (125,)
