"""Make the session's cgroups and hand the user's part of the tree to the user.

Finds the cgroup2 hierarchy: OpenRC's unified one at /sys/fs/cgroup or its hybrid one at /sys/fs/cgroup/unified; where
no cgroups are mounted at all, cgroup2 is mounted. Enables the controllers cpu, memory, io and pids one by one, down
to user.slice/user-UID.slice, and tells which are missing. Makes user-UID.slice and, in it, session-1.scope, which
libsystemd takes the session's id from, and delegates both to the user. Running it again changes nothing; nothing is
ever taken down.

Where the kernel has it (6.0 and later), cgroup2 gets the mount option favordynmods: a process then moves to another
cgroup without a wait of some ten milliseconds, which OpenRC's services have at each start, and a session at its own.

In hybrid mode the session has its cgroup, and so its identity, but the controllers stay with version 1 and are not
delegated: set rc_cgroup_mode="unified" in /etc/rc.conf.d/p7.conf, which wins over /etc/rc.conf. Version 1 alone is
an error.
"""

import os

from p7 import Failure, cgroup, config, identity, log, ops
from p7.root import SYSTEM, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.cgroup import Hierarchy
    from p7.identity import User
    from p7.ops import Operation

PRIVILEGE = "root"
_FAVOR = "favordynmods"
_FEATURES = "/sys/kernel/cgroup/features"
_REMEDY = 'set rc_cgroup_mode="unified" in /etc/rc.conf.d/p7.conf, which wins over /etc/rc.conf, and reboot'


class MountCgroup2:
    """The cgroup2 file system, as OpenRC's cgroups service mounts it in unified mode."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def describe(self) -> str:
        return f"mount {self.path} cgroup2 nsdelegate"

    def apply(self, root: Root) -> None:
        from p7 import linux  # only when OpenRC's own service is off: ctypes is slow to import

        flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        linux.mount("cgroup2", root.path(self.path), "cgroup2", flags, "nsdelegate")


class FavorMoves:
    """The mounted hierarchy with one more option; a remount has to name all those that are to stay."""

    __slots__ = ("options", "path")

    def __init__(self, path: str, options: tuple[str, ...]) -> None:
        self.path = path
        self.options = [*(option for option in options if option != "rw"), _FAVOR]

    def describe(self) -> str:
        return f"mount {self.path} cgroup2 remount,{','.join(self.options)}"

    def apply(self, root: Root) -> None:
        from p7 import linux  # once a boot: ctypes is slow to import

        path = root.path(self.path)
        kept = os.statvfs(path).f_flag & (linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)  # the same bits
        linux.mount("cgroup2", path, "cgroup2", linux.MS_REMOUNT | kept, ",".join(self.options))


def run(root: Root = SYSTEM, *, dry_run: bool = False) -> int:
    """Apply the plan. 0 if all of it is in place, 1 if a step failed or p7.toml is malformed."""
    settings = config.load(root)
    user = identity.find_user(root, settings)
    found = cgroup.find(root)
    if not found.point:
        if ops.run([mount(found)], root, dry_run) != 0:
            return 1
        # What was not mounted cannot tell its controllers: the printed plan is for a kernel that has them all.
        hoped = cgroup.Hierarchy(cgroup.UNIFIED, controllers=cgroup.CONTROLLERS)
        found = hoped if dry_run else cgroup.find(root)
    if problem := missing(found):
        log.warning(problem)
    steps = [*favor(found, root.read_or(_FEATURES, "")), *plan(found, user)]
    return ops.run(steps, root, dry_run) or min(settings.errors, 1)


def mount(found: "Hierarchy") -> MountCgroup2:
    """What brings cgroup2 where there is none. Raises Failure where version 1 has the controllers and the place."""
    if found.legacy:
        raise Failure(f"only version 1 cgroups are mounted, and libsystemd needs cgroup2: {_REMEDY}")
    return MountCgroup2(cgroup.UNIFIED)


def favor(found: "Hierarchy", features: str) -> list[FavorMoves]:
    """The step towards favordynmods, if there is one; `features` are the kernel's, as it lists them."""
    if _FAVOR not in features.split() or _FAVOR in found.options or found.contained:
        return []  # from within a cgroup namespace the kernel would pass the option over
    return [FavorMoves(found.point, found.options)]


def missing(found: "Hierarchy") -> str:
    """One line about the controllers that cannot be delegated, or an empty string."""
    names = [name for name in cgroup.CONTROLLERS if name not in found.controllers]
    if not names:
        return ""
    if found.legacy:
        return f"hybrid cgroups: version 1 keeps {' '.join(names)}, and they are not delegated; {_REMEDY}"
    if found.contained:
        return f"a container, whose cgroups cannot delegate {' '.join(names)}; the session works without"
    return f"the kernel has no {' '.join(names)} to delegate; the session works without"


def plan(found: "Hierarchy", user: "User | None") -> "list[Operation]":
    """The cgroups from the top down, each enabled controller before the folder that it is to appear in."""
    usable = [name for name in cgroup.CONTROLLERS if name in found.controllers]
    slices = [found.point, f"{found.point}/user.slice"]
    if user is not None:
        slices.append(found.point + user.slice)
    session = cgroup.session_plan(found.point, user) if user is not None else [ops.Mkdir(slices[1])]
    enable = [cgroup.Attribute(f"{path}/cgroup.subtree_control", f"+{name}") for path in slices for name in usable]
    limits = [cgroup.Attribute(f"{slices[1]}/{name}", "max", optional=True) for name in _limits(usable)]
    return [*session, *enable, *limits]


def _limits(usable: list[str]) -> tuple[str, ...]:
    """The session may use all memory there is, whatever an earlier hand set."""
    return ("memory.max", "memory.swap.max") if "memory" in usable else ()
