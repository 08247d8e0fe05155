"""What workers need: imported in the process that they are forks of. What fails here they do themselves, and say so."""

from contextlib import suppress

from pipeline import garbage


def _load() -> None:
    import torch

    import pipeline.training.trainer  # noqa: F401
    from scratchnet.kernels import prepare

    prepare(torch.float32, _leave)


def _leave() -> None:
    raise RuntimeError("not compiled yet, which the command does")


garbage.collect_rarely()
with suppress(Exception):
    _load()
garbage.skip_at_exit()
