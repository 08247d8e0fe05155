"""`python tests/support/mutants.py [PART…]`: one realistic mistake at a time, to see whether the tests notice.

Each mutant of mutants.toml is one line of the packages changed in a copy of the checkout, and the tests that are to
notice it; those of the parts named are tried (engine, training, sweep, command, config, runs, statistics, report), or
all. Survivors are listed, with status 1. The tests run in forks of this process, which has imported what others have
written and nothing of the packages.
"""

import importlib
import os
import shutil
import sys
import tempfile
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[2]
_OPTIONS = ["-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider"]
_OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is imported already
_IMPORTED = ("torch", "numba", "pandas", "scipy.stats", "sklearn.metrics", "statsmodels.api", "matplotlib.figure")
_IMPORTED += ("pytest", "hypothesis", "hydra", "pydantic", "jinja2", "PIL.Image", "joblib")


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in a file; `tests` should fail then."""

    file: str
    old: str
    new: str
    tests: str

    @property
    def part(self) -> str:
        """The part of the packages that it is of."""
        parts = Path(self.file).parts
        if parts[0] == "scratchnet":
            return "engine"
        return "statistics" if "statistics" in parts else parts[1]


MUTANTS = [Mutant(**entry) for entry in tomllib.loads((Path(__file__).parent / "mutants.toml").read_text())["mutant"]]


def tried(mutant: Mutant, copy: Path) -> str:
    """What became of the mutant: killed, SURVIVED, or GONE where the line is no longer there."""
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    if mutant.old not in text:
        return "GONE"
    path.write_text(text.replace(mutant.old, mutant.new, 1), encoding="utf-8")
    try:
        child = os.fork()
        if child == 0:
            _test(mutant, copy)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return {0: "SURVIVED", 1: "killed", 2: "killed"}.get(status, f"status {status}")
    finally:
        path.write_text(text, encoding="utf-8")


def _test(mutant: Mutant, copy: Path) -> NoReturn:
    """In a fork: run the mutant's tests in the copy, and exit as pytest does."""
    status = 3
    try:
        os.chdir(copy)
        os.environ |= {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
        sys.path[:] = [str(copy), *(place for place in sys.path if not Path(place).is_relative_to(ROOT / "tests"))]
        sys.dont_write_bytecode = True  # two changes within a second may leave a file of the same size
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        status = int(sys.modules["pytest"].main([*_OPTIONS, *mutant.tests.split()]))
    finally:
        os._exit(status)


def main() -> int:
    for name in _IMPORTED:
        importlib.import_module(name)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        ignored = shutil.ignore_patterns(".git", ".venv", "outputs", "site", "*cache*", ".hypothesis")
        shutil.copytree(ROOT, copy, ignore=ignored)
        for mutant in MUTANTS:
            if sys.argv[1:] and mutant.part not in sys.argv[1:]:
                continue
            start = time.perf_counter()
            outcome = tried(mutant, copy)
            counts[outcome] += 1
            change = f"{mutant.old.strip()[:50]} -> {mutant.new.strip()[:50]}"
            print(f"{outcome:9} {time.perf_counter() - start:5.0f} s  {mutant.file}: {change}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return int(set(counts) != {"killed"})


if __name__ == "__main__":
    raise SystemExit(main())
