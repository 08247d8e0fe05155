"""From what a reader gives to train and test, checked: the same for every kind of file."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.datasets._data import Official, Split
from pipeline.datasets._encoding import Encoding
from pipeline.datasets._raw import Inputs, Options, Raw
from pipeline.datasets._split import fold_rows, split_rows
from pipeline.datasets._targets import Targets, targets_of
from pipeline.errors import UserError

LARGEST = 1e18  # whose square a float32 holds
_CHANNELS = (1, 3, 4)


def assemble(raw: Raw, choice: Options) -> Official:
    """The examples as `Official`. Raises UserError where they cannot be trained on."""
    given = {"training": raw.train, "validation": raw.validation, "test": raw.test}
    parts = {name: part for name, part in given.items() if part is not None}
    for name, part in parts.items():
        if len(part.inputs) != len(part.targets):
            raise UserError(
                f"{raw.where}: {len(part.inputs)} examples for {name}, but {len(part.targets)} targets "
                f"({raw.target}); give one target an example"
            )
        if not len(part.inputs):
            raise UserError(f"{raw.where}: no examples for {name}; give some")
    names = choice.names_of_classes() or raw.class_names
    columns = raw.target_names if len(raw.target_names) > 1 else ()
    targets = targets_of(raw.target, {name: part.targets for name, part in parts.items()}, choice.task, names, columns)
    _check_counts(raw.target, targets, choice, [name for name in given if name not in parts])
    y = targets.splits["training"]
    x = _checked(raw, {name: part.inputs for name, part in parts.items()})
    if raw.test is None or choice.folds:
        strata = _strata(targets, y)
        if choice.folds:
            train, test = fold_rows(strata, choice.folds, choice.fold, choice.seed)
        else:
            train, test = split_rows(strata, choice.test_fraction, choice.test_seed, "test")
        whole = x["training"]
        x["training"], x["test"] = (_rows(whole, rows) for rows in (train, test))
        y, y_test = y[train], y[test]
    else:
        y_test = targets.splits["test"]
    # Who is in the training split is known here already: what is learned of the inputs is learned of it alone.
    fitted = np.arange(len(y))
    if raw.validation is None:
        fitted, _ = split_rows(_strata(targets, y), choice.validation_fraction, choice.seed)
    inputs, encoding, unseen = _encoded(raw, x, fitted)
    shape = inputs["training"].shape
    card = replace(
        choice.card(raw.where, (*raw.notes, targets.note, *unseen)),
        test_split="fold" if choice.folds else "given" if raw.test else "drawn",
        validation_split="given" if raw.validation else "drawn",
    )
    return Official(
        train=Split(inputs["training"], y),
        test=Split(inputs["test"], y_test),
        validation=Split(inputs["validation"], targets.splits["validation"]) if raw.validation else None,
        class_names=targets.class_names,
        image_shape=(shape[1], shape[2], shape[3]) if len(shape) == 4 else None,
        card=card,
        encoding=encoding,
        scale_targets=choice.standardise,
        code=raw.code,
        class_values=targets.values,
        target_names=raw.target_names or ("target",),
        examples_axis=raw.examples_axis,
        folded=choice.folds > 0,
    )


def _strata(targets: Targets, y: np.ndarray) -> np.ndarray | int:
    """What a split is drawn by: the classes, or the number of examples that have no single one."""
    return y if targets.class_names and y.ndim == 1 else len(y)


def _rows(inputs: Inputs, rows: np.ndarray) -> Inputs:
    return inputs[rows] if isinstance(inputs, np.ndarray) else inputs.iloc[rows]


def _checked(raw: Raw, given: dict[str, Inputs]) -> dict[str, Inputs]:
    """Arrays as the engine reads them, all of one shape; data frames as they are."""
    checked: dict[str, Inputs] = {}
    for name, part in given.items():
        where = raw.where if name == "training" else f"{raw.where} ({name})"
        checked[name] = _array(where, part, raw.channels_first) if isinstance(part, np.ndarray) else part
        first = checked["training"]
        if isinstance(part, np.ndarray) and checked[name].shape[1:] != first.shape[1:]:
            raise UserError(
                f"{raw.where}: examples of shape {first.shape[1:]} for training, {checked[name].shape[1:]} for {name}; "
                "give both the same shape"
            )
    return checked


def _encoded(
    raw: Raw, given: dict[str, Inputs], fitted: np.ndarray
) -> tuple[dict[str, np.ndarray], Encoding | None, list[str]]:
    """Arrays of each split, how columns of a table became features, and which texts are new outside of training."""
    arrays = {name: part for name, part in given.items() if isinstance(part, np.ndarray)}
    frames = {name: part for name, part in given.items() if not isinstance(part, np.ndarray)}
    if not frames:
        return arrays, None, []
    encoding = Encoding.fit(raw.where, frames["training"].iloc[fitted], raw.most_categories)
    unseen = [
        line
        for name, frame in frames.items()
        for line in encoding.unseen(frame, f"the {'validation' if name == 'training' else name} split")
    ]
    return {name: encoding.encode(frame) for name, frame in frames.items()}, encoding, unseen


def _check_counts(where: str, targets: Targets, choice: Options, drawn: Sequence[str]) -> None:
    """Every split that is drawn has an example of every class, or the one line says which class is too small."""
    drawn = [name for name in drawn if name != "validation" or choice.validation_fraction > 0]
    splits, y = ["training", *drawn], targets.splits["training"]
    if not targets.class_names or y.ndim == 2:
        return
    counts = np.bincount(y)
    rare = int(counts.argmin())
    if counts[rare] < len(splits):
        count = f"{counts[rare]} example{'s' * int(counts[rare] != 1)}"
        raise UserError(
            f"{where}: the class {targets.class_names[rare]} has {count}, and {len(splits)} splits "
            f"({', '.join(splits)}) need one each; add examples of it, or leave it out"
        )


def _array(where: str, values: np.ndarray, channels_first: bool) -> np.ndarray:
    """(N, features) or (N, channels, height, width) of a type that the engine reads; bytes stay bytes."""
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise UserError(f"{where}: inputs of type {values.dtype}; give numbers (text goes into a table, dataset=table)")
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim > 4 or not values.size:
        raise UserError(
            f"{where}: inputs of shape {values.shape}; give (N, features), (N, height, width) or "
            "(N, channels, height, width)"
        )
    values = typed(values)
    if values.dtype.kind == "f":
        check_numbers(where, values)
    if values.ndim == 3:
        values = values[:, np.newaxis]
    elif values.ndim == 4 and not channels_first:
        values = _channels_first(where, values)
    return np.ascontiguousarray(values)


def typed(values: np.ndarray) -> np.ndarray:
    """The smallest of uint8, float32 and float64 that holds all values of the type."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "b" or (kind == "u" and size == 1):
        return values.astype(np.uint8, copy=False)
    if size <= 2 or (kind == "f" and size == 4):
        return values.astype(np.float32, copy=False)
    return values.astype(np.float64, copy=False)


def check_numbers(where: str, values: np.ndarray, first: int = 1) -> None:
    """Raise UserError that names row, counted from `first`, and column of a number that cannot be learned from."""
    flat = values.reshape(len(values), -1)
    for bad, what in ((~np.isfinite(flat), "NaN or infinity"), (np.abs(flat) > LARGEST, "a number beyond 1e18")):
        if bad.any():
            row, column = np.argwhere(bad)[0] + (first, 1)
            raise UserError(f"{where}: {what} in row {row}, column {column}; leave the row out, or mend it")


def _channels_first(where: str, values: np.ndarray) -> np.ndarray:
    first, last = values.shape[1] in _CHANNELS, values.shape[3] in _CHANNELS
    if first == last:
        raise UserError(
            f"{where}: images of shape {values.shape[1:]}, of which neither the first nor the last axis "
            f"{'alone ' * first}can be 1, 3 or 4 channels; give (N, channels, height, width)"
        )
    return values if first else np.moveaxis(values, 3, 1)
