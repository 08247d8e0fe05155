"""Figures of one network: confusion matrix, accuracy by class, surest mistakes, first-layer weights."""

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import PercentFormatter

from pipeline.report.figures.medium import COLOURS, SCREEN, Figure, Medium, finish, in_percent
from pipeline.report.statistics.diagnosis import Diagnosis

_ANNOTATED = 20  # classes up to which a cell can hold its number
_ROWS = 4


def figures_of(diagnosis: Diagnosis, run: str, medium: Medium = SCREEN) -> list[Figure]:
    """All figures that the data allows; `run` is the run's name."""
    makers = [confusion_matrix, accuracy_by_class, surest_mistakes, first_layer]
    return [figure for make in makers if (figure := make(diagnosis, run, medium)) is not None]


def confusion_matrix(diagnosis: Diagnosis, run: str, medium: Medium = SCREEN) -> Figure:
    """Counts on the test split, the true class down, the predicted across."""
    counts, names = diagnosis.confusion, diagnosis.class_names
    few = len(names) <= _ANNOTATED
    with medium.style():
        side = 2.2 + 0.5 * len(names) if few else 9
        figure = medium.canvas(side + 0.6, side)
        axes = figure.subplots()
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        image = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1)
        axes.grid(visible=False)
        size = medium.size(0.9 if few else 0.4)
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
        axes.set_yticks(range(len(names)), names, fontsize=size)
        axes.set(xlabel="predicted class", ylabel="true class")
        if few:
            room = 0.55 * figure.get_figwidth() / len(names)  # inches of a cell
            fitting = 72 * room / (0.6 * len(str(counts.max())))
            for (row, column), count in np.ndenumerate(counts):
                colour = "black" if shares[row, column] > 0.5 else "white"
                fit = min(medium.size(0.8), fitting)
                words = axes.text(column, row, str(count), ha="center", va="center", fontsize=fit, color=colour)
                words.set_in_layout(False)
        bar = figure.colorbar(image, shrink=0.8, format=PercentFormatter(1, symbol=None))
        bar.set_label("share of the true class, %", fontsize=medium.size(0.9))
        caption = f"Run {run} on the test split: how often each true class (row) was classified as each class (column)."
        return finish(figure, "confusion", "Confusion matrix", caption, medium)


def accuracy_by_class(diagnosis: Diagnosis, run: str, medium: Medium = SCREEN) -> Figure:
    """Accuracy for each class, the hardest first."""
    order, recall = np.argsort(diagnosis.recall, kind="stable"), diagnosis.recall
    with medium.style():
        few = len(order) <= _ANNOTATED
        figure = medium.canvas(7.5, 0.9 + (0.27 if few else 0.13) * len(order), lines=True)
        axes = figure.subplots()
        axes.barh(range(len(order)), recall[order], color=COLOURS[0], height=0.7)
        size = medium.size(0.9 if few else 0.6)
        axes.set_yticks(range(len(order)), [diagnosis.class_names[k] for k in order], fontsize=size)
        for place, share in enumerate(recall[order]):
            axes.text(share + 0.005, place, f"{100 * share:.1f}", va="center", fontsize=size, in_layout=False)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(y=0.01)
        axes.set(xlabel="test accuracy, % of the class", xlim=(0, 1.08))
        in_percent(axes.xaxis)
        caption = f"Run {run}: the share of each class's test examples classified correctly, the hardest on top."
        return finish(figure, "accuracy_by_class", "Accuracy by class", caption, medium)


def surest_mistakes(diagnosis: Diagnosis, run: str, medium: Medium = SCREEN) -> Figure | None:
    """Test images that were misclassified with the highest probability. None without images."""
    wrong = np.flatnonzero(diagnosis.predicted != diagnosis.target)
    if diagnosis.images is None or not len(wrong):
        return None
    surest = wrong[np.argsort(-diagnosis.probability[wrong], kind="stable")][: _ROWS * _columns(medium)]
    names = diagnosis.class_names
    titles = [
        f"{names[diagnosis.target[i]]}\nas {names[diagnosis.predicted[i]]}\n{100 * diagnosis.probability[i]:.1f} %"
        for i in surest
    ]
    with medium.style():
        figure = _sheet([diagnosis.images[i] for i in surest], titles, medium)
        caption = f"Run {run}: misclassified test images, the surest first: true class, predicted class, probability."
        return finish(figure, "mistakes", "Surest mistakes", caption, medium)


def first_layer(diagnosis: Diagnosis, run: str, medium: Medium = SCREEN) -> Figure | None:
    """Incoming weights of the hidden units with the largest norms, as images. None if the inputs are not pixels."""
    if diagnosis.weight is None or diagnosis.images is None:
        return None
    shape = diagnosis.images.shape[1:]
    units = np.argsort(-np.linalg.norm(diagnosis.weight, axis=0), kind="stable")[: _ROWS * _columns(medium)]
    weights = [diagnosis.weight[:, unit].reshape(shape) for unit in units]
    with medium.style():
        figure = _sheet([0.5 + 0.5 * weight / (np.abs(weight).max() or 1.0) for weight in weights], None, medium)
        caption = (
            f"Run {run}: incoming weights of the {len(units)} hidden units with the largest norms, each scaled by its "
            "largest weight; mid-grey is 0, bright positive, dark negative."
        )
        return finish(figure, "first_layer", "First-layer weights", caption, medium)


def _sheet(images: list[np.ndarray], titles: list[str] | None, medium: Medium) -> Canvas:
    """Images (channels, height, width), bytes or numbers from 0 to 1, tiled into one picture."""
    across, (channels, height, width) = _columns(medium), images[0].shape
    rows, white = -(-len(images) // across), 255 if images[0].dtype == np.uint8 else 1
    down, right = height + round(height * (0.62 if titles else 0.1)), width + max(round(width * 0.1), 1)
    sheet = np.full((channels, rows * down, across * right), white, images[0].dtype)
    for i, image in enumerate(images):
        left, bottom = i % across * right, (i // across + 1) * down
        sheet[:, bottom - height : bottom, left : left + width] = image
    sheet = sheet[:, 0 if titles else down - height :, : across * right - (right - width)]
    figure = medium.canvas(1.25 * across, 1.25 * across * sheet.shape[1] / sheet.shape[2])
    axes = figure.subplots()
    axes.set_axis_off()
    axes.imshow(sheet[0] if channels == 1 else sheet.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=white)
    for i, title in enumerate(titles or ()):
        place = i % across * right + width / 2 - 0.5, (i // across + 1) * down - 1.04 * height - 0.5
        axes.text(*place, title, ha="center", va="bottom", fontsize=medium.size(0.7), in_layout=False)
    return figure


def _columns(medium: Medium) -> int:
    """How many images fit side by side."""
    return 8 if medium.width is None else 4
