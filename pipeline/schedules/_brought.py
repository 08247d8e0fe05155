"""schedule=module:name: a class of the user's, or of an installed package, whose fields are the keys."""

from typing import TYPE_CHECKING

from pydantic import ConfigDict

from pipeline import seams
from pipeline.choices import Sections
from pipeline.errors import UserError
from pipeline.importing import raised
from pipeline.parts import NamedPart
from pipeline.schedules import ScheduleChoice

if TYPE_CHECKING:
    import scratchnet as sn

_STEPS, _STEPS_PER_EPOCH, _EPOCHS = 6, 3, 2


class Brought(ScheduleChoice):
    """A schedule that does not ship with the engine."""

    model_config = ConfigDict(extra="allow")

    def build(self) -> "sn.Schedule":
        import torch

        where = f"schedule={self.name}"
        steps = torch.arange(_STEPS, dtype=torch.float64)
        try:
            schedule: sn.Schedule = seams.schedule.find("schedule", self.name)(**(self.model_extra or {}))
            factors = schedule.factor(steps, _STEPS_PER_EPOCH, _EPOCHS)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"{where}: it {raised(error)}") from error
        if not isinstance(factors, torch.Tensor) or factors.shape != steps.shape or not bool((factors >= 0).all()):
            raise UserError(f"{where}: expected a factor of 0 or more for each of {_STEPS} steps, got {factors}")
        return schedule

    def mistakes(self, config: Sections) -> list[str]:
        missing = [key for key, value in (self.model_extra or {}).items() if value == "???"]
        return super().mistakes(config) + [f"schedule.{key}: missing; give schedule.{key}=…" for key in missing]

    def parts(self) -> list[NamedPart]:
        return [NamedPart(seams.schedule, "schedule", self.name)]
