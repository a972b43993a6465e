"""What the seal refuses of a package, by what is in it. A name alone gets nothing in, for anybody can take one."""

from __future__ import annotations

from p7.dispatch import LINKS
from p7.seal import core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.seal.package import Package

SEALED = frozenset("systemd systemd-sysvcompat elogind mkinitcpio".split())
"""Names that only a dummy may have, provide or replace."""
# All that a dummy may hold: nothing that runs or is read by what runs.
INERT = ("usr/share/doc/", "usr/share/licenses/", "usr/share/man/", "usr/share/pkgconfig/")
CORE = frozenset(core.PATHS)
"""What only p7's own package may bring."""
_LINKS = tuple(f"usr/bin/{name}" for name in LINKS)
_HOOK_FOLDER = "usr/share/libalpm/hooks/"
_HOOKS = (f"{_HOOK_FOLDER}00-p7-guard.hook", f"{_HOOK_FOLDER}00-p7-guard-remove.hook")
# One of these names in any other folder that libalpm reads, a HookDir, and libalpm passes over p7's.
_HOOK_NAMES = frozenset(path.removeprefix(_HOOK_FOLDER) for path in CORE if path.startswith(_HOOK_FOLDER))
# What a package is known by to be p7's: all of it, or p7 would be left broken, or the seal open. A later version may
# well have other services than this one.
_WHOLE = frozenset(["usr/bin/p7", *_LINKS, *_HOOKS])
_CORE_FOLDERS = ("etc/lainos/", "usr/lib/lainos/")
NEVER = frozenset(["usr/bin/systemctl", "usr/lib/systemd/systemd"])
_INIT = "usr/bin/init"


def refusal(package: Package) -> str:
    """Why this package may not come in; empty if it may. What it needs of libraries is p7.seal.drift's."""
    names = sorted(package.names() & SEALED)
    if names:
        return _no_dummy(package, names[0])
    if found := sorted(NEVER & package.files.keys()):
        return f"it brings {found[0]}, which is systemd's"
    target = package.files.get(_INIT)
    if target is not None and target.rpartition("/")[2] != "openrc-init":
        return f"it brings {_INIT}, and that is no link to openrc-init"
    return _part_of_core(package)


def _no_dummy(package: Package, name: str) -> str:
    relation = "it is called" if package.name == name else "it provides or replaces"
    if package.has_scriptlet:
        return f"{relation} {name} and runs a script, as no dummy does"
    live = next((path for path in sorted(package.files) if not path.startswith(INERT)), "")
    return f"{relation} {name} and brings {live}, as no dummy does" if live else ""


def _part_of_core(package: Package) -> str:
    for path in package.files:
        if path.endswith(".hook") and not path.startswith(_HOOK_FOLDER) and path.rpartition("/")[2] in _HOOK_NAMES:
            return f"it brings {path}, which would stand for p7's hook of this name"
    ours = [path for path in package.files if path in CORE or path.startswith(_CORE_FOLDERS)]
    lacking = sorted(_WHOLE - package.files.keys())
    if ours and lacking:
        return f"it brings {min(ours)}, which is p7's, without {lacking[0]}: it is no whole p7"
    if ours and any(package.files[link] not in ("p7", "") for link in _LINKS):
        return "it links p7's names to something else"
    return ""
