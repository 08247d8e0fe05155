"""What all figures share: the style, and a figure as SVG and PNG bytes."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

# M. Okabe, K. Ito, "Color universal design", 2008: told apart by all kinds of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
GREY = "#9A9A9A"
MANY = 300  # lines or dots above which a figure holds them as pixels, so that an SVG stays small

_STYLE: Any = {
    "font.size": 10,
    "font.family": ["DejaVu Sans"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "figure.dpi": 100,
}


@dataclass(frozen=True)
class Figure:
    """A finished figure: its file name without ending, what it shows, and its bytes."""

    name: str
    title: str
    caption: str
    svg: str
    png: bytes

    @property
    def inline(self) -> str:
        """The SVG for a page that holds several: no XML head, and ids of its own."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r'\bid="([^"]+)"', rf'id="{self.name}-\1"', body)
        return re.sub(r'(url\(|href=")#', rf"\1#{self.name}-", body)


def brief(label: str, most: int = 24) -> str:
    """A label that leaves room for what it labels."""
    return label if len(label) <= most else f"{label[: most - 1]}…"


@contextmanager
def style() -> Iterator[None]:
    """Draw inside of this; nothing is left behind in matplotlib's global state."""
    with mpl.rc_context(_STYLE):
        yield


def canvas(width: float, height: float) -> Canvas:
    """A figure of inches that needs no display and no pyplot."""
    figure = Canvas(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def finish(figure: Canvas, name: str, title: str, caption: str) -> Figure:
    """Draw to bytes, the same bytes for the same data."""
    svg, png = io.StringIO(), io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(svg, format="svg", dpi=150, metadata={"Date": None, "Title": title})
    figure.savefig(png, format="png", dpi=150)
    return Figure(name, title, caption, svg.getvalue(), png.getvalue())
