"""The state of some runs of a stack, taken out of that of all: on a CPU no run depends on those beside it."""

from collections.abc import Sequence

from pipeline.training.checkpoint import Checkpoint


def part_of(state: Checkpoint, places: Sequence[int]) -> Checkpoint:
    """What `Trainer` would have saved of these runs, by their places, had they trained without the others.

    Their tensors stay padded to the widest of all. Seconds are those that fall to them.
    """
    rows = [state.facts["rows"][place] for place in places]
    networks, of_all = sorted(set(rows)), len(set(state.facts["rows"]))
    stack = state.under("stack.")
    tensors = {
        f"stack.{name}": value[networks] if value.ndim else value
        for name, value in stack.items()
        if not name.startswith("generator.")
    }
    tensors |= {f"stack.generator.{new}": stack[f"generator.{old}"] for new, old in enumerate(networks)}
    if partial := state.under("partial."):
        tensors["partial.losses"] = partial["losses"][:, networks]
        drawing = networks if "augment.1" in partial else [0]  # each has a generator, or all have one
        tensors |= {f"partial.augment.{new}": partial[f"augment.{old}"] for new, old in enumerate(drawing)}
    for new, old in enumerate(places):
        tensors |= {f"{kind}.{new}": state.tensors[f"{kind}.{old}"] for kind in ("history", "steps")}
        tensors |= {f"best.{new}.{name}": value for name, value in state.under(f"best.{old}.").items()}
    facts = {
        "runs": [state.facts["runs"][place] for place in places],
        "rows": [networks.index(row) for row in rows],
        "epoch": state.facts["epoch"],
        "seconds": [seconds * len(networks) / of_all for seconds in state.facts["seconds"]],
    }
    return Checkpoint(tensors, facts)
