"""Stop a package transaction that would break the seal.

pacman's hook 00-p7-guard.hook runs it before anything is changed, with the names of the packages on standard input. It
reads the archives that are about to be installed and stops the transaction if one brings systemd under any name, takes
the place of a part of p7 or of init, or does not fit the libsystemd, libudev and libdbus that are installed or come
with it. It also stops where it cannot tell which archives are meant.

An administrator who means it writes the names of the packages to let through, one a line, to /run/lainos/unsealed; each
use is logged, and the file is gone at the next boot. Root can also unpack an archive by hand: the seal is a policy, not
a sandbox.
"""

from __future__ import annotations

import os
import stat
import sys

from p7 import Failure, log
from p7.root import SYSTEM, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

    from p7.seal.package import Package

PRIVILEGE = "root"
_UNSEALED = "/run/lainos/unsealed"
_NAME_ALL = "put the names on pacman's command line, as xargs pacman -S < LIST does"
_NAME_FILES = "download the packages and name their files to pacman -U"
_MEND = "let p7 in and bring one that fits with pacman -S protocol7-core"
_ADVICE = "leave it out of this transaction, or report it to your distribution"


def run(root: Root = SYSTEM, *, remove: bool = False) -> int:
    """Returns 1, which makes pacman abort, after three lines that say what was stopped, why, and what can be done."""
    log.start_session(root)
    if sys.stdin is None:  # pacman 7 closes it, and its hooks', where names were piped and there is no terminal
        return _stop("this transaction", "standard input is closed, so nobody can tell what comes", _NAME_ALL, "")
    names = sorted({line.strip() for line in sys.stdin if line.strip()})
    if not names:
        raise Failure("no package names on standard input: it is for pacman's hooks", 2)
    try:
        names = _packages(root, names) if remove else names
        let_in = _unsealed(root)
        for name in sorted(let_in & set(names)):
            log.warning(f"{_UNSEALED} lets {name} {'go' if remove else 'in'}")
        sought = [name for name in names if name not in let_in]
        if remove:
            return _stop(" ".join(sought), "the seal needs it", "keep it", sought[0]) if sought else 0
        return _judge(root, sought, let_in) if sought else 0
    except Failure as failure:
        return _stop("this transaction", str(failure), _NAME_FILES)
    except OSError as error:  # libarchive by its name is gone, most likely: an update brought the next
        return _stop("this transaction", f"p7 cannot look into it: {error}", _MEND, "protocol7-core")


def _packages(root: Root, targets: list[str]) -> list[str]:
    """The names of packages, from names and paths that go with them."""
    from p7.seal import local, settings

    database = local.Database(settings.of_caller(root))
    owners = {target: database.owner(target, "protocol7-core-") for target in targets if "/" in target}
    return sorted({owners[target].rsplit("-", 2)[0] if owners.get(target) else target for target in targets})


def _judge(root: Root, names: list[str], let_in: set[str]) -> int:
    from p7.seal import candidates, judgement, parent

    pacman = parent.find()
    packages = candidates.find(pacman, root, names, let_in)
    refused = judgement.refusals(packages, root, pacman)
    for package, reason in refused[:1]:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        what = f"{package.name} {package.version} from {os.path.basename(package.path)}{more}"
        _stop(what, reason, _remedy(package, [other for other in packages if other not in dict(refused)]), package.name)
    return 1 if refused else 0


def _remedy(package: Package, harmless: list[Package]) -> str:
    """What can be done; where an archive of the same name would be let in, how to say that it is the one."""
    for other in harmless:
        if other.name == package.name and other.source:
            meant = f"if you mean {os.path.basename(other.path)}, which may come in: pacman -S {other.source}"
            return f"{meant}, by itself; or take the archive that may not out of pacman's cache"
    return _ADVICE


def _stop(what: str, why: str, remedy: str, name: str = "NAME") -> int:
    """`name` is what would have to be let in; "" where that would not help."""
    log.error(f"stopped: {what}")
    log.error(f"why: {why}")
    let_in = f"; if you mean it, as root: mkdir -p {os.path.dirname(_UNSEALED)}; echo {name} >> {_UNSEALED}"
    log.error(f"what you can do: {remedy}{let_in if name else ''}")
    return 1


def _unsealed(root: Root) -> set[str]:
    """The names in the file of exceptions. Raises Failure if others than root could have written it."""
    path = root.path(_UNSEALED)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return set()
    if not stat.S_ISREG(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
        raise Failure(f"{_UNSEALED} is not a file of root's that only root can write")
    return set(root.read(_UNSEALED).split())


def options() -> list[click.Parameter]:
    """What --help lists beyond --root."""
    import click

    text = "The packages, or those with these paths, are to be removed: stop it, for they are the seal's own."
    return [click.Option(["--remove"], is_flag=True, help=text)]
