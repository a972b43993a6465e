"""Make pacman.conf fit the seal.

The names of systemd's packages are added to IgnorePkg, so that upgrades pass them by instead of being stopped by
`p7 seal-guard`, and the folders of systemd's units to NoExtract. What would break a sealed system is taken out of
IgnorePkg, NoExtract and NoUpgrade: systemd-libs, which has to follow the programs that need it, the folders sysusers.d
and tmpfiles.d, libraries that the guard watches, and p7's own files. Included files are read, and changed where such a
word is in one of them.

Repositories are added only where an option names the file that defines them. All else stays as it is. What is added
stands between two marks, a line that lost a word is kept as a comment above it, and `--undo` takes exactly that back.
Running it again changes nothing.
"""

from __future__ import annotations

import sys

from p7 import Failure
from p7.root import SYSTEM, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

PRIVILEGE = "root"


def run(
    root: Root = SYSTEM,
    *,
    dry_run: bool = False,
    undo: bool = False,
    repositories: tuple[str, ...] = (),
    last_repositories: tuple[str, ...] = (),
) -> int:
    """The repositories are absolute paths inside root. Raises Failure or OSError; a file is then as it was."""
    from p7.seal.conf import plan, reading, rewrite

    for path in (*repositories, *last_repositories):
        if not path.startswith("/") or not root.read_or(path, ""):
            raise Failure(f"{path}: no file with an absolute path and repositories in it; which package brings it?", 2)
    try:
        changes = plan.changes(root, repositories, last_repositories, undo=undo)
    except FileNotFoundError:
        raise Failure(f"{root.path(reading.PATH)}: not there; is pacman installed?") from None
    for path, (old, new) in changes.items():
        if dry_run:
            sys.stdout.writelines(rewrite.difference(path, old, new))
        else:
            rewrite.write(root, path, new)
            print(f"{path}: {'as it was before' if undo else 'fits the seal now'}")
    if not changes:
        print(f"{reading.PATH}: nothing to change")
    return 0


def options() -> list[click.Parameter]:
    """What --help lists beyond --root and --dry-run."""
    import click

    first = "Include FILE, which defines repositories, before all others, and in later runs too."
    return [
        click.Option(["--undo"], is_flag=True, help="Take back what earlier runs changed."),
        click.Option(["--repositories"], metavar="FILE", multiple=True, help=first),
        click.Option(["--last-repositories"], metavar="FILE", multiple=True, help="The same, after all others."),
    ]
