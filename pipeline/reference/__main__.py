"""`python -m pipeline.reference`: train the reports' networks and compare the figures."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import stopping

if TYPE_CHECKING:
    from pipeline.reported.rows import Row


def main(arguments: list[str] | None = None) -> int:
    from pipeline.reported.rows import reports, rows  # imports pandas, for which Ctrl-C should not wait

    names = [row.name for row in rows()]
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.reference",
        description="Trains every network of the reference reports whose data is available, one after the other, and "
        "writes reference.csv, .md, .tex and figures. Finished runs are kept; run it again to resume.",
        epilog="Networks: " + ", ".join(names),
    )
    parser.add_argument("--only", nargs="+", metavar="NETWORK", choices=names, help="only these networks")
    parser.add_argument("--out", type=Path, default=Path("outputs/reference"), help="default: %(default)s")
    parser.add_argument(
        "--best", nargs="*", type=Path, default=[], metavar="SWEEP", help="folders of best_* sweeps to put on the page"
    )
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="also write reference.md with its figures there")
    options = parser.parse_args(arguments)
    done, left_out = [], []
    for row in rows():
        folder = options.out / row.name
        wanted = not options.only or row.name in options.only
        if not _finished(folder) and wanted:
            print(f"{row.name}: {' '.join(row.overrides)}", flush=True)
            if reason := _train(row, folder):
                left_out.append(f"{row.name}: {reason}")
        elif not _finished(folder):
            left_out.append(f"{row.name}: not selected")
        if _finished(folder):
            done.append((row, folder))
    if done:
        from pipeline.reference._best import best
        from pipeline.reference._compare import compare, curves, write
        from pipeline.reference._page import write_page

        table = compare(done)
        figures = [curves(row, folder) for row, folder in done]
        write(table, figures, options.out)
        markdown = (options.out / "reference.md").read_text()
        print(markdown)
        if options.page:
            sweeps = (
                best(options.best, reports()).to_markdown(index=False, disable_numparse=True) if options.best else ""
            )
            print(f"page: {write_page(markdown, sweeps, figures, left_out, options.page)}")
    for line in left_out:
        print(f"left out: {line}")
    return 0 if done else 1


def _finished(folder: Path) -> bool:
    from pipeline.runs.result import Result, read_result

    result = read_result(folder)
    return isinstance(result, Result) and result.status == "finished"


def _train(row: "Row", folder: Path) -> str | None:
    """Train one network with the command that a user would type; -> the reason if that failed."""
    command = [sys.executable, "-m", "pipeline", *row.overrides, f"hydra.run.dir={folder}"]
    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if ended.returncode == 0:
        return None
    error_lines = [line for line in ended.stderr.splitlines() if line.strip()]
    return error_lines[-1] if error_lines else f"exit status {ended.returncode}"


if __name__ == "__main__":
    stopping.run(main, "stopped; finished networks are kept; to go on, repeat the command")
