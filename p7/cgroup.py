"""The cgroup2 hierarchy: where it is, the session's place in it, and what makes that place.

    user.slice/                    the machine's user; controllers are handed down to here
      user-UID.slice/              delegated to the user (cgroups(7), "Cgroup delegation")
        session-1.scope/           the session's processes: libsystemd takes the session's id from this name
          services/                what p7 itself started for the session: the bus, audio

Processes live in the scope and in services. That is allowed: the rule against processes in inner cgroups (cgroups(7),
"No internal processes") bites a cgroup only once controllers are enabled for its children, which p7 does down to
user-UID.slice and nowhere in the scope.
"""

import _signal
import os

from p7 import ops, proc
from p7.identity import User
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.ops import Operation

CONTROLLERS = ("cpu", "memory", "io", "pids")
UNIFIED, HYBRID = "/sys/fs/cgroup", "/sys/fs/cgroup/unified"  # where OpenRC's rc_cgroup_mode mounts cgroup2
_DELEGATED = ("cgroup.procs", "cgroup.threads", "cgroup.subtree_control")


class Hierarchy:
    """What is mounted.

    `point` is cgroup2's mount point or "", `options` the file system's, `controllers` what its root may hand down.
    `legacy`: version 1 is mounted, too or instead; `contained`: the root is a container's, so it holds processes and
    cannot enable a controller.
    """

    __slots__ = ("contained", "controllers", "legacy", "options", "point")

    def __init__(
        self,
        point: str,
        *,
        legacy: bool = False,
        contained: bool = False,
        options: tuple[str, ...] = (),
        controllers: tuple[str, ...] = (),
    ) -> None:
        self.point = point
        self.legacy = legacy
        self.contained = contained
        self.options = options
        self.controllers = controllers


class Attribute:
    """A value in one of a cgroup's files; one that is `optional` the kernel may have been built without."""

    __slots__ = ("optional", "path", "value")

    def __init__(self, path: str, value: str, optional: bool = False) -> None:
        self.path = path
        self.value = value
        self.optional = optional

    def describe(self) -> str:
        return f"echo {self.value} >{self.path}"

    def apply(self, root: Root) -> None:
        try:
            fd = os.open(root.path(self.path), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            if self.optional:
                return
            raise
        try:
            os.write(fd, self.value.encode())
        except OSError as error:
            raise OSError(error.errno, f"{self.value}: {os.strerror(error.errno or 0)}", root.path(self.path)) from None
        finally:
            os.close(fd)


class Delegate:
    """A cgroup that belongs to the user: the folder, and in it what cgroups(7) lets a delegatee write."""

    __slots__ = ("gid", "path", "uid")

    def __init__(self, path: str, user: User) -> None:
        self.path = path
        self.uid = user.uid
        self.gid = user.gid

    def describe(self) -> str:
        return f"mkdir {self.path} {self.uid}:{self.gid}, and in it {' '.join(_DELEGATED)}"

    def apply(self, root: Root) -> None:
        ops.Mkdir(self.path, 0o755, self.uid, self.gid).apply(root)
        for name in _DELEGATED:
            os.chown(root.path(f"{self.path}/{name}"), self.uid, self.gid, follow_symlinks=False)


def find(root: Root) -> Hierarchy:
    """What /proc/self/mountinfo (proc(5)) and the hierarchy's root tell; OpenRC's places come first."""
    points: dict[str, str] = {}
    legacy = False
    for line in root.read_or("/proc/self/mountinfo", "").splitlines():
        mount, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            points[mount.split()[4]] = kind.split()[2]
        legacy = legacy or kind.startswith("cgroup ")
    point = next((p for p in (UNIFIED, HYBRID, *points) if p in points), "")
    if not point:
        return Hierarchy("", legacy=legacy)
    contained = os.path.exists(root.path(f"{point}/cgroup.events"))  # the real root has none
    offered = "cgroup.subtree_control" if contained else "cgroup.controllers"
    controllers = tuple(root.read_or(f"{point}/{offered}", "").split())
    options = tuple(points[point].split(","))
    return Hierarchy(point, legacy=legacy, contained=contained, options=options, controllers=controllers)


def session_plan(point: str, user: User) -> "list[Operation]":
    """The cgroups of the session, whatever controllers there are."""
    return [
        ops.Mkdir(f"{point}/user.slice"),
        Delegate(point + user.slice, user),
        Delegate(point + user.scope, user),
        Delegate(f"{point}{user.scope}/services", user),
    ]


def move(root: Root, path: str, pid: int) -> None:
    """Put a process, all its threads, into a cgroup. Raises OSError."""
    Attribute(f"{path}/cgroup.procs", str(pid)).apply(root)


def processes(root: Root, path: str) -> list[int]:
    """The processes of a cgroup and of all below it; none if it is not there."""
    pids: list[int] = []
    for folder, _, _ in os.walk(root.path(path)):
        try:
            with open(f"{folder}/cgroup.procs", "rb") as file:  # text would need a codec the static form has not
                pids += [int(line) for line in file]
        except OSError:
            pass  # removed meanwhile, or threaded: its processes are its parent's
    return pids


def signal(root: Root, path: str, number: int) -> None:
    """Send a signal to all in a cgroup and below it, and to nobody who got the process id of one that ended."""
    below = f"{path.removeprefix(find(root).point)}/"
    for pid in processes(root, path):
        pidfd = proc.pidfd(pid)  # one at a time: a session may have more processes than the broker descriptors
        if pidfd < 0:
            continue
        try:
            # Read after the pidfd was opened, so it is of the process that this stands for, or that one is gone.
            if f"{proc.cgroup(root, pid)}/".startswith(below):
                _signal.pidfd_send_signal(pidfd, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(pidfd)


def kill(root: Root, path: str) -> None:
    """SIGKILL all in a cgroup and below it, in one step where the kernel has it (5.14)."""
    if os.path.exists(root.path(f"{path}/cgroup.kill")):
        Attribute(f"{path}/cgroup.kill", "1").apply(root)
    else:
        signal(root, path, _signal.SIGKILL)
