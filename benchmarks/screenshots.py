"""The first screens of six kinds of sweep, as docs/reports.md shows them.

    python -m benchmarks.screenshots            # trains what is not there yet, then takes the pictures
    python -m benchmarks.screenshots --only grid

Needs chromium and playwright, which `pip install '.[dev]'` has.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.sweeps import ROOT

SWEEPS = {
    "grid": "-m model.hidden=[64],[128] optimizer.lr=0.02,0.1,0.5 model.l2=0,1e-3 seed=0,1,2",
    "single": "",
    "search": "-m hydra/sweeper=search hydra.sweeper.trials=24 optimizer.lr=tag(log,interval(0.001,1)) "
    "model.l2=tag(log,interval(1e-6,1e-2)) model.hidden=[32],[64],[128] training.epochs=5",
    "halving": "-m sweep=halving model.hidden=[32],[64],[128] optimizer.lr=0.01,0.05,0.2,1 training.epochs=9",
    "regression": "-m dataset=linear dataset.samples=400 optimizer.lr=0.001,0.01,0.1,127 seed=0,1 training.epochs=5",
    "data_sets": "-m dataset=fashion_mnist_mini,patterns model.hidden=[32],[64] seed=0,1,2 training.epochs=5",
}
_WIDTH, _HEIGHT = 1200, 760


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SWEEPS, help="(default: all)")
    parser.add_argument("--outputs", type=Path, default=ROOT / "outputs" / "screenshots", help="(default: %(default)s)")
    options = parser.parse_args()
    for name, words in SWEEPS.items():
        if options.only in (None, name):
            folder = options.outputs / name
            if not (folder / "report" / "index.html").exists():
                where = "hydra.sweep.dir" if words else "hydra.run.dir"
                command = [sys.executable, "-m", "pipeline", *words.split(), f"{where}={folder}"]
                subprocess.run(command, cwd=ROOT, check=True)
            picture(
                folder / "report" / "index.html",
                ROOT / "docs" / ("report.png" if name == "grid" else f"report_{name}.png"),
            )


def picture(page: Path, file: Path) -> None:
    """The first screen of a page as a small PNG."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        tab.goto(page.resolve().as_uri())
        tab.wait_for_timeout(1000)
        tab.screenshot(path=file)
        browser.close()
    Image.open(file).convert("RGB").save(file, optimize=True)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
