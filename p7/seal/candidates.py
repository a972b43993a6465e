"""The archives that pacman may mean by the names that it tells a hook."""

from __future__ import annotations

import os

from p7 import Failure
from p7.root import Root
from p7.seal import archive, databases, package, settings
from p7.seal.parent import Parent

_KIND = ".pkg.tar"


def find(parent: Parent, root: Root, names: list[str], let_in: set[str]) -> list[package.Package]:
    """Every archive that could be meant, each read once. Raises Failure where a name has none or one is damaged.

    `names` are judged, `let_in` are not.
    """
    known: dict[tuple[int, int], package.Package] = {}
    found: list[package.Package] = []
    if parent.upgrades or not parent.is_pacman:
        given = _given(parent, known)
        # What -U is given is what it installs; another front end may have meant something else.
        found = [file for file in given if (file.name not in let_in if parent.is_pacman else file.name in names)]
    sought = sorted(set(names) - {file.name for file in found}) if parent.is_pacman else names
    if sought:
        found += _cached(parent, root, sought, known)
    lacking = sorted(set(names) - {file.name for file in found})
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise Failure(f"the archive of {lacking[0]}{more} cannot be found, so nobody can tell what is in it")
    return list({id(file): file for file in found}.values())


def _given(parent: Parent, known: dict[tuple[int, int], package.Package]) -> list[package.Package]:
    """The archives that the command line names, by path or address. pacman takes them whatever they are called."""
    if parent.is_pacman and "-" in parent.targets:
        raise Failure("the names of the archives were piped to pacman, where nobody else can see them")
    found = []
    for target in parent.targets:
        places = _downloaded(parent, target) if "://" in target else parent.places(target)
        there = [place for place in places if os.path.isfile(place) and (parent.is_pacman or _KIND in place)]
        if parent.is_pacman and not there:
            raise Failure(f"{target} cannot be found, so nobody can tell what is in it")
        found += there
    return [_read(place, known) for place in found]


def _downloaded(parent: Parent, address: str) -> list[str]:
    """What may have come from an address: the file of the cache with the name that the address ends with, which pacman
    then does not download; and, since a server may call it anything, each archive that came since pacman started."""
    since = parent.start()
    name = address.rpartition("/")[2]
    found = parent.cached(name) if name else []
    for folder in filter(os.path.isdir, parent.cached("")):
        with os.scandir(folder) as entries:
            files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
        found += [file.path for file in files if file.stat().st_ctime >= since and archive.is_one(file.path)]
    return found


def _cached(
    parent: Parent, root: Root, names: list[str], known: dict[tuple[int, int], package.Package]
) -> list[package.Package]:
    """The downloaded archives of these names: of each repository that has one, since a group, a replacement or a
    refused question may have led pacman past the first."""
    pacmans = settings.of_parent(parent, root)
    sync = pacmans.root.path(f"{pacmans.database}/sync")
    is_exact = _is_exact(parent, names)
    found = []
    for row, name in databases.archives(sync, parent.repositories(), names):
        for place in filter(os.path.isfile, parent.cached(name) if not is_exact or row in parent.targets else ()):
            file = _read(place, known)
            file.source = file.source or row
            found.append(file)
    return found


def _is_exact(parent: Parent, names: list[str]) -> bool:
    """Whether one package is all that comes, and was asked for by `repository/name`: then pacman takes no other."""
    is_alone = parent.is_pacman and not (parent.upgrades or parent.sysupgrades) and len(parent.targets) == 1
    return is_alone and [target.partition("/")[2] for target in parent.targets] == names


def _read(path: str, known: dict[tuple[int, int], package.Package]) -> package.Package:
    status = os.stat(path)
    file = status.st_dev, status.st_ino
    if file not in known:
        try:
            known[file] = package.read(path)
        except archive.BadArchive as error:
            raise Failure(f"{os.path.basename(path)} cannot be read: {error}") from None
    return known[file]
