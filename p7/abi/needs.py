"""What a program needs of libraries, held against what these offer; and where libraries are."""

from __future__ import annotations

from p7.abi import elf
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Arch's, then where multilib and Debian have theirs. ld.so's own list is longer; these hold what packages bring.
_FOLDERS = ("/usr/lib", "/usr/lib32", "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu")


def load(path: str, about: frozenset[str] | None = None) -> elf.Elf | None:
    """elf.parse() of a file. Raises OSError or elf.BadElf."""
    with open(path, "rb") as file:
        data = file.read(len(elf.MAGIC))
        return elf.parse(data + file.read() if data == elf.MAGIC else data, about)


def missing(program: elf.Elf, library: elf.Elf) -> list[str]:
    """What `program` wants of this library that it does not define: "node NODE", or "SYMBOL@NODE"; sorted.

    A missing node ends the program when it starts, a missing symbol when it is called (ld.so(8)).
    """
    lacks = []
    for node, names in program.wants.get(library.soname, {}).items():
        if node not in library.nodes:
            if (library.soname, node) not in program.weak:
                lacks.append(f"node {node}")
        else:
            lacks += [f"{name}@{node}" for name in names if (name, node) not in library.defined]
    return sorted(lacks)


class Libraries:
    """Libraries by soname and kind: those that were added, then those installed below a root."""

    def __init__(self, root: Root, added: Iterable[elf.Elf] = ()) -> None:
        self._root = root
        self._known: dict[tuple[str, tuple[int, str, int]], elf.Elf | None] = {
            (library.soname, library.kind): library for library in added
        }

    def find(self, soname: str, kind: tuple[int, str, int]) -> elf.Elf | None:
        """The library that a program of this kind would get; None if there is none. A damaged one counts as none."""
        if (soname, kind) not in self._known:
            self._known[soname, kind] = self.installed(soname, kind)
        return self._known[soname, kind]

    def installed(self, soname: str, kind: tuple[int, str, int]) -> elf.Elf | None:
        """The same, with no regard to those added."""
        for folder in _FOLDERS:
            try:
                library = load(self._root.path(f"{folder}/{soname}"))
            except (OSError, elf.BadElf):
                continue
            if library is not None and library.kind == kind:
                return library
        return None
