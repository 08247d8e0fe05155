"""All workloads beside the peers, one after the other, as a table and a plot: `make bench`.

    taskset -c 0 python -m benchmarks.table --write

Writes docs/speed.md, docs/speed.csv and docs/speed.svg, and the sentence between the marks of README.md.
"""

import argparse
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.training import measure, one_thread

if TYPE_CHECKING:
    import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
MARKS = "<!-- speed -->", "<!-- /speed -->"


@dataclass(frozen=True)
class Row:
    """A workload, and how many times as fast as JAX and torch, and what share of the floor, we want to be."""

    sizes: tuple[int, ...]
    batch: int
    samples: int
    jax: float
    torch: float
    floor: float | None = None
    model: str = "mlp"
    optimizer: str = "sgd"


ROWS = (
    Row((784, 256, 10), 1, 6000, 3.3, 35, 0.85),
    Row((784, 256, 10), 16, 9600, 1.3, 3.3, 0.85),
    Row((784, 256, 10), 64, 9600, 1.15, 1.8, 0.93),
    Row((784, 256, 10), 256, 12800, 1.2, 1.4, 0.93),
    Row((784, 256, 10), 64, 9600, 1.15, 2.1, optimizer="adam"),
    Row((3072, 800, 300, 10), 1, 800, 3.7, 22, 0.85),
    Row((784, 16, 10), 1, 6000, 2.0, 100),
    Row((2, 10, 2), 1, 20000, 2.0, 100),
    Row((784, 10), 256, 2560, 1.8, 1.4, 0.8, model="patch_mlp", optimizer="adam"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="the median counts (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write docs/ and README.md, not only the screen")
    given = parser.parse_args()
    one_thread(1)
    import pandas as pd
    import torch

    from benchmarks.peers import Workload

    torch.set_num_threads(1)
    lines = []
    for number, row in enumerate(ROWS, 1):
        work = Workload(row.sizes, row.batch, row.samples, row.model, row.optimizer)
        print(f"{number}/{len(ROWS)} {work.name}", file=sys.stderr, flush=True)
        times = measure(["floor", "torch", "jax", "scratchnet"], work, given.repeats)
        line: dict[str, object] = {"network, batch": work.name}
        line |= {f"{name} µs": f"{value:.3g}" if value < 100 else f"{value:.0f}" for name, value in times.items()}
        ours = times["scratchnet"]
        for peer, goal in (("jax", row.jax), ("torch", row.torch)):
            line[f"× {peer}"], line[f"goal × {peer}"] = f"{times[peer] / ours:.2f}", f"{goal:g}"
        line["of floor"] = f"{times['floor'] / ours:.2f}"
        line["goal of floor"] = f"{row.floor:g}" if row.floor else ""
        lines.append(line)
    frame = pd.DataFrame(lines)
    table = frame.to_markdown(index=False, disable_numparse=True)
    print(table)
    if given.write:
        _write(frame, str(table))


def _write(frame: "pd.DataFrame", table: str) -> None:
    from pipeline.files import write_whole

    docs = ROOT / "docs"
    write_whole(docs / "speed.csv", frame.to_csv(index=False, lineterminator="\n"))
    write_whole(docs / "speed.md", _PAGE.format(table=table, machine=platform.machine()))
    write_whole(docs / "speed.svg", _plot(frame))
    readme = (ROOT / "README.md").read_text()
    inside = f"{MARKS[0]}\n{sentence(frame)}\n{MARKS[1]}"
    write_whole(ROOT / "README.md", re.sub(f"{MARKS[0]}.*?{MARKS[1]}", lambda _: inside, readme, flags=re.DOTALL))


def sentence(frame: "pd.DataFrame") -> str:
    """What README says of the figures: microseconds a step, and how many times as long the peers take."""
    rows = frame.set_index("network, batch")
    one, many = rows.loc["784-256-10, batch 1"], rows.loc["784-256-10, batch 64"]
    ours = [f"{float(row['scratchnet µs']):.3g} µs" for row in (one, many)]
    jax, torch = ([f"{float(row[f'× {peer}']):.2g} times" for row in (one, many)] for peer in ("jax", "torch"))
    return (
        f"A step of 784-256-10 on one core takes {ours[0]} at batch size 1, where JAX takes {jax[0]} and torch "
        f"{torch[0]}\nas long, and {ours[1]} at batch size 64, where JAX takes {jax[1]} and torch {torch[1]} as long."
    )


_PAGE = """# Speed

Microseconds a step of one run on one core ({machine}), the median of five epochs that take turns in one process with
the peers: torch with autograd and the data in memory, JAX with the epoch compiled as one scan, and the floor, the
matrix products alone in the shape that suits the library best, by torch or by numpy, whichever is the faster.
`make bench` makes this page. Timed through `Stack.train`, the path that the pipeline trains with: images are bytes,
normalised at each step, where the peers hold them as floats that are normalised already. "×" is how many times as long
the peer takes.

On the CPU one compiled function runs whole stretches of steps and hands the matrix products to the library that torch
computes with ([scratchnet/kernels/compiled.py](../scratchnet/kernels/compiled.py)); small batches train by an exact
reordering of SGD ([scratchnet/compiled/ahead.py](../scratchnet/compiled/ahead.py)). The first use compiles, for 20 to
40 seconds once per machine.

{table}

![Times of the peers over ours](speed.svg)

How a step's cost grows with width, runs and batch (`python -m benchmarks.scaling --write`):

![Cost of a step](scaling.svg)

What stacks gain on a GPU (`python -m benchmarks.gpu`), what was tried, and why some goals are out of reach, is in
[benchmarks/LOG.md](../benchmarks/LOG.md).
"""


def _plot(frame: "pd.DataFrame") -> str:
    from pipeline.report.figures.medium import COLOURS, SCREEN, finish

    with SCREEN.style():
        figure = SCREEN.canvas(9, 0.62 * len(frame) + 1.2)
        axes = figure.subplots()
        for place, (peer, colour) in enumerate(zip(("jax", "torch"), COLOURS, strict=False)):
            values = frame[f"× {peer}"].astype(float)
            axes.barh([i + 0.36 * place - 0.18 for i in range(len(frame))], values, 0.34, color=colour, label=peer)
        axes.axvline(1, color="black", linewidth=1)
        axes.set(xscale="log", xlabel="time of the peer / time of scratchnet (log)")
        axes.set_yticks(range(len(frame)), list(frame["network, batch"]))
        axes.invert_yaxis()
        axes.legend()
        return finish(figure, "speed", "Speed", "").svg


if __name__ == "__main__":
    main()
