"""The operations that an installation takes beyond those of p7.ops: links, and what must have come with packages."""

import os
import stat
import sys

from p7 import Failure, dispatch, ops
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Step(ops.Operation, Protocol):
        """An operation that knows whether it is done."""

        def holds(self, root: Root) -> bool:
            """Whether nothing is left to do. Raises OSError or Failure where that cannot be told."""


class Link:
    """A symlink, as rc-update(8) makes one; whatever else is in its place stays, and is reported."""

    __slots__ = ("path", "target")

    def __init__(self, path: str, target: str) -> None:
        self.path = path
        self.target = target

    def describe(self) -> str:
        return f"link {self.path} -> {self.target}"

    def holds(self, root: Root) -> bool:
        try:
            return os.readlink(root.path(self.path)) == self.target
        except FileNotFoundError:
            return False
        except OSError:
            raise ops.in_the_way(root.path(self.path), None, self.path, "a symlink") from None

    def apply(self, root: Root) -> None:
        parent_fd, name = ops.open_parent(root, self.path)
        try:
            os.symlink(self.target, name, dir_fd=parent_fd)
        finally:
            os.close(parent_fd)


class Unlink:
    """A symlink taken away."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def describe(self) -> str:
        return f"unlink {self.path}"

    def holds(self, root: Root) -> bool:
        return not os.path.lexists(root.path(self.path))

    def apply(self, root: Root) -> None:
        parent_fd, name = ops.open_parent(root, self.path)
        try:
            if not stat.S_ISLNK(os.stat(name, dir_fd=parent_fd, follow_symlinks=False).st_mode):
                raise ops.in_the_way(name, parent_fd, self.path, "a symlink")
            os.unlink(name, dir_fd=parent_fd)
        finally:
            os.close(parent_fd)


class Need:
    """Something that others have to bring: not made here, only looked for. `remedy` says who brings it."""

    __slots__ = ("_is_there", "_remedy", "path", "what")

    def __init__(self, what: str, path: str, remedy: str, is_there: "Callable[[Root], bool] | None" = None) -> None:
        self.what = what
        self.path = path
        self._remedy = remedy
        self._is_there = is_there

    def describe(self) -> str:
        return f"have {self.what}"

    def holds(self, root: Root) -> bool:
        return self._is_there(root) if self._is_there else os.path.lexists(root.path(self.path))

    def apply(self, root: Root) -> None:
        raise Failure(f"{root.path(self.path)}: no {self.what}; {self._remedy}")

    def check(self, root: Root) -> None:
        """Raises Failure where it is not there."""
        if not self.holds(root):
            self.apply(root)


class Tool:
    """Another of p7's tools, which says itself what it does; what counts is its exit status."""

    __slots__ = ("_is_done", "name", "path")

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path
        self._is_done = False

    def describe(self) -> str:
        return f"p7 {self.name}"

    def holds(self, root: Root) -> bool:
        return self._is_done

    def apply(self, root: Root) -> None:
        status = dispatch.load(self.name).run(root=root)
        sys.stdout.flush()  # before we say what came of it
        if status:
            raise Failure(f"p7 {self.name}: ended with {status} for the reasons above")
        self._is_done = True
