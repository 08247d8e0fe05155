"""Where the config groups are: those that ship, and those of the user."""

from pathlib import Path

PRIMARY = "config"  # the name of the primary configuration that ships


def conf_folder() -> Path:
    """The config groups that ship: inside the package where it was installed, beside it in a checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def user_folder() -> Path | None:
    """./conf, whose groups and experiments come before those that ship; None where there is none.

    Not where it is the folder that ships, nor where it has a primary configuration: that is another program's.
    """
    folder = Path.cwd() / "conf"
    if not folder.is_dir() or folder.samefile(conf_folder()) or is_primary(folder):
        return None
    return folder


def is_primary(folder: Path) -> bool:
    """Whether the folder has a configuration of the name of ours, which would take its place."""
    return (folder / f"{PRIMARY}.yaml").exists()


def choices_in(folder: Path, group: str) -> list[str]:
    """The names of the choices of a group that have a file in the folder, sorted."""
    return sorted(path.stem for path in (folder / group).glob("*.yaml"))
