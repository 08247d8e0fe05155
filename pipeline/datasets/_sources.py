"""Where files are looked for: dataset.root, the user's cache, the system's folder, the network."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError

Files = dict[str, Path]  # file name -> where it lies


@dataclass(frozen=True)
class Source:
    """Where one data set is to be had.

    `layouts`: sets of file names, each of which is the whole data set; the first one that is complete is taken.
    `downloads`: file name -> hash in pooch's form, fetched from `url` into the cache folder.
    `pickled`: names of a version that must not be read, as unpickling can run any code.
    """

    name: str
    layouts: Sequence[Sequence[str]]
    system_folder: Path
    url: str
    downloads: Mapping[str, str]
    ways: str  # to get the files, in words
    pickled: Sequence[str] = ()

    def find(self, root: str | None) -> Files:
        """The files of one layout. A `root` is the only place looked in.

        Raises UserError that names each place looked in and the ways to get the files.
        """
        if root is not None:
            return self._in_root(root)
        cache = cache_folder() / self.name
        places = [cache, self.system_folder]
        for place in places:
            with suppress(PermissionError):
                if files := self._in_folder(place):
                    return files
        import pooch  # takes longer than reading a small data set does

        try:
            for file, known_hash in self.downloads.items():
                pooch.retrieve(self.url + file, known_hash, fname=file, path=cache, progressbar=True)
        except (OSError, ValueError) as error:
            looked = ", ".join(str(place) for place in places)
            reason = " ".join(str(error).split())[:160]
            raise UserError(
                f"dataset={self.name}: no files in {looked}, and {self.url} gave none ({reason}); {self.ways}"
            ) from None
        return {file: cache / file for file in self.downloads}

    def _in_root(self, root: str) -> Files:
        folder = Path(root)
        with suppress(RuntimeError):  # ~ of an unknown user stays as it is: no such folder
            folder = folder.expanduser()
        folder = folder.absolute()
        try:
            if files := self._in_folder(folder):
                return files
            self._refuse_pickled(folder)
            next(folder.iterdir(), None)  # raises what is wrong with the folder itself
            missing = self._missing(folder)
        except FileNotFoundError:
            raise UserError(f"dataset.root={root}: no such folder; {self.ways}") from None
        except OSError as error:
            raise UserError(f"dataset.root={root}: {error.strerror}; {self.ways}") from None
        raise UserError(f"dataset.root={root}: {', '.join(missing)} missing; {self.ways}")

    def _in_folder(self, folder: Path) -> Files:
        """The files of the first layout that is complete in the folder, {} where none is."""
        for layout in self.layouts:
            paths = [folder / file for file in layout]
            if all(path.exists() for path in paths):
                return {path.name: path for path in paths}
        return {}

    def _missing(self, folder: Path) -> list[str]:
        """The files that are missing of the layout that the folder has most of."""
        missing = [[file for file in layout if not (folder / file).exists()] for layout in self.layouts]
        present = [len(layout) - len(files) for layout, files in zip(self.layouts, missing, strict=True)]
        return missing[present.index(max(present))]

    def _refuse_pickled(self, folder: Path) -> None:
        for name in self.pickled:
            path = folder if folder.name == name else folder / name
            if path.exists():
                raise UserError(f"{path}: the Python version is pickled, and unpickling can run any code; {self.ways}")


def cache_folder() -> Path:
    """The user's cache folder; the variable SCRATCHNET_CACHE names another."""
    if folder := os.environ.get("SCRATCHNET_CACHE"):
        return Path(folder)
    import pooch

    return Path(pooch.os_cache("scratchnet"))
