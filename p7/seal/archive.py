"""A package archive read from front to back by libarchive, which pacman reads it with; nothing is written to disk."""

from __future__ import annotations

import array
import os

from p7 import native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

_LIBRARY = "libarchive.so.13"
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
        self._functions: dict[str, native.Function] = {}
        self._buffer = array.array("B", bytes(_BLOCK))
        self._entry = array.array("Q", (0,))
        self._handle = self._call("read_new")
        self._call("read_support_filter_all", self._handle)
        self._call("read_support_format_tar", self._handle)
        self._check(self._call("read_open_filename", self._handle, os.fsencode(path), _BLOCK))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._call("read_free", self._handle)

    def __iter__(self) -> Iterator[Entry]:
        entry_address = self._entry.buffer_info()[0]
        while self._check(self._call("read_next_header", self._handle, entry_address)) != _EOF:
            entry = self._entry[0]
            # libarchive gives no name that does not fit the locale, as C's; UTF-8 always is one in a package.
            path = self._text(self._call("entry_pathname_utf8", entry) or self._call("entry_pathname", entry))
            target = self._call("entry_symlink_utf8", entry) or self._call("entry_symlink", entry)
            kind = self._call("entry_filetype", entry) & 0o170000
            yield Entry(path, kind, self._call("entry_size", entry), self._text(target) if target else "")

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
            count = self._call("read_data", self._handle, address + end, start + size - end)
            if count <= 0:
                self._check(count)
                break
            end += count
        return memoryview(self._buffer)[:end]

    def _call(self, name: str, *arguments: int | bytes) -> int:
        if name not in self._functions:
            self._functions[name] = native.function(_LIBRARY, f"archive_{name}")
        return self._functions[name](*arguments)

    def _check(self, result: int) -> int:
        """An int result; a warning, as of a time stamp that does not fit, is none to us."""
        status = native.signed(result)
        if status < _WARN:
            reason = self._call("error_string", self._handle)
            raise BadArchive(self._text(reason) if reason else f"libarchive's error {status}")
        return status

    def _text(self, address: int) -> str:
        if not address:
            raise BadArchive("an entry has no name that can be read")
        size = self._libc("strlen")(address)
        text = array.array("B", bytes(size))
        self._libc("memcpy")(text.buffer_info()[0], address, size)
        return text.tobytes().decode("utf-8", "surrogateescape")

    def _libc(self, name: str) -> native.Function:
        if name not in self._functions:
            self._functions[name] = native.function("libc.so.6", name)
        return self._functions[name]
