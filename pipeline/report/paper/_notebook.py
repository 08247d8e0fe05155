"""A document as a notebook, which reads the runs again and draws the figures itself."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.extras import needed
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table, markdown
from pipeline.report.paper._document import Document
from pipeline.report.paper._markdown import block_markdown, references_markdown

_READS = """import pipeline

sweep = pipeline.load({folders})
tables = pipeline.tables(sweep.runs)
figures = pipeline.figures(sweep.runs, sweep.history)"""


def to_notebook(document: Document, folders: Sequence[Path]) -> str:
    """report.ipynb. A figure that only the best run's network gives is shown from the report's folder."""
    with needed("write", "--also notebook"):
        from nbformat import v4, writes

    again = {"learning_curves", "search", "importance", "effects", "heat_map"}
    named = ", ".join(repr(str(folder.resolve())) for folder in folders)
    cells = [v4.new_markdown_cell(f"# {markdown(document.title)}\n\n{markdown(', '.join(document.authors))}".strip())]
    cells.append(v4.new_code_cell(_READS.format(folders=named)))
    for section in document.sections:
        cells.append(v4.new_markdown_cell(f"## {section.title}"))
        for block in section.blocks:
            cells.append(v4.new_markdown_cell(block_markdown(block, document)))
            if isinstance(block, Figure) and block.name in again:
                cells[-1] = v4.new_markdown_cell(f"**{markdown(block.title)}.** {markdown(block.caption)}")
                cells.append(v4.new_code_cell(f'figures["{block.name}"]'))
            if isinstance(block, Table) and block.name == "results":
                cells.append(v4.new_code_cell('tables.get("replicates", tables["table"])'))
    cells.append(v4.new_markdown_cell(references_markdown(document)))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # nbformat draws them
    return str(writes(v4.new_notebook(cells=cells))) + "\n"
