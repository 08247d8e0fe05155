"""A document as LaTeX: paper.tex, and a file for each table."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table, latex
from pipeline.report.paper._document import Block, Code, Document, Items, Words
from pipeline.report.paper._references import as_latex


def to_latex(document: Document) -> str:
    """paper.tex, which inputs tables and figures."""
    environment = Environment(
        loader=PackageLoader("pipeline.report.paper"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
    )
    environment.filters |= {"latex": latex, "block": _block}
    return environment.get_template("paper.tex.j2").render(document=document)


def tables(document: Document) -> dict[str, str]:
    """File name -> content."""
    floats = {f"{table.name}.tex": table.latex() for table in document.tables}
    return floats | {f"{table.name}.tex": table.latex(long=True) for table in document.appendix}


def _block(block: Block) -> str:
    if isinstance(block, Table):
        return f"\\input{{{block.name}}}"
    if isinstance(block, Figure):
        return "\n".join(
            [
                "\\begin{figure}[tbp]",
                "\\centering",
                f"\\includegraphics{{{block.name}}}% as wide as it was drawn: its letters keep their size",
                f"\\caption{{{latex(block.title)}. {latex(block.caption)}}}",
                f"\\label{{fig:{block.name}}}",
                "\\end{figure}",
            ]
        )
    if isinstance(block, Items):
        items = "\n".join(f"\\item {{}}{as_latex(item)}" for item in block.items)
        return f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
    if isinstance(block, Code):
        lines = "\\\\\n".join(latex(line) for line in block.text.splitlines())
        return f"\\begin{{flushleft}}\\ttfamily\\small\n{lines}\n\\end{{flushleft}}"
    return latex(block.text.strip()) if isinstance(block, Words) else as_latex(block)
