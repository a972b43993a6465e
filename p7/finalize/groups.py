"""A user's supplementary groups, in group(5) and gshadow(5).

The files are edited, under the lock that shadow's tools and sysusers take too (lckpwdf(3)): usermod(8) would have to
be there, and with another root run that root's libraries.
"""

import os
import time

from p7 import Failure, ops
from p7.root import Root

GROUP, GSHADOW = "/etc/group", "/etc/gshadow"
_LOCK = "/etc/.pwd.lock"
_PATIENCE_SEC = 15.0  # lckpwdf(3)'s own
_MEMBERS = 3  # the field of both files


def members(root: Root) -> dict[str, list[str]]:
    """Who is in each group, as its line has it; nothing if the file cannot be read."""
    rows = [line.split(":") for line in root.read_or(GROUP, "").splitlines()]
    return {row[0]: row[_MEMBERS].split(",") for row in rows if len(row) == _MEMBERS + 1}


def add(text: str, user: str, groups: list[str]) -> str:
    """A file's text with the user a member of each of the groups that it has a line for; no other line is touched."""
    lines = text.splitlines(keepends=True)
    return "".join(_with_member(line, user) if line.partition(":")[0] in groups else line for line in lines)


def _with_member(line: str, user: str) -> str:
    *fields, last = line.rstrip("\n").split(":")
    members = [member for member in last.split(",") if member]
    if len(fields) != _MEMBERS or user in members:
        return line
    return ":".join([*fields, ",".join([*members, user])]) + "\n"


class Member:
    """The user in each of these groups. What the files were is kept as NAME-, as shadow's tools keep it."""

    __slots__ = ("groups", "path", "user")

    def __init__(self, user: str, groups: list[str]) -> None:
        self.path = GROUP
        self.user = user
        self.groups = groups

    def describe(self) -> str:
        return f"add {self.user} to {' '.join(self.groups)}"

    def holds(self, root: Root) -> bool:
        return not any(self._edited(root, path) for path in (GROUP, GSHADOW))

    def apply(self, root: Root) -> None:
        lock_fd = _lock(root)
        try:
            for path in (GSHADOW, GROUP):
                if edited := self._edited(root, path):
                    _replace(root, path, *edited)
        finally:
            os.close(lock_fd)  # which unlocks it

    def _edited(self, root: Root, path: str) -> tuple[bytes, bytes] | None:
        """A file as it is and as it should be; None where that is the same, or where there is no such file."""
        parent_fd, name = ops.open_parent(root, path)
        try:
            found = ops.content(name, parent_fd, path)
        finally:
            os.close(parent_fd)
        if found is None:
            return None
        wanted = add(found[0].decode("utf-8", "surrogateescape"), self.user, self.groups)
        data = wanted.encode("utf-8", "surrogateescape")
        return (found[0], data) if data != found[0] else None


def _replace(root: Root, path: str, old: bytes, new: bytes) -> None:
    """Owner and mode stay: gshadow's group may be one of Debian's own."""
    parent_fd, name = ops.open_parent(root, path)
    try:
        like = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
        for file, data in ((f"{name}-", old), (name, new)):
            ops.replace(file, parent_fd, data, like.st_mode & 0o7777, like.st_uid, like.st_gid)
    finally:
        os.close(parent_fd)


def _lock(root: Root) -> int:
    """The descriptor that has the lock until it is closed. Raises Failure if another program keeps it for too long."""
    parent_fd, name = ops.open_parent(root, _LOCK)
    try:
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=parent_fd)
    finally:
        os.close(parent_fd)
    end = time.monotonic() + _PATIENCE_SEC
    while True:
        try:
            os.lockf(fd, os.F_TLOCK, 0)
            return fd
        except OSError:
            if time.monotonic() > end:
                os.close(fd)
                raise Failure(f"{root.path(_LOCK)}: another program is changing users or groups; try again") from None
        time.sleep(0.1)
