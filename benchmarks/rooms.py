"""Draw the rooms of both packages and the imports between them: `python -m benchmarks.rooms` writes docs/rooms.svg."""

from collections import Counter
from pathlib import Path

import grimp
from matplotlib.patches import FancyArrowPatch

from pipeline.files import write_whole
from pipeline.report.figures.medium import COLOURS, GREY, SCREEN, finish

OUT = Path(__file__).parents[1] / "docs" / "rooms.svg"
# Top down, as `tool.importlinter` in pyproject.toml has them; what only serves all the others is left out.
FLOORS = (
    ("pipeline.command",),
    ("pipeline.sweep", "pipeline.reference"),
    ("pipeline.training", "pipeline.report", "pipeline.export"),
    ("pipeline.runs",),
    ("pipeline.config",),
    ("pipeline.models", "pipeline.datasets", "pipeline.optimizers", "pipeline.schedules"),
    ("scratchnet.sklearn", "scratchnet.interop"),
    ("scratchnet.stack",),
    ("scratchnet.kernels",),
    ("scratchnet.values",),
    ("scratchnet.layers", "scratchnet.losses", "scratchnet.optimizers", "scratchnet.compiled"),
)


def imports() -> Counter[tuple[str, str]]:
    """How many imports run from one room to another."""
    graph = grimp.build_graph("pipeline", "scratchnet", exclude_type_checking_imports=True)
    rooms = [room for floor in FLOORS for room in floor]

    def room_of(module: str) -> str | None:
        return next((room for room in rooms if module == room or module.startswith(f"{room}.")), None)

    arrows: Counter[tuple[str, str]] = Counter()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            start, end = room_of(module), room_of(imported)
            if start and end and start != end:
                arrows[start, end] += 1
    return arrows


def draw() -> str:
    """The SVG: a box a room, and an arrow as wide as there are imports."""
    with SCREEN.style():
        figure = SCREEN.canvas(9, 8.5)
        axes = figure.subplots()
        places = {}
        for level, floor in enumerate(FLOORS):
            for i, room in enumerate(floor):
                places[room] = ((i + 0.5) / len(floor), -level)
        for (start, end), count in imports().items():
            up = places[start][1] < places[end][1]
            axes.add_patch(
                FancyArrowPatch(
                    places[start],
                    places[end],
                    arrowstyle="-|>",
                    mutation_scale=9,
                    shrinkA=14,
                    shrinkB=14,
                    linewidth=0.5 + count**0.5 / 3,
                    color=COLOURS[1] if up else GREY,
                    connectionstyle="arc3,rad=0.06",
                    zorder=1,
                )
            )
        for room, (x, y) in places.items():
            package, _, name = room.partition(".")
            colour = COLOURS[0] if package == "pipeline" else COLOURS[2]
            box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour}
            axes.text(x, y, f"{name}/", ha="center", va="center", bbox=box, zorder=2)
        axes.set(xlim=(0, 1), ylim=(-len(FLOORS) + 0.4, 0.6))
        axes.axis("off")
        caption = "Rooms and the imports between them: pipeline in blue, scratchnet in green."
        return finish(figure, "rooms", "Rooms", caption, SCREEN).svg


if __name__ == "__main__":
    write_whole(OUT, draw())
    print(OUT)
