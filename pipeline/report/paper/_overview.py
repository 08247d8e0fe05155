"""report.md of a report on several data sets: the settings over all, and the way to the report of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.files import write_whole
from pipeline.report.data_sets import DataSets
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table, markdown
from pipeline.report.page import title


def write_overview(
    out: Path,
    data_sets: DataSets,
    sentences: Sequence[str],
    table: Table,
    figure: Figure | None,
    folders: Mapping[str, str],
) -> None:
    """`folders` are those of the reports, by the title of their data."""
    parts = [f"# {markdown(title(data_sets.whole))}", *map(markdown, sentences)]
    parts += [f"**Table 1.** {markdown(table.caption)}", table.markdown().rstrip("\n")]
    if figure is not None:
        parts.append(f"![{markdown(figure.title)}](figures/{figure.name}.png)")
        parts.append(f"**Figure 1. {markdown(figure.title)}.** {markdown(figure.caption)}")
    links = [f"- [{markdown(name)}]({folder}/report.md)" for name, folder in folders.items()]
    parts += ["## Each data set", "\n".join(links)]
    write_whole(out / "report.md", "\n\n".join(parts) + "\n")
