"""What ld.so reads of an ELF file: its soname, the libraries it needs, and its versioned symbols.

Source: System V ABI (gABI), chapters 4 and 5, and the Linux Standard Base's symbol versioning. Everything is found by
way of the program headers, as ld.so does: section headers may be missing, and are believed for one thing only, how
many symbols there are where the hash table does not tell.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x7fELF"
_ET_EXEC, _ET_DYN = 2, 3
_PT_LOAD, _PT_DYNAMIC, _SHT_DYNSYM = 1, 2, 11
_DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SONAME = 1, 4, 5, 6, 10, 14
_DT_GNU_HASH, _DT_VERSYM = 0x6FFFFEF5, 0x6FFFFFF0
_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_VER_FLG_BASE, _VER_FLG_WEAK, _VERSYM_HIDDEN = 1, 2, 0x8000
_STB_LOCAL, _STB_WEAK, _STT_OBJECT, _SHN_UNDEF = 0, 2, 1, 0
_MOST_SYMBOLS = 1 << 22


class BadElf(Exception):
    """The file begins as ELF does and cannot be what it says; the text is the reason."""


class Elf:
    """One executable or library.

    `kind` is (bits, byte order, machine): files of two kinds never meet in a process. `defined` has the symbols that
    it offers, as (name, node), `hidden` those of them that a program linked today does not get, `nodes` the version
    nodes, `variables` the names that are data and no functions. `needed` are sonames; `wants` is soname to node to its
    names, `weak` the (soname, node) it can do without.
    """

    __slots__ = ("defined", "hidden", "kind", "needed", "nodes", "soname", "variables", "wants", "weak")

    def __init__(self, kind: tuple[int, str, int]) -> None:
        self.kind = kind
        self.soname = ""
        self.needed: list[str] = []
        self.nodes: list[str] = []
        self.defined: set[tuple[str, str]] = set()
        self.hidden: set[tuple[str, str]] = set()
        self.variables: set[str] = set()
        self.wants: dict[str, dict[str, list[str]]] = {}
        self.weak: set[tuple[str, str]] = set()


def parse(data: bytes | bytearray | memoryview, about: frozenset[str] | None = None) -> Elf | None:
    """Read a whole file; None for ELF without a dynamic section: a static program, an object, a kernel module.

    With sonames in `about`, None also for what has nothing to do with these libraries, of which a package may have
    thousands; and of the symbols only those are there that the libraries offer, or that somebody wants of them. Raises
    BadElf, also for what is no ELF at all.
    """
    try:
        return _Reader(data).read(about)
    except (struct.error, IndexError, OverflowError) as error:
        raise BadElf(f"it ends too early, or points outside itself ({error})") from None


class _Reader:
    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data)
        if bytes(self._data[:4]) != MAGIC:
            raise BadElf("it is no ELF file")
        bits, order = self._data[4], self._data[5]
        if bits not in (1, 2) or order not in (1, 2):
            raise BadElf(f"class {bits} and byte order {order} are unknown")
        self._wide = bits == 2
        self._order = "<" if order == 1 else ">"
        self._segments: list[tuple[int, int, int]] = []  # address, offset, size in the file
        self._tags: dict[int, int] = {}
        self._strings = (0, 0)

    def _unpack(self, form: str, offset: int) -> tuple[int, ...]:
        if offset < 0:
            raise BadElf(f"it points to offset {offset}")
        return struct.unpack_from(self._order + form, self._data, offset)

    def _rows(self, form: str, offset: int, length: int) -> Iterator[tuple[int, ...]]:
        """The records of a table of `length` bytes."""
        if not 0 <= offset <= offset + length <= len(self._data):
            raise BadElf(f"a table of {length} bytes at offset {offset}")
        return struct.iter_unpack(self._order + form, self._data[offset : offset + length])

    def read(self, about: frozenset[str] | None) -> Elf | None:
        kind, machine = self._unpack("HH", 16)
        dynamic = self._read_segments() if kind in (_ET_EXEC, _ET_DYN) else None
        if dynamic is None:
            return None
        offset, length = dynamic
        words = self._unpack(f"{length // 8}Q" if self._wide else f"{length // 4}I", offset)
        tags, values = words[::2], words[1::2]
        rows = list(zip(tags[: tags.index(0)] if 0 in tags else tags, values, strict=False))
        self._tags = dict(rows)  # of two of a kind the last counts, as to ld.so
        self._strings = self._offset(_DT_STRTAB), self._tags.get(_DT_STRSZ, 0)
        needed = [self._string(place) for tag, place in rows if tag == _DT_NEEDED]
        soname = self._string(self._tags[_DT_SONAME]) if _DT_SONAME in self._tags else ""
        if about is not None and about.isdisjoint([soname, *needed]):
            return None
        elf = Elf((64 if self._wide else 32, "little" if self._order == "<" else "big", machine))
        elf.needed, elf.soname = needed, soname
        self._read_symbols(elf, self._read_nodes(elf), self._read_wants(elf), about)
        return elf

    def _read_segments(self) -> tuple[int, int] | None:
        """Note what is loaded where; return the offset and size of the dynamic section."""
        (headers,) = self._unpack("Q", 32) if self._wide else self._unpack("I", 28)
        size, count = self._unpack("HH", 54 if self._wide else 42)
        form = "I4xQQ8xQ16x" if self._wide else "III4xI12x"
        if count and size != struct.calcsize(self._order + form):
            raise BadElf(f"program headers of {size} bytes")
        dynamic = None
        for kind, offset, address, length in self._rows(form, headers, size * count):
            if kind == _PT_LOAD:
                self._segments.append((address, offset, length))
            elif kind == _PT_DYNAMIC:
                dynamic = offset, length - length % (16 if self._wide else 8)
        return dynamic

    def _offset(self, tag: int) -> int:
        """Where in the file the table is that a tag gives the address of."""
        address = self._tags.get(tag, 0)
        for start, offset, length in self._segments:
            if start <= address < start + length:
                return address - start + offset
        raise BadElf(f"dynamic tag {tag:#x} points to {address:#x}, which is not in the file")

    def _string(self, place: int) -> str:
        start, size = self._strings
        if place >= size:
            raise BadElf(f"a name at {place}, where the names end at {size}")
        text = bytes(self._data[start + place : min(start + size, start + place + 4096)])
        return text.partition(b"\0")[0].decode("utf-8", "backslashreplace")

    def _chain(self, tag: int, count_tag: int, form: str) -> Iterator[tuple[int, tuple[int, ...]]]:
        """The records of a version table with their offsets; the last field of each is the way to the next."""
        if tag not in self._tags:
            return
        at = self._offset(tag)
        for _ in range(self._tags.get(count_tag, 0)):
            record = self._unpack(form, at)
            yield at, record
            if record[-1] == 0:
                return
            at += record[-1]

    def _read_nodes(self, elf: Elf) -> dict[int, str]:
        """The nodes that it defines, by version index; the base is the file's own name and no node."""
        nodes = {}
        for at, (_, flags, index, _, _, aux, _) in self._chain(_DT_VERDEF, _DT_VERDEFNUM, "HHHHIII"):
            if not flags & _VER_FLG_BASE:
                (name,) = self._unpack("I", at + aux)
                nodes[index] = self._string(name)
        elf.nodes = list(nodes.values())
        return nodes

    def _read_wants(self, elf: Elf) -> dict[int, tuple[str, str]]:
        """The nodes that it needs, by version index, as (soname, node)."""
        wanted = {}
        for at, (_, count, file, aux, _) in self._chain(_DT_VERNEED, _DT_VERNEEDNUM, "HHIII"):
            library, at_aux = self._string(file), at + aux
            for _ in range(count):
                _, flags, index, name, step = self._unpack("IHHII", at_aux)
                wanted[index & ~_VERSYM_HIDDEN] = library, self._string(name)
                elf.wants.setdefault(library, {})[self._string(name)] = []
                if flags & _VER_FLG_WEAK:
                    elf.weak.add((library, self._string(name)))
                at_aux += step
        return wanted

    def _read_symbols(
        self, elf: Elf, nodes: dict[int, str], wanted: dict[int, tuple[str, str]], about: frozenset[str] | None
    ) -> None:
        """Sort the dynamic symbols into those it offers and those it wants of somebody by version."""
        if about is not None:
            wanted = {index: row for index, row in wanted.items() if row[0] in about}
        offers = about is None or elf.soname in about
        count = self._count_symbols()
        form, size = ("IBBHQQ", 24) if self._wide else ("IIIBBH", 16)
        rows = self._rows(form, self._offset(_DT_SYMTAB), size * count)
        indices = self._unpack(f"{count}H", self._offset(_DT_VERSYM)) if _DT_VERSYM in self._tags else (1,) * count
        for fields, index in zip(rows, indices, strict=True):
            name, info, section = (fields[0], fields[1], fields[3]) if self._wide else (fields[0], *fields[3::2])
            version = index & ~_VERSYM_HIDDEN
            if section == _SHN_UNDEF:
                if version in wanted and info >> 4 != _STB_WEAK:
                    library, node = wanted[version]
                    elf.wants[library][node].append(self._string(name))
            elif offers and info >> 4 != _STB_LOCAL and version != 0:
                self._offer(elf, (self._string(name), nodes.get(version, "")), index, info)

    def _offer(self, elf: Elf, symbol: tuple[str, str], index: int, info: int) -> None:
        if symbol[0] == symbol[1]:
            return  # the linker adds one for each node
        elf.defined.add(symbol)
        if index & _VERSYM_HIDDEN:
            elf.hidden.add(symbol)
        if info & 0xF == _STT_OBJECT:
            elf.variables.add(symbol[0])

    def _count_symbols(self) -> int:
        count = self._count_by_section() or self._count_by_hash()
        if count > _MOST_SYMBOLS:
            raise BadElf(f"{count} symbols")
        return count

    def _count_by_section(self) -> int:
        """As many as .dynsym holds; 0 without section headers. The hash tables may leave out what is undefined."""
        (headers,) = self._unpack("Q", 40) if self._wide else self._unpack("I", 32)
        size, count = self._unpack("HH", 58 if self._wide else 46)
        for at in range(headers, headers + size * count, size) if headers and size else ():
            (kind,) = self._unpack("I", at + 4)
            if kind == _SHT_DYNSYM:
                (length,) = self._unpack("Q", at + 32) if self._wide else self._unpack("I", at + 20)
                return length // (24 if self._wide else 16)
        return 0

    def _count_by_hash(self) -> int:
        if _DT_HASH in self._tags:
            return self._unpack("I", self._offset(_DT_HASH) + 4)[0]
        if _DT_GNU_HASH not in self._tags:
            return 0
        at = self._offset(_DT_GNU_HASH)
        buckets, first, words, _ = self._unpack("IIII", at)
        at += 16 + words * (8 if self._wide else 4)
        last = max(self._unpack(f"{buckets}I", at)) if 0 < buckets <= _MOST_SYMBOLS else 0
        if last < first:
            return first
        at += buckets * 4
        while not self._unpack("I", at + (last - first) * 4)[0] & 1:  # the lowest bit ends a chain
            last += 1
        return last + 1
