"""References: citations in sentences, for pandoc and LaTeX, and the BibTeX entries of those used."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.report.formats import latex, markdown

# Private-use characters around a key: no setting can be mistaken for a reference.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}(.*?){_CLOSE}")


def cite(*keys: str) -> str:
    """A citation in a sentence."""
    return f"{_OPEN}{','.join(keys)}{_CLOSE}"


def cited(sentences: Iterable[str]) -> list[str]:
    """The distinct keys cited in the sentences, in order."""
    keys = [key for sentence in sentences for mark in _MARK.findall(sentence) for key in mark.split(",")]
    return list(dict.fromkeys(keys))


def as_latex(words: str) -> str:
    """The text for LaTeX, with \\cite."""
    parts = _MARK.split(words)
    parts[::2] = [latex(part) for part in parts[::2]]
    parts[1::2] = [f"~\\cite{{{keys}}}" for keys in parts[1::2]]
    return "".join(parts)


def as_markdown(words: str) -> str:
    """The text for Markdown, with pandoc's citations: [@key; @other]."""
    parts = _MARK.split(words)
    parts[::2] = [markdown(part) for part in parts[::2]]
    parts[1::2] = [f" [{'; '.join(f'@{key}' for key in keys.split(','))}]" for keys in parts[1::2]]
    return "".join(parts)


def bibliography(keys: Iterable[str], extra: Mapping[str, str] | None = None) -> str:
    """The entries of these keys. Raises KeyError for one that is neither in `extra` nor in references.bib."""
    blocks = Path(__file__).with_name("references.bib").read_text(encoding="utf-8").strip().split("\n\n")
    entries = {block[block.index("{") + 1 : block.index(",")]: block for block in blocks} | dict(extra or {})
    return "".join(f"{entries[key]}\n\n" for key in keys)
