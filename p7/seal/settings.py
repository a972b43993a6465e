"""Where pacman has its database and looks for hooks: by pacman.conf, or as the pacman that runs was told.

Source: pacman.conf(5), pacman(8), and pacman's conf.c: of two DBPath the first counts, the command line before both.
"""

from __future__ import annotations

from p7 import Failure
from p7.root import Root
from p7.seal.conf import reading
from p7.seal.parent import Parent, find

SYSTEM_HOOKS = "/usr/share/libalpm/hooks"
_DATABASE = "/var/lib/pacman"
_HOOKS = "/etc/pacman.d/hooks"


class Settings:
    """`database` and `hook_folders`, in libalpm's order, are paths in `root`; `system` is the folder in there that
    pacman works on, "" for /."""

    __slots__ = ("database", "hook_folders", "root", "system")

    def __init__(self, root: Root, system: str, database: str, hook_folders: list[str]) -> None:
        self.root = root
        self.system = system.rstrip("/")
        self.database = database.rstrip("/")
        folders = [f"{self.system}{SYSTEM_HOOKS}", *(folder.rstrip("/") for folder in hook_folders or [_HOOKS])]
        self.hook_folders = list(dict.fromkeys(folders))

    def inside(self, path: str) -> str:
        """A path as it is on the system that pacman works on, where it is in there."""
        return path.removeprefix(self.system)


def of_system(root: Root) -> Settings:
    """What the next pacman will do there; pacman's own defaults where pacman.conf cannot be read."""
    try:
        options = reading.options(root)
    except OSError:
        options = []
    first = dict(reversed(options))
    folders = [value for key, value in options if key == "HookDir"]
    database = first.get("DBPath") or first.get("RootDir", "").rstrip("/") + _DATABASE
    return Settings(root, "", database, folders)


def of_parent(parent: Parent, root: Root) -> Settings:
    """What the pacman does that runs this hook; as of_system() where it is another program."""
    if not parent.is_pacman:
        return of_system(root)
    system, database = (
        parent.absolute((parent.options.get(option) or parent.configured(key) or [default])[-1])
        for option, key, default in (("root", "RootDir", "/"), ("dbpath", "DBPath", _DATABASE))
    )
    folders = [parent.absolute(folder) for folder in parent.options.get("hookdir", [])]
    return Settings(Root(parent.path("")), system, database, folders + parent.configured("HookDir"))


def of_caller(root: Root) -> Settings:
    """of_parent() of the process that runs this one; as of_system() where /proc does not tell."""
    try:
        return of_parent(find(), root)
    except (OSError, Failure):
        return of_system(root)
