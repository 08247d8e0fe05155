"""The interface between a config group and its choices.

A choice is one module: `model=mlp` is the class in pipeline/models/mlp.py, and conf/model/mlp.yaml gives its values.
They are not listed anywhere. A group is a subclass of `Choice` in the `__init__` of the package that holds its choices,
and validates to the choice named by the key `name`.
"""

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Annotated, Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipeline.errors import no_such
from pipeline.parts import NamedPart

Count = Annotated[int, Field(ge=1, lt=2**31)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, lt=1)]


class Sections(Protocol):
    """A whole configuration as one of its sections sees the others: whichever choices they are, with their keys."""

    @property
    def model(self) -> Any: ...
    @property
    def dataset(self) -> Any: ...
    @property
    def optimizer(self) -> Any: ...
    @property
    def schedule(self) -> Any: ...
    @property
    def training(self) -> Any: ...


def _state_name(schema: dict[str, Any], choice: type[BaseModel]) -> None:
    """In the JSON schema of a choice, `name` can only be its own name."""
    schema["properties"]["name"]["const"] = choice.__module__.rpartition(".")[2]


class Section(BaseModel):
    """Base of all sections: no unknown keys, no silent conversion, no NaN or infinity.

    pydantic checks each key by itself; error messages give a key's description as what is allowed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, protected_namespaces=())

    def mistakes(self, config: Sections) -> list[str]:
        """One line per value that is valid by itself but not together with the rest of `config`."""
        return []

    def parts(self) -> list[NamedPart]:
        """What it names that ships with the engine, comes with installed packages or is a user's own.

        They are looked up only if there are no mistakes, since importing the engine imports torch; the code of those
        that do not ship is part of a run's identity.
        """
        return []


class Choice(Section):
    """One choice of a config group: its keys, its mistakes, and methods that build what it describes.

    These methods import the engine, the module does not: a command that trains nothing need not wait for torch.
    """

    model_config = ConfigDict(json_schema_extra=_state_name)

    name: str

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of all choices of this group, sorted; none of them is imported."""
        return _modules(cls.__module__)

    @classmethod
    def named(cls, name: str) -> type[Self]:
        """The choice of this name. Raises ValueError with the names of all choices."""
        if name not in cls.names():
            raise ValueError(no_such("choice", name, cls.names()))
        module = importlib.import_module(f"{cls.__module__}.{name}")
        classes = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, cls) and value.__module__ == module.__name__
        ]
        if len(classes) != 1:
            raise TypeError(f"{module.__name__}: {len(classes)} subclasses of {cls.__name__}, expected one")
        return classes[0]

    @model_validator(mode="wrap")
    @classmethod
    def _by_name(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if Choice not in cls.__bases__ or isinstance(values, cls):
            return handler(values)
        if not isinstance(values, Mapping):
            raise PydanticCustomError(
                "choice", "not a section; it is one of {names}", {"names": ", ".join(cls.names())}
            )
        if "name" not in values:
            raise _error(cls, "missing", None)
        try:
            choice = cls.named(values["name"])
        except ValueError as unknown:
            raise _error(cls, PydanticCustomError("choice", "{what}", {"what": str(unknown)}), values["name"]) from None
        return choice.model_validate(values)


def _error(choice: type[Choice], kind: str | PydanticCustomError, name: Any) -> ValidationError:
    """pydantic's error of the key `name`."""
    return ValidationError.from_exception_data(
        choice.__name__, [InitErrorDetails(type=kind, loc=("name",), input=name)]
    )


@functools.cache
def _modules(package: str) -> tuple[str, ...]:
    """The modules of a package whose names have no leading underscore."""
    names = (module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__))
    return tuple(sorted(name for name in names if not name.startswith("_")))
