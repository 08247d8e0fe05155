"""`python -m pipeline`."""

import signal
import sys

from pipeline import garbage

garbage.rarely()
try:
    from pipeline.command.cli import main

    status = main()
except KeyboardInterrupt:  # while Python still imports
    print("stopped; nothing has begun", file=sys.stderr)
    status = 130
signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to stop
garbage.never_again()
sys.exit(status)
