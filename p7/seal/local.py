"""pacman's local database: which package is installed, and what of each file it recorded when it unpacked it.

Source: libalpm's be_local.c. A package is the folder NAME-VERSION-RELEASE with `files`, a list of paths, and `mtree`,
the archive's .MTREE as it was: mtree(5), gzipped.
"""

from __future__ import annotations

import os
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from p7.seal.settings import Settings

_GZIP = 31  # zlib's wbits for a gzip header


class Database:
    """`folder` is its path as people on the system know it."""

    def __init__(self, settings: Settings) -> None:
        path = f"{settings.database}/local"
        self.folder = settings.inside(path)
        self._root = settings.root
        self._path = path

    def packages(self) -> dict[str, str]:
        """Name to folder of all that is installed; nothing where there is no database."""
        try:
            folders = sorted(os.listdir(self._root.path(self._path)))
        except OSError:
            return {}
        return {folder.rsplit("-", 2)[0]: folder for folder in folders if folder.count("-") >= 2}

    def files(self, folder: str) -> list[str]:
        """The paths below / that a package owns, folders with a slash at the end."""
        lines = self._read(folder).splitlines()
        start = lines.index("%FILES%") + 1 if "%FILES%" in lines else len(lines)
        end = lines.index("", start) if "" in lines[start:] else len(lines)
        return lines[start:end]

    def owner(self, path: str, likely: str) -> str:
        """The folder of the package that owns a file, "" if none does. Names that begin as `likely` are tried first."""
        folders = sorted(self.packages().values(), key=lambda folder: not folder.startswith(likely))
        return next((folder for folder in folders if f"\n{path}\n" in self._read(folder)), "")

    def records(self, folder: str, paths: Iterable[str]) -> dict[str, dict[str, str]]:
        """mtree's keywords for those of these paths that a package has. Raises OSError, or ValueError for damage."""
        path = self._root.path(f"{self._path}/{folder}/mtree")
        with open(path, "rb") as file:
            try:
                text = zlib.decompress(file.read(), _GZIP).decode("ascii")
            except zlib.error as error:
                raise ValueError(f"{path}: {error}") from None
        wanted = {f"./{path}" for path in paths}
        defaults: dict[str, str] = {}
        found = {}
        for line in text.splitlines():
            name, _, rest = line.partition(" ")
            if name == "/set":
                defaults |= _keywords(rest)
            elif name in wanted:
                found[name[2:]] = {**defaults, **_keywords(rest)}
        return found

    def _read(self, folder: str) -> str:
        return self._root.read_or(f"{self._path}/{folder}/files", "")


def _keywords(text: str) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in text.split())
