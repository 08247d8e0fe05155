"""Files of named arrays, and which of them are inputs and targets. No pickle is read."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.datasets._reading import check_file, largest_unpacked, too_large
from pipeline.errors import UserError

Arrays = dict[str, np.ndarray]
_INPUTS = ("x", "data", "inputs", "images", "features")
_TARGETS = ("y", "target", "targets", "labels", "label")
SUFFIXES = (".npz", ".npy", ".safetensors")
_VALIDATION = ("validation", "val", "valid", "dev")
_PICKLED = "objects, which only pickle stores, and unpickling can run any code; save plain numbers: x.astype(float)"


def read_arrays(path: Path) -> Arrays:
    """The arrays of a .npz, .npy or .safetensors file, or of the .npy files in a folder, by name."""
    if path.is_dir():
        files = sorted(path.glob("*.npy"))
        if not files:
            raise UserError(f"{path}: no .npy file in this folder; put x.npy and y.npy there, or give a .npz file")
        return {file.stem: _npy(file) for file in files}
    readers = {".npz": _npz, ".npy": lambda file: {file.stem: _npy(file)}, ".safetensors": _safetensors}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: no known kind of arrays; there are {', '.join(readers)}, and folders of .npy files")
    return reader(check_file(path))


def _npy(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(check_file(path), mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError) as error:
        raise _damaged(path, "", error) from None
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path}: an archive under the name of one array; call it .npz")
    return array


def _npz(path: Path) -> Arrays:
    arrays: Arrays = {}
    name = ""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
            if size > (most := largest_unpacked(path.stat().st_size)):
                raise too_large(path, most)
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                with archive.open(info) as stream:
                    arrays[name] = np.lib.format.read_array(stream, allow_pickle=False)
    except (
        ValueError,
        EOFError,
        OSError,
        SyntaxError,
        RuntimeError,
        NotImplementedError,
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise _damaged(path, name, error) from None
    if not arrays:
        raise UserError(f"{path}: no array is in it; save some by np.savez(path, x=x, y=y)")
    return arrays


def _safetensors(path: Path) -> Arrays:
    import safetensors.numpy

    try:
        return safetensors.numpy.load(path.read_bytes())
    except Exception as error:  # it has types of its own, and KeyError for types that numpy lacks
        raise _damaged(path, "", error) from None


def _damaged(path: Path, name: str, error: Exception) -> UserError:
    where = f"{path}: {name}" if name else str(path)
    reason = " ".join(str(error).split())[:160]
    if "allow_pickle" in reason or "Python objects" in reason:
        return UserError(f"{where} holds {_PICKLED}")
    return UserError(f"{where}: cannot be read ({reason or type(error).__name__}); is it whole? save or get it again")


def named(arrays: Mapping[str, np.ndarray], role: str, part: str = "") -> str | None:
    """The name of the inputs ("x") or targets ("y") of a part ("train", "validation", "test", or "" for one alone).

    Known are x and y, their longer names, and with a part X_train, x_train, train_x, train_images and so on. Raises
    UserError where two names fit.
    """
    words = _INPUTS if role == "x" else _TARGETS
    parts = _VALIDATION if part == "validation" else (part,)
    pairs = [(word, name) for word in words for name in parts]
    wanted = (
        {f"{word}_{name}" for word, name in pairs} | {f"{name}_{word}" for word, name in pairs} if part else set(words)
    )
    names = [name for name in arrays if name.lower() in wanted]
    if len(names) > 1:
        key = "inputs" if role == "x" else "targets"
        raise UserError(f"both {names[0]} and {names[1]} could be the {key}; say which by dataset.{key}={names[0]}")
    return names[0] if names else None
