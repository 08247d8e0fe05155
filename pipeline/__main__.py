"""`python -m pipeline`."""

import sys

from pipeline import garbage, stopping


def main() -> None:
    """Run the command line and exit with its status."""
    garbage.collect_rarely()
    try:
        from pipeline.command.cli import main as command

        status = command()
    except KeyboardInterrupt:  # while Python still imports
        print("stopped; nothing has begun", file=sys.stderr)
        status = stopping.STOPPED
    garbage.skip_at_exit()
    stopping.leave(status)


if __name__ == "__main__":
    main()
