"""pacman's local database: which package is installed, and what of each file it recorded when it unpacked it.

Source: libalpm's be_local.c. A package is the folder NAME-VERSION-RELEASE with `files`, a list of paths, and `mtree`,
the archive's .MTREE as it was: mtree(5), gzipped.
"""

from __future__ import annotations

import os
import zlib

from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = "/var/lib/pacman/local"
_GZIP = 31  # zlib's wbits for a gzip header


def packages(root: Root) -> dict[str, str]:
    """Name to folder of all that is installed; nothing where there is no database."""
    try:
        folders = sorted(os.listdir(root.path(FOLDER)))
    except OSError:
        return {}
    return {folder.rsplit("-", 2)[0]: folder for folder in folders if folder.count("-") >= 2}


def files(root: Root, folder: str) -> list[str]:
    """The paths below / that a package owns, folders with a slash at the end."""
    lines = root.read_or(f"{FOLDER}/{folder}/files", "").splitlines()
    start = lines.index("%FILES%") + 1 if "%FILES%" in lines else len(lines)
    end = lines.index("", start) if "" in lines[start:] else len(lines)
    return lines[start:end]


def owner(root: Root, path: str, likely: str) -> str:
    """The folder of the package that owns a file, "" if none does. Names that begin as `likely` are tried first."""
    folders = sorted(packages(root).values(), key=lambda folder: not folder.startswith(likely))
    line = f"\n{path}\n"
    return next((folder for folder in folders if line in root.read_or(f"{FOLDER}/{folder}/files", "")), "")


def records(root: Root, folder: str, paths: Iterable[str]) -> dict[str, dict[str, str]]:
    """mtree's keywords for those of these paths that a package has. Raises OSError, or ValueError for damage."""
    path = root.path(f"{FOLDER}/{folder}/mtree")
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


def _keywords(text: str) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in text.split())
