"""What of systemd is here that must not be, and what of the seal is not."""

from __future__ import annotations

import os

from p7.root import Root
from p7.seal import rules
from p7.seal.conf import plan, reading, rewrite
from p7.seal.local import Database
from p7.seal.verify.finding import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_INITS = ("/usr/bin/init", "/usr/sbin/init", "/sbin/init")
_OPENRC_INIT = "openrc-init"


def systemd(root: Root) -> list[Finding]:
    """systemd's programs, by whatever way they came: an install script's, or unpacked by hand."""
    text = "systemd's own program is here"
    paths = [f"/{path}" for path in sorted(rules.NEVER) if os.path.lexists(root.path(f"/{path}"))]
    return [Finding(path, text, f"pacman -Qo {path} says whose it is; remove it") for path in paths]


def init(root: Root) -> list[Finding]:
    """Each path of init that is there and does not lead to openrc-init; one behind several names once."""
    found: dict[str, Finding] = {}
    for path in _INITS:
        place = root.path(path)
        real = f"{os.path.realpath(os.path.dirname(place))}/init"
        if not os.path.lexists(place) or os.path.basename(_target(place)) == _OPENRC_INIT:
            continue
        what = f"it leads to {os.readlink(place)}" if os.path.islink(place) else "it is no link to openrc-init"
        mend = _relink(real) if os.path.islink(place) else None
        found.setdefault(real, Finding(path, what, "link it to openrc-init, or the next boot is not OpenRC's", mend))
    return list(found.values())


def _target(path: str) -> str:
    return os.readlink(path) if os.path.islink(path) else path


def _relink(path: str) -> Callable[[], None] | None:
    """How to link it to the openrc-init beside it; not at all if there is none."""
    if not os.path.exists(f"{os.path.dirname(path)}/{_OPENRC_INIT}"):
        return None

    def mend() -> None:
        os.unlink(path)
        os.symlink(_OPENRC_INIT, path)

    return mend


def dummies(database: Database) -> list[Finding]:
    """Sealed names that are not installed, or are by more than a dummy."""
    found = []
    installed = database.packages()
    for name in sorted(rules.SEALED):
        if name not in installed:
            found.append(Finding(database.folder, f"there is no dummy of {name}", f"pacman -S {name}"))
            continue
        paths = [path for path in database.files(installed[name]) if not path.endswith("/")]
        live = next((path for path in sorted(paths) if not path.startswith(rules.INERT)), "")
        if live:
            text = f"the package {name} is no dummy: it brought {live}"
            found.append(Finding(f"{database.folder}/{installed[name]}", text, f"pacman -S {name}, of p7's repository"))
    return found


def conf(root: Root) -> list[Finding]:
    """What seal-conf would change, and repositories that it would add if it was told to."""
    try:
        found = reading.directives(root, lambda path: reading.read_lines(root, path))
        gone = plan.gone(root)
    except OSError as error:
        return [Finding(reading.PATH, f"it cannot be read: {error.strerror}", "is pacman installed?")]
    drift, unasked = plan.Drift(found), plan.unasked(root, found)
    seal_conf = "p7 seal-conf"
    rows = [(path, f"{key} has {' '.join(bad)}, which the seal cannot live with") for path, key, bad in drift.harmful]
    rows += [(reading.PATH, f"{key} lacks {' '.join(lacks)}") for key, lacks in drift.lacking.items()]
    rows += [(reading.PATH, f"it includes {path}, which is gone, so pacman does not start") for path in gone]

    def mend() -> None:
        first, last = ([unasked[option]] if option in unasked else [] for option in plan.REPOSITORIES)
        for path, (_, new) in plan.changes(root, first, last).items():
            rewrite.write(root, path, new)

    findings = [Finding(path, text, seal_conf, mend) for path, text in rows]
    for option, path in unasked.items():
        text = f"it lacks repositories of {path}"
        findings.append(Finding(reading.PATH, text, f"{seal_conf} {option} {path}", mend))
    return findings
