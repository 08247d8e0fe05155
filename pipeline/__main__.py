"""`python -m pipeline`."""

import os
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
pool = sys.modules.get("pipeline.pool")
if status == 130 and not (pool and pool.has_started()):  # workers have things to be put away
    # A KeyboardInterrupt that has passed an exec(), as imports of dataclasses do, makes CPython end itself by SIGINT.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
sys.exit(status)
