"""Named arrays, from a file or a function, as examples."""

from collections.abc import Mapping

import numpy as np

from pipeline.datasets._arrays import named
from pipeline.datasets._axes import examples_first
from pipeline.datasets._raw import Part, Raw
from pipeline.errors import UserError

_PARTS = ("train", "validation", "test", "")


def raw_of_arrays(
    where: str,
    arrays: Mapping[str, np.ndarray],
    *,
    inputs: str | None = None,
    targets: str | None = None,
    axis: int | None = None,
    code: str = "",
) -> Raw:
    """Inputs and targets by their names: `inputs` and `targets`, or those that `named` knows; with splits or not.

    Raises UserError where they are not there, or do not fit.
    """
    try:
        names = {part: (named(arrays, "x", part), named(arrays, "y", part)) for part in _PARTS}
    except UserError as error:
        if not (inputs and targets):
            raise UserError(f"{where}: {error}") from None
        names = dict.fromkeys(_PARTS, (None, None))
    whole = names["train"] if all(names["train"]) else names[""]
    whole = (inputs or whole[0], targets or whole[1])
    given = {part: names[part] for part in ("validation", "test") if all(names[part]) and whole == names["train"]}
    for name, key in zip(whole, ("inputs", "targets"), strict=True):
        if name is None or name not in arrays:
            missing = f"no array {name}" if name else f"no array is called as {key} are"
            raise UserError(
                f"{where}: {missing}; it holds {_listed(arrays)}; call them x and y, or X_train, y_train, "
                f"X_test and y_test, or say dataset.{key}=NAME"
            )
    if None in whole:
        raise AssertionError
    x, y, note = examples_first(where, arrays[str(whole[0])], arrays[str(whole[1])], axis)
    notes = [note] if note else []
    held_out = {}
    for part, (of_x, of_y) in given.items():
        first = -1 if note else 0
        held_out[part] = Part(*examples_first(f"{where} ({part})", arrays[str(of_x)], arrays[str(of_y)], first)[:2])
    used = {*whole, *(name for pair in given.values() for name in pair)}
    if unused := [name for name in arrays if name not in used]:
        notes.append(f"{where}: not used: {', '.join(unused)}; used are {', '.join(map(str, sorted(used, key=str)))}")
    return Raw(
        where,
        f"{where}: {whole[1]}",
        Part(x, y),
        held_out.get("test"),
        held_out.get("validation"),
        code=code,
        notes=tuple(notes),
        target_names=(str(whole[1]),),
        examples_axis=-1 if note else 0,
    )


def _listed(arrays: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
