"""Losses, class weights, labels and metrics of one's own, from the command to the report."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from commands import NO_REPORT, pipeline
from examples import write_csv, write_tags

from pipeline import load_model
from pipeline.config.schema import Config
from pipeline.files import JOURNAL
from pipeline.metrics.scoring import Predictions, figures, further_of

PARTS = '''"""Parts of one's own."""
from dataclasses import dataclass
import scratchnet as sn

@dataclass(frozen=True)
class Doubled(sn.Loss):
    target_kind = "labels"

    def forward(self, output, target):
        loss, saved = sn.CrossEntropy().forward(output, target)
        return 2 * loss, saved

    def backward(self, saved):
        return 2 * sn.CrossEntropy().backward(saved)

def negative_errors(predictions):
    return -float((predictions.predicted != predictions.targets).sum())
'''
SHORT = ("training.epochs=4", "training.batch_size=16", "sweep.name=s")


def write_rare(path: Path) -> Path:
    """Two classes, one of them rare."""
    x = np.random.default_rng(0).normal(size=(300, 3))
    ill = x[:, 0] + 0.5 * np.random.default_rng(1).normal(size=300) > 1.4
    columns = dict(zip("abc", x.T.round(3).tolist(), strict=True))
    return write_csv(path, columns | {"ill": ["yes" if one else "no" for one in ill]})


def results(folder: Path, sweep: str = "s") -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted((folder / "outputs" / sweep).glob("*/result.json"))]


def test_labels_from_a_table_to_the_report(tmp_path: Path) -> None:
    write_tags(tmp_path / "tags.csv")
    words = ["dataset=table", "dataset.path=tags.csv", "dataset.target=[sky,sea,car]", "optimizer.lr=0.01,0.1", *SHORT]
    _, said = pipeline(tmp_path, "-m", *words, "training.class_weight=null,balanced")
    assert any("multi-label, 3 labels (told from 3 columns of 0 and 1)" in line for line in said)
    for number, result in enumerate(results(tmp_path)):
        assert result["task"] == "multilabel"
        folder = tmp_path / "outputs/s" / str(number)
        model = load_model(folder)
        test = (
            Config.model_validate(
                result["config"] | {"dataset": result["config"]["dataset"] | {"path": str(tmp_path / "tags.csv")}}  # type: ignore[operator, index]
            )
            .dataset.load()
            .test
        )
        outputs = model.outputs(test.inputs).double().numpy()
        torch.testing.assert_close(model.probabilities(test.inputs), model.outputs(test.inputs).sigmoid())
        metrics = result["metrics"]
        assert isinstance(metrics, dict)
        expected = figures(Predictions("multilabel", outputs, test.targets), further_of("multilabel", 3))
        assert {name: metrics[f"best_test_{name}"] for name in expected} == pytest.approx(expected)
        assert metrics["best_test_accuracy"] == pytest.approx(((outputs > 0) == test.targets).all(1).mean())
    page = (tmp_path / "outputs/s/report/index.html").read_text()
    assert "training examples of labels: sky " in page
    table = pd.read_csv(tmp_path / "outputs/s/report/tables/table.csv")
    assert {"validation_accuracy", "test_macro_f1", "test_roc_auc"} <= set(table.columns)
    assert "binary cross-entropy of the sigmoid" in (tmp_path / "outputs/s/report/report.md").read_text()


def test_one_logit_for_two_classes_and_weights_that_find_the_rare_one(tmp_path: Path) -> None:
    write_rare(tmp_path / "rare.csv")
    words = ["dataset=table", "dataset.path=rare.csv", "dataset.target=ill", "model.hidden=[]", *SHORT]
    choices = ["training.class_weight=null,balanced,[1,3]", "training.loss=binary_cross_entropy,cross_entropy"]
    pipeline(tmp_path, "-m", *words, *choices, "training.metrics=[balanced_accuracy]", "training.epochs=12")
    runs = pd.read_csv(tmp_path / "outputs/s/results.csv").set_index(
        ["config.training.class_weight", "config.training.loss"]
    )
    recalled = runs["metric.final_train_balanced_accuracy"].unstack()
    assert (recalled.loc["balanced"] > recalled.loc["[1.0,3.0]"]).all()
    for number, result in enumerate(results(tmp_path)):
        config = result["config"]
        assert isinstance(config, dict)
        model = load_model(tmp_path / "outputs/s" / str(number))
        outputs = 1 if config["training"]["loss"] == "binary_cross_entropy" else 2
        assert model.network.output_shape((3,)) == (outputs,)
        x = np.random.default_rng(5).normal(size=(7, 3))
        probabilities = model.probabilities(x)
        assert probabilities.shape == (7, 2)
        torch.testing.assert_close(probabilities.sum(1), torch.ones(7))
        history = pd.read_csv(tmp_path / "outputs/s" / str(number) / "history.csv")
        assert {f"{split}_balanced_accuracy" for split in ("train", "validation", "test")} <= set(history.columns)
    page = (tmp_path / "outputs/s/report/index.html").read_text()
    assert "Confusion matrix" in page
    assert "test balanced accuracy" in page


def test_a_loss_and_a_metric_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "my_parts.py").write_text(PARTS)
    write_rare(tmp_path / "rare.csv")
    words = ["dataset=table", "dataset.path=rare.csv", "dataset.target=ill", *SHORT, "training.loss=my_parts:Doubled"]
    choices = ["training.metrics=[my_parts:negative_errors]", "training.select=validation_negative_errors"]
    out, _ = pipeline(tmp_path, "-m", *words, *choices, "optimizer.lr=0.001,0.1")
    assert "by the plain kernel (compiled: it has no Doubled)" in "".join(out)
    for number, result in enumerate(results(tmp_path)):
        provenance, metrics = result["provenance"], result["metrics"]
        assert isinstance(provenance, dict)
        assert isinstance(metrics, dict)
        assert provenance["kernel"] == "plain"
        history = pd.read_csv(tmp_path / "outputs/s" / str(number) / "history.csv")
        column = history["validation_negative_errors"][1:]
        assert (metrics["best_epoch"], metrics["best_validation_negative_errors"]) == (column.idxmax(), column.max())
    table = pd.read_csv(tmp_path / "outputs/s/report/tables/table.csv")
    assert table["validation_negative_errors"].is_monotonic_decreasing
    assert "The loss is my\\_parts:Doubled" in (tmp_path / "outputs/s/report/report.md").read_text()


TABLE = ["dataset=table", "dataset.path=rare.csv", "dataset.target=ill", *SHORT]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*TABLE, "training.loss=huber"], "training.loss=huber: the data have 2 classes; take auto, cross_entropy, "),
        (
            [*TABLE, "training.class_weight=[1,2,3]"],
            "3 weights for 2 classes (no, yes); give one for each, in this order",
        ),
        ([*TABLE, "training.class_weight=[0,0]"], "training.class_weight: all 0, so there is nothing to learn"),
        (
            [*TABLE, "training.class_weight=[1,-2]"],
            "training.class_weight=[1,-2]: item 1 should be greater than or equal",
        ),
        (
            [*TABLE, "training.select=validation_mae"],
            "training.select=validation_mae: means nothing for classification",
        ),
        ([*TABLE, "training.select=test_accuracy"], "training.select=test_accuracy: string should match pattern"),
        (
            [*TABLE, "training.metrics=[my_parts:Doubled]"],
            "but a metric must be a function of pipeline.metrics.scoring",
        ),
        (
            [*TABLE, "training.loss=my_parts:negative_errors"],
            "a loss must be a class of scratchnet.Loss with a target_",
        ),
        ([*TABLE, "training.loss=my_parts:Doubled", "training.class_weight=balanced"], "put it into the class"),
        (
            ["dataset=linear", "training.mixup=0.5", *SHORT],
            "training.mixup=0.5: mixes classes of cross_entropy, the loss is MeanSquaredError; take 0",
        ),
        ([*TABLE, "training.mixup=0.5", "training.loss=binary_cross_entropy"], "the loss is BinaryCrossEntropy; take"),
        (
            ["dataset=linear", "training.class_weight=balanced", *SHORT],
            "training.class_weight=balanced: the data have no",
        ),
        (
            ["dataset=sklearn", "dataset.loader=iris", "training.loss=binary_cross_entropy", *SHORT],
            "the data have 3 classes; take auto",
        ),
        (
            ["sweep=halving", "dataset=square", "training.select=auto,validation_loss", *SHORT],
            "sweep=halving compares runs",
        ),
    ],
)
def test_what_does_not_fit_is_said_first(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "my_parts.py").write_text(PARTS)
    write_rare(tmp_path / "rare.csv")
    _, error = pipeline(tmp_path, "-m", *words, "seed=0,1", status=1)
    lines = [line for line in error if said in line]
    assert len(lines) == 1, error
    assert not (tmp_path / "outputs").exists()


def test_a_search_minimises_what_is_better_low(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    words = ["-m", "hydra/sweeper=search", "hydra.sweeper.trials=4", "hydra.sweeper.batch=2", "dataset=square", *SHORT]
    words += ["dataset.samples=200", "optimizer.lr=tag(log,interval(0.001,1.0))"]
    pipeline(tmp_path, *words, "training.select=validation_loss", NO_REPORT)
    journal = tmp_path / "outputs/s" / JOURNAL
    storage = optuna.storages.journal.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
    study = optuna.load_study(study_name="s", storage=storage)
    assert study.direction == optuna.study.StudyDirection.MINIMIZE
    assert study.best_value == min(result["metrics"]["best_validation_loss"] for result in results(tmp_path))
    _, error = pipeline(tmp_path, *words, status=1)
    assert "its search optimises training.select=validation_loss, which auto cannot go on from" in error[-1]
