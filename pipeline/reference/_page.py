"""The comparison as a page of the documentation, and as the CSV files that its tables are made of."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.files import write_whole
from pipeline.reference._compare import CAPTION, KEY, in_words, markdown
from pipeline.report.figures.medium import Figure
from pipeline.reported.rows import rows

_HEAD = """# Reported and ours

Twelve networks of five course reports (`pipeline/reference/reports.csv`), trained here with the settings that the
reports state; those they do not state are chosen on validation, as each file in `conf/experiment/` says. Figures are
of the last epoch, on the split that the report held out, and means over the seeds; ± is their standard deviation,
curves are of seed 0. Made by

    python -m pipeline.reference --page docs

which trains each on three seeds.

Reported losses mean different things: the objective with its penalty (`mlp_256_batch1`), the loss of a single image
(`three_datasets_float64`), the summed objective (`three_datasets_20_epochs`: it rises while accuracy does too), the
mean per example (`toy_linear`, `mlp_800_300`). Ours is always the mean data loss per example, with penalty and
objective beside it. The reported score of `toy_linear` is a share of points, ours is R²: they are not subtracted.

"""


_BEST = """
## Beaten by sweeps

Networks of the shipped sweeps. `conf/experiment/search_*.yaml` search broad ranges and thin out by halving; the setting
with the highest validation accuracy was trained again on new seeds (`sweep=confirm sweep.top=1 sweep.seeds=5`), whose
figures these are, and runs and minutes are of search and confirmation. `best_*.yaml` are settings that were tried by
hand, earlier trials on one seed each are in `benchmarks/LOG.md`: of those on the most seeds the one with the highest
mean validation accuracy. Nothing was picked on the test set. ± is the standard deviation over seeds. Trained with the
commands in the table, each with `sweep.name=` its name, then `python -m pipeline.reference --best outputs/best_*
outputs/search_*-confirmed --page docs`.

"""


def write_page(
    table: pd.DataFrame,
    sweeps: pd.DataFrame | None,
    figures: Sequence[Figure],
    left_out: Mapping[str, str],
    folder: Path,
) -> Path:
    """Write reference.md, its tables as CSV and its figures into `folder`; -> the page.

    Networks and sweeps that are not given keep the lines that these tables have; `left_out` says why one is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        write_whole(folder / f"{figure.name}.svg", figure.svg)
    table = _merged(table, folder / "reference.csv", KEY)
    order = {name: place for place, name in enumerate(row.name for row in rows())}
    names = table[KEY].agg("-".join, axis=1)
    table = table.iloc[names.map(order).argsort()]
    write_whole(folder / "reference.csv", table.to_csv(index=False, lineterminator="\n"))
    parts = [_HEAD, markdown(in_words(table))]
    swept = _merged(sweeps, folder / "best.csv", ["sweep"], str)
    if len(swept):
        write_whole(folder / "best.csv", swept.to_csv(index=False, lineterminator="\n"))
        parts += [_BEST, markdown(swept.map(str))]
    if missing := [f"- {name}: {reason}\n" for name, reason in left_out.items() if name not in set(names)]:
        parts += ["\nNot trained for this page:\n\n", *missing]
    for experiment, dataset in table[KEY].itertuples(index=False):
        title, name = f"{experiment} on {dataset}", f"{experiment}-{dataset}"
        parts.append(f"\n## {title}\n\n![{title}]({name}.svg)\n\n{CAPTION}\n")
    write_whole(folder / "reference.md", "".join(parts))
    return folder / "reference.md"


def _merged(new: pd.DataFrame | None, path: Path, key: list[str], dtype: type | None = None) -> pd.DataFrame:
    """The lines of a table that is there, those of the same key replaced, and new ones."""
    tables = [pd.read_csv(path, dtype=dtype)] if path.exists() else []
    tables += [new] if new is not None else []
    if not tables:
        return pd.DataFrame()
    return pd.concat([table.astype(object) for table in tables]).drop_duplicates(key, keep="last", ignore_index=True)
