"""A run's network in other formats: `export(RUN_FOLDER)` writes ONNX, or a folder to hand on."""

from pathlib import Path

from pipeline.extras import needed
from pipeline.files import MODEL, write_whole

__all__ = ["export", "export_folder"]


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


def export_folder(run: Path | str, out: Path | str) -> Path:
    """Write a folder to hand on: model.safetensors, model.onnx and a model card, README.md; its path.

    `pipeline.load_model` and `python -m pipeline.predict` take it in place of the run's. Raises UserError as `export`.
    """
    from pipeline.export._card import card_of
    from pipeline.runs.model import load_model

    folder, model = Path(out), load_model(run)
    folder.mkdir(parents=True, exist_ok=True)
    export(run, folder / "model.onnx")
    if not (folder / MODEL).exists() or not Path(run, MODEL).samefile(folder / MODEL):
        write_whole(folder / MODEL, Path(run, MODEL).read_bytes())
    write_whole(folder / "README.md", card_of(model, Path(run)))
    return folder
