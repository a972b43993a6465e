"""The archives that pacman may mean by the names that it tells a hook."""

from __future__ import annotations

import os

from p7 import Failure
from p7.root import Root
from p7.seal import archive, databases, package, settings
from p7.seal.parent import Parent

_KIND = ".pkg.tar"


def find(parent: Parent, root: Root, names: list[str]) -> list[package.Package]:
    """Every archive that could be meant, each read once. Raises Failure where a name has none or one is damaged."""
    known: dict[str, package.Package] = {}
    found: list[package.Package] = []
    if parent.upgrades or not parent.is_pacman:
        found = [file for file in _given(parent, known) if file.name in names]
    # What -U is given is what it installs; another front end may have meant either.
    sought = sorted(set(names) - {file.name for file in found}) if parent.is_pacman else names
    if sought:
        found += _cached(parent, root, sought, known)
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


def _cached(parent: Parent, root: Root, names: list[str], known: dict[str, package.Package]) -> list[package.Package]:
    """The downloaded archives of these names: of each repository that has one, since a group, a replacement or a
    refused question may have led pacman past the first."""
    pacmans = settings.of_parent(parent, root)
    sync = pacmans.root.path(f"{pacmans.database}/sync")
    is_exact = _is_exact(parent, names)
    found = []
    for row, name in databases.archives(sync, parent.repositories(), names):
        places = [parent.path(f"{folder}/{name}") for folder in parent.cache_folders()]
        for place in filter(os.path.isfile, places if not is_exact or row in parent.targets else ()):
            file = _read(place, known)
            file.source = file.source or row
            found.append(file)
    return found


def _is_exact(parent: Parent, names: list[str]) -> bool:
    """Whether one package is all that comes, and was asked for by `repository/name`: then pacman takes no other."""
    is_alone = parent.is_pacman and not (parent.upgrades or parent.sysupgrades) and len(parent.targets) == 1
    return is_alone and [target.partition("/")[2] for target in parent.targets] == names


def _read(path: str, known: dict[str, package.Package]) -> package.Package:
    real = os.path.realpath(path)
    if real not in known:
        try:
            known[real] = package.read(path)
        except archive.BadArchive as error:
            raise Failure(f"{os.path.basename(path)} cannot be read: {error}") from None
    return known[real]
