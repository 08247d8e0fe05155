"""`python -m pipeline.report FOLDER…`: rebuild the report of one or several sweeps."""

import argparse
import sys
from pathlib import Path

from pipeline import stopping
from pipeline.errors import UserError, explain


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.report",
        description="Builds results.csv and report/ from run folders: tables (CSV, Markdown, LaTeX), figures (SVG, "
        "PNG), a page, and material for a paper (paper/). Folders without a readable run are named in the report, "
        "never silently dropped.",
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="a sweep's folder, or a run's")
    parser.add_argument("--out", type=Path, help="where to write the report (default: report/ in the first folder)")
    parser.add_argument(
        "--watch",
        action="store_true",
        help="keep the report up to date while a sweep trains, on a page that reloads itself, until Ctrl-C; only "
        "reads the sweep, at the lowest priority",
    )
    parser.add_argument(
        "--paper-width",
        metavar="LENGTH",
        default="84mm",
        help="width of the figures in paper/: your \\columnwidth in in, cm, mm or pt (default: %(default)s)",
    )
    parser.add_argument(
        "--paper-font-size",
        metavar="POINTS",
        type=float,
        default=9,
        help="your document's font size (default: %(default)s)",
    )
    parser.add_argument(
        "--also",
        metavar="KIND",
        nargs="+",
        default=[],
        choices=("docx", "notebook", "checklists", "requirements", "crate"),
        help="write as well: docx and notebook, the report for Word and Jupyter; checklists, those of NeurIPS and of "
        "reproducibility, answered as far as runs say; requirements, this environment's packages for pip; crate, a "
        "Workflow Run RO-Crate of the sweep's folder",
    )
    options = parser.parse_args(arguments)
    if options.watch and options.also:
        parser.error("--also is for a sweep that is over; leave out --watch")
    from pipeline.report.build import build  # imports pandas and torch: --help and Ctrl-C should not wait for them
    from pipeline.report.paper import column
    from pipeline.report.watch import watch

    try:
        paper = column(options.paper_width, options.paper_font_size)
        if options.watch:
            page = watch(options.folders, options.out, paper)
        else:
            page = build(options.folders, options.out, paper, also=options.also)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{explain(error)}; --out FOLDER writes the report elsewhere", file=sys.stderr)
        return 1
    print(f"report: {page}")
    return 0


if __name__ == "__main__":
    stopping.run(main, "stopped; the runs are untouched; to build the report, repeat the command")
