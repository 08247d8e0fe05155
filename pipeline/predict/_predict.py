"""Predictions for files of examples, a batch at a time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.errors import UserError
from pipeline.predict._output import check_output, output
from pipeline.predict._run import model_folder
from pipeline.predict._score import Score
from pipeline.runs.model import Missing, TrainedModel, load_model

if TYPE_CHECKING:
    from pipeline.datasets import Batch


@dataclass
class Predicted:
    """What was written, and what is to be said of it."""

    out: Path
    rows: int = 0
    notes: dict[str, None] = field(default_factory=dict)  # lines, each once
    score: Score = field(default_factory=Score)
    figures: dict[str, float] = field(default_factory=dict)  # {} where no target was there


def predict(
    run: Path | str,
    files: Iterable[Path | str],
    out: Path | str,
    *,
    missing: Missing | None = None,
    progress: Callable[[int], object] = lambda rows: None,
) -> Predicted:
    """Write what the network of `run` says of the examples in `files` to `out`, .csv or .parquet.

    `run` is the folder of a run, of a sweep (its best run by validation) or of an exported model. Columns of the
    output: `file`, `row` in it, from 1; the target where the files have it; `prediction`, and for classes the
    probability of each; for several values those of each. `progress` is told how many rows each batch had.

    Raises UserError for data that do not fit the network; then nothing is written.
    """
    paths, path = [Path(file) for file in files], Path(out)
    if not paths:
        raise UserError("no files to predict; give some after the run")
    check_output(path, paths)
    for file in paths:
        if not file.exists():
            raise UserError(f"{file}: no such file or folder")
    folder, why = model_folder(Path(run))
    model = load_model(folder)
    done = Predicted(path)
    for note in (why, _of_earlier_version(folder, model)):
        if note:
            done.notes[note] = None
    new: dict[tuple[str, str], set[str]] = {}
    unknown: set[str] = set()
    with output(path) as write:
        for batch in model.reader(missing).files(paths):
            done.notes |= dict.fromkeys(batch.notes)
            for name, texts in batch.new_texts.items():
                new.setdefault((batch.where, name), set()).update(texts)
            unknown |= batch.unknown
            write(_rows(model, batch, done.score))
            done.rows += len(batch.rows)
            progress(len(batch.rows))
        if not done.rows:
            raise UserError(f"{', '.join(map(str, paths))}: no rows to predict")
    for (where, name), texts in new.items():
        said = f"{where}: column {name} has texts that training did not have ({_some(texts)}): as if missing there"
        done.notes[said] = None
    if unknown:
        done.notes[f"labels that are no class of the model, which are not scored: {_some(unknown)}"] = None
    done.figures = done.score.figures(bool(model.class_names))
    return done


def _rows(model: TrainedModel, batch: "Batch", score: Score) -> pd.DataFrame:
    """The rows of the output for a batch, whose targets are scored."""
    outputs = model.outputs(batch.inputs).double()
    columns: dict[str, object] = {"file": batch.files or np.full(len(outputs), batch.where), "row": batch.rows}
    if model.header.task == "regression":
        if batch.targets is not None:
            score.add_values(outputs.numpy(), batch.targets)
        columns |= _by_target("target", model, batch.targets) | _by_target("prediction", model, outputs.numpy())
        return pd.DataFrame(columns)
    p = model.probabilities_of(outputs).numpy()
    if model.header.task == "multilabel":
        if batch.targets is not None:
            score.add_labels(p, batch.targets)
        columns |= _by_target("target", model, batch.targets) | _by_target("prediction", model, (p > 0.5).astype(int))
    else:
        names = np.array([*model.class_names, ""], dtype=object)  # the last one for what is not known: −1
        if batch.targets is not None:
            score.add_classes(p, batch.targets)
            columns["target"] = names[batch.targets]
        columns["prediction"] = names[p.argmax(1)]
    return pd.DataFrame(columns | {f"probability_{name}": p[:, k] for k, name in enumerate(model.class_names)})


def _by_target(what: str, model: TrainedModel, values: np.ndarray | None) -> dict[str, object]:
    """A column for each target, by its name where there are several; none without values."""
    if values is None:
        return {}
    if values.shape[1] == 1:
        return {what: values[:, 0]}
    return {f"{what}_{name}": values[:, k] for k, name in enumerate(model.target_names)}


def _of_earlier_version(folder: Path, model: TrainedModel) -> str | None:
    if model.header.preprocessing is not None:
        return None
    where = "0, 1, … or class names" if model.class_names else "in a column or an array called target"
    return (
        f"{folder}: trained by an earlier version, which did not keep how files are read: targets are taken to be "
        f"{where}, and nothing may be missing"
    )


def _some(texts: Iterable[str], most: int = 5) -> str:
    names: Sequence[str] = sorted(texts)
    return ", ".join(names[:most]) + ", …" * (len(names) > most)
