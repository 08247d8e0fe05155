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
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each, default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("outputs/reference"), help="default: %(default)s")
    parser.add_argument(
        "--best", nargs="*", type=Path, default=[], metavar="SWEEP", help="folders of best_* sweeps to put on the page"
    )
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FOLDER",
        help="also write reference.md with its figures there; what was not trained keeps the lines that the page has",
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error("--seeds: give 1 or more")
    done, left_out = [], dict[str, str]()
    for row in rows():
        wanted = not options.only or row.name in options.only
        if wanted and (reason := _train(row, options.out, options.seeds)):
            left_out[row.name] = reason
        elif not wanted:
            left_out[row.name] = "not selected"
        if folders := [folder for folder in _folders(row, options.out, options.seeds) if _finished(folder)]:
            done.append((row, folders))
    if done:
        from pipeline.reference._best import best
        from pipeline.reference._compare import compare, curves, in_words, markdown, write
        from pipeline.reference._page import write_page

        table = compare(done)
        figures = [curves(row, folders[0]) for row, folders in done]
        write(table, figures, options.out)
        print(markdown(in_words(table)))
        if options.page:
            sweeps = best(options.best, reports()) if options.best else None
            print(f"page: {write_page(table, sweeps, figures, left_out, options.page)}")
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}")
    return 0 if done else 1


def _folders(row: "Row", out: Path, seeds: int) -> list[Path]:
    return [out / row.name / str(seed) for seed in range(seeds)]


def _finished(folder: Path) -> bool:
    from pipeline.runs.result import Result, read_result

    result = read_result(folder)
    return isinstance(result, Result) and result.status == "finished"


def _train(row: "Row", out: Path, seeds: int) -> str | None:
    """Train one network on its seeds with the commands that a user would type; -> the reason if one failed."""
    for seed, folder in enumerate(_folders(row, out, seeds)):
        if _finished(folder):
            continue
        words = [*row.overrides, f"seed={seed}"]
        print(f"{row.name}: {' '.join(words)}", flush=True)
        command = [sys.executable, "-m", "pipeline", *words, f"hydra.run.dir={folder}"]
        ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if ended.returncode:
            error_lines = [line for line in ended.stderr.splitlines() if line.strip()]
            return error_lines[-1] if error_lines else f"exit status {ended.returncode}"
    return None


if __name__ == "__main__":
    stopping.run(main, "stopped; finished networks are kept; to go on, repeat the command")
