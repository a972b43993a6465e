"""The services of a session in OpenRC's runlevels, and what they cannot run without."""

import os
from functools import partial

from p7 import identity, proc
from p7.finalize.lists import LEVELS
from p7.finalize.steps import Link, Need
from p7.root import Root

_RUNLEVELS = "/etc/runlevels"
_SCRIPTS = "/etc/init.d"
_RC_CONF_D = "/etc/rc.conf.d"
_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
_PROGRAMS = ("lainos-init", "tuigreet")


def needs() -> list[Need]:
    """What services of a session cannot do without, and only looked for here."""
    user, cgroups = f"user {proc.SYSTEM_USER}", 'rc_cgroup_mode="unified" in force'
    remedy = "p7.conf there has it, which comes with p7; a later file, by name, may have another"
    programs = [Need(name, f"/usr/bin/{name}", "install it", partial(_is_program, name)) for name in _PROGRAMS]
    return [
        Need(user, "/etc/passwd", "'systemd-sysusers' or 'esysusers' makes it", _has_system_user),
        Need(cgroups, _RC_CONF_D, remedy, _is_unified),
        *programs,
    ]


def need(name: str) -> Need:
    """A service that has no script."""
    return Need(f"service {name}", f"{_SCRIPTS}/{name}", f"install the package that has OpenRC's script of {name}")


def links(root: Root, name: str) -> list[str]:
    """Where a service is, in whatever runlevel there is."""
    folder = root.path(_RUNLEVELS)
    levels = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [f"{_RUNLEVELS}/{level}/{name}" for level in levels]
    return [path for path in paths if os.path.lexists(root.path(path))]


def has_script(root: Root, name: str) -> bool:
    """Whether OpenRC has such a service."""
    return os.path.exists(root.path(f"{_SCRIPTS}/{name}"))


def place(root: Root, level: str, name: str) -> Link:
    """A service's link, where it is in a runlevel already, else in this one."""
    wanted = [f"{_RUNLEVELS}/{other}/{name}" for other in (level, *LEVELS)]
    found = links(root, name)
    return Link(next((path for path in wanted if path in found), wanted[0]), f"{_SCRIPTS}/{name}")


def _has_system_user(root: Root) -> bool:
    return any(user.name == proc.SYSTEM_USER for user in identity.users(root))


def _is_program(name: str, root: Root) -> bool:
    return any(os.path.lexists(root.path(f"{folder}/{name}")) for folder in _PATH)


def _is_unified(root: Root) -> bool:
    """What OpenRC makes of rc.conf and then the files of rc.conf.d, by name: the last one that sets it wins."""
    folder = root.path(_RC_CONF_D)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = ["/etc/rc.conf", *(f"{_RC_CONF_D}/{name}" for name in names if name.endswith(".conf"))]
    lines = [line.strip() for path in paths for line in root.read_or(path, "").splitlines()]
    modes = [line.partition("=")[2] for line in lines if line.startswith("rc_cgroup_mode=")]
    return modes != [] and modes[-1].partition("#")[0].strip(" \t\"'") == "unified"
