"""Where a command's configuration comes from: told when it is the user's folder, and part of what repeats a run."""

import functools
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.conf import HydraConf

from pipeline.config.folder import PRIMARY, conf_folder, is_primary, user_folder

_MAIN, _GIVEN, _SEARCHED = "main", "command-line", "hydra.searchpath in command-line"  # Hydra's names of sources


def config_flags(hydra: HydraConf) -> tuple[str, ...]:
    """The flags and overrides of the command line by which another command finds the same configuration."""
    paths: dict[str, list[str]] = {}
    for source in hydra.runtime.config_sources:
        path = source.path if source.schema == "file" else f"{source.schema}://{source.path}"
        paths.setdefault(source.provider, []).append(path)
    flags: list[str] = []
    if paths[_MAIN] != [str(conf_folder())]:
        flags += ["--config-path", *paths[_MAIN]]
    if _GIVEN in paths:
        flags += ["--config-dir", *paths[_GIVEN]]
    if hydra.job.config_name not in (PRIMARY, None):
        flags += ["--config-name", str(hydra.job.config_name)]
    if _SEARCHED in paths:
        searched = [path if "://" in path else str(Path(path).absolute()) for path in paths[_SEARCHED]]
        flags.append(f"hydra.searchpath=[{','.join(searched)}]")
    return tuple(flags)


def tell_files(hydra: HydraConf, *choices: Mapping[str, Any]) -> None:
    """Say in one line which files of ./conf are used, and that ./conf is not where it looks like another program's."""
    folder = user_folder()
    here = Path("conf")
    if folder is None:
        if is_primary(here) and not here.samefile(conf_folder()) and not _is_source(hydra, here):
            tell_once(
                f"conf/ is left aside: it has a {PRIMARY}.yaml, as of another program; to use it, rename that file "
                f"conf/NAME.yaml, begin it with `defaults: [{PRIMARY}, _self_]`, and give --config-name NAME"
            )
        return
    names = {str(hydra.job.config_name): None}
    for chosen in (hydra.runtime.choices, *choices):
        names |= {f"{group}/{name}": None for group, name in chosen.items()}
    files = [f"{name}.yaml" for name in sorted(names) if (folder / f"{name}.yaml").is_file()]
    shipped = [file for file in files if (conf_folder() / file).is_file()]
    if files:
        instead = f" (in place of the shipped {', '.join(shipped)})" if shipped else ""
        tell_once(f"using {', '.join(f'conf/{file}' for file in files)}{instead}")


@functools.cache
def tell_once(note: str) -> None:
    """Say it on stderr, unless this process has."""
    print(note, file=sys.stderr)


def _is_source(hydra: HydraConf, folder: Path) -> bool:
    paths = [Path(source.path) for source in hydra.runtime.config_sources if source.schema == "file"]
    return any(path.is_dir() and path.samefile(folder) for path in paths)
