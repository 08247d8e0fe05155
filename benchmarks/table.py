"""All workloads beside the peers, one after the other, as a table and a plot: `make bench`.

    taskset -c 0 python -m benchmarks.table --write

Writes docs/speed.md, docs/speed.csv and docs/speed.svg, and what stands between the marks of README.md. Figures of
other processors stay as they were measured there.
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
        line: dict[str, object] = {"processor": processor(), "network, batch": work.name}
        line |= {f"{name} µs": f"{value:.3g}" if value < 100 else f"{value:.0f}" for name, value in times.items()}
        ours = times["scratchnet"]
        for peer, goal in (("jax", row.jax), ("torch", row.torch)):
            line[f"× {peer}"], line[f"goal × {peer}"] = f"{times[peer] / ours:.2f}", f"{goal:g}"
        line["of floor"] = f"{times['floor'] / ours:.2f}"
        line["goal of floor"] = f"{row.floor:g}" if row.floor else ""
        lines.append(line)
    frame = pd.DataFrame(lines, dtype=str)
    print(_tables(frame))
    if given.write:
        _write(frame)


def processor() -> str:
    """The model, as far as the system names it, and its widest vectors."""
    import llvmlite.binding

    info = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    model = re.sub(r"\((R|TM)\)|( CPU)? @.*| Processor", "", named[1]) if named else platform.machine()
    features = llvmlite.binding.get_host_cpu_features()
    vectors = {"avx512f": "AVX-512", "avx2": "AVX2", "neon": "NEON"}
    return ", ".join([model.strip(), *[name for feature, name in vectors.items() if features.get(feature)][:1]])


def _write(frame: "pd.DataFrame") -> None:
    import pandas as pd

    from pipeline.files import write_whole

    docs = ROOT / "docs"
    earlier = pd.read_csv(docs / "speed.csv", dtype=str, keep_default_na=False)
    frame = pd.concat([frame, earlier[earlier["processor"] != processor()]])
    write_whole(docs / "speed.csv", frame.to_csv(index=False, lineterminator="\n"))
    write_whole(docs / "speed.md", _PAGE.format(tables=_tables(frame)))
    write_whole(docs / "speed.svg", _plot(frame))
    readme = (ROOT / "README.md").read_text()
    inside = f"{MARKS[0]}\n{summary(frame)}\n{MARKS[1]}"
    write_whole(ROOT / "README.md", re.sub(f"{MARKS[0]}.*?{MARKS[1]}", lambda _: inside, readme, flags=re.DOTALL))


def _tables(frame: "pd.DataFrame") -> str:
    """A table for each processor, under its name."""
    return "\n\n".join(
        f"## {name}\n\n{rows.drop(columns='processor').to_markdown(index=False, disable_numparse=True)}"
        for name, rows in frame.groupby("processor", sort=False)
    )


def summary(frame: "pd.DataFrame") -> str:
    """What README says of the figures: microseconds a step, and how many times as long the peers take."""
    lines = []
    for name, rows in frame.groupby("processor", sort=False):
        both = rows.set_index("network, batch").loc[["784-256-10, batch 1", "784-256-10, batch 64"]]
        ours, jax, torch = (
            " and ".join(f"{float(value):.{digits}g}" for value in both[column])
            for column, digits in (("scratchnet µs", 3), ("× jax", 2), ("× torch", 2))
        )
        lines.append(f"- {name}: {ours} µs; JAX takes {jax} times as long, torch {torch} times.")
    return "\n".join(["A step of 784-256-10 on one core, at batch sizes 1 and 64:", "", *lines])


_PAGE = """# Speed

Microseconds a step of one run on one core, the median of five epochs that take turns in one process with the peers:
torch with autograd and the data in memory, JAX with the epoch compiled as one scan, and the floor, the matrix products
alone in the shape that suits the library best, by torch or by numpy, whichever is the faster. `make bench` measures the
processor that it runs on and makes this page; the goals were set on the AMD EPYC. Timed through `Stack.train`, the path
that the pipeline trains with: images are bytes, normalised at each step, where the peers hold them as floats that are
normalised already. "×" is how many times as long the peer takes.

On the CPU one compiled function runs whole stretches of steps and hands the matrix products to the library that torch
computes with, on processors of AMD to numpy's
([scratchnet/kernels/compiled.py](../scratchnet/kernels/compiled.py)). There the first weight lies in panels while it
trains by SGD without momentum, and its products are the engine's own
([scratchnet/compiled/tiles.py](../scratchnet/compiled/tiles.py)): a library copies what it multiplies at each call.
Small batches train by an exact reordering of SGD
([scratchnet/compiled/ahead.py](../scratchnet/compiled/ahead.py)). The first use compiles, for about 20 seconds once per
machine.

{tables}

![Times of the peers over ours](speed.svg)

How a step's cost grows with width, runs and batch (`python -m benchmarks.scaling --write`):

![Cost of a step](scaling.svg)

What stacks gain on a GPU (`python -m benchmarks.gpu`), what was tried, and why some goals are out of reach, is in
[benchmarks/LOG.md](../benchmarks/LOG.md).
"""


def _plot(frame: "pd.DataFrame") -> str:
    from pipeline.report.figures.medium import COLOURS, SCREEN, finish

    processors = list(frame.groupby("processor", sort=False))
    with SCREEN.style():
        figure = SCREEN.canvas(9, 0.62 * len(processors[0][1]) + 1.6)
        every = figure.subplots(1, len(processors), sharey=True, squeeze=False)[0]
        for axes, (name, rows) in zip(every, processors, strict=True):
            for place, (peer, colour) in enumerate(zip(("jax", "torch"), COLOURS, strict=False)):
                values = rows[f"× {peer}"].astype(float)
                axes.barh([i + 0.36 * place - 0.18 for i in range(len(rows))], values, 0.34, color=colour, label=peer)
            axes.axvline(1, color="black", linewidth=1)
            axes.set(xscale="log", xlabel="time of the peer / ours (log)", title=name)
            axes.set_yticks(range(len(rows)), list(rows["network, batch"]))
        every[0].invert_yaxis()
        every[0].legend()
        return finish(figure, "speed", "Speed", "").svg


if __name__ == "__main__":
    main()
