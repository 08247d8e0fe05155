"""What a user's function returned, as examples: arrays, data frames or torch data sets."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.datasets._frame import Columns, raw_of
from pipeline.datasets._raw import Raw
from pipeline.datasets._raw_arrays import raw_of_arrays
from pipeline.errors import UserError

_FORMS = (
    "return x, y or x_train, y_train, x_test, y_test of numbers, a dict of such arrays, a pandas DataFrame, or a torch "
    "Dataset, or train and test of one of the last two"
)


def raw_of_returned(where: str, value: Any, columns: Columns, axis: int | None, code: str) -> Raw:
    """The examples. Raises UserError where they are none."""
    values = value if isinstance(value, tuple | list) and len(value) in (1, 2) else (value,)
    if values and all(_is_frame(item) for item in values) and (len(values) == 1 or columns.target):
        return _of_frames(where, list(values), columns, code)
    if values and all(_is_dataset(item) for item in values):
        pairs = [
            _of_dataset(f"{where} ({split})", item) for split, item in zip(("train", "test"), values, strict=False)
        ]
        value = pairs[0] if len(pairs) == 1 else (*pairs[0], *pairs[1])
    if (
        isinstance(value, tuple | list)
        and len(value) == 2
        and all(isinstance(part, tuple) and len(part) == 2 for part in value)
    ):
        value = (*value[0], *value[1])  # (x_train, y_train), (x_test, y_test)
    if isinstance(value, tuple | list) and len(value) in (2, 4):
        names = ("x", "y") if len(value) == 2 else ("x_train", "y_train", "x_test", "y_test")
        value = dict(zip(names, value, strict=True))
    if not isinstance(value, Mapping) or not value or not all(isinstance(name, str) for name in value):
        raise UserError(f"{where}: returned {_described(value)}; {_FORMS}")
    arrays = {name: _array(f"{where}: {name}", item) for name, item in value.items() if not _is_words(name, item)}
    return raw_of_arrays(where, arrays, axis=axis, code=code)


def _of_frames(where: str, frames: list[Any], columns: Columns, code: str) -> Raw:
    if not columns.target:
        raise UserError(f"{where}: returned a DataFrame; say which column to predict by dataset.target=COLUMN")
    test = frames[1].reset_index(drop=True) if len(frames) == 2 else None
    raw = raw_of(where, frames[0].reset_index(drop=True), test, columns, f"{where} (test)")
    return replace(raw, code=code)


def _of_dataset(where: str, dataset: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of a torch Dataset, example by example."""
    if not len(dataset):
        raise UserError(f"{where}: a data set without examples; give some")
    inputs, targets = [], []
    for number in range(len(dataset)):
        item = dataset[number]
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise UserError(f"{where}: example {number} is {_described(item)}; give input and target, (x, y)")
        inputs.append(_array(f"{where}: input {number}", item[0]))
        targets.append(_array(f"{where}: target {number}", item[1]))
    for parts, name in ((inputs, "input"), (targets, "target")):
        odd = next((number for number, part in enumerate(parts) if part.shape != parts[0].shape), None)
        if odd is not None:
            raise UserError(
                f"{where}: {name} {odd} has shape {parts[odd].shape}, where the first has {parts[0].shape}; "
                "give all one shape"
            )
    return np.stack(inputs), np.stack(targets)


def _array(where: str, value: Any) -> np.ndarray:
    """The value as an array of numbers or text; a tensor is taken from its device."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if np.ma.is_masked(value):
        raise UserError(f"{where}: some numbers are masked; fill them in: x.filled(0)")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{where}: {_described(value)}, no array ({' '.join(str(error).split())[:100]}); {_FORMS}"
        ) from None
    if array.dtype.kind == "O":
        if array.size and all(isinstance(item, str) for item in array.ravel()):
            return array.astype(str)
        raise UserError(f"{where}: an array of objects, not of numbers; make numbers of them: x.astype(float)")
    if array.dtype.kind not in "biufUS":
        raise UserError(f"{where}: {_described(value)}, neither numbers nor text; {_FORMS}")
    return array


def _is_frame(value: Any) -> bool:
    return type(value).__name__ == "DataFrame" and hasattr(value, "columns") and hasattr(value, "iloc")


def _is_dataset(value: Any) -> bool:
    plain = isinstance(value, np.ndarray | Mapping | tuple | list | str | bytes) or hasattr(value, "dtype")
    return not plain and not _is_frame(value) and hasattr(value, "__getitem__") and hasattr(value, "__len__")


def _is_words(name: str, value: Any) -> bool:
    """Parts of scikit-learn's bunches that are no examples."""
    return name in ("DESCR", "feature_names", "target_names", "filename", "data_module", "frame", "details", "url")


def _described(value: Any) -> str:
    kind = type(value).__name__
    if isinstance(value, tuple | list):
        return f"a {kind} of {len(value)} ({', '.join(type(item).__name__ for item in value[:4])})"
    return "nothing (None)" if value is None else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
