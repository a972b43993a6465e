"""What `p7 abi` prints: as text for people, as one JSON value for programs."""

from __future__ import annotations

import json

from p7 import Failure
from p7.abi import elf, needs
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def show(_root: Root, paths: list[str], as_json: bool) -> int:
    """Every symbol that the files offer, as nm(1) writes it: NAME@NODE, with @@ for the one that linking takes."""
    tables = {path: _symbols(_load(path)) for path in paths}
    if as_json:
        print(json.dumps(tables))
    for path, symbols in tables.items() if not as_json else ():
        print(*([f"{path}:"] if len(paths) > 1 else []), *symbols, sep="\n")
    return 0


def diff(_root: Root, paths: list[str], as_json: bool) -> int:
    """What the second of two libraries lacks and what it adds; 1 if it lacks anything."""
    if len(paths) != 2:
        raise Failure("it is: p7 abi diff OLD NEW", 2)
    old, new = (_load(path) for path in paths)
    lost, added = (sorted(map(_name, symbols)) for symbols in (old.defined - new.defined, new.defined - old.defined))
    if as_json:
        print(json.dumps({"lost": lost, "added": added}))
    else:
        print(*(f"-{name}" for name in lost), *(f"+{name}" for name in added), sep="\n", end="\n" * bool(lost + added))
    return 1 if lost else 0


def check(root: Root, paths: list[str], as_json: bool) -> int:
    """Which nodes of which libraries each file needs, and what of it is not there; 1 if anything is not."""
    files = {path: _load(path) for path in paths}
    libraries = needs.Libraries(root, [file for file in files.values() if file.soname])
    tables = {path: _needs(file, libraries) for path, file in files.items()}
    if as_json:
        print(json.dumps(tables))
    for path, rows in tables.items() if not as_json else ():
        for row in rows:
            print(f"{path}: needs {row['library']}: {' '.join(row['nodes']) or 'no version of it'}")
            print(*(f"{path}: not in {row['library']}: {name}\n" for name in row["missing"]), sep="", end="")
            print(end="" if row["found"] else f"{path}: {row['library']} is not installed\n")
    return int(any(row["missing"] or not row["found"] for rows in tables.values() for row in rows))


def _needs(file: elf.Elf, libraries: needs.Libraries) -> list[dict[str, Any]]:
    rows = []
    for soname in file.needed:
        library = libraries.find(soname, file.kind)
        lacks = needs.missing(file, library) if library else []
        row = {"library": soname, "nodes": sorted(file.wants.get(soname, ())), "found": bool(library), "missing": lacks}
        rows.append(row)
    return rows


def _load(path: str) -> elf.Elf:
    """Raises Failure for a file that cannot be read or has no dynamic section."""
    try:
        file = needs.load(path)
    except elf.BadElf as error:
        raise Failure(f"{path}: {error}") from None
    if file is None:
        raise Failure(f"{path}: it is ELF without a dynamic section, so it offers and needs nothing")
    return file


def _symbols(file: elf.Elf) -> list[str]:
    return sorted(_name(symbol, "@" if symbol in file.hidden else "@@") for symbol in file.defined)


def _name(symbol: tuple[str, str], between: str = "@") -> str:
    name, node = symbol
    return f"{name}{between}{node}" if node else name


ACTIONS: dict[str, Callable[[Root, list[str], bool], int]] = {"show": show, "diff": diff, "check": check}
