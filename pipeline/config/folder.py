"""Where the config groups are."""

from pathlib import Path


def conf_folder() -> Path:
    """The config groups: inside the package where it was installed, beside it in a checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"
