"""How the learning rate changes over a run: each choice of `schedule` is a module here, or a part from elsewhere."""

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Self

from pipeline import seams
from pipeline.choices import Choice

if TYPE_CHECKING:
    import scratchnet as sn


class ScheduleChoice(Choice):
    """A schedule has the keys that it needs, and none in common with others."""

    @classmethod
    def is_brought(cls, name: str) -> bool:
        """Whether it is the name of a user's schedule, or of one that an installed package offers."""
        return ":" in name or (name not in cls.names() and name in seams.schedule.offered())

    @classmethod
    def named(cls, name: str) -> type[Self]:
        if not cls.is_brought(str(name)):
            return super().named(name)
        from pipeline.schedules._brought import Brought

        return Brought  # type: ignore[return-value]  # asked of this class alone

    def build(self) -> "sn.Schedule":
        """The factors of `optimizer.lr`."""
        raise NotImplementedError


def keys_of_part(name: str) -> dict[str, Any]:
    """The keys of a schedule from elsewhere: the fields of its class with their defaults, "???" where there is none."""
    keys: dict[str, Any] = {"name": name}
    for field in fields(seams.schedule.find("schedule", name)):
        if field.init:
            default = field.default_factory() if field.default_factory is not MISSING else field.default
            keys[field.name] = "???" if default is MISSING else default
    return keys
