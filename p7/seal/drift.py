"""Changes of a library that would break what is installed, or what comes with it.

pacman's own dependencies do not show them: `libsystemd.so=0-64` is the same from one version to the next.
"""

from __future__ import annotations

import os

from p7.abi import elf, needs
from p7.root import Root
from p7.seal import settings
from p7.seal.local import Database
from p7.seal.package import WATCHED, Package

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from p7.seal.parent import Parent

_PROGRAMS = ("usr/bin", "usr/lib", "usr/lib32", "usr/local", "opt")


def forward(package: Package, libraries: needs.Libraries) -> str:
    """Why one of its programs would not run with what is, or will be, installed; empty if all would."""
    for path, file in sorted(package.elves.items()):
        if reason := _lacks(file, libraries):
            return f"{path} {reason}"
    return ""


def _lacks(file: elf.Elf, libraries: needs.Libraries) -> str:
    for soname in sorted(WATCHED & set(file.needed)):
        library = libraries.find(soname, file.kind)  # where there is none, pacman's dependencies have a say
        if library is not None and (lacks := needs.missing(file, library)):
            return f"needs {lacks[0]} of {soname}, {_more(lacks)}which does not have it"
    return ""


def backward(package: Package, packages: list[Package], root: Root, libraries: needs.Libraries, parent: Parent) -> str:
    """Why a library that it brings would break an installed program; empty if it breaks none.

    `packages` are all that come: their files are judged forward, those of the versions they replace not at all.
    """
    olds = [(library, libraries.installed(library.soname, library.kind)) for library in package.libraries()]
    changed = [(library, old) for library, old in olds if old is not None and _loses(library, old)]
    if not changed:
        return ""
    database = Database(settings.of_parent(parent, root))
    folders = database.packages()
    leaving = {file for other in packages for file in (*other.files, *database.files(folders.get(other.name, "")))}
    sonames = frozenset(library.soname for library, _ in changed)
    for path in _installed(root):
        file = None if path in leaving else _load(root.path(f"/{path}"), sonames)
        if file is None:
            continue
        for library, old in ((library, old) for library, old in changed if library.kind == file.kind):
            # What the old one did not have either, the program, in /opt perhaps, has from a library of its own.
            had = set(needs.missing(file, old))
            if lacks := [name for name in needs.missing(file, library) if name not in had]:
                return f"{path} needs {lacks[0]} of {library.soname}, {_more(lacks)}which no longer has it"
    return ""


def installed(root: Root, database: Database, names: Iterable[str] | None) -> Iterator[tuple[str, str]]:
    """(path, why) of programs that do not run with the libraries that are installed.

    With names of packages only theirs are looked into, unless one of them has such a library.
    """
    libraries = needs.Libraries(root)
    for path in _installed(root) if names is None else _brought(root, database, names):
        place = root.path(f"/{path}")
        file = _load(place, WATCHED) if os.path.isfile(place) and not os.path.islink(place) else None
        if file is not None and (reason := _lacks(file, libraries)):
            yield path, reason


def _brought(root: Root, database: Database, names: Iterable[str]) -> Iterable[str]:
    folders = database.packages()
    paths = [path for name in names if name in folders for path in database.files(folders[name])]
    if any(path.rpartition("/")[2].startswith(tuple(WATCHED)) for path in paths):
        return _installed(root)
    return [path for path in paths if path.startswith(tuple(f"{top}/" for top in _PROGRAMS))]


def _more(lacks: list[str]) -> str:
    return f"and {len(lacks) - 1} more, " if len(lacks) > 1 else ""


def _loses(library: elf.Elf, old: elf.Elf) -> bool:
    return bool(old.defined - library.defined or set(old.nodes) - set(library.nodes))


def _load(path: str, sonames: frozenset[str]) -> elf.Elf | None:
    try:
        return needs.load(path, sonames)
    except (OSError, elf.BadElf):
        return None  # it does not run now either


def _installed(root: Root) -> Iterator[str]:
    """Regular files where programs and libraries are, as paths below /, each in a fixed place of the order."""
    for top in _PROGRAMS:
        for folder, folders, names in os.walk(root.path(f"/{top}")):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path[len(root.prefix) + 1 :]
