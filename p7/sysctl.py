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

    __slots__ = ("is_named", "is_overridden", "line", "outcome", "path")

    def __init__(self, key: str, line: Line, *, is_named: bool, is_overridden: bool) -> None:
        self.path = f"{_SYS}/{key}"
        self.line = line
        self.is_named = is_named
        self.is_overridden = is_overridden
        self.outcome = "failed"

    def describe(self) -> str:
        value = "as it is" if self.line.value is None else self.line.value
        return f"{self.path} = {value}" + (f" ({self.line.source})" if self.is_overridden else "")

    def apply(self, root: Root) -> None:
        try:
            changed = self.line.value is not None and _set(root.path(self.path), self.line.value)
        except (Failure, OSError) as error:
            if isinstance(error, FileNotFoundError) and not self.is_named:
                self.outcome = "gone"  # an interface that udev renamed meanwhile: its rule comes back for it
            elif self.line.optional:
                self.outcome = "passed over"
            else:
                raise
        else:
            self.outcome = "overridden" if self.is_overridden else "set" if changed else "unchanged"


def _set(path: str, value: str) -> bool:
    """Write and read back; False if it is so already. Raises OSError, or Failure where the kernel keeps another."""
    wanted = os.fsencode(value).split()
    if _content(path).split() == wanted:
        return False
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, os.fsencode(value))
    finally:
        os.close(fd)
    if (kept := _content(path).split()) != wanted:
        raise Failure(f"{path}: is {os.fsdecode(b' '.join(kept))} after {value} was written")
    return True


def _content(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)


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
    first: dict[str, Line] = {}
    last: dict[str, Line] = {}
    for line in lines:
        is_pattern = _is_pattern(line.key)
        for key in _expand(root, line.key) if is_pattern else [line.key]:
            first.setdefault(key, line)
            if not is_pattern or key not in last or _is_pattern(last[key].key):
                last[key] = line
    return [_parameter(key, first[key], last[key], overrides) for key in first]


def _parameter(key: str, first: Line, last: Line, overrides: list[Line]) -> Parameter:
    line = _override(key, overrides) or last
    return Parameter(key, line, is_named=key in (first.key, line.key), is_overridden=line.source != first.source)


def _override(key: str, lines: list[Line]) -> Line | None:
    """The last line for a key, or for "default" in the interface's place: the kernel gives its values to new ones."""
    found, parts = _last(key, lines), key.split("/")
    if found is None and parts[2:3] == ["conf"] and parts[3:4] not in (["all"], ["default"]):
        return _last("/".join([*parts[:3], "default", *parts[4:]]), lines)
    return found


def _last(key: str, lines: list[Line]) -> Line | None:
    """The last line that names the key; or else the last whose pattern does (sysctl.d(5))."""
    named = [line for line in lines if line.key == key] or [line for line in lines if _matches(line.key, key)]
    return named[-1] if named else None


def _expand(root: Root, pattern: str) -> list[str]:
    """The keys that a pattern may stand for: where its last * is, there is something."""
    keys = [""]
    for part in pattern.split("/"):
        if _is_pattern(part):
            keys = [f"{key}/{name}" for key in keys for name in _names(root, key) if _matches_part(part, name)]
        else:
            keys = [f"{key}/{part}" for key in keys]
    return [key[1:] for key in keys]


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
    return name.translate({ord("."): "/", ord("/"): "."})


def _files(root: Root, place: str) -> list[str]:
    """A file, if it is there; of a folder its *.conf files, by name."""
    if os.path.isfile(root.path(place)):
        return [place]
    try:
        names = sorted(os.listdir(root.path(place)))
    except OSError:
        return []
    return [f"{place}/{name}" for name in names if name.endswith(".conf")]
