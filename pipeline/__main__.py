"""`python -m pipeline`."""

import sys

from pipeline import garbage

garbage.rarely()
from pipeline.command.cli import main  # noqa: E402 - this is what takes time

status = main()
garbage.never_again()
sys.exit(status)
