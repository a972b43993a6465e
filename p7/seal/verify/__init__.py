"""What is to be true of a sealed system, looked at after the fact."""

from __future__ import annotations

from p7.root import Root
from p7.seal import drift
from p7.seal.verify import hooks, intact, system
from p7.seal.verify.finding import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def findings(root: Root, names: Iterable[str] | None = None) -> list[Finding]:
    """All there is to find. After a transaction its packages' `names` say whose programs to look into; with None it is
    every program's turn, a matter of seconds."""
    checks = (intact.check, hooks.check, system.systemd, system.init, system.dummies, system.conf)
    found = [finding for check in checks for finding in check(root)]
    remedy = "upgrade its package and the library's together, or go back with both"
    return found + [Finding(f"/{path}", why, remedy) for path, why in drift.installed(root, names)]
