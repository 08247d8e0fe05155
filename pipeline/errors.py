"""Errors that a user can fix, and their words."""

import difflib
import errno
from collections.abc import Iterable


class UserError(Exception):
    """Says in one line what is wrong, where, and what to do; shown without a traceback."""


class RunFailed(UserError):
    """A run of a sweep failed; its folder says why."""


def one_line(error: object, length: int = 150) -> str:
    """An error's text on one line, truncated to `length` characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= length else f"{text[:length]} …"


def no_such(what: str, name: str, names: Iterable[str], besides: str = "") -> str:
    """`no such …`, the names that exist and what else is taken, and the closest of the names."""
    names = list(names)
    nearest = difflib.get_close_matches(str(name), names, n=1)
    listed = ", ".join(names) + (f", and {besides}" if besides else "")
    return f"no such {what}; there are {listed}" + (f"; did you mean {nearest[0]}?" if nearest else "")


def explain(error: OSError) -> str:
    """One line: which file or folder, what the system says of it, what to do."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or one_line(error)}; {_remedy(error.errno)}, then repeat the command"


def _remedy(number: int | None) -> str:
    name = errno.errorcode.get(number or 0, "")
    return _REMEDIES.get(name, "give another folder (sweep.name, or hydra.sweep.dir)")


_REMEDIES = {
    "ENOSPC": "free some space (df -h) or inodes (df -i)",
    "EDQUOT": "free some of your quota",
    "EFBIG": "allow larger files (ulimit -f)",
    "EROFS": "give a folder that can be written (sweep.name, or hydra.sweep.dir)",
    "EACCES": "check who may read and write it, or give another folder",
    "EPERM": "check who may read and write it, or give another folder",
    "ENOENT": "check that nothing removes it or its folder",
    "ENOTDIR": "move away the file that is in a folder's place, or give another folder",
    "EEXIST": "move away what is there, or give another folder",
    "EISDIR": "move away the folder that is in the file's place",
    "EINVAL": "move away what is in the file's place",
    "ENAMETOOLONG": "give a shorter name (sweep.name, or hydra.sweep.subdir)",
    "ELOOP": "remove the links that lead in a circle",
    "EMFILE": "allow more open files (ulimit -n)",
    "ENFILE": "close other programs, which have too many files open",
    "ENOMEM": "free some memory",
    "EIO": "check the disk, or give a folder on another",
    "ESTALE": "mount the network's file system anew",
}
