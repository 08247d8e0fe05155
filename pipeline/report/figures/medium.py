"""What all figures share: the style, the medium, and their files as bytes."""

import io
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import PercentFormatter

# M. Okabe, K. Ito, "Color universal design", 2008: distinguishable with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
GREY = "#9A9A9A"
MANY = 300  # more lines or dots than this are rasterized, so that an SVG stays small

_STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # TrueType: publishers refuse type 3
    "figure.dpi": 100,
}

# Serifs as in the surrounding text, and quicker to embed.
_PAPER: Any = {"font.family": ["STIXGeneral", "DejaVu Sans"], "mathtext.fontset": "stix"}


@dataclass(frozen=True)
class Figure:
    """A finished figure: its file name without ending, what it shows, and its bytes in the formats of its medium."""

    name: str
    title: str
    caption: str
    svg: str = ""
    png: bytes = b""
    pdf: bytes = b""

    def _repr_svg_(self) -> str:
        """How a notebook shows it."""
        return self.svg

    @property
    def inline(self) -> str:
        """The SVG for inclusion in a page."""
        return self.inlined(self.name)

    def inlined(self, name: str) -> str:
        """The SVG for inclusion in a page, where `name` makes its ids unique: no XML declaration."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
        return re.sub(r'(url\(|href=")#', rf"\1#{name}-", body)


@dataclass(frozen=True)
class Medium:
    """Where figures appear: on a page, at any width, or in a paper's column of `width` inches."""

    width: float | None = None
    font_size: float = 10  # points

    @contextmanager
    def style(self) -> Iterator[None]:
        """A context to draw in; it leaves matplotlib's global state unchanged."""
        sizes = {"font.size": self.font_size, "legend.fontsize": self.size(0.9)}
        with mpl.rc_context(_STYLE | sizes | ({} if self.width is None else _PAPER)):
            yield

    def size(self, share: float) -> float:
        """A font size in points, as a share of the surrounding text's."""
        return share * self.font_size

    def letters(self, width: float, share: float = 0.9) -> int:
        """Roughly how many letters of that font size fit into `width` inches."""
        return max(int(72 * width / (0.6 * self.size(share))), 1)

    def canvas(self, width: float, height: float, *, lines: bool = False) -> Canvas:
        """A figure in inches that needs no display and no pyplot.

        In a column its height shrinks with its width; if `lines` of text determine the height, with the font.
        """
        if self.width is not None:
            height *= self.font_size / 10 if lines else self.width / width
            width = self.width
        figure = Canvas(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        return figure

    def panels(
        self, rows: int, columns: int, width: float, height: float, *, legend: int = 0, **options: Any
    ) -> tuple[Canvas, list[Axes]]:
        """A figure of panels of that size; in a column they are half as high as wide, one below the other.

        `legend` lines of text then add to its height, rather than shrink the panels.
        """
        if self.width is None:
            figure = self.canvas(width * columns, height * rows)
        else:
            rows, columns = rows * columns, 1
            figure = self.canvas(self.width, 0.55 * self.width * rows + legend * 1.4 * self.size(0.9) / 72)
        return figure, list(np.ravel(figure.subplots(rows, columns, squeeze=False, **options)))


def level(axes: Axes, value: float | None, words: str) -> None:
    """A dotted line at a value, where the axes reach it: they do not stretch for it."""
    low, high = sorted(axes.get_ylim())
    if value is not None and low <= value <= high:
        axes.axhline(value, color="black", linestyle=":", linewidth=1, label=words)


def in_percent(axis: Axis) -> None:
    """Ticks in percent, without the sign, on an axis of shares."""
    axis.set_major_formatter(PercentFormatter(1, symbol=None))


SCREEN = Medium()
_LARGEST = 1e100  # beyond this (a diverging run) axes overflow


def drawable(values: "pd.Series[float]") -> "pd.Series[float]":
    """The values that an axis can show, NaN for the rest."""
    return values.where(values.abs() < _LARGEST)


def plain(words: str, letters: int | None = None) -> str:
    """Text for a figure, truncated to `letters`; $ is escaped, so that it starts no formula."""
    cut = words if letters is None or len(words) <= letters else f"{words[: max(letters - 1, 1)]}…"
    return cut.replace("$", r"\$")


def distinct(names: Sequence[str], letters: int) -> list[str]:
    """`plain` for the values of one key. Where that cuts off what tells them apart, what they share is cut instead."""
    cut = [plain(name, letters) for name in names]
    if len(set(cut)) == len(set(names)):
        return cut
    shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, zip(*names, strict=False)))
    start = names[0].rfind(", ", 0, shared) + 2  # between two items of a list
    return [plain(f"…{name[start:]}" if start > 1 else name, letters) for name in names]


def finish(figure: Canvas, name: str, title: str, caption: str, medium: Medium = SCREEN) -> Figure:
    """Draw to bytes, the same bytes for the same data: PDF for a paper, else SVG and PNG.

    `savefig` would arrange and draw everything twice for each format; here it is arranged once and drawn once a format.
    """
    figure.dpi = 150 if medium.width is None else 300  # of what is an image
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
        figure.set_layout_engine("none")  # keep the layout
    if medium.width is not None:
        from matplotlib.backends.backend_pdf import FigureCanvasPdf  # with fontTools, which imports slowly

        pdf = io.BytesIO()
        FigureCanvasPdf(figure).print_pdf(pdf, metadata={"CreationDate": None, "Title": title})  # type: ignore[no-untyped-call]
        return Figure(name, title, caption, pdf=pdf.getvalue())
    svg, png = io.StringIO(), io.BytesIO()
    FigureCanvasAgg(figure).print_png(png, pil_kwargs={"compress_level": 1})  # type: ignore[no-untyped-call]
    with mpl.rc_context({"svg.hashsalt": name}):  # last, as it sets the resolution to 72
        FigureCanvasSVG(figure).print_svg(svg, metadata={"Date": None, "Title": title})  # type: ignore[no-untyped-call]
    return Figure(name, title, caption, svg.getvalue(), png.getvalue())
