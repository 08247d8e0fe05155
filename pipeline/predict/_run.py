"""Which trained network is meant: that of a run's folder, of the best run of a sweep, or of an exported folder."""

from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import MODEL
from pipeline.runs.folders import run_folders
from pipeline.runs.result import Result, read_result


def model_folder(folder: Path) -> tuple[Path, str | None]:
    """The folder that holds the network, and a line on why this one where there was a choice.

    The best run of a sweep has the best validation score of those whose network is there. Raises UserError.
    """
    if folder.is_file():
        raise UserError(f"{folder}: a file; give the folder that it is in, such as outputs/SWEEP/0")
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give that of a run, of a sweep, or of an exported model")
    if (folder / MODEL).exists():
        return folder, None
    runs = [run for run in run_folders(folder, []) if (run / MODEL).exists()]
    if not runs:
        raise UserError(f"{folder}: no {MODEL} here or in the runs below; give a folder whose run has trained an epoch")
    results = {run: result for run in runs if isinstance(result := read_result(run), Result)}
    scored = {run: result for run, result in results.items() if result.score is not None}
    if not scored:
        if len(runs) == 1:
            return runs[0], f"{runs[0]}: the only run that has trained"
        raise UserError(f"{folder}: no run has a validation score to tell the best by; give one, such as {runs[0]}")
    if len({result.provenance.get("data_fingerprint") for result in scored.values()}) > 1:
        raise UserError(f"{folder}: its runs are of several data sets; give the folder of one run, such as {runs[0]}")
    best = max(scored, key=lambda run: scored[run].metric.rank(scored[run].score or 0.0))
    metric = scored[best].metric
    return best, f"{best}: the best of {len(scored)} runs, {metric.heading('validation')} {scored[best].score:.4f}"
