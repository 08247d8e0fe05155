"""schedule=cosine"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pipeline.choices import NonNegative, Sections
from pipeline.schedules import ScheduleChoice

if TYPE_CHECKING:
    import scratchnet as sn


class Cosine(ScheduleChoice):
    """The rate rises linearly during warm-up, then falls along half a cosine to a share of `optimizer.lr`."""

    warmup: NonNegative = Field(description="epochs of linear warm-up, 0 or more")
    floor: Annotated[float, Field(ge=0, le=1)] = Field(description="the last rate as a share of the first, 0 to 1")

    def build(self) -> "sn.Schedule":
        import scratchnet as sn

        return sn.Cosine(warmup=self.warmup, floor=self.floor)

    def mistakes(self, config: Sections) -> list[str]:
        epochs = config.training.epochs
        if self.warmup >= epochs:
            return [f"schedule.warmup={self.warmup}: allowed: less than training.epochs={epochs}"]
        return []
