"""Reading files out of a .tar.gz in place: nothing is extracted to disk."""

import io
import tarfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from pipeline.datasets._reading import read_gzip
from pipeline.errors import UserError


def read_archive(path: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """The members of these file names, in whatever folder of the archive they lie.

    Raises UserError where one is missing, the archive is damaged, or a member points out of it.
    """
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(read_gzip(path)), mode="r:") as tar:
            for member in tar:
                inside = PurePosixPath(member.name)
                if inside.is_absolute() or ".." in inside.parts or member.issym() or member.islnk():
                    raise UserError(f"{path}: holds {member.name!r}, which points outside; get the official archive")
                if inside.name in wanted and (stream := tar.extractfile(member)):
                    members[inside.name] = stream.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError(f"{path}: not a whole .tar.gz ({error}); get the file again") from None
    if missing := [name for name in wanted if name not in members]:
        raise UserError(f"{path}: {', '.join(missing)} missing in it; get the official archive")
    return members
