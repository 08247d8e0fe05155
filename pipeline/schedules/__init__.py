"""How the learning rate changes over a run: each choice of `schedule` is a module here."""

from typing import TYPE_CHECKING

from pipeline.choices import Choice

if TYPE_CHECKING:
    import scratchnet as sn


class ScheduleChoice(Choice):
    """A schedule has the keys that it needs, and none in common with others."""

    def build(self) -> "sn.Schedule":
        """The factors of `optimizer.lr`."""
        raise NotImplementedError
