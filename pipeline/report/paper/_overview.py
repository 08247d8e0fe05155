"""report.md of several data sets: the settings over all, then what holds of each, and where its report is."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.files import write_whole
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table, markdown
from pipeline.report.page import Part, summary, title


def write_overview(
    out: Path, sentences: Sequence[str], table: Table, figure: Figure | None, parts: Sequence[Part]
) -> None:
    """Write it beside the page of the same `parts`."""
    blocks = [f"# {markdown(title(*(part.comparison for part in parts)))}", *map(markdown, sentences)]
    blocks += [f"**Table 1.** {markdown(table.caption)}", table.markdown().rstrip("\n")]
    if figure is not None:
        blocks.append(f"![{markdown(figure.title)}](figures/{figure.name}.png)")
        blocks.append(f"**Figure 1. {markdown(figure.title)}.** {markdown(figure.caption)}")
    for part in parts:
        told = [f"- {markdown(sentence)}" for sentence in summary(part.comparison, part.by_example)]
        link = f"[The report on {markdown(part.title)}]({part.folder}/report.md)"
        blocks += [f"## {markdown(part.title)}", "\n".join(told), link]
    write_whole(out / "report.md", "\n\n".join(blocks) + "\n")
