"""New data are read and scaled as those of training, whatever file they come in, or one line says why not."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from examples import pictures, write_csv
from new_data import KINDS
from PIL import Image
from sklearn.metrics import accuracy_score, log_loss, r2_score

import pipeline
from pipeline.errors import UserError
from pipeline.predict import predict
from pipeline.predict.__main__ import main
from pipeline.runs.job import Job
from pipeline.training.trainer import Trainer

Trained = Callable[..., tuple[Path, Path, Job]]
Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_is_predicted_as_in_training(trained: Trained, kind: str, tmp_path: Path) -> None:
    run, path, job = trained(kind)
    done = predict(run, [path], tmp_path / "predictions.csv")
    written = pd.read_csv(tmp_path / "predictions.csv", keep_default_na=False)
    model, data = pipeline.load_model(run), job.config.dataset.load()
    assert len(written) == done.rows == done.score.count > 0
    outputs = np.concatenate(
        [model.outputs(split.inputs).numpy() for split in (data.train, data.validation, data.test)]
    )
    if not data.class_names:
        names = ["y", "z"]
        rows = written[[f"prediction_{name}" for name in names]].to_numpy()
        np.testing.assert_allclose(np.sort(rows, 0), np.sort(outputs, 0), rtol=1e-5)
        r2 = r2_score(written[[f"target_{name}" for name in names]], rows)
        assert done.figures["R²"] == pytest.approx(r2, rel=1e-9)
        np.testing.assert_allclose(model.predict(pd.read_csv(path)), rows, rtol=1e-6)
        return
    p = written[[f"probability_{name}" for name in data.class_names]].to_numpy()
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    codes = written["target"].astype(str).map({name: k for k, name in enumerate(data.class_names)})
    assert done.figures["accuracy"] == pytest.approx(accuracy_score(codes, p.argmax(1)))
    assert done.figures["loss"] == pytest.approx(log_loss(codes, p, labels=range(len(data.class_names))), rel=1e-6)
    assert (written["prediction"].astype(str) == np.array(data.class_names)[p.argmax(1)]).all()
    if kind in ("kmnist", "mini"):  # the test split alone
        metrics = json.loads((run / "result.json").read_text())["metrics"]
        assert done.figures["accuracy"] == pytest.approx(metrics["best_test_accuracy"])
        assert done.figures["loss"] == pytest.approx(metrics["best_test_loss"], rel=1e-5)
    everything = np.sort(torch.from_numpy(outputs).double().softmax(1).numpy().max(1))
    if kind not in ("kmnist", "mini", "digits"):
        np.testing.assert_allclose(np.sort(p.max(1)), everything, rtol=1e-5)


CHANGES: dict[str, Change] = {
    "another order": lambda frame: frame[frame.columns[::-1]],
    "more columns": lambda frame: frame.assign(note="x", more=1),
    "no targets": lambda frame: frame.drop(columns=["y", "z"]),
    "an index": lambda frame: frame.reset_index().rename(columns={"index": ""}),
    "blanks around names": lambda frame: frame.rename(columns=lambda name: f" {name} "),
}


@pytest.mark.parametrize("change", CHANGES)
def test_columns_are_found_by_their_names(trained: Trained, change: str, tmp_path: Path) -> None:
    run, path, _ = trained("mixed")
    frame = pd.read_csv(path)
    expected = pipeline.load_model(run).predict(frame)
    CHANGES[change](frame).to_csv(tmp_path / "other.csv", index=False)
    done = predict(run, [tmp_path / "other.csv"], tmp_path / "out.csv")
    written = pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(written[["prediction_y", "prediction_z"]], expected, rtol=1e-6)
    assert bool(done.figures) == (change != "no targets")
    assert any("not used: note, more" in note for note in done.notes) == (change == "more columns")


@pytest.mark.parametrize("suffix", [".tsv", ".csv.gz", ".parquet", ".feather", ".xlsx"])
def test_other_files_of_the_same_table(trained: Trained, suffix: str, tmp_path: Path) -> None:
    run, path, _ = trained("mixed")
    frame, other = pd.read_csv(path), tmp_path / f"other{suffix}"
    if suffix == ".xlsx":
        frame.to_excel(other, index=False)
    elif suffix in (".parquet", ".feather"):
        getattr(frame, f"to_{suffix[1:]}")(other)
    else:
        frame.to_csv(other, index=False, sep="\t" if suffix == ".tsv" else ",")
    predict(run, [other], tmp_path / "out.parquet")
    predict(run, [path], tmp_path / "out.csv")
    left, right = pd.read_parquet(tmp_path / "out.parquet"), pd.read_csv(tmp_path / "out.csv")
    np.testing.assert_allclose(left["prediction_y"], right["prediction_y"], rtol=1e-6)


def test_a_large_table_is_read_in_pieces(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, path, _ = trained("mixed")
    predict(run, [path], tmp_path / "whole.csv")
    monkeypatch.setattr("pipeline.datasets._reader._ROWS", 7)
    told: list[int] = []
    done = predict(run, [path], tmp_path / "pieces.csv", progress=told.append)
    assert told == [7] * 8 + [4]
    pieces, whole = (pd.read_csv(tmp_path / name) for name in ("pieces.csv", "whole.csv"))
    pd.testing.assert_frame_equal(pieces, whole, rtol=1e-6, atol=1e-4)  # predictions reach 100, in float32
    assert done.figures["R²"] == pytest.approx(r2_of(tmp_path / "pieces.csv"), rel=1e-12)
    frame = pd.read_csv(path)
    frame["a"] = frame["a"].astype(object)
    frame.loc[40, "a"] = "many"
    frame.to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(UserError, match=r"bad.csv: row 41, column a: 'many', where the model was trained on numbers"):
        predict(run, [tmp_path / "bad.csv"], tmp_path / "never.csv")
    assert not list(tmp_path.glob("*never*"))


def r2_of(path: Path) -> float:
    frame = pd.read_csv(path)
    return float(r2_score(frame[["target_y", "target_z"]], frame[["prediction_y", "prediction_z"]]))


def test_texts_are_read_as_they_are_written(make_job: Any, tmp_path: Path) -> None:
    """Categories that look like numbers, with a gap or without."""
    codes = [f"{k % 3:03d}" for k in range(60)]
    path = write_csv(tmp_path / "zip.csv", {"zip": codes, "x": [float(k) for k in range(60)], "y": ["u", "v"] * 30})
    keys = [f"dataset.path={path}", "dataset.target=y", "dataset.text_columns=[zip]", "training.epochs=1"]
    job = make_job("dataset=table", *keys)
    Trainer([job], job.config.dataset.load()).train()
    [column, _] = pipeline.load_model(job.folder).header.columns or ()
    assert column.categories == ("000", "001", "002")
    done = predict(job.folder, [path], tmp_path / "out.csv")
    assert not [note for note in done.notes if "training did not have" in note]


def test_gaps_follow_what_training_did_or_what_is_asked(trained: Trained, tmp_path: Path) -> None:
    run, path, _ = trained("mixed")
    frame = pd.read_csv(path)
    frame.loc[3, "a"] = np.nan
    frame.loc[5, "c"] = None
    frame.to_csv(tmp_path / "gaps.csv", index=False)
    with pytest.raises(UserError, match=r"gaps.csv: row 4, column a: missing, and nothing was missing in training"):
        predict(run, [tmp_path / "gaps.csv"], tmp_path / "out.csv")
    assert predict(run, [tmp_path / "gaps.csv"], tmp_path / "out.csv", missing="drop").rows == 58
    assert pd.read_csv(tmp_path / "out.csv")["row"].tolist()[:5] == [1, 2, 3, 5, 7]
    assert predict(run, [tmp_path / "gaps.csv"], tmp_path / "out.csv", missing="mean").rows == 60
    model = pipeline.load_model(run)
    [a, *_] = model.header.columns or ()
    filled = model.predict(frame, missing="mean")
    np.testing.assert_array_equal(filled[3], model.predict(frame.fillna({"a": a.fill}), missing="mean")[3])
    with pytest.raises(UserError, match="2 rows have missing values"):
        model.predict(frame, missing="drop")


def test_new_texts_and_unknown_labels_are_told(trained: Trained, tmp_path: Path) -> None:
    run, path, _ = trained("mixed")
    frame = pd.read_csv(path)
    frame.loc[:1, "c"] = ["violet", "grey"]
    frame.to_csv(tmp_path / "new.csv", index=False)
    done = predict(run, [tmp_path / "new.csv"], tmp_path / "out.csv")
    assert [note for note in done.notes if "column c has texts that training did not have (grey, violet)" in note]
    with pytest.warns(UserWarning, match=r"column c has texts that training did not have \(grey, violet\)"):
        pipeline.load_model(run).predict(frame)
    run, path, _ = trained("iris")
    frame = pd.read_csv(path)
    frame.loc[:2, "species"] = ["tulip", None, "rose"]
    frame.to_csv(tmp_path / "labels.csv", index=False)
    done = predict(run, [tmp_path / "labels.csv"], tmp_path / "out.csv")
    assert (done.score.count, done.score.without) == (147, 3)
    assert [note for note in done.notes if "no class of the model, which are not scored: rose, tulip" in note]


BAD: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "no column": (
        "iris",
        lambda to: to_csv(to, {"sl": [1.0], "sw": [1.0], "pl": [1.0]}),
        "column pw is missing: no such",
    ),
    "a near name": ("iris", lambda to: to_csv(to, {n: [1.0] for n in ("sl", "sw", "pl", "pw2")}), "did you mean pw2"),
    "infinity": (
        "iris",
        lambda to: to_csv(to, {n: ["inf"] for n in ("sl", "sw", "pl", "pw")}),
        "row 1, column sl: inf",
    ),
    "images for a table": ("iris", lambda to: to_png(to), "images, but the model was trained on a table"),
    "a table for images": ("shapes", lambda to: to_csv(to, {"a": [1.0]}), "the model was trained on arrays"),
    "other sizes": (
        "shapes",
        lambda to: to_png(to, 9),
        r"9×9 pixels \(height × width\), but the model was trained on 8×8",
    ),
    "other shapes": ("lab", lambda to: to_npy(to, np.zeros((5, 7))), r"inputs of shape \(5, 7\), but the model takes"),
    "one example": ("lab", lambda to: to_npy(to, np.zeros(6)), r"one example alone is x\[None\]"),
    "NaN": ("lab", lambda to: to_npy(to, np.full((3, 6), np.nan)), "NaN or infinity in row 1, column 1"),
    "text": ("lab", lambda to: to_npy(to, np.full((3, 6), "a")), "inputs of type <U1; give numbers"),
    "pickle": ("lab", lambda to: to_npy(to, np.array([[{}]], dtype=object)), "which only pickle stores"),
    "another kind": ("lab", lambda to: to_bytes(to / "x.doc", b"x"), "no kind of file that can be read"),
    "no IDX file": ("kmnist", lambda to: to_bytes(to / "x.gz", gzip.compress(b"hello")), "no IDX file, nor of another"),
    "empty": ("iris", lambda to: to_bytes(to / "x.csv", b""), "the file is empty"),
    "header only": ("iris", lambda to: to_bytes(to / "x.csv", b"sl,sw,pl,pw\n"), "no rows to predict"),
    "a damaged image": ("shapes", lambda to: to_bytes(to / "x.png", b"\x89PNG\r\n\x1a\n1234"), "no PNG, JPEG or BMP"),
    "no file": ("iris", lambda to: to / "none.csv", "no such file or folder"),
    "a pipe": ("iris", lambda to: to_fifo(to), "a pipe where a file is expected"),
    "an empty folder": ("shapes", lambda to: to_folder(to), "no IDX files"),
}


def to_csv(to: Path, columns: dict[str, list[Any]]) -> Path:
    return write_csv(to / "given.csv", columns)


def to_png(to: Path, side: int = 8) -> Path:
    Image.fromarray(pictures(1, side)[0][0]).save(to / "given.png")
    return to / "given.png"


def to_npy(to: Path, array: np.ndarray) -> Path:
    np.save(to / "given.npy", array, allow_pickle=True)
    return to / "given.npy"


def to_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def to_fifo(to: Path) -> Path:
    os.mkfifo(to / "given.csv")
    return to / "given.csv"


def to_folder(to: Path) -> Path:
    (to / "nothing").mkdir()
    return to / "nothing"


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_ends_in_one_line(
    trained: Trained, case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, write, message = BAD[case]
    run, _, _ = trained(kind)
    given = write(tmp_path)
    capsys.readouterr()
    assert main([str(run), str(given), "--out", str(tmp_path / "out.csv")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    with pytest.raises(UserError, match=message):
        predict(run, [given], tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    assert not list(tmp_path.glob(".*tmp"))


def test_where_it_is_written_is_checked_first(trained: Trained, tmp_path: Path) -> None:
    run, path, _ = trained("iris")
    before = path.read_bytes()
    for out, message in (
        (path, "is one of the files to predict"),
        (tmp_path / "out.txt", "name it .csv or .parquet"),
        (tmp_path / "none" / "out.csv", "no folder"),
        (tmp_path, "no known kind of output"),
    ):
        with pytest.raises(UserError, match=message):
            predict(run, [path], out)
    assert path.read_bytes() == before


def test_the_best_run_of_a_sweep_is_taken_and_said(trained: Trained, tmp_path: Path) -> None:
    run, path, _ = trained("iris")
    worse, _, _ = trained("iris", "optimizer.lr=1e-9")
    sweep = tmp_path / "sweep"
    sweep.mkdir()
    (tmp_path / "files").mkdir()
    worse.rename(sweep / "0")
    run.rename(sweep / "1")
    done = predict(sweep, [path], tmp_path / "out.csv")
    assert next(iter(done.notes)).startswith(f"{sweep / '1'}: the best of 2 runs, validation accuracy 0.")
    other, _, _ = trained("lab")
    other.rename(sweep / "2")
    with pytest.raises(UserError, match="its runs are of several data sets; give the folder of one run"):
        predict(sweep, [path], tmp_path / "out.csv")
    with pytest.raises(UserError, match=r"no model\.safetensors here or in the runs below"):
        predict(tmp_path / "files", [path], tmp_path / "out.csv")


def test_in_python_frames_arrays_and_paths_give_the_same(trained: Trained) -> None:
    run, path, _ = trained("iris")
    model, frame = pipeline.load_model(run), pd.read_csv(path)
    labels, p = model.predict(frame), model.predict_proba(frame)
    assert set(labels) <= {"setosa", "versicolor", "virginica"}
    assert (labels == np.array(model.class_names)[p.argmax(1)]).all()
    np.testing.assert_array_equal(model.predict(frame[["sl", "sw", "pl", "pw"]].to_numpy()), labels)
    np.testing.assert_array_equal(model.predict(path), labels)
    run, folder, _ = trained("shapes")
    model = pipeline.load_model(run)
    paths = sorted(folder.rglob("*.png"))
    pixels = np.stack([np.asarray(Image.open(path)) for path in paths])
    np.testing.assert_allclose(model.predict_proba(paths), model.predict_proba(pixels), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(torch.from_numpy(pixels)), model.predict(folder))


def test_examples_along_the_last_axis_stay_there(trained: Trained, tmp_path: Path) -> None:
    run, path, _ = trained("lab")
    model, x = pipeline.load_model(run), np.load(path)["x"]
    assert x.shape == (6, 60)
    np.testing.assert_array_equal(model.predict(x[:, :6]), model.predict(x)[:6])  # as many examples as features
    np.testing.assert_array_equal(model.predict(x.T), model.predict(x))
    with pytest.raises(UserError, match="the network predicts values; take predict"):
        pipeline.load_model(trained("mixed")[0]).predict_proba(pd.read_csv(tmp_path / "mixed.csv"))


def test_labels_and_two_classes_by_one_logit(make_job: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=60), rng.normal(size=60)
    columns: dict[str, Any] = {"a": a.tolist(), "b": b.tolist()}
    flags = {"warm": (a > 0).astype(int).tolist(), "wet": (b > 0).astype(int).tolist()}
    path = write_csv(tmp_path / "weather.csv", columns | flags | {"sky": np.where(a > 0, "blue", "grey").tolist()})
    short = [
        "dataset=table",
        f"dataset.path={path}",
        "training.epochs=20",
        "training.batch_size=4",
        "optimizer.lr=0.05",
    ]
    job = make_job(*short, "dataset.target=[warm,wet]", "dataset.ignore=[sky]")
    Trainer([job], job.config.dataset.load()).train()
    done, model = predict(job.folder, [path], tmp_path / "out.csv"), pipeline.load_model(job.folder)
    written, frame = pd.read_csv(tmp_path / "out.csv"), pd.read_csv(path)
    assert list(written)[2:] == [f"{what}_{name}" for what in ("target", "prediction", "probability") for name in flags]
    right = (written[["prediction_warm", "prediction_wet"]].to_numpy() == frame[["warm", "wet"]].to_numpy()).all(1)
    assert done.figures["accuracy"] == right.mean() > 0.8
    p = written[["probability_warm", "probability_wet"]].to_numpy()
    np.testing.assert_allclose(model.predict_proba(frame), p, rtol=1e-6)
    np.testing.assert_array_equal(model.predict(frame), p > 0.5)
    truth = frame[["warm", "wet"]].to_numpy()
    expected = -np.log(np.where(truth == 1, p, 1 - p)).sum(1).mean()
    assert done.figures["loss"] == pytest.approx(expected, rel=1e-5)
    keys = ["dataset.target=sky", "dataset.ignore=[warm,wet]", "training.loss=binary_cross_entropy"]
    job = make_job(*short, *keys)
    Trainer([job], job.config.dataset.load()).train()
    done = predict(job.folder, [path], tmp_path / "sky.csv")
    written = pd.read_csv(tmp_path / "sky.csv")
    assert done.figures["accuracy"] == (written["prediction"] == frame["sky"]).mean() > 0.8
    np.testing.assert_allclose(written["probability_blue"] + written["probability_grey"], 1, rtol=1e-6)


@pytest.mark.parametrize("forms", [["0", "1"], ["0.0", "1.0"], ["00", "01"], ["0", ""]])
def test_classes_that_are_numbers_are_known_in_any_form(make_job: Any, tmp_path: Path, forms: list[str]) -> None:
    path = write_csv(tmp_path / "train.csv", {"x": [float(k % 7) for k in range(60)], "y": [k % 2 for k in range(60)]})
    job = make_job("dataset=table", f"dataset.path={path}", "dataset.target=y", "training.epochs=1")
    Trainer([job], job.config.dataset.load()).train()
    given = write_csv(tmp_path / "new.csv", {"x": [1.0, 2.0], "y": forms})
    done = predict(job.folder, [given], tmp_path / "out.csv")
    assert done.score.count == sum(form != "" for form in forms)
    assert not [note for note in done.notes if "no class of the model" in note]


def test_other_units_are_told(trained: Trained, tmp_path: Path) -> None:
    run, _, _ = trained("shapes")
    np.save(tmp_path / "floats.npy", pictures(6)[0] / 255)
    done = predict(run, [tmp_path / "floats.npy"], tmp_path / "out.csv")
    assert [note for note in done.notes if "are they in the same units?" in note]


def test_a_run_of_version_0_1_predicts_what_can_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = Path(__file__).parents[1] / "sweep" / "of_version_0_1"
    np.savez(tmp_path / "points.npz", x=np.random.default_rng(0).uniform(-1, 1, (20, 2)), y=np.arange(20) % 2)
    assert main([str(sweep), str(tmp_path / "points.npz"), "--out", str(tmp_path / "out.csv")]) == 0
    said = capsys.readouterr()
    assert "trained by an earlier version, which did not keep how files are read" in said.err
    assert "accuracy" in said.out
    assert set(pd.read_csv(tmp_path / "out.csv")["prediction"]) <= {"outside", "inside"}
