"""What a user names as `module:name`: imported from the current folder, or from what is installed."""

import ast
import importlib
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import UserError


def import_object(key: str, reference: str) -> Any:
    """The object that `reference`, "module:name", names. Raises UserError that names `key` where there is none."""
    module_name, colon, name = reference.partition(":")
    if not colon or not name.isidentifier() or not all(part.isidentifier() for part in module_name.split(".")):
        raise UserError(
            f"{key}={reference}: not of the form module:name, such as my_data:load for load() in my_data.py"
        )
    with current_folder():
        _forget_others(module_name)
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
                raise UserError(
                    f"{key}={reference}: no module {module_name} in {Path.cwd()} or among what is installed; "
                    f"write {module_name.replace('.', '/')}.py there"
                ) from None
            raise UserError(
                f"{key}={reference}: {module_name} needs {error.name}, which is missing; install it"
            ) from None
        except (Exception, SystemExit) as error:
            raise UserError(f"{key}={reference}: importing it {raised(error)}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        names = ", ".join(name for name in vars(module) if not name.startswith("_")) or "nothing"
        raise UserError(f"{key}={reference}: {module.__file__} has no {name}; it has {names}") from None


@contextmanager
def current_folder() -> Iterator[None]:
    """While modules of the current folder can be imported."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


def raised(error: BaseException) -> str:
    """ "raised ValueError: … (my_data.py, line 7)": where in the user's own files, as far as can be told."""
    frames = traceback.extract_tb(error.__traceback__)
    here = [frame for frame in frames if Path(frame.filename).is_relative_to(Path.cwd())]
    where = f" ({Path(here[-1].filename).name}, line {here[-1].lineno})" if here else ""
    if isinstance(error, SyntaxError) and error.filename:
        where = f" ({Path(error.filename).name}, line {error.lineno})"
    words = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())[:160]
    return f"raised {type(error).__name__}" + (f": {words}" if words else "") + where


def _forget_others(name: str) -> None:
    """Let a module of this name be imported anew where the current folder has another than was imported before."""
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    here = [path for path in (Path.cwd() / f"{top}.py", Path.cwd() / top / "__init__.py") if path.exists()]
    file = getattr(module, "__file__", None)
    if module is not None and here and file is not None and Path(file) not in here:
        for other in [other for other in sys.modules if other.partition(".")[0] == top]:
            del sys.modules[other]


def source_files(module_name: str) -> tuple[Path, ...]:
    """The source of an imported module and of what it imports from beside it, sorted.

    Beside a module of the current folder lie the modules of that folder, beside one of an installed package the modules
    of that package. () for a module without source, such as a built-in one.
    """
    first = getattr(sys.modules[module_name], "__file__", None)
    if first is None or Path(first).suffix != ".py":
        return ()
    top = module_name.partition(".")[0]
    depth = module_name.count(".") + (Path(first).name == "__init__.py")
    folder = Path(first).resolve().parents[depth]
    installed = str(folder) in {str(Path(path).resolve()) for path in sysconfig.get_paths().values()}
    pending, files = [Path(first).resolve()], set[Path]()
    while pending:
        path = pending.pop()
        files.add(path)
        imported = {name for node in ast.walk(ast.parse(path.read_bytes())) for name in _imported(node, path, folder)}
        paths = [folder.joinpath(*name.split(".")) for name in imported if not installed or name.split(".")[0] == top]
        beside = [file for path in paths for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
        pending += set(beside) - files
    return tuple(sorted(files))


def _imported(node: ast.AST, path: Path, folder: Path) -> Iterator[str]:
    """The full names of what may be the modules that a statement in `path` imports."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        here = path.relative_to(folder).parent.parts if node.level else ()
        start = (
            [*here[: len(here) - node.level + 1], *(node.module or "").split(".")]
            if node.level
            else [node.module or ""]
        )
        base = ".".join(filter(None, start))
        names = [base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)]
    else:
        return
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[: i + 1]) for i in range(len(parts)) if all(parts))
