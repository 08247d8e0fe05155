"""schedule=constant"""

from typing import TYPE_CHECKING

from pipeline.schedules import ScheduleChoice

if TYPE_CHECKING:
    import scratchnet as sn


class Constant(ScheduleChoice):
    """The rate is `optimizer.lr` throughout."""

    def build(self) -> "sn.Schedule":
        import scratchnet as sn

        return sn.Constant()
