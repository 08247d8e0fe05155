"""References: citations and mentions of figures in sentences, and the BibTeX entries of those used."""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.report.formats import latex, markdown

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

# Private-use characters around a key: no setting can be mistaken for a reference.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}(.*?){_CLOSE}")
_MENTION = re.compile("\ue002(.*?)\ue003")
_NAMED = 6  # authors
_FIELD = re.compile(r'(\w+)\s*=\s*(?:[{"](.*?)[}"]|(\d+))\s*(?=,?\s*\n|,\s*\w+\s*=|,?\s*}\s*$)', re.S)


def cite(*keys: str) -> str:
    """A citation in a sentence."""
    return f"{_OPEN}{','.join(keys)}{_CLOSE}"


def cited(sentences: Iterable[str]) -> list[str]:
    """The distinct keys cited in the sentences, in order."""
    keys = [key for sentence in sentences for mark in _MARK.findall(sentence) for key in mark.split(",")]
    return list(dict.fromkeys(keys))


def mention(label: str) -> str:
    """A reference to a float of the same document: "fig:effects", "tab:settings"."""
    return f"\ue002{label}\ue003"


def as_latex(words: str) -> str:
    """The text for LaTeX, with \\cite and \\cref."""
    parts = _MARK.split(words)
    parts[::2] = [_mentions(part, latex, lambda label: f"\\cref{{{label}}}") for part in parts[::2]]
    parts[1::2] = [f"~\\cite{{{keys}}}" for keys in parts[1::2]]
    return "".join(parts)


def as_markdown(words: str, labels: Mapping[str, str], entries: Mapping[str, str]) -> str:
    """The text for Markdown: the names of floats by their `labels`, and (author year) by the `entries` of BibTeX."""
    return _as_words(words, labels, entries, markdown)


def as_text(words: str, labels: Mapping[str, str], entries: Mapping[str, str]) -> str:
    """The same as plain text."""
    return _as_words(words, labels, entries, str)


def _as_words(words: str, labels: Mapping[str, str], entries: Mapping[str, str], escape: Callable[[str], str]) -> str:
    parts = _MARK.split(words)
    parts[::2] = [_mentions(part, escape, lambda label: labels[label]) for part in parts[::2]]
    parts[1::2] = [
        f" ({'; '.join(escape(in_text(key, entries[key])) for key in keys.split(','))})" for keys in parts[1::2]
    ]
    return "".join(parts)


def _mentions(words: str, escape: Callable[[str], str], name: Callable[[str], str]) -> str:
    parts = _MENTION.split(words)
    parts[::2] = map(escape, parts[::2])
    parts[1::2] = map(name, parts[1::2])
    return "".join(parts)


def in_text(key: str, entry: str) -> str:
    """ "Kingma and Ba 2015"; the title where there are no authors, the key where there is neither."""
    fields = _fields(entry)
    names = [name.partition(",")[0].strip() for name in _authors(fields)]
    who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    title = f"“{fields['title']}”" if "title" in fields else ""
    return " ".join(filter(None, [who or title, fields.get("year")])) or key


def in_full(entry: str) -> str:
    """Authors, title, where and when it appeared, and its address, of an entry of BibTeX."""
    fields, names = _fields(entry), _authors(_fields(entry))
    if len(names) > _NAMED or "others" in names:
        names = [*(name for name in names[:_NAMED] if name != "others"), "et al."]
    where = next((fields[name] for name in ("journal", "booktitle", "publisher", "institution") if name in fields), "")
    if not where and "eprint" in fields:
        where = f"arXiv:{fields['eprint']}"
    address = f"https://doi.org/{fields['doi']}" if "doi" in fields else fields.get("url", "")
    parts = ["; ".join(names), fields.get("title", ""), where, fields.get("year", ""), address]
    return ". ".join(part.rstrip(".") for part in parts if part) or entry


def _authors(fields: Mapping[str, str]) -> list[str]:
    return [name.strip() for name in fields.get("author", "").split(" and ") if name.strip()]


@functools.cache
def _fields(entry: str) -> dict[str, str]:
    plain = _reader_of_latex().latex_to_text
    return {name.lower(): " ".join(plain(value or year).split()) for name, value, year in _FIELD.findall(entry)}


@functools.cache
def _reader_of_latex() -> "LatexNodes2Text":
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text()


def entries_of(keys: Iterable[str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The entry of each key. Raises KeyError for one that is neither in `extra` nor in references.bib."""
    blocks = Path(__file__).with_name("references.bib").read_text(encoding="utf-8").strip().split("\n\n")
    known = {block[block.index("{") + 1 : block.index(",")]: block for block in blocks} | dict(extra or {})
    return {key: known[key] for key in keys}


def bibliography(entries: Mapping[str, str]) -> str:
    """The entries as a file."""
    return "".join(f"{entry}\n\n" for entry in entries.values())
