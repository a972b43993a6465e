"""p7's own files against what pacman recorded of them."""

from __future__ import annotations

import os
import stat
import sys

from p7.root import Root
from p7.seal import rules
from p7.seal.local import Database
from p7.seal.verify.finding import Finding

if sys.version_info >= (3, 12):
    from _sha2 import sha256  # hashlib would load OpenSSL, which takes longer than the hashes do
else:
    from _sha256 import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS = {"file": stat.S_ISREG, "link": stat.S_ISLNK, "dir": stat.S_ISDIR}


def check(root: Root, database: Database) -> list[Finding]:
    """A finding for each protected file that is gone or is not as its package brought it."""
    folder = database.owner("usr/bin/p7", "protocol7")
    if not folder:
        text = "no package owns it, so nobody can tell whether p7's files are as they were"
        return [Finding("/usr/bin/p7", text, "install p7's package with pacman")]
    name = folder.rsplit("-", 2)[0]
    again = f"pacman -S {name}"
    try:
        records = database.records(folder, rules.CORE)
    except (OSError, ValueError):
        return [Finding(f"{database.folder}/{folder}/mtree", "it cannot be read", again)]
    found = [_compare(root, path, record, again) for path, record in sorted(records.items())]
    return [finding for finding in found if finding is not None]


def _compare(root: Root, path: str, record: dict[str, str], again: str) -> Finding | None:
    place = root.path(f"/{path}")
    try:
        status = os.lstat(place)
    except OSError:
        return Finding(f"/{path}", "it is gone", again, _relink(place, record))
    if not _KINDS[record.get("type", "file")](status.st_mode):
        return Finding(f"/{path}", f"it is no longer a {record.get('type', 'file')}", again, _relink(place, record))
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(place)
        if target != record.get("link"):
            return Finding(f"/{path}", f"it leads to {target}", again, _relink(place, record))
        return None
    if "sha256digest" in record and _digest(place) != record["sha256digest"]:
        return Finding(f"/{path}", "it is not what its package brought", again)
    uid, gid, mode = int(record.get("uid", "0")), int(record.get("gid", "0")), int(record.get("mode", "644"), 8)
    if (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (uid, gid, mode):
        return None
    text = f"it has mode {stat.S_IMODE(status.st_mode):04o} and owner {status.st_uid}:{status.st_gid}"
    return Finding(f"/{path}", text, f"make it {mode:04o} {uid}:{gid}", lambda: _own(place, uid, gid, mode))


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        digest: str = sha256(file.read()).hexdigest()
    return digest


def _own(path: str, uid: int, gid: int, mode: int) -> None:
    os.chown(path, uid, gid)
    os.chmod(path, mode)


def _relink(path: str, record: dict[str, str]) -> Callable[[], None] | None:
    """How a link comes back; a file's content only pacman has, and a folder in the way is somebody's to look at."""
    if record.get("type") != "link" or (os.path.isdir(path) and not os.path.islink(path)):
        return None

    def mend() -> None:
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink(record["link"], path)

    return mend
