"""What a report's page weighs, and how long a browser computes to open and to sort it.

    python -m benchmarks.pages outputs/SWEEP…           # of reports that exist
    python -m benchmarks.pages --copies 1000 RUN         # of a sweep of copies of a run, with other rates and figures

Seconds are CPU time of the page's main thread, so that what else the machine does counts little.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.reports import copies
from pipeline.report.build import build

_SORT = "() => { table.order([columnNames.indexOf('validation accuracy'), 'asc']).draw(); }"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--copies", type=int, help="how many runs to make of each folder, which is a run's")
    options = parser.parse_args()
    print("| runs | page, MB | opened after, s | sorted after, s |\n|-----:|-----:|-----:|-----:|")
    for folder in options.folders:
        if options.copies:
            with tempfile.TemporaryDirectory() as place:
                copies(folder, Path(place), options.copies)
                print(row(build([Path(place)], column=None)))
        else:
            print(row(folder / "report" / "index.html"))


def row(page: Path) -> str:
    """A line of the table."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        session = tab.context.new_cdp_session(tab)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        tab.goto(page.resolve().as_uri())
        tab.wait_for_timeout(1500)
        opened = _seconds(session)
        runs = tab.evaluate("page.runs.length")
        tab.evaluate(_SORT)
        tab.wait_for_timeout(1000)
        done = _seconds(session)
        browser.close()
    return f"| {runs:,} | {page.stat().st_size / 1e6:.1f} | {opened:.2f} | {done - opened:.2f} |"


def _seconds(session: Any) -> float:
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


if __name__ == "__main__":
    main()
