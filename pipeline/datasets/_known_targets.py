"""The targets of new examples, where there are any: as classes of the network, or as values."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.errors import UserError


def classes_of(values: Any, codes: Mapping[str, int]) -> tuple[np.ndarray, set[str]]:
    """int64 (N,) classes, −1 where there is none or one that the network does not know, and the names of these.

    values: (N,) of any type, or one-hot (N, K). codes: the class of each text that stands for one.
    """
    values = np.asarray(values)
    if values.ndim == 2:
        values = values[:, 0] if values.shape[1] == 1 else values.argmax(1)
    texts = [_text(value) for value in values.tolist()]
    as_numbers = {text: _whole(text) for text in set(texts) if text not in codes}  # 1.0 and 01 are the class 1
    texts = [as_numbers.get(text, text) for text in texts]
    unknown = {text for text in set(texts) if text and text not in codes}
    return np.array([codes.get(text, -1) for text in texts], np.int64).reshape(-1), unknown


def _text(value: Any) -> str:
    """As classes are called: whole numbers without a point, "" for what is missing."""
    if value is None or value != value or str(value) in ("<NA>", "NaT"):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _whole(text: str) -> str:
    """A whole number in its shortest form, any other text as it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def values_of(where: str, values: np.ndarray, outputs: int) -> np.ndarray:
    """float64 (N, outputs). Raises UserError for another number of them, or what is no number."""
    values = np.asarray(values)
    rows = values.reshape(len(values), -1) if values.size else np.zeros((len(values), outputs))
    if values.dtype.kind not in "biuf" or rows.shape[1] != outputs:
        what = f"of type {values.dtype}" if values.dtype.kind not in "biuf" else f"{rows.shape[1]} an example"
        raise UserError(f"{where}: targets {what}, where the model has {outputs} values; mend them, or leave them out")
    return rows.astype(np.float64)
