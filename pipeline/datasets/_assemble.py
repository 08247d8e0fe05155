"""From what a reader gives to train and test, checked: the same for every kind of file."""

from dataclasses import replace

import numpy as np

from pipeline.datasets._data import Official, Split
from pipeline.datasets._encoding import Encoding
from pipeline.datasets._raw import Options, Raw
from pipeline.datasets._split import split_rows
from pipeline.datasets._targets import Targets, targets_of
from pipeline.errors import UserError

LARGEST = 1e18  # whose square a float32 holds
_CHANNELS = (1, 3, 4)


def assemble(raw: Raw, choice: Options) -> Official:
    """The examples as `Official`. Raises UserError where they cannot be trained on."""
    for name, part in (("training", raw.train), ("test", raw.test)):
        if part is not None and len(part.inputs) != len(part.targets):
            raise UserError(
                f"{raw.where}: {len(part.inputs)} examples for {name}, but {len(part.targets)} targets "
                f"({raw.target}); give one target an example"
            )
        if part is not None and not len(part.inputs):
            raise UserError(f"{raw.where}: no examples for {name}; give some")
    names = choice.names_of_classes() or raw.class_names
    test_targets = raw.test.targets if raw.test else None
    targets = targets_of(raw.target, raw.train.targets, test_targets, choice.task, names)
    if raw.test is None:
        labels = targets.train if targets.class_names else len(targets.train)
        _check_counts(raw.target, targets, choice, drawn=True)
        train, test = split_rows(labels, choice.test_fraction, choice.test_seed, "test")
    else:
        _check_counts(raw.target, targets, choice, drawn=False)
        train, test = np.arange(len(targets.train)), np.arange(0)
    y = targets.train[train]
    y_test = targets.train[test] if targets.test is None else targets.test
    # Who is in the training split is known here already: what is learned of the inputs is learned of it alone.
    fitted, _ = split_rows(y if targets.class_names else len(y), choice.validation_fraction, choice.seed)
    notes = [*raw.notes, targets.note]
    encoding = None
    if isinstance(raw.train.inputs, np.ndarray):
        x = _array(raw.where, raw.train.inputs, raw.channels_first)
        x, x_test = (
            x[train],
            x[test]
            if raw.test is None
            else _array(f"{raw.where} (test)", np.asarray(raw.test.inputs), raw.channels_first),
        )
        if x.shape[1:] != x_test.shape[1:]:
            raise UserError(
                f"{raw.where}: examples of shape {x.shape[1:]} for training, {x_test.shape[1:]} for test; "
                "give both the same shape"
            )
    else:
        frame, given = raw.train.inputs, raw.train.inputs.iloc[test]
        if raw.test is not None and not isinstance(raw.test.inputs, np.ndarray):
            given = raw.test.inputs
        frame = frame.iloc[train]
        encoding = Encoding.fit(raw.where, frame.iloc[fitted])
        x = encoding.encode(frame)
        x_test = encoding.encode(given)
        notes += encoding.unseen(frame, "the validation split") + encoding.unseen(given, "the test split")
    return Official(
        train=Split(x, y),
        test=Split(x_test, y_test),
        class_names=targets.class_names,
        image_shape=(x.shape[1], x.shape[2], x.shape[3]) if x.ndim == 4 else None,
        card=replace(choice.card(raw.where, tuple(notes)), test_split="given" if raw.test else "drawn"),
        encoding=encoding,
        scale_targets=choice.standardise,
        code=raw.code,
        class_values=targets.values,
        target_names=raw.target_names,
        examples_axis=raw.examples_axis,
    )


def _check_counts(where: str, targets: Targets, choice: Options, *, drawn: bool) -> None:
    """Every split that is drawn has an example of every class, or the one line says which class is too small."""
    splits = ["training", *["validation"] * (choice.validation_fraction > 0), *["test"] * drawn]
    if not targets.class_names:
        return
    counts = np.bincount(targets.train)
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
