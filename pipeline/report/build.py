"""From run folders to results.csv and report/."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.files import write_whole
from pipeline.report.curves import learning_curves
from pipeline.report.effects import heat_map, marginal_effects
from pipeline.report.figures import Figure
from pipeline.report.page import render
from pipeline.report.tables import Comparison
from pipeline.results import collect, write_results


def build(folders: Sequence[Path], out: Path | None = None) -> Path:
    """Write `results.csv` into each sweep folder and the report into `out`; -> its index.html.

    `out` is report/ in the first folder unless given. Raises UserError where there is no run at all; runs that
    cannot be read are named in the report's footnotes.
    """
    folders = [Path(folder) for folder in folders]
    collected = collect(folders)
    for folder in folders:
        if any(origin == folder for origin, _ in collected.origins):
            write_results(folder, collected)
    out = out or folders[0] / "report"
    out.mkdir(parents=True, exist_ok=True)
    comparison = Comparison.of(collected.runs)
    for name, text in comparison.files().items():
        write_whole(out / name, text)
    figures = [
        figure
        for figure in (
            learning_curves(comparison, collected.history),
            marginal_effects(comparison),
            heat_map(comparison),
        )
        if isinstance(figure, Figure)
    ]
    for figure in figures:
        write_whole(out / f"{figure.name}.svg", figure.svg)
        write_whole(out / f"{figure.name}.png", figure.png)
    write_whole(out / "index.html", render(comparison, figures, collected.problems, folders))
    return out / "index.html"
