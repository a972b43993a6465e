"""pacman's cache, pacman.conf(5)'s CacheDir: archives that the guard would take for what pacman means, and stop.

Whatever is in a cache can be had again, so they are deleted and not kept as NAME.old.
"""

import os

from p7 import ops
from p7.root import Root
from p7.seal import archive, package, rules
from p7.seal.conf import reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "/var/cache/pacman/pkg"
_KIND = ".pkg.tar"
_BESIDE = (".sig", ".part")


class Delete:
    """An archive deleted, with its signature. `reason` says why it is refused."""

    __slots__ = ("path", "reason")

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason

    def describe(self) -> str:
        return f"delete {self.path}: {self.reason}"

    def holds(self, root: Root) -> bool:
        return not os.path.lexists(root.path(self.path))

    def apply(self, root: Root) -> None:
        parent_fd, name = ops.open_parent(root, self.path)
        try:
            ops.discard(f"{name}.sig", parent_fd)
            os.unlink(name, dir_fd=parent_fd)
        finally:
            os.close(parent_fd)


def folders(root: Root) -> list[str]:
    """pacman's caches. Raises OSError where there is no pacman.conf."""
    named = [value.split() for key, value in reading.options(root) if key == "CacheDir"]
    return [folder.rstrip("/") for values in named for folder in values] or [_FOLDER]


def inside(root: Root, folder: str) -> str | None:
    """A folder without symlinks on the way to it, as a path inside the root; None where it leads out of that."""
    real = os.path.realpath(root.path(folder))
    return real[len(root.prefix) :] if real.startswith(f"{root.prefix}/") else None


def refused(root: Root, folder: str, names: list[str]) -> "Iterator[Delete]":
    """The archives of these packages in a folder, less those that may come in, as a dummy's."""
    there = sorted(os.listdir(root.path(folder))) if os.path.isdir(root.path(folder)) else []
    for file in there:
        is_archive = _KIND in file and not file.endswith(_BESIDE)
        if is_archive and file.rsplit("-", 3)[0] in names and (reason := _refusal(root.path(f"{folder}/{file}"))):
            yield Delete(f"{folder}/{file}", reason)


def _refusal(path: str) -> str:
    try:
        return rules.refusal(package.read(path))
    except archive.BadArchive as error:
        return f"it is damaged: {error}"
