"""A search's study in the sweep's folder: Optuna's journal, and how much of it is known to be what was written."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Literal

from pipeline.extras import needed
from pipeline.files import JOURNAL, read_whole, set_aside, write_whole

with needed("search", "hydra/sweeper=search"):
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalStorage

_MOST_BYTES = 2**30


class Study:
    """Trials that outlive the process. `seal` vouches for all that has been written so far.

    A journal that is damaged moves aside and the search begins again: equal suggestions are runs of the sweep already,
    so that nothing is trained twice. What a killed process has added since the last seal is taken back.
    """

    def __init__(self, sweep: Path, *, higher_is_better: bool) -> None:
        self.path, self.name = sweep / JOURNAL, sweep.name
        self.sealed = self.path.with_suffix(".sealed.json")
        self._direction: Literal["minimize", "maximize"] = "maximize" if higher_is_better else "minimize"
        self._restore()
        self.path.with_name(f"{self.path.name}.lock").unlink(
            missing_ok=True
        )  # of a killed process: the sweep is locked already
        try:
            self.optuna = self._open()
        except (ValueError, LookupError, TypeError, AttributeError):  # without a seal, from an earlier version
            self._reject()
            self.optuna = self._open()

    def _open(self) -> "optuna.Study":
        lock = JournalFileOpenLock(str(self.path))
        storage = JournalStorage(JournalFileBackend(str(self.path), lock_obj=lock))
        name = next(iter(optuna.get_all_study_names(storage)), self.name)  # version 0.1.0 named it otherwise
        return optuna.create_study(storage=storage, study_name=name, direction=self._direction, load_if_exists=True)

    def seal(self) -> None:
        """Vouch for the journal as it is."""
        data = read_whole(self.path, _MOST_BYTES)
        write_whole(self.sealed, json.dumps({"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}))

    def _restore(self) -> None:
        """Leave the part of the journal that the seal vouches for, or none."""
        try:
            data = read_whole(self.path, _MOST_BYTES)
            size = self._sealed_size(data)
        except FileNotFoundError:
            if self.sealed.exists():
                print(f"{self.path}: missing, and the search begins again", file=sys.stderr)
            return
        except (OSError, ValueError, LookupError, TypeError):
            size = None
        if size is None:
            self._reject()
        elif size < len(data):
            write_whole(self.path, data[:size])

    def _reject(self) -> None:
        print(f"{self.path}: damaged; {set_aside(self.path)}, and the search begins again", file=sys.stderr)

    def _sealed_size(self, data: bytes) -> int | None:
        """How many bytes the seal vouches for; None if they are not there as they were written."""
        if not self.sealed.exists():  # of an earlier version, or killed before the first seal
            return data.rfind(b"\n") + 1
        seal: dict[str, Any] = json.loads(read_whole(self.sealed, 1000))
        size = int(seal["bytes"])
        return size if hashlib.sha256(data[:size]).hexdigest() == seal["sha256"] else None
