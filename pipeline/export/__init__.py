"""A run's network in other formats: `export(RUN_FOLDER)` writes ONNX."""

from pathlib import Path

from pipeline.extras import needed
from pipeline.files import write_whole

__all__ = ["export"]


def export(run: Path | str, out: Path | str | None = None, *, normalise: bool = True) -> Path:
    """Write the network of a run's folder to `out` (default: model.onnx in that folder); its path.

    For inputs and outputs see `pipeline.export.onnx.to_onnx`. Raises UserError if there is no model or the package
    `onnx` is missing.
    """
    with needed("onnx", "python -m pipeline.export"):
        from pipeline.export.onnx import to_onnx
    from pipeline.runs.model import load_model

    path = Path(run, "model.onnx") if out is None else Path(out)
    write_whole(path, to_onnx(load_model(run), normalise=normalise).SerializeToString(deterministic=True))
    return path
