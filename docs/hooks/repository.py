"""Files of the repository that are not in docs/: README, CONTRIBUTING and others as pages, linked code as listings.

Links are written for readers of the repository, relative to the file that they are in. Here they are led to the pages.
"""

import posixpath
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?\)")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".toml": "toml", ".csv": "text"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, page in PAGES.items():
        files.append(File.generated(config, page, content=_led(name, (ROOT / name).read_text("utf-8"))))
    listed = {}
    for file in files.documentation_pages():
        place = _repository_path(file.src_uri)
        for found in _LINK.finditer((ROOT / place).read_text("utf-8") if (ROOT / place).is_file() else ""):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(place), found[1].replace("\\_", "_")))
            if (page := _page(target)).startswith("source/"):
                listed[page] = target
    for page, target in sorted(listed.items()):
        files.append(File.generated(config, page, content=_listing(target)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    if page.file.src_uri in PAGES.values():
        return markdown  # led when it was read
    return _led(_repository_path(page.file.src_uri), markdown)


def _repository_path(uri: str) -> str:
    """Where the page's text lies in the repository."""
    return {page: name for name, page in PAGES.items()}.get(uri, f"docs/{uri}")


def _led(name: str, markdown: str) -> str:
    """The text of the repository's file `name` with its links to pages of the site."""
    here = PurePosixPath(_page(name)).parent

    def led(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[1].replace("\\_", "_")))
        if not (ROOT / target).exists():
            return found[0]  # a page that is made, or a mistake that mkdocs reports
        return f"]({posixpath.relpath(_page(target), here)}{found[2] or ''})"

    return _LINK.sub(led, markdown)


def _page(target: str) -> str:
    """The page that shows a file of the repository."""
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    return PAGES.get(target) or f"source/{target.removesuffix('.md')}.md"


def _listing(target: str) -> str:
    text = (ROOT / target).read_text("utf-8")
    if target.endswith(".md"):
        return text
    language = _LANGUAGES.get(PurePosixPath(target).suffix, "text")
    return f"# {target}\n\n`````{language}\n{text}`````\n"
