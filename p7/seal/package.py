"""What of a package the seal is about, from one pass over its archive."""

from __future__ import annotations

import os

from p7.abi import elf
from p7.seal import archive

# What no package brings, and what would take the machine's memory to look at.
_LARGEST_FILE, _LARGEST_ELF, _LARGEST_TEXT = 8 << 30, 1 << 30, 256 << 10
WATCHED = frozenset("libsystemd.so.0 libudev.so.1 libdbus-1.so.3".split())  # a set display has no fixed bytecode
"""The libraries whose change the seal guards against."""
_LIBRARY_FOLDERS = ("usr/lib", "usr/lib32")
_MERGED = {"bin/": "usr/bin/", "sbin/": "usr/bin/", "usr/sbin/": "usr/bin/", "lib/": "usr/lib/"}
_MERGED |= {"lib64/": "usr/lib/", "usr/lib64/": "usr/lib/"}
_TO_MERGE = tuple(_MERGED)


class Package:
    """An archive. `info` is .PKGINFO's keys to their values; `files` each path, as on a system with one /usr/bin and
    one /usr/lib, to the target of a symlink or ""; `elves` those of its ELF files that are or need WATCHED libraries;
    `source` the `repository/name` that pacman knows it by, "" if it is a file that was named.
    """

    __slots__ = ("elves", "files", "has_scriptlet", "info", "path", "source")

    def __init__(self, path: str) -> None:
        self.path = path
        self.info: dict[str, list[str]] = {}
        self.files: dict[str, str] = {}
        self.elves: dict[str, elf.Elf] = {}
        self.has_scriptlet = False
        self.source = ""

    @property
    def name(self) -> str:
        return self.info["pkgname"][0]

    @property
    def version(self) -> str:
        return self.info.get("pkgver", ["?"])[0]

    def names(self) -> set[str]:
        """The names it goes by for others: its own, those it provides, those it replaces; without versions.

        Behind a colon and a space libalpm takes a description, as of an optional dependency.
        """
        also = [text.partition(": ")[0] for text in self.info.get("provides", []) + self.info.get("replaces", [])]
        return {self.name, *(name.partition("=")[0].partition("<")[0].partition(">")[0] for name in also)}

    def libraries(self) -> list[elf.Elf]:
        """Those of WATCHED that it installs where ld.so looks."""
        found = {path: file for path, file in self.elves.items() if path.rpartition("/")[0] in _LIBRARY_FOLDERS}
        return [file for file in found.values() if file.soname in WATCHED]


def read(path: str) -> Package:
    """Read a package's archive. Raises archive.BadArchive, also for an archive that is no package."""
    package = Package(path)
    with archive.Archive(path) as opened:
        for entry in opened:
            _take(package, opened, entry)
    if len(package.info.get("pkgname", [])) != 1:
        raise archive.BadArchive("it has no .PKGINFO with one name")
    return package


def _take(package: Package, opened: archive.Archive, entry: archive.Entry) -> None:
    path = entry.path
    if "/." in path or "//" in path or path.startswith(("/", ".")) or path.endswith("/"):
        path = _straightened(path)
    if entry.size > _LARGEST_FILE:
        raise archive.BadArchive(f"{path} would be {entry.size >> 30} GiB large")
    if path == ".PKGINFO":
        # libalpm knows no other spelling, and of two it takes what comes last.
        if package.info or entry.path != path:
            raise archive.BadArchive("it has a second .PKGINFO, or one by another path")
        package.info = _parse(bytes(opened.read(_LARGEST_TEXT)))
    elif path == ".INSTALL":
        package.has_scriptlet = True
    elif entry.kind != archive.FOLDER and not path.startswith("."):
        path = merged(path)
        package.files[path] = entry.target
        if entry.kind == archive.FILE and entry.size > len(elf.MAGIC) and not path.startswith("usr/lib/debug/"):
            _look_inside(package, opened, path, entry.size)


def _straightened(path: str) -> str:
    """A path without detours. Raises archive.BadArchive for one that leads out."""
    if path.startswith("/") or ".." in path.split("/"):
        raise archive.BadArchive(f"the path {path} leads out of the package")
    return os.path.normpath(path)


def _look_inside(package: Package, opened: archive.Archive, path: str, size: int) -> None:
    """Keep an ELF file's symbols. One that is damaged ld.so refuses as well: packages have such for their tests."""
    if not opened.begins(elf.MAGIC):
        return
    if size > _LARGEST_ELF:
        raise archive.BadArchive(f"{path} is an executable of {size >> 30} GiB")
    try:
        file = elf.parse(opened.read(size - len(elf.MAGIC), len(elf.MAGIC)), WATCHED)
    except elf.BadElf:
        return
    if file is not None:
        package.elves[path] = file


def merged(path: str) -> str:
    """A path below / as it is where bin, sbin and lib are links into usr."""
    if path.startswith(_TO_MERGE):
        old = next(old for old in _TO_MERGE if path.startswith(old))
        return _MERGED[old] + path.removeprefix(old)
    return path


def _parse(data: bytes) -> dict[str, list[str]]:
    """`key = value` lines (PKGINFO of makepkg); a key may come again. Raises archive.BadArchive for what is too long,
    or has a zero byte: there for libalpm, which is written in C, a line ends; or it is a hole, which it leaves out."""
    if len(data) == _LARGEST_TEXT or b"\0" in data:
        raise archive.BadArchive("its .PKGINFO is too long, or no text")
    info: dict[str, list[str]] = {}
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            info.setdefault(key.strip(), []).append(value.strip())
    return info
