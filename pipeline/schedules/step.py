"""schedule=step"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pipeline.choices import Count
from pipeline.schedules import ScheduleChoice

if TYPE_CHECKING:
    import scratchnet as sn


class Step(ScheduleChoice):
    """The rate is multiplied by `gamma` every so many epochs."""

    every: Count = Field(description="epochs between two drops, 1 or more")
    gamma: Annotated[float, Field(gt=0, le=1)] = Field(description="the factor of each drop, above 0 and at most 1")

    def build(self) -> "sn.Schedule":
        import scratchnet as sn

        return sn.Step(every=self.every, gamma=self.gamma)
