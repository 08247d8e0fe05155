"""How the cost of a step grows with what it does: width, runs in a stack, batch size, each by itself, as a plot.

    taskset -c 0 python -m benchmarks.scaling --write

784-H-10 with SGD. Writes docs/scaling.svg and docs/scaling.csv: microseconds a run-step, and beside it the matrix
products alone.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from benchmarks.table import ROOT
from benchmarks.training import measure, one_thread

if TYPE_CHECKING:
    import pandas as pd

WIDTHS, RUNS, BATCHES = (16, 32, 64, 128, 256, 512, 1024, 2048), (1, 2, 4, 8, 16, 32, 64), (1, 4, 16, 64, 256, 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="the median counts (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write docs/, not only the screen")
    options = parser.parse_args()
    one_thread(1)
    import pandas as pd
    import torch

    from benchmarks.peers import Workload

    torch.set_num_threads(1)
    works = [("hidden width, batch 1", width, (784, width, 10), 1, 1) for width in WIDTHS]
    works += [("hidden width, batch 64", width, (784, width, 10), 64, 1) for width in WIDTHS]
    works += [("runs in a stack of 784-64-10, batch 64", runs, (784, 64, 10), 64, runs) for runs in RUNS]
    works += [("batch size of 784-256-10", batch, (784, 256, 10), batch, 1) for batch in BATCHES]
    lines = []
    for number, (what, value, sizes, batch, runs) in enumerate(works, 1):
        print(f"{number}/{len(works)} {what} {value}", file=sys.stderr, flush=True)
        samples = max(batch * 4, 2048 // batch * batch)
        times = measure(["floor", "scratchnet"], Workload(sizes, batch, samples, runs=runs), options.repeats)
        lines.append({"what": what, "value": value, **{name: round(value, 2) for name, value in times.items()}})
    frame = pd.DataFrame(lines)
    print(frame.to_string(index=False))
    if options.write:
        from pipeline.files import write_whole

        write_whole(ROOT / "docs" / "scaling.csv", frame.to_csv(index=False, lineterminator="\n"))
        write_whole(ROOT / "docs" / "scaling.svg", _plot(frame))


def _plot(frame: "pd.DataFrame") -> str:
    from pipeline.report.figures.medium import COLOURS, GREY, SCREEN, finish

    with SCREEN.style():
        figure = SCREEN.canvas(10, 7)
        for axes, (what, rows) in zip(figure.subplots(2, 2).flat, frame.groupby("what", sort=False), strict=True):
            axes.loglog(rows["value"], rows["floor"], "--", color=GREY, label="matrix products alone")
            axes.loglog(rows["value"], rows["scratchnet"], "o-", color=COLOURS[0], label="scratchnet")
            axes.set(xlabel=what, ylabel="µs a run-step")
            axes.set_xticks(list(rows["value"]), [str(value) for value in rows["value"]], minor=False)
            axes.minorticks_off()
            axes.legend()
        return finish(figure, "scaling", "Cost of a step", "").svg


if __name__ == "__main__":
    main()
