"""The archives that pacman's synchronised databases have, read by libarchive as libalpm reads them.

Source: libalpm's be_sync.c. DBPath/sync/REPOSITORY.db has a folder NAME-VERSION-RELEASE for each package; the line
after %FILENAME% in there is what its archive is called, in the repository and then in pacman's cache.
"""

from __future__ import annotations

import os
from itertools import pairwise

from p7 import Failure
from p7.seal import archive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_LARGEST_TEXT = 256 << 10


def archives(folder: str, repositories: Iterable[str], names: Collection[str]) -> Iterator[tuple[str, str]]:
    """(`repository/name`, file name) of all that the databases in `folder` have under these names of packages.

    Of two file names of one package libalpm takes the last; here both are told. Raises Failure for a damaged database.
    """
    for repository in repositories:
        path = f"{folder}/{repository}.db"
        if os.path.islink(path) and not os.path.exists(path):
            raise Failure(f"{repository}.db cannot be read: it is a link to {os.readlink(path)}, which is not in here")
        try:
            rows = list(_rows(path, names)) if os.path.isfile(path) else []
        except archive.BadArchive as error:
            raise Failure(f"{repository}.db cannot be read: {error}") from None
        for name, file in rows:
            yield f"{repository}/{name}", file


def _rows(path: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    with archive.Archive(path) as opened:
        for member in opened.paths():
            name = member.partition("/")[0].rpartition("-")[0].rpartition("-")[0]
            if name not in names:
                continue
            text = bytes(opened.read(_LARGEST_TEXT))
            if len(text) == _LARGEST_TEXT:
                raise archive.BadArchive(f"{member} is too long to be looked at")
            if b"\0" in text:  # where for libalpm, which is written in C, a line ends; or a hole, which it leaves out
                raise archive.BadArchive(f"{member} is no text")
            for key, value in pairwise(text.split(b"\n")):
                if key == b"%FILENAME%" and b"/" not in value:  # libalpm takes none with a slash
                    yield name, os.fsdecode(value)
