"""`python -m pipeline`."""

import signal
import sys

from pipeline import garbage

garbage.collect_rarely()
try:
    from pipeline.command.cli import main

    status = main()
except KeyboardInterrupt:  # while Python still imports
    print("stopped; nothing has begun", file=sys.stderr)
    status = 130
signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to stop
garbage.skip_at_exit()
sys.exit(status)
