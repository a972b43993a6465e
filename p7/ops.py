"""Effects as values: each says what it would do, and does it under a Root. A plan is a list of them.

An operation is idempotent, and refuses a symlink or a foreign kind of file in its way: what stands where p7 writes
as root must be p7's own.
"""

import errno
import os
import stat

from p7 import Failure, log
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Mkdir:
    """A folder with this mode and owner."""

    __slots__ = ("gid", "mode", "path", "uid")

    def __init__(self, path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        self.path = path
        self.mode = mode
        self.uid = uid
        self.gid = gid

    def describe(self) -> str:
        return f"mkdir {self.path} {self.mode:04o} {self.uid}:{self.gid}"

    def holds(self, root: Root) -> bool:
        """Whether it is so already."""
        try:
            status = os.lstat(root.path(self.path))
        except FileNotFoundError:
            return False
        wanted = (stat.S_IFDIR | self.mode, self.uid, self.gid)
        return (status.st_mode, status.st_uid, status.st_gid) == wanted

    def apply(self, root: Root) -> None:
        parent_fd, name = open_parent(root, self.path)
        try:
            os.mkdir(name, self.mode, dir_fd=parent_fd)
        except FileExistsError:
            pass
        try:
            fd = _open_folder(name, parent_fd, self.path)
        finally:
            os.close(parent_fd)
        try:
            _own(fd, self.mode, self.uid, self.gid)
        finally:
            os.close(fd)


class Write:
    """A regular file with this text, root's; renamed into place, so that a reader sees the old or the new one whole."""

    __slots__ = ("mode", "path", "text")

    def __init__(self, path: str, text: str, mode: int = 0o644) -> None:
        self.path = path
        self.text = text
        self.mode = mode

    def describe(self) -> str:
        return f"write {self.path} {self.mode:04o}\n" + "".join(f"    {line}\n" for line in self.text.splitlines())

    def holds(self, root: Root) -> bool:
        """Whether the file is there, with this text and mode. Raises Failure if something else is."""
        try:
            parent_fd, name = open_parent(root, self.path)
        except FileNotFoundError:
            return False
        try:
            return self._is_in_place(name, parent_fd)
        finally:
            os.close(parent_fd)

    def apply(self, root: Root) -> None:
        parent_fd, name = open_parent(root, self.path)
        try:
            if not self._is_in_place(name, parent_fd):  # else every sd_login_monitor would wake for nothing
                replace(name, parent_fd, self._data(), self.mode)
        finally:
            os.close(parent_fd)

    def _is_in_place(self, name: str, parent_fd: int) -> bool:
        found = content(name, parent_fd, self.path)
        return found is not None and found == (self._data(), self.mode)

    def _data(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape")


def run(plan: "Sequence[Operation]", root: Root, dry_run: bool = False) -> int:
    """Apply a plan in order, or print it. A step that fails is logged and the next one tried; 1 if any failed."""
    said: set[str] = set()  # what is in the way of several steps is told once
    for operation in plan:
        try:
            print(operation.describe().rstrip("\n")) if dry_run else operation.apply(root)
        except Failure as failure:
            _complain(str(failure), said)
        except OSError as error:
            _complain(f"{root.path(operation.path)}: {error.strerror or error}", said)
    return 1 if said else 0


def _complain(text: str, said: set[str]) -> None:
    if text not in said:
        log.error(text)
        said.add(text)


_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_parent(root: Root, path: str) -> tuple[int, str]:
    """The folder that `path` is in, reached without following a symlink below root, and the last part of `path`."""
    *folders, name = path.strip("/").split("/")
    fd, walked = os.open(root.prefix or "/", os.O_PATH | _FOLDER), ""
    for part in folders:
        walked = f"{walked}/{part}"
        try:
            below_fd = _open_folder(part, fd, walked)
        finally:
            os.close(fd)
        fd = below_fd
    return fd, name


def _open_folder(name: str, parent_fd: int, path: str) -> int:
    try:
        return os.open(name, os.O_RDONLY | _FOLDER, dir_fd=parent_fd)
    except NotADirectoryError:
        raise in_the_way(name, parent_fd, path, "a folder") from None


def content(name: str, parent_fd: int, path: str) -> tuple[bytes, int] | None:
    """What a regular file holds, and its mode; None where there is none. Raises Failure for anything else."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=parent_fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a symlink; a socket
            raise in_the_way(name, parent_fd, path, "a regular file") from None
        raise
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise in_the_way(name, parent_fd, path, "a regular file")
        return os.read(fd, status.st_size + 1), stat.S_IMODE(status.st_mode)
    finally:
        os.close(fd)


def replace(name: str, parent_fd: int, data: bytes, mode: int, uid: int = -1, gid: int = -1) -> None:
    """Write a file beside the one of this name and rename it: after a power failure it is the old or the new one."""
    temporary = f".#{name}"  # hidden: libsystemd lists any other name as a session
    discard(temporary, parent_fd)
    try:
        _create(temporary, parent_fd, data, mode, uid, gid)
        os.rename(temporary, name, src_dir_fd=parent_fd, dst_dir_fd=parent_fd)
    except OSError:
        discard(temporary, parent_fd)
        raise


def _create(name: str, parent_fd: int, data: bytes, mode: int, uid: int, gid: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(name, flags, mode, dir_fd=parent_fd)
    try:
        if (uid, gid) != (-1, -1):
            os.fchown(fd, uid, gid)
        os.fchmod(fd, mode)  # whatever the umask says
        while data:
            data = data[os.write(fd, data) :]
        os.fsync(fd)  # or a disk may know of the new name before it has the new text
    finally:
        os.close(fd)


def discard(name: str, parent_fd: int) -> None:
    try:
        os.unlink(name, dir_fd=parent_fd)
    except OSError:
        pass


def _own(fd: int, mode: int, uid: int, gid: int) -> None:
    status = os.fstat(fd)
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.fchown(fd, uid, gid)
    if stat.S_IMODE(status.st_mode) != mode:
        os.fchmod(fd, mode)


def in_the_way(name: str, parent_fd: int | None, path: str, wanted: str) -> Failure:
    """What to say of `path`, found as `name` in a folder (None: an absolute path), where something else belongs."""
    mode = os.stat(name, dir_fd=parent_fd, follow_symlinks=False).st_mode
    kind = next((text for test, text in _KINDS if test(mode)), "something else")
    return Failure(f"{path}: {kind} is where {wanted} belongs; it is not p7's, so look at it and move it away")


_KINDS = (
    (stat.S_ISLNK, "a symlink"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISREG, "a regular file"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISFIFO, "a fifo"),
)

if TYPE_CHECKING:
    from typing import Protocol

    class Operation(Protocol):
        """What a plan is made of."""

        path: str

        def describe(self) -> str:
            """One step of the plan as --dry-run prints it."""

        def apply(self, root: Root) -> None:
            """Make it so. Raises OSError or Failure."""
