"""Changes of a configuration's lines with marks, by which they are found again and taken back byte for byte.

What is added stands between two marks, below the first [options] or at the end. A line that has to give up a word is
kept as a comment above the one in its place. Lines come and go with their ends; what somebody wrote between the marks
stays.
"""

from __future__ import annotations

from p7.seal.conf import words
from p7.seal.conf.reading import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

BEGIN = "# p7 seal-conf: from here"
LAST = "# p7 seal-conf: at the end, from here"
END = "# p7 seal-conf: to here"
_WAS = "# p7 seal-conf: was: "
_CHANGED = "# p7 seal-conf: changed, too: "
_INCLUDE = "Include = "
_HEADER = f"[{OPTIONS}]"


def split(line: str) -> tuple[str, str]:
    """A line and its end: CRLF, LF, or nothing at the end of a file."""
    body = line.rstrip("\r\n")
    return body, line[len(body) :]


def ending(lines: list[str]) -> str:
    """How the first line ends; what is added then ends so, too."""
    return (split(lines[0])[1] if lines else "") or "\n"


def added(lines: list[str], rows: list[str]) -> list[str]:
    """With these rows among the options; at the top, under a header of their own, where there are no options."""
    if not rows:
        return lines
    place = next((i for i, line in enumerate(lines) if line.strip() == _HEADER), -1)
    end = ending(lines)
    if place < 0:
        return [f"{row}{end}" for row in (BEGIN, _HEADER, *rows, END)] + lines
    return [*_joined(lines[: place + 1], [BEGIN, *rows, END], end), *lines[place + 1 :]]


def appended(lines: list[str], rows: list[str]) -> list[str]:
    """With these rows behind all others."""
    return _joined(lines, [LAST, *rows, END], ending(lines)) if rows else lines


def _joined(lines: list[str], rows: list[str], end: str) -> list[str]:
    """With a block of rows at the end. Where the last line of a file has no end, the block's last has none instead."""
    block = [f"{row}{end}" for row in rows]
    if not lines or split(lines[-1])[1]:
        return lines + block
    return [*lines[:-1], lines[-1] + end, *block[:-1], rows[-1]]


def replaced(line: str, ending: str) -> list[str]:
    """What stands for a line of options: itself, or what is left of it below what it was. With `ending` where the
    line, the last of a file, has no end."""
    body, end = split(line)
    rest = words.harmless(body)
    if rest is None:
        return [line]
    return [f"{_WAS}{body}{end or ending}", rest + end] if rest else [f"{_WAS}{body}{end}"]


def undone(lines: list[str]) -> list[str]:
    """As they were before added() and replaced()."""
    made: list[str] = []
    until = -1
    i = 0
    while i < len(lines):
        body, end = split(lines[i])
        if body in (BEGIN, LAST) and i > until:
            until = _end_of_block(lines, i)
        if i <= until and (body in (BEGIN, LAST, END) or _is_ours(body)):
            if body == END and not end and made:
                made[-1] = split(made[-1])[0]
        elif body.startswith(_WAS):
            took = _take_back(made, body.removeprefix(_WAS), end, lines[i + 1] if i + 1 < len(lines) else "")
            i += took
        else:
            made.append(lines[i])
        i += 1
    return made


def _end_of_block(lines: list[str], start: int) -> int:
    """The line with the mark that ends it; -1 if somebody took that away, and nobody knows what is ours."""
    return next((i for i in range(start, len(lines)) if split(lines[i])[0] == END), -1)


def _is_ours(body: str) -> bool:
    return body == _HEADER or body.startswith((_INCLUDE, _CHANGED)) or words.is_wanted(body)


def _take_back(made: list[str], old: str, end: str, following: str) -> int:
    """Put a replaced line back; how many of the following lines, 0 or 1, stood in its place."""
    rest = words.harmless(old)
    body, its_end = split(following)
    if not rest:
        made.append(old + end)
        return 0
    if body.partition("=")[0].strip() == old.partition("=")[0].strip() and _values(body) <= _values(old):
        made.append(old + its_end)
        return 1
    return 0  # it was changed since, and is somebody else's now


def _values(line: str) -> set[str]:
    return set(line.partition("=")[2].split())


def included(lines: list[str], begin: str) -> list[str]:
    """The paths that the block with this mark includes."""
    return _named(lines, begin, _INCLUDE)


def records(paths: Iterable[str]) -> list[str]:
    """Rows to be added() that name other files that were changed."""
    return [f"{_CHANGED}{path}" for path in paths]


def recorded(lines: list[str]) -> list[str]:
    """The paths of records(), which may be included no longer."""
    return _named(lines, BEGIN, _CHANGED)


def _named(lines: list[str], begin: str, prefix: str) -> list[str]:
    start = next((i for i, line in enumerate(lines) if split(line)[0] == begin), len(lines))
    inside = [split(line)[0] for line in lines[start : _end_of_block(lines, start)]]
    return [body.removeprefix(prefix) for body in inside if body.startswith(prefix)]
