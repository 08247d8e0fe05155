"""What is wrong with the metrics that a configuration names, beside names that there are not."""

from collections.abc import Sequence

from pipeline.datasets import Task
from pipeline.errors import no_such
from pipeline.metrics import FURTHER, METRICS, SELECTION, TOP5, metric_of


def metric_mistakes(metrics: Sequence[str], select: str, task: Task | None, classes: int | None = None) -> list[str]:
    """A line each for `training.metrics` and `training.select`, as far as task and number of classes are known."""
    mistakes = []
    names = [metric_of(name).name for name in metrics]
    for name, given in zip(names, metrics, strict=True):
        if given == name and name in METRICS and name not in FURTHER:
            mistakes.append(f"training.metrics=[{given}]: every run records it; leave it out")
        elif names.count(name) > 1:
            mistakes.append(f"training.metrics=[{given}]: a metric of this name stands there twice; name each once")
        elif given != name and name in METRICS:
            mistakes.append(f"training.metrics=[{given}]: there is a metric {name} already; give yours another name")
    chosen = "" if select == "auto" else select.removeprefix(f"{SELECTION}_")
    if chosen and chosen not in METRICS and chosen not in names:
        mistakes.append(f"training.select={select}: {no_such('metric', chosen, METRICS, 'those of training.metrics')}")
    for name in sorted({*names, chosen} & set(METRICS)):
        key = f"training.metrics=[{name}]" if name in names else f"training.select={select}"
        if task is not None and task not in METRICS[name].tasks:
            fitting = ", ".join(other for other, metric in METRICS.items() if task in metric.tasks)
            mistakes.append(f"{key}: means nothing for {task}; take one of {fitting}")
        elif name == TOP5.name and classes is not None and classes <= 5:
            mistakes.append(f"{key}: all of {classes} classes are among the five largest; take another")
    return mistakes
