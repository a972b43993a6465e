"""What is to be true of a sealed system, looked at after the fact."""

from __future__ import annotations

from p7.root import Root
from p7.seal import drift
from p7.seal.local import Database
from p7.seal.settings import Settings
from p7.seal.verify import hooks, intact, system
from p7.seal.verify.finding import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def findings(root: Root, settings: Settings, names: Iterable[str] | None = None) -> list[Finding]:
    """All there is to find. After a transaction its packages' `names` say whose programs to look into; with None it is
    every program's turn, a matter of seconds."""
    database = Database(settings)
    found = [*intact.check(root, database), *hooks.check(settings), *system.systemd(root), *system.init(root)]
    found += [*system.dummies(database), *system.conf(root)]
    remedy = "upgrade its package and the library's together, or go back with both"
    return found + [Finding(f"/{path}", why, remedy) for path, why in drift.installed(root, database, names)]
