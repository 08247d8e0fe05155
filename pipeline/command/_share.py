"""What MLflow is given of a whole sweep, as artifacts of the best run: the page, its figures, the network in ONNX."""

import sys
import tempfile
from pathlib import Path

from pipeline.errors import UserError
from pipeline.export import export
from pipeline.extras import missing
from pipeline.report.comparison import Comparison
from pipeline.runs.read import collect
from pipeline.runs.tracking import share


def share_best(folder: Path, page: Path) -> None:
    """Give MLflow the report of the sweep or run in `folder`, and its best network in ONNX where `onnx` is there.

    The report goes with the run that stands for the best setting. A network that has not finished is nobody's best.
    """
    collected = collect([folder])
    comparison = Comparison.of(collected.runs)
    run = collected.folder_of[comparison.runs["run"][comparison.representative]]
    artifacts = {page: "report", page.parent / "figures": "report/figures"}
    with tempfile.TemporaryDirectory() as temporary:
        if comparison.finished[comparison.representative] and missing("onnx", "onnx", "tracking") is None:
            try:
                artifacts[export(run, Path(temporary, "model.onnx"))] = ""
            except UserError as error:  # no network, or a layer without a counterpart there
                print(f"{run}: no ONNX file in MLflow: {error}", file=sys.stderr)
        share(run, artifacts)
