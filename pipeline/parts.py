"""Parts by name: what ships, what installed packages offer, and what users write in a folder of their own.

A `Seam` is one kind of part. Wherever a configuration names one it takes the name of a part that ships, of one that an
installed package offers (an entry point of the group "scratchnet.losses", …), or "module:name"
for one in the current folder or in an installed package. A new kind is one `Seam` (pipeline/seams.py has the engine's):

    loss = Seam("loss", "losses", lambda: scratchnet.losses.LOSSES, is_loss, "a class of scratchnet.Loss")

A section of the configuration says which parts it names, so that a wrong name is a mistake before anything trains and
the code of a user's part is in the run's identity; what builds the run finds them again:

    def parts(self) -> list[NamedPart]:
        return [*super().parts(), NamedPart(seams.loss, "training.loss", self.loss)]

    seams.loss.find("training.loss", self.loss)  # the class
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.errors import UserError, no_such
from pipeline.importing import import_object, raised, source_files


@dataclass(frozen=True)
class Seam:
    """A kind of part.

    kind, plural: "activation", "activations", for messages and for the group of entry points.
    shipped: the parts of this package by name; called only when a part is looked up, since it imports the engine.
    fits: whether an object is such a part, asked of what users and installed packages bring.
    needs: what such a part must be, in words: "a class of scratchnet.Loss".
    """

    kind: str
    plural: str
    shipped: Callable[[], Mapping[str, Any]]
    fits: Callable[[Any], bool]
    needs: str

    def find(self, key: str, name: str) -> Any:
        """The part called `name`, as it ships or as its author wrote it; nothing is called or built.

        Raises UserError, one line that begins with "key=name", if there is none or it is no part of this kind.
        """
        if ":" in name:
            part = import_object(key, name)
        else:
            shipped = self.shipped()
            if name in shipped:
                return shipped[name]
            part = self._load(key, name, dict.fromkeys((*shipped, *self._offered())))
        if not self.fits(part):
            raise UserError(f"{key}={name}: {_described(part)}, but {_article(self.kind)} must be {self.needs}")
        return part

    def source_files(self, key: str, name: str) -> tuple[Path, ...]:
        """The source of a part that does not ship, with what it imports from beside it; () for one that does.

        Raises UserError as `find` does.
        """
        if ":" not in name and name in self.shipped():
            return ()
        self.find(key, name)
        return source_files(name.partition(":")[0] if ":" in name else self._offered()[name].module)

    def _load(self, key: str, name: str, names: Iterable[str]) -> Any:
        """The part that an installed package offers by this name."""
        if name not in self._offered():
            raise UserError(f"{key}={name}: {no_such(self.kind, name, names, 'your own as module:name')}")
        entry = self._offered()[name]
        try:
            return entry.load()
        except (Exception, SystemExit) as error:
            package = entry.dist.name if entry.dist else entry.value
            raise UserError(f"{key}={name}: importing it from the package {package} {raised(error)}") from error

    def _offered(self) -> dict[str, metadata.EntryPoint]:
        return _entry_points(f"scratchnet.{self.plural}")


@dataclass(frozen=True)
class NamedPart:
    """A part that a configuration names, and the key that names it."""

    seam: Seam = field(repr=False)
    key: str
    name: str

    def find(self) -> Any:
        """The part. Raises UserError as `Seam.find` does."""
        return self.seam.find(self.key, self.name)

    def mistakes(self) -> list[str]:
        """One line where there is no such part."""
        try:
            self.find()
        except UserError as error:
            return [str(error)]
        return []

    def source_files(self) -> tuple[Path, ...]:
        """The source of a part that does not ship, with what it imports from beside it; () for one that does."""
        return self.seam.source_files(self.key, self.name)


@functools.cache
def _entry_points(group: str) -> dict[str, metadata.EntryPoint]:
    return {entry.name: entry for entry in metadata.entry_points(group=group)}


def _described(part: Any) -> str:
    return f"a class {part.__name__}" if isinstance(part, type) else f"of type {type(part).__name__}"


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
