"""`python -m pipeline.new NAME`."""

import argparse
import sys
from pathlib import Path

from pipeline import stopping
from pipeline.errors import UserError
from pipeline.new import new


def main(arguments: list[str] | None = None) -> int:
    """Write the project and say what to do next; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.new",
        description="Writes a small project: a data loader of your own, a sweep over it as an experiment, a README.",
    )
    parser.add_argument("name", metavar="NAME", type=Path, help="the folder to make, or one that is empty")
    folder = parser.parse_args(arguments).name
    try:
        for path in new(folder):
            print(path)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or folder}: {error.strerror or error}; give another folder", file=sys.stderr)
        return 1
    print(f"next: cd {folder} and read README.md, or start its sweep: python -m pipeline experiment=first")
    return 0


if __name__ == "__main__":
    stopping.run(main, "stopped; to write the rest, remove the folder and repeat the command")
