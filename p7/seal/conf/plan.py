"""What does not fit in pacman.conf and the files that it includes, and the change that makes it fit."""

from __future__ import annotations

import os

from p7.seal.conf import marks, reading, words
from p7.seal.conf.reading import OPTIONS, PATH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from p7.root import Root


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


def changes(root: Root, repositories: Iterable[str] = (), *, undo: bool = False) -> dict[str, tuple[str, str]]:
    """Path to its text before and after, for what is to be written, or with `undo` to be taken back. `repositories`
    are files to include, besides those that an earlier run included. Raises OSError where pacman.conf cannot be read.
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
    if not undo:
        # pacman does not start where an included file is missing.
        earlier = [path for path in marks.included(before[PATH]) if os.path.isfile(root.path(path))]
        for path, lines in after.items():
            numbers = {row.number for row in found if row.path == path and row.section == OPTIONS}
            end = marks.ending(lines)
            replaced = [marks.replaced(line, end) if i in numbers else [line] for i, line in enumerate(lines)]
            after[path] = [line for rows in replaced for line in rows]
        rows = _rows(Drift(found).lacking, list(dict.fromkeys([*earlier, *repositories])))
        after[PATH] = marks.added(after[PATH], rows)
    texts = {path: ("".join(before[path]), "".join(after[path])) for path in after}
    return {path: (old, new) for path, (old, new) in texts.items() if old != new}


def _rows(lacking: dict[str, list[str]], repositories: list[str]) -> list[str]:
    rows = [f"{key} = {' '.join(lacks)}" for key, lacks in lacking.items()]
    if repositories:
        # Before all other repositories, for the first that has a package is the one it comes from; then options again.
        rows += [*(f"Include = {path}" for path in repositories), f"[{OPTIONS}]"]
    return rows
