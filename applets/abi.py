"""Show, compare and check the versioned symbols of libraries and programs.

`show` prints the symbols that each FILE offers. `diff OLD NEW` prints those that the new library lacks (-) and adds
(+). `check` prints the libraries that each FILE needs with their version nodes, and whatever of it they do not have;
a library among the FILEs stands in for the installed one, so that a new one can be tried against programs.

The exit status is 1 if `diff` finds a symbol lost or `check` one missing.
"""

from __future__ import annotations

from p7 import Failure
from p7.root import SYSTEM, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

PRIVILEGE = "any"


def run(root: Root = SYSTEM, *, action: str = "", files: tuple[str, ...] = (), as_json: bool = False) -> int:
    """Returns 1 where the answer is bad. Raises Failure or OSError for a file that is no ELF or cannot be read."""
    from p7.abi import report

    if not action:
        raise Failure("it is: p7 abi show|diff|check FILE...", 2)
    return report.ACTIONS[action](root, list(files), as_json)


def options() -> list[click.Parameter]:
    """What --help lists beyond --root."""
    import click

    return [
        click.Argument(["action"], metavar="show|diff|check", type=click.Choice(["show", "diff", "check"])),
        click.Argument(["files"], metavar="FILE...", nargs=-1, required=True),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON value."),
    ]
