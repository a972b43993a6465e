"""The archives that pacman may mean by the names that it tells a hook."""

from __future__ import annotations

import os

from p7 import Failure
from p7.seal import archive, package
from p7.seal.parent import Parent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_KIND = ".pkg.tar"


def find(parent: Parent, names: list[str]) -> list[package.Package]:
    """Every archive that could be meant, each read once. Raises Failure where a name has none or one is damaged."""
    known: dict[str, package.Package] = {}
    found: list[package.Package] = []
    if parent.upgrades or not parent.is_pacman:
        found = [file for file in _given(parent, known) if file.name in names]
    # What -U is given is what it installs; another front end may have meant either.
    sought = sorted(set(names) - {file.name for file in found}) if parent.is_pacman else names
    if sought:
        found += _cached(parent, sought, known)
    lacking = sorted(set(names) - {file.name for file in found})
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Failure(f"the archive of {lacking[0]}{more} cannot be found, so nobody can tell what is in it")
    return list({id(file): file for file in found}.values())


def _given(parent: Parent, known: dict[str, package.Package]) -> list[package.Package]:
    """The archives that the command line names, by path or address."""
    if parent.is_pacman and "-" in parent.targets:
        raise Failure("the names of the archives were piped to pacman, where nobody else can see them")
    found = []
    for target in parent.targets:
        if "://" in target:
            # pacman 6 keeps what follows a question mark in the file's name
            names = dict.fromkeys(os.path.basename(part) for part in (target, target.partition("?")[0]))
            places = [parent.path(f"{folder}/{name}") for folder in parent.cache_folders() for name in names]
        else:
            places = parent.places(target)
        found += [place for place in places if os.path.isfile(place) and (parent.is_pacman or _KIND in place)]
    return [_read(place, known) for place in found]


def _cached(parent: Parent, names: list[str], known: dict[str, package.Package]) -> list[package.Package]:
    """The downloaded archives of these names: of each repository that has one, since a group, a replacement or a
    refused question may have led pacman past the first."""
    if is_exact := _is_exact(parent, names):
        names = parent.targets
    first = parent.locations(names)
    everywhere = iter(()) if is_exact else parent.repositories(names)
    folders = parent.cache_folders()
    found = dict(first)
    for layer in _layers(row for row in everywhere if row not in found):
        found |= parent.locations(layer)
    packages = []
    for row, location in found.items():
        path = location.removeprefix("file://")
        if os.path.dirname(path) in folders:
            packages.append(_read(parent.path(path), known))
            packages[-1].source = row
    return packages


def _is_exact(parent: Parent, names: list[str]) -> bool:
    """Whether one package is all that comes, and was asked for by `repository/name`: then pacman takes no other."""
    is_alone = parent.is_pacman and not (parent.upgrades or parent.sysupgrades) and len(parent.targets) == 1
    return is_alone and [target.partition("/")[2] for target in parent.targets] == names


def _layers(rows: Iterable[str]) -> Iterable[list[str]]:
    """`repository/name` in lists that have each name once, as pacman can be asked for them."""
    layers: list[dict[str, str]] = []
    for row in rows:
        name = row.partition("/")[2]
        layer = next((layer for layer in layers if name not in layer), None)
        if layer is None:
            layers.append(layer := {})
        layer[name] = row
    return [list(layer.values()) for layer in layers]


def _read(path: str, known: dict[str, package.Package]) -> package.Package:
    real = os.path.realpath(path)
    if real not in known:
        try:
            known[real] = package.read(path)
        except archive.BadArchive as error:
            raise Failure(f"{os.path.basename(path)} cannot be read: {error}") from None
    return known[real]
