"""A document as a Word file."""

import io
from pathlib import Path

from pipeline.extras import needed
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table
from pipeline.report.paper._document import Code, Document, Items, Words
from pipeline.report.paper._references import as_text, in_full

_WIDTH = 6.0  # inches of text


def to_docx(document: Document, folder: Path) -> bytes:
    """report.docx, with the figures that are in `folder`. Its styles are Word's, so that a template changes them."""
    with needed("write", "--also docx"):
        import docx
        from docx.shared import Inches

    word, labels, entries = docx.Document(), document.labels, document.references
    word.core_properties.title = document.title
    word.core_properties.author = ", ".join(document.authors)
    word.add_heading(document.title, 0)
    if document.authors:
        word.add_paragraph(", ".join(document.authors), "Subtitle")
    for section in document.sections:
        word.add_heading(section.title, 1)
        for block in section.blocks:
            if isinstance(block, Table):
                word.add_paragraph(f"{labels[f'tab:{block.name}']}. {block.caption}", "Caption")
                _add_table(word, block)
            elif isinstance(block, Figure):
                word.add_picture(str(folder / f"{block.name}.png"), Inches(_WIDTH))
                word.add_paragraph(f"{labels[f'fig:{block.name}']}. {block.title}. {block.caption}", "Caption")
            elif isinstance(block, Items):
                for item in block.items:
                    word.add_paragraph(as_text(item, labels, entries), "List Bullet")
            elif isinstance(block, Code | Words):
                word.add_paragraph(block.text, "No Spacing" if isinstance(block, Code) else None)
            else:
                word.add_paragraph(as_text(block, labels, entries))
    if entries:
        word.add_heading("References", 1)
        for entry in entries.values():
            word.add_paragraph(in_full(entry), "List Number")
    stream = io.BytesIO()
    word.save(stream)
    return stream.getvalue()


def _add_table(word: "docx.document.Document", table: Table) -> None:  # type: ignore[name-defined]  # noqa: F821
    rows = table.formatted()
    made = word.add_table(1, len(rows.columns), "Light List")
    lines = [list(rows.columns), *rows.to_numpy().tolist()]
    if footer := table.formatted_footer():
        lines.append(list(footer.values()))
    for number, line in enumerate(lines):
        cells = made.rows[0].cells if number == 0 else made.add_row().cells
        for cell, text in zip(cells, line, strict=True):
            cell.text = text
