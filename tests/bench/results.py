"""Results by section, row and column, what each is a ratio of, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.bench.stats import Summary

ROOT_START, USER_START, WORK = "Start-up of the boot's services", "Start-up of the session", "Processor time"
MEMORY, ROUND_TRIP, THROUGHPUT = "Memory", "D-Bus round trip", "D-Bus throughput"
CALL_WORK = "Processor time of a D-Bus call"
SOUND = "Return of lainos-audio-init"
INHIBITORS, NOTIFYD, BOOT, SIZE = "Inhibitors", "Notifications", "Boot", "Size"
GUARD = "Processor time of pacman's guard"
UNITS = {
    ROOT_START: "ms",
    USER_START: "ms",
    WORK: "ms",
    MEMORY: "kB",
    ROUND_TRIP: "µs",
    THROUGHPUT: "calls/s",
    CALL_WORK: "µs",
    INHIBITORS: "",
    NOTIFYD: "",
    SOUND: "ms",
    BOOT: "ms",
    GUARD: "ms",
    SIZE: "MB",
}
"""Every section, in the order of the report; without a unit, its rows name theirs."""

FLOOR = "bare interpreter"
PRIVATE_DIRTY = "private dirty"
PROPORTIONAL = "proportional"
BSDTAR = "bsdtar"
GET_ID = "GetId, of the bus itself"


class Key(NamedTuple):
    """Where a result stands in the report: a section's table, and its row and column."""

    section: str
    row: str
    column: str = ""

    def base(self) -> Key | None:
        """What this is compared with where no other program is at hand: the same floor in every run."""
        bases = {
            ROOT_START: Key(ROOT_START, FLOOR),
            USER_START: Key(USER_START, FLOOR),
            WORK: Key(WORK, FLOOR),
            MEMORY: Key(MEMORY, FLOOR, self.column),
            ROUND_TRIP: Key(ROUND_TRIP, GET_ID, self.column),
            CALL_WORK: Key(WORK, FLOOR),
            GUARD: Key(GUARD, self.row, BSDTAR),
        }
        base = bases.get(self.section)
        return base if base != self else None


Results = dict[Key, Summary]


def to_json(results: Results) -> dict[str, Any]:
    """{section: {row: {column: {best, low, median, high, p99, worst, count}}}}"""
    tree: dict[str, Any] = {}
    for key, summary in results.items():
        rounded = {name: round(value, 3) for name, value in summary._asdict().items()}
        tree.setdefault(key.section, {}).setdefault(key.row, {})[key.column] = rounded
    return tree


def from_json(tree: Mapping[str, Any]) -> Results:
    """The same back."""
    return {
        Key(section, row, column): Summary(**summary)
        for section, rows in tree.items()
        for row, columns in rows.items()
        for column, summary in columns.items()
    }
