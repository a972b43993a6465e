"""Check that the seal is whole.

It looks at p7's own files as pacman recorded them, at hooks that are masked or that pacman cannot read, at what the
installed programs need of libsystemd, libudev and libdbus, at init, at systemd's own programs, at the dummies, and at
pacman.conf. Each finding is one line: where, what, and what to do.

`--fix` mends what can be mended without a package: links, owners and modes of p7's files, a link that masks one of
p7's hooks, an init that is a link to something else than the openrc-init beside it, and pacman.conf, as `p7 seal-conf`
does. Everything else stays for you to do.

The exit status is 1 if there are findings that were not mended.
"""

from __future__ import annotations

import sys

from p7 import Failure, log
from p7.root import SYSTEM, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

    from p7.seal.verify.finding import Finding

PRIVILEGE = "root"


def run(root: Root = SYSTEM, *, fix: bool = False, as_json: bool = False, hook: bool = False) -> int:
    """Returns 1 if anything is left to do; as a hook always 0, for pacman's work was done before."""
    from p7.seal import settings, verify

    if hook:
        return _after_transaction(root)
    rows = [(finding, fix and _mend(finding)) for finding in verify.findings(root, settings.of_system(root))]
    if as_json:
        import json

        keys = ("path", "what", "remedy")
        print(json.dumps([{**{key: getattr(row, key) for key in keys}, "mended": done} for row, done in rows]))
    for finding, done in rows if not as_json else ():
        print(f"{_text(finding)}{' (mended)' if done else ''}")
    return int(not all(done for _, done in rows))


def _mend(finding: Finding) -> bool:
    if finding.mend is None:
        return False
    try:
        finding.mend()
    except (OSError, Failure) as error:
        log.error(f"{finding.path}: it could not be mended: {error}")
        return False
    return True


def _after_transaction(root: Root) -> int:
    """pacman calls what ends with 1 a command that failed, and a failed check is none of its work."""
    from p7.seal import settings, verify

    log.start_session(root)
    # pacman 7 closes its hooks' input where names were piped to it: then any program may be a new one.
    names = None if sys.stdin is None else {line.strip() for line in sys.stdin if line.strip()}
    try:
        for finding in verify.findings(root, settings.of_caller(root), names):
            log.warning(_text(finding))
    except Exception as error:
        log.error(f"the check did not come to its end, please report it: {error!r}")
    return 0


def _text(finding: Finding) -> str:
    return f"{finding.path}: {finding.what}; {finding.remedy}"


def options() -> list[click.Parameter]:
    """What --help lists beyond --root."""
    import click

    hook = "As pacman's hook: names of packages on standard input, findings to the log, exit status 0."
    return [
        click.Option(["--fix"], is_flag=True, help="Mend what can be mended."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON value."),
        click.Option(["--hook"], is_flag=True, help=hook),
    ]
