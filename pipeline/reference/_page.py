"""The comparison as a page of the documentation."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.files import write_whole
from pipeline.report.figures.medium import Figure

_HEAD = """# Reported and ours

Twelve networks of five course reports (`pipeline/reference/reports.csv`), trained here with the settings that the
reports state; those they do not state are chosen on validation, as each file in `conf/experiment/` says. One seed,
figures of the last epoch, on the split that the report held out. Made by

    python -m pipeline.reference --page docs

Reported losses mean different things: the objective with its penalty (`mlp_256_batch1`), the loss of a single image
(`three_datasets_float64`), the summed objective (`three_datasets_20_epochs`: it rises while accuracy does too), the
mean per example (`toy_linear`, `mlp_800_300`). Ours is always the mean data loss per example, with penalty and
objective beside it. The reported score of `toy_linear` is a share of points, ours is R²: they are not subtracted.

"""


_BEST = """
## Beaten by sweeps

Networks of the shipped sweeps `conf/experiment/best_*.yaml`: among the settings on the most seeds those with the
highest mean validation accuracy, and their accuracy on the test set, on which nothing was picked. ± is the standard
deviation over seeds. Earlier trials, on one seed each, are in `benchmarks/LOG.md`. Trained with the commands in the
table, each with `sweep.name=` its name, then `python -m pipeline.reference --best outputs/best_* --page
docs`.

"""


def write_page(table: str, sweeps: str, figures: Sequence[Figure], left_out: Sequence[str], folder: Path) -> Path:
    """Write reference.md and its figures into `folder`; -> the page."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [_HEAD, table]
    if sweeps:
        parts += [_BEST, sweeps, "\n"]
    if left_out:
        parts += ["\nNot trained for this page:\n\n", *(f"- {line}\n" for line in left_out)]
    for figure in figures:
        write_whole(folder / f"{figure.name}.svg", figure.svg)
        parts.append(f"\n## {figure.title}\n\n![{figure.title}]({figure.name}.svg)\n\n{figure.caption}\n")
    write_whole(folder / "reference.md", "".join(parts))
    return folder / "reference.md"
