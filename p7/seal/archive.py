"""A package archive read from front to back by libarchive, which pacman reads it with; nothing is written to disk."""

from __future__ import annotations

import array
import os

from p7 import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

LIBRARY = "libarchive.so.13"
_OK, _EOF, _WARN = 0, 1, -20
_BLOCK = 1 << 18
FOLDER, FILE, SYMLINK = 0o040000, 0o100000, 0o120000  # archive_entry_filetype(3): stat's


class BadArchive(Exception):
    """The archive cannot be read, or holds what no package does; the text is the reason."""


class Entry:
    """One member: `path` as it is in the archive, `kind` as stat's S_IFMT, `size` in bytes, `target` of a symlink."""

    __slots__ = ("kind", "path", "size", "target")

    def __init__(self, path: str, kind: int, size: int, target: str) -> None:
        self.path = path
        self.kind = kind
        self.size = size
        self.target = target


class Archive:
    """Iterate over the entries; read() the one at hand before going on. Raises BadArchive."""

    def __init__(self, path: str) -> None:
        self._buffer = array.array("B", bytes(_BLOCK))
        self._handle = _function("read_new", 0)()
        self._read_data = _function("read_data", 3)
        _function("read_support_filter_all", 1)(self._handle)
        # libalpm takes all there are, too; and what begins as two formats do is read as the likelier of them.
        _function("read_support_format_all", 1)(self._handle)
        self._check(_function("read_open_filename", 3)(self._handle, os.fsencode(path), _BLOCK))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        _function("read_free", 1)(self._handle)

    def __iter__(self) -> Iterator[Entry]:
        kind_of, size_of = _function("entry_filetype", 1), _function("entry_size", 1)
        path_of, target_of = _text_of("pathname"), _text_of("symlink")
        for entry in self._entries():
            kind = kind_of(entry) & 0o170000
            target = target_of(entry) if kind == SYMLINK else ""
            yield Entry(path_of(entry), kind, size_of(entry), target)

    def paths(self) -> Iterator[str]:
        """Of the entries no more than that."""
        return map(_text_of("pathname"), self._entries())

    def has_entry(self) -> bool:
        """Whether there is another one, which then is passed over."""
        return next(self._entries(), None) is not None

    def _entries(self) -> Iterator[int]:
        """Addresses. There may be tens of thousands, so of each no more is asked than what is needed."""
        next_header = _function("read_next_header", 2)
        place = array.array("Q", (0,))
        address = place.buffer_info()[0]
        while (result := next_header(self._handle, address)) == _OK or self._check(result) != _EOF:
            yield place[0]

    def begins(self, start: bytes) -> bool:
        """Whether the entry at hand does so with these bytes, which count as read."""
        count = self._read_data(self._handle, self._buffer.buffer_info()[0], len(start))
        if count < 0:
            self._check(count)
        return count == len(start) and self._buffer[:count].tobytes() == start

    def read(self, size: int, start: int = 0) -> memoryview:
        """The next bytes of the entry at hand, `size` of them or as many as there are.

        They come behind the first `start` bytes of what was read before. One buffer serves all entries: what is in it
        lasts until the next read().
        """
        if start + size > len(self._buffer):
            kept = self._buffer[:start]
            self._buffer = array.array("B", (0,)) * (start + size + size // 4)  # a little ahead: growing costs most
            self._buffer[:start] = kept
        end, address = start, self._buffer.buffer_info()[0]
        while end < start + size:
            count = self._read_data(self._handle, address + end, start + size - end)
            if count <= 0:
                self._check(count)
                break
            end += count
        return memoryview(self._buffer)[:end]

    def _check(self, result: int) -> int:
        """An int result; a warning, as of a time stamp that does not fit, is none to us."""
        status = native.signed(result)
        if status < _WARN:
            reason = _function("error_string", 1, is_text=True)(self._handle)
            raise BadArchive(reason.decode("utf-8", "replace") if reason else f"libarchive's error {status}")
        return status


def is_one(path: str) -> bool:
    """Whether libarchive can read the beginning of a file as an archive's."""
    try:
        with Archive(path) as opened:
            return opened.has_entry()
    except BadArchive:
        return False


def _function(name: str, count: int, *, is_text: bool = False) -> native.Function:
    return native.function(LIBRARY, f"archive_{name}", count, is_text=is_text)


def _text_of(name: str) -> Callable[[int], str]:
    """A function that tells a text of an entry. Raises BadArchive where it has none.

    libarchive gives no name that does not fit the locale, as C's; UTF-8 always is one in a package. But it converts
    each name for that, where most are at hand as they are.
    """
    in_locale, in_utf8 = (_function(f"entry_{name}{suffix}", 1, is_text=True) for suffix in ("", "_utf8"))

    def text(entry: int) -> str:
        found = in_locale(entry) or in_utf8(entry)
        if not found:
            raise BadArchive("an entry has no name that can be read")
        path: str = found.decode("utf-8", "surrogateescape")
        return path

    return text
