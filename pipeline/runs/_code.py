"""A hash of the source code that determines a run's figures; edits that cannot change them keep it."""

import ast
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

import scratchnet

_PIPELINE = Path(__file__).parents[1]
_TRAINS = (
    Path(scratchnet.__file__).parent,
    *(
        _PIPELINE / name
        for name in ("training", "models", "optimizers", "schedules", "config/assemble.py", "config/losses.py")
    ),
)
_OTHER_LIBRARIES = {"interop", "sklearn"}  # parts of the engine that convert networks but do not train them


def what_computes(source: str) -> str:
    """A module's syntax without docstrings, comments, annotations, imports and the texts of errors and help."""
    return ast.unparse(_Computes().visit(ast.parse(source)))


def hash_of(paths: Iterable[Path]) -> str:
    """Twelve digits for what the files compute, regardless of their names and places."""
    digests = sorted(hashlib.sha256(what_computes(path.read_text("utf-8")).encode()).hexdigest() for path in paths)
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:12]


def training_files() -> list[Path]:
    """Every file of this installation that can affect a run's figures."""
    files = [path for root in _TRAINS for path in ([root] if root.is_file() else root.rglob("*.py"))]
    return [path for path in files if path.parent.name not in _OTHER_LIBRARIES]


@functools.cache
def engine() -> str:
    """A hash of the code that trains: another version may give other digits."""
    return hash_of(training_files())


class _Computes(ast.NodeTransformer):
    def visit_Import(self, node: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST | None:
        return None if node.arg == "description" else self.generic_visit(node)
