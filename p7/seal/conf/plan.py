"""What does not fit in pacman.conf and the files that it includes, and the change that makes it fit."""

from __future__ import annotations

import os

from p7.seal.conf import marks, reading, words
from p7.seal.conf.reading import OPTIONS, PATH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from p7.root import Root


REPOSITORIES = {
    "--repositories": "/usr/share/lainos/pacman/lainos.conf",
    "--last-repositories": "/usr/share/lainos/pacman/artix.conf",
}
"""Of the package lainos-repositories: seal-conf's option for each, and what is to be included where it is installed."""


class Drift:
    """What does not fit: `lacking` is an option to the words that it does not have, `harmful` has (path, option, words)
    that it must not have."""

    __slots__ = ("harmful", "lacking")

    def __init__(self, found: list[reading.Directive]) -> None:
        self.harmful: list[tuple[str, str, list[str]]] = []
        there: dict[str, set[str]] = {key: set() for key in words.WANTED}
        for row in found:
            if row.section == OPTIONS:
                values = row.value.split()
                there.get(row.key, set()).update(values)
                if bad := [word for word in values if words.is_harmful(row.key, word)]:
                    self.harmful.append((row.path, row.key, bad))
        lacking = {key: [word for word in wanted if word not in there[key]] for key, wanted in words.WANTED.items()}
        self.lacking = {key: lacks for key, lacks in lacking.items() if lacks}


def changes(
    root: Root, first: Iterable[str] = (), last: Iterable[str] = (), *, undo: bool = False
) -> dict[str, tuple[str, str]]:
    """Path to its text before and after, for what is to be written, or with `undo` to be taken back.

    `first` and `last` are files with repositories to include before and after all others, besides those that an earlier
    run included. Raises OSError where pacman.conf cannot be read.
    """
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}

    def read(path: str) -> list[str]:
        """Without what an earlier run made of it: a plan is always made from the beginning."""
        if path not in after:
            before[path] = reading.read_lines(root, path)
            after[path] = marks.undone(before[path])
        return after[path]

    found = reading.directives(root, read)
    for path in marks.recorded(before[PATH]):
        if os.path.isfile(root.path(path)):
            read(path)
    if not undo:
        originals = dict(after)
        for path, lines in originals.items():
            numbers = {row.number for row in found if row.path == path and row.section == OPTIONS}
            end = marks.ending(lines)
            replaced = [marks.replaced(line, end) if i in numbers else [line] for i, line in enumerate(lines)]
            after[path] = [line for rows in replaced for line in rows]
        rows = marks.records(path for path, lines in originals.items() if path != PATH and after[path] != lines)
        rows += [f"{key} = {' '.join(lacks)}" for key, lacks in Drift(found).lacking.items()]
        if includes := _includes(root, marks.included(before[PATH], marks.BEGIN), first):
            rows += [*includes, f"[{OPTIONS}]"]  # what follows is options again
        tail = _includes(root, marks.included(before[PATH], marks.LAST), last)
        after[PATH] = marks.appended(marks.added(after[PATH], rows), tail)
    texts = {path: ("".join(before[path]), "".join(after[path])) for path in after}
    return {path: (old, new) for path, (old, new) in texts.items() if old != new}


def unasked(root: Root, found: list[reading.Directive]) -> dict[str, str]:
    """Those of REPOSITORIES that are installed and have a repository that pacman.conf, with `found` in it, has not."""
    there = {row.section for row in found}
    lacking = {}
    for option, path in REPOSITORIES.items():
        if os.path.isfile(root.path(path)):
            rows = reading.directives(root, lambda path: reading.read_lines(root, path), path)
            if not {row.section for row in rows if row.section} <= there:
                lacking[option] = path
    return lacking


def gone(root: Root) -> list[str]:
    """Files that seal-conf included and that are there no longer. Raises OSError."""
    lines = reading.read_lines(root, PATH)
    paths = [*marks.included(lines, marks.BEGIN), *marks.included(lines, marks.LAST)]
    return [path for path in paths if not os.path.isfile(root.path(path))]


def _includes(root: Root, earlier: list[str], asked: Iterable[str]) -> list[str]:
    """Each file once; pacman does not start where one is missing."""
    paths = dict.fromkeys([*(path for path in earlier if os.path.isfile(root.path(path))), *asked])
    return [f"Include = {path}" for path in paths]
