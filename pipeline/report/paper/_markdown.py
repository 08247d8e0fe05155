"""A document as Markdown that GitHub, Pandoc and Quarto read."""

from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table, markdown
from pipeline.report.paper._document import Block, Code, Document, Items, Words
from pipeline.report.paper._references import as_markdown, in_full


def to_markdown(document: Document) -> str:
    """report.md, with the figures that are beside it."""
    parts = [f"# {markdown(document.title)}"]
    if document.authors:
        parts.append(markdown(", ".join(document.authors)))
    for section in document.sections:
        parts += [f"## {section.title}", *(block_markdown(block, document) for block in section.blocks)]
    if document.references:
        parts.append(references_markdown(document))
    return "\n\n".join(parts) + "\n"


def references_markdown(document: Document) -> str:
    """The list of what is cited."""
    entries = [f"- {markdown(in_full(entry))}" for entry in document.references.values()]
    return "## References\n\n" + "\n".join(entries)


def block_markdown(block: Block, document: Document) -> str:
    """A part of a section."""
    labels = document.labels
    if isinstance(block, Table):
        return f"**{labels[f'tab:{block.name}']}.** {markdown(block.caption)}\n\n{block.markdown()}".rstrip("\n")
    if isinstance(block, Figure):
        label = labels[f"fig:{block.name}"]
        picture = f"![{markdown(block.title)}](figures/{block.name}.png)"
        return f"{picture}\n\n**{label}. {markdown(block.title)}.** {markdown(block.caption)}"
    if isinstance(block, Items):
        return "\n".join(f"- {as_markdown(item, labels, document.references)}" for item in block.items)
    if isinstance(block, Code):
        fence = "`" * (3 if "```" not in block.text else 3 + block.text.count("`"))
        return f"{fence}sh\n{block.text}\n{fence}"
    if isinstance(block, Words):
        return block.text.strip()
    return as_markdown(block, labels, document.references)
