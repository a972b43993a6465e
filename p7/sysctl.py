"""Kernel parameters: files in the syntax of sysctl.d(5), who of them wins, and setting what they say.

A key here is a path below /proc/sys, so that an interface may have a dot in its name.
"""

import os

from p7 import Failure, log
from p7.root import Root

_SYS = "/proc/sys"


class Line:
    """One setting: key may be a pattern; `optional` is the leading hyphen; value None: the key is to be left alone."""

    __slots__ = ("key", "optional", "source", "value")

    def __init__(self, key: str, value: str | None, source: str, optional: bool = False) -> None:
        self.key = key
        self.value = value
        self.source = source
        self.optional = optional


class Parameter:
    """A kernel parameter and the line that says what it is to be; `outcome` tells, once applied, what came of it."""

    __slots__ = ("line", "outcome", "overridden", "path")

    def __init__(self, key: str, line: Line, overridden: bool = False) -> None:
        self.path = f"{_SYS}/{key}"
        self.line = line
        self.overridden = overridden
        self.outcome = "failed"

    def describe(self) -> str:
        value = "as it is" if self.line.value is None else self.line.value
        return f"{self.path} = {value}" + (f" ({self.line.source})" if self.overridden else "")

    def apply(self, root: Root) -> None:
        try:
            changed = self.line.value is not None and _write(root, self.path, self.line.value)
        except (Failure, OSError):
            if "/conf/" in self.path and not os.path.isdir(os.path.dirname(root.path(self.path))):
                self.outcome = "gone"  # an interface that udev renamed meanwhile: its rule comes back for it
            elif self.line.optional:
                self.outcome = "passed over"
            else:
                raise
        else:
            self.outcome = "overridden" if self.overridden else "set" if changed else "unchanged"


def _write(root: Root, path: str, value: str) -> bool:
    """Write and read back; False if it is so already. Raises OSError, or Failure where the kernel keeps another."""
    if root.read(path).split() == value.split():
        return False
    with open(root.path(path), "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(value)
    kept = root.read(path).strip()
    if kept.split() != value.split():
        raise Failure(f"{root.path(path)}: is {kept} after {value} was written")
    return True


def parse(text: str, source: str) -> tuple[list[Line], list[str]]:
    """The lines of a file, and what is wrong with others, as SOURCE:NUMBER: REASON."""
    lines, wrong = [], []
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.lstrip()[0] in "#;":
            continue
        name, equals, value = (part.strip() for part in row.partition("="))
        optional, key = name.startswith("-"), _key(name.removeprefix("-"))
        if not (equals or optional) or not all(key.split("/")) or ".." in key.split("/"):
            wrong.append(f"{source}:{number}: not of the form 'name = value': {row.strip()}")
        else:
            lines.append(Line(key, value if equals else None, source, optional))
    return lines, wrong


def read(root: Root, *places: str) -> tuple[list[Line], int]:
    """The lines of files and of the *.conf in folders, in this order, and how many were wrong, each logged."""
    lines, errors = [], 0
    for path in (path for place in places for path in _files(root, place)):
        try:
            found, wrong = parse(root.read(path), path)
        except OSError as error:
            found, wrong = [], [f"{path}: {error.strerror}"]
        for problem in wrong:
            log.warning(problem)
        lines += found
        errors += len(wrong)
    return lines, errors


def plan(root: Root, lines: list[Line], overrides: list[Line]) -> list[Parameter]:
    """What the lines say, key by key, where no override says otherwise. Patterns stand for what there is."""
    parameters: dict[str, Parameter] = {}
    for line in lines:
        for key in _expand(root, line.key):
            if key not in parameters:
                chosen = _inherited(key, overrides) or _last(key, lines) or line
                parameters[key] = Parameter(key, chosen, chosen.source != line.source)
    return list(parameters.values())


def _last(key: str, lines: list[Line]) -> Line | None:
    """The last line that names the key; or else the last whose pattern does (sysctl.d(5))."""
    named = [line for line in lines if line.key == key] or [line for line in lines if _matches(line.key, key)]
    return named[-1] if named else None


def _inherited(key: str, lines: list[Line]) -> Line | None:
    """The line for a key, or for "default" in the interface's place, whose values the kernel gives a new interface."""
    found, parts = _last(key, lines), key.split("/")
    if found is None and parts[2:3] == ["conf"] and parts[3:4] not in (["all"], ["default"]):
        return _last("/".join([*parts[:3], "default", *parts[4:]]), lines)
    return found


def _expand(root: Root, pattern: str) -> list[str]:
    if not _is_pattern(pattern):
        return [pattern]
    keys = [""]
    for part in pattern.split("/"):
        if _is_pattern(part):
            keys = [f"{key}/{name}" for key in keys for name in _names(root, key) if _matches(part, name)]
        else:
            keys = [f"{key}/{part}" for key in keys]
    return [key[1:] for key in keys if os.path.exists(root.path(_SYS + key))]


def _names(root: Root, key: str) -> list[str]:
    try:
        return sorted(os.listdir(root.path(_SYS + key)))
    except OSError:
        return []  # a kernel without IPv6 has none of its interfaces


def _matches(pattern: str, key: str) -> bool:
    patterns, parts = pattern.split("/"), key.split("/")
    return len(patterns) == len(parts) and all(map(_matches_part, patterns, parts))


def _matches_part(pattern: str, part: str) -> bool:
    if pattern in ("*", part) or not _is_pattern(pattern):
        return pattern in ("*", part)
    from fnmatch import fnmatchcase  # imports re; only an administrator's file comes here

    return fnmatchcase(part, pattern)


def _is_pattern(text: str) -> bool:
    return any(c in text for c in "*?[")


def _key(name: str) -> str:
    """A name as a path: if its first separator is a dot, dots and slashes change places (sysctl.d(5))."""
    slash, dot = name.find("/"), name.find(".")
    if dot < 0 or 0 <= slash < dot:
        return name
    return "".join({".": "/", "/": "."}.get(c, c) for c in name)


def _files(root: Root, place: str) -> list[str]:
    """A file, if it is there; of a folder its *.conf files, by name."""
    if os.path.isfile(root.path(place)):
        return [place]
    try:
        names = sorted(os.listdir(root.path(place)))
    except OSError:
        return []
    return [f"{place}/{name}" for name in names if name.endswith(".conf")]
