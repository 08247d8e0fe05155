"""`python -m pipeline.new NAME`: a project of one's own, as a folder to begin with."""

from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import write_whole

_PROJECT = Path(__file__).parent / "project"
_HIDDEN = {"gitignore": ".gitignore"}  # under its own name it would hold for this package


def new(folder: Path) -> list[Path]:
    """Write the project into `folder`, which is made where it is missing; -> its files.

    Raises UserError where the folder has anything in it, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file; give the name of a new folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder}: is there already and is not empty; give the name of a new folder")
    from pipeline.config import editors  # the whole schema: --help and Ctrl-C should not wait for it

    written = []
    for source in sorted(path for path in _PROJECT.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        place = folder / source.relative_to(_PROJECT)
        place = place.with_name(_HIDDEN.get(place.name, place.name))
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, source.read_bytes())
        written.append(place)
    return [*written, editors.write(folder / "conf")]
