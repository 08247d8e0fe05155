"""A page in a real browser, without a window, that nothing may leave and that may not complain."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's browser; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[dev]'")
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip(f"no browser (looked for {', '.join(_NAMES)}): apt-get install chromium")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@contextmanager
def opened(browser: Any, path: Path, width: int = 1280, **options: Any) -> Iterator[Any]:
    """The file at `path` in a new tab, which must have made no requests and logged no errors by the end."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    complaints: list[str] = []
    context.on("request", lambda request: complaints.append(request.url) if not _is_own(request.url, path) else None)
    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("dialog", lambda dialog: complaints.append(dialog.message))
    context.set_default_timeout(60_000)  # a busy machine is no failure
    page = context.new_page()
    page.goto(path.as_uri())
    yield page
    context.close()
    assert complaints == []


def _is_own(address: str, path: Path) -> bool:
    return address.startswith(("data:", "blob:")) or address.split("#")[0] == path.as_uri()
