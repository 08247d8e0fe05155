"""How long a stack has trained, across interruptions."""

import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Seconds of training and of evaluation, across interruptions."""

    training: float = 0.0
    evaluation: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    @classmethod
    def after(cls, training: float, evaluation: float, total: float) -> "Clock":
        """A clock that continues from these seconds."""
        return cls(training, evaluation, time.perf_counter() - total)

    def total(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    def seconds(self, runs: int) -> dict[str, float]:
        """A run's share: a stack's time divided by its runs."""
        shares = {"total": self.total(), "training": self.training, "evaluation": self.evaluation}
        return {name: value / runs for name, value in shares.items()}
