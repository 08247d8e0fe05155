"""The page of several data sets as its reader has it: its tables sort, and axe-core finds nothing."""

from pathlib import Path
from typing import Any

import pytest
from browsing import opened
from written import write_run

from pipeline.report.build import build


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets with six rates each: on the first the largest is the best, on the second the smallest."""
    sweep = tmp_path_factory.mktemp("overview") / "s"
    for number in range(12):
        rate, second = number % 6, number // 6
        best = 0.9 - 0.05 * rate if second else 0.5 + 0.07 * rate
        name = ("square", "patterns")[second]
        write_run(sweep / str(number), best, dataset__name=name, optimizer__lr=(1, 2, 5, 10, 20, 50)[rate] / 100)
    return build([sweep], column=None)


def cells(tab: Any, table: int, column: int) -> list[str]:
    rows = tab.locator("main table").nth(table).locator(f"tbody tr td:nth-child({column})")
    return list(rows.all_inner_texts())


def test_tables_sort_by_a_click(browser: Any, report: Path) -> None:
    with opened(browser, report) as tab:
        assert tab.locator("h1").inner_text() == "Learning rate on square and patterns, 12 runs"
        head = tab.locator("main table").first.locator("thead th")
        assert head.all_inner_texts()[1:3] == ["square, accuracy, %", "patterns, accuracy, %"]
        head.nth(2).locator(".dt-column-title").click()
        tab.locator("main table").first.locator("th[aria-sort=ascending]").wait_for()
        assert cells(tab, 0, 3) == ["64.0", "69.0", "74.0", "79.0", "84.0", "89.0"]
        assert cells(tab, 0, 1)[0] == "learning rate 0.5"
        second = tab.locator("main table").nth(1)
        second.locator("thead th", has_text="learning rate").locator(".dt-column-title").click()
        second.locator("th[aria-sort=ascending]").wait_for()
        assert cells(tab, 1, 2) == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"]  # by size, not by letter


def test_without_scripts_the_tables_are_there(browser: Any, report: Path) -> None:
    with opened(browser, report, java_script_enabled=False) as tab:
        assert tab.locator("main table").first.locator("tbody tr:visible").count() == 6


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Any, report: Path, width: int, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install '.[dev]'")
    with opened(browser, report, width=width, color_scheme=scheme, bypass_csp=True) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        found = axe.Axe().run(tab).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
