"""One configuration of a network, and which of them may share a stack."""

import difflib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Self

from scratchnet._numbers import check_count, check_real
from scratchnet.layers.sequential import Sequential
from scratchnet.losses import Loss
from scratchnet.optimizers import Optimizer
from scratchnet.schedules import Constant, Schedule

DROPOUT_SETTINGS = ("dropout", "input_dropout")


@dataclass(frozen=True)
class Settings:
    """The numbers of a run that may differ from the other runs of its stack.

    `lr`: base learning rate, 0 or more. `momentum`: of SGD, in [0, 1). `l2`: of the penalty 0.5 · l2 · Σ‖W‖², 0 or
    more. `weight_decay`: decoupled, lr · weight_decay · W a step, 0 or more. `dropout`, `input_dropout`: the
    probability by which `Dropout` layers of that `rate` leave a unit out, in [0, 1).

    Raises ValueError that names the field for a number out of range or not finite.
    """

    lr: float
    momentum: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    dropout: float = 0.0
    input_dropout: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            probability = name in ("momentum", *DROPOUT_SETTINGS)
            check_real("settings", name, value, 0, 1 if probability else math.inf)
            object.__setattr__(self, name, float(value))

    @classmethod
    def of(cls, settings: "Settings | Mapping[str, float]") -> Self:
        """The settings that a mapping names. Raises ValueError for a name that is none, with the nearest that is."""
        if isinstance(settings, cls):
            return settings
        if not isinstance(settings, Mapping):
            raise ValueError(f"settings: {settings!r} is neither Settings nor a mapping; write Settings(lr=0.1)")
        known = [setting.name for setting in fields(cls)]
        for name in settings:
            if name not in known:
                [nearest] = difflib.get_close_matches(str(name), known, 1, 0)
                listed = ", ".join(known)
                raise ValueError(f"settings: {name!r} is no setting; did you mean {nearest!r}? known are {listed}")
        if "lr" not in settings:
            raise ValueError("settings: lr is missing; give the learning rate, such as {'lr': 0.1}")
        return cls(**settings)


class _SettingsField:
    """A field that takes `Settings` or a mapping, and always reads as `Settings`."""

    def __get__(self, run: "Run | None", owner: type) -> Settings:
        if run is None:  # the dataclass asks for a default: there is none
            raise AttributeError("settings")
        settings: Settings = vars(run)["settings"]
        return settings

    def __set__(self, run: "Run", settings: Settings | Mapping[str, float]) -> None:
        vars(run)["settings"] = Settings.of(settings)


@dataclass(frozen=True)
class Run:
    """One configuration. Structure decides who may share a stack; all else may differ from run to run.

    `settings`: `Settings`, or a mapping of their names, such as {"lr": 0.1, "momentum": 0.9}.
    `epochs`: the length of the schedule. `seed`: draws the initial weights and dropout.
    `penalized`: names of the parameters that l2 and weight_decay apply to; None means every weight, no bias.
    `averaging`: decay a step, in [0, 1), of the average of the parameters that is evaluated in their place, see
    `scratchnet.averaging`; 0 for none.

    Raises ValueError that names the field for a value out of range, TypeError for one of another kind.
    """

    network: Sequential
    loss: Loss
    optimizer: Optimizer
    settings: _SettingsField = _SettingsField()
    schedule: Schedule = field(default_factory=Constant)
    epochs: int = 1
    seed: int = 0
    penalized: tuple[str, ...] | None = None
    averaging: float = 0.0

    def __post_init__(self) -> None:
        kinds = {"network": Sequential, "loss": Loss, "optimizer": Optimizer, "schedule": Schedule}
        for name, kind in kinds.items():
            if not isinstance(value := getattr(self, name), kind):
                raise TypeError(f"Run: {name}={value!r} is not a scratchnet.{kind.__name__}")
        check_count("Run", "epochs", self.epochs, 1)
        check_count("Run", "seed", self.seed, 0, 2**63)
        for name in ("epochs", "seed"):
            object.__setattr__(self, name, int(getattr(self, name)))  # torch takes no whole numbers of numpy
        check_real("Run", "averaging", self.averaging, 0, 1)
        if isinstance(self.penalized, str) or not isinstance(self.penalized, Collection | None):
            remedy = "give a tuple of names of parameters, or None for every weight"
            raise TypeError(f"Run: penalized={self.penalized!r} is no tuple; {remedy}")
        if unknown := set(self.penalized or ()) - set(self.network.names):
            listed = ", ".join(self.network.names)
            raise ValueError(f"Run: penalized names {', '.join(sorted(unknown))}; the network's are {listed}")

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the parameters that decay."""
        return self.network.weight_names if self.penalized is None else self.penalized

    @property
    def structure(self) -> tuple[object, ...]:
        """What the runs of a stack have in common; hashable. Raises ShapeError for a network whose layers do not fit.

        Hidden widths may differ. Inputs, outputs and the `fixed_sizes` of layers may not: padding would count as
        features, as classes, as patches.
        """
        network, features = self.network, self.network.input_features
        if features is None:  # nothing is known of the sizes in between
            return network, self.loss, self.optimizer
        sizes = features, network.output_shape((features,)), network.fixed_sizes((features,))
        return network.structure(), sizes, self.loss, self.optimizer


def stackable(a: Run, b: Run) -> bool:
    """Whether two runs may share a stack: equal up to hidden widths and to what is a setting."""
    return a.structure == b.structure
