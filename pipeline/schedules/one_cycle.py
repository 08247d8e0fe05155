"""schedule=one_cycle"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pipeline.schedules import ScheduleChoice

if TYPE_CHECKING:
    import scratchnet as sn


class OneCycle(ScheduleChoice):
    """The rate rises to `optimizer.lr` and falls far below where it began, each along half a cosine."""

    warmup: Annotated[float, Field(gt=0, lt=1)] = Field(description="the share of steps that the rate rises, 0 to 1")
    initial_divisor: Annotated[float, Field(ge=1)] = Field(description="first rate = lr / this, 1 or more")
    final_divisor: Annotated[float, Field(ge=1)] = Field(description="last rate = first rate / this, 1 or more")

    def build(self) -> "sn.Schedule":
        import scratchnet as sn

        return sn.OneCycle(warmup=self.warmup, initial_divisor=self.initial_divisor, final_divisor=self.final_divisor)
