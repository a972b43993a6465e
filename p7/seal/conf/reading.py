"""pacman.conf as pacman reads it: the directives in their order, those of Include'd files in their place.

Source: pacman.conf(5), and what pacman 6 and 7 do: a section that an included file opens goes on after the Include.
"""

from __future__ import annotations

import glob
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from p7.root import Root

    Reader = Callable[[str], list[str]]

PATH = "/etc/pacman.conf"
OPTIONS = "options"
_DEEPEST = 10


class Directive:
    """`key = value` in line `number` (from 0) of the file `path`, below the header of `section` ("" before any)."""

    __slots__ = ("key", "number", "path", "section", "value")

    def __init__(self, path: str, number: int, section: str, key: str, value: str) -> None:
        self.path = path
        self.number = number
        self.section = section
        self.key = key
        self.value = value


def read_lines(root: Root, path: str) -> list[str]:
    """The lines of a file with their ends, which may be CRLF. Raises OSError."""
    with open(root.path(path), encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        return file.readlines()


def directives(root: Root, read: Reader, path: str = PATH) -> list[Directive]:
    """All of them, by way of `read`, from a path to lines. Raises OSError for `path`; other files may be missing."""
    return list(_walk(root, read, path, [""], 0))


def options(root: Root) -> list[tuple[str, str]]:
    """Key and value of each line of [options]. Raises OSError where there is no pacman.conf."""
    rows = directives(root, lambda path: read_lines(root, path))
    return [(row.key, row.value) for row in rows if row.section == OPTIONS]


def _walk(root: Root, read: Reader, path: str, section: list[str], depth: int) -> Iterator[Directive]:
    """`section` has one string, the current one, which an included file changes as well."""
    for number, line in enumerate(read(path)):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("[") and text.endswith("]"):
            section[0] = text[1:-1]
            continue
        key, _, value = (part.strip() for part in text.partition("="))
        yield Directive(path, number, section[0], key, value)
        for included in _included(root, value) if key == "Include" and depth < _DEEPEST else ():
            try:
                yield from _walk(root, read, included, section, depth + 1)
            except OSError:
                continue  # pacman goes on, too


def _included(root: Root, pattern: str) -> list[str]:
    """The files of an Include, as paths inside the root; a relative one is nobody's but the caller's of pacman."""
    found = sorted(glob.glob(glob.escape(root.prefix) + pattern)) if pattern.startswith("/") else []
    return [path[len(root.prefix) :] for path in found if os.path.isfile(path)]
