"""What the numbers must be, and whether they are."""

from __future__ import annotations

from typing import NamedTuple

from tests.bench.results import (
    BOOT,
    FLOOR,
    GUARD,
    INHIBITORS,
    MEMORY,
    NOTIFYD,
    PRIVATE_DIRTY,
    PROPORTIONAL,
    ROOT_START,
    ROUND_TRIP,
    SIZE,
    SOUND,
    USER_START,
    Key,
    Results,
)

ELOGIND, DBUSMOCK = "elogind", "python-dbusmock"
BRIDGE, NOTIFY = "lainos-dbus-bridge", "lainos-notifyd"
IN_USE = "zipapp, in use"
FLOODED, LATER = "zipapp, after 1,000 inhibitors", "zipapp, 100,000 calls later"
BOTH = "both, in use"
LONGEST, LEFT = "ms a call", "descriptors left"
NAMESPACES, QEMU, DESKTOP = "in namespaces", "in QEMU, the lab's bare base", "in QEMU, a desktop"
TOGETHER, ADDED = "p7's services together", "what p7 adds"
TOTAL, WITHOUT = "time to default", "time to default, without p7"
PACED, UNPACED, LOST, SEND = "at 50,000 a second", "as fast as taken", "lost", "a send, µs"
UPGRADE, SYNC, TIMES_BSDTAR = "-U, 1,250 small programs", "-S, and 14,000 packages in the databases", 1.3
RETURN = "after the last socket answers"
REGRESSION = 1.5


def beyond(kind: str) -> str:
    """The row for what the guard takes beyond TIMES_BSDTAR, by a kind of transaction."""
    return f"{kind[:2]}, beyond {TIMES_BSDTAR} times bsdtar's"


class Bar(NamedTuple):
    """A limit: of a ratio to another result, or of the result itself; from below where `is_least`. None: no limit."""

    what: str
    key: Key
    limit: float | None
    over: Key | None = None
    aspect: str = "median"
    is_least: bool = False

    def value(self, results: Results) -> float | None:
        """What is held against the limit; None where it was not measured."""
        if self.key not in results or (self.over and self.over not in results):
            return None
        value: float = getattr(results[self.key], self.aspect)
        return value / getattr(results[self.over], self.aspect) if self.over else value

    def is_met(self, value: float) -> bool:
        if self.limit is None:
            return True
        return value >= self.limit if self.is_least else value <= self.limit


def _start(row: str, form: str, limit: float) -> Bar:
    return Bar(f"{row}, {form}", Key(ROOT_START, row, form), limit, Key(ROOT_START, FLOOR))


def _call(call: str, other: str, limit: float) -> Bar:
    return Bar(f"{call}, to {other}'s", Key(ROUND_TRIP, call, "p7"), limit, Key(ROUND_TRIP, call, other))


def _memory(daemon: str = "", state: str = IN_USE) -> Key:
    return Key(MEMORY, f"{daemon}, {state}" if daemon else FLOOR, PRIVATE_DIRTY)


ONE_SHOTS = ("cgroup-delegate", "lainos-ghost-units", "lainos-net-init")
CALLS = ("CanPowerOff", "ListSeats", "GetAll of Session")

BARS = [
    *(_start(f"{name}, first run", "zipapp", 1.45) for name in ONE_SHOTS),
    *(_start(f"{name}, first run", "static", 1.45) for name in ONE_SHOTS),
    *(_start(f"{name}, first run", "frozen", 4.5) for name in ONE_SHOTS),
    _start("lainos-dbus-bridge, to answering", "zipapp", 4),
    _start("lainos-dbus-bridge, to answering", "static", 4),
    *(Bar(f"size of {form}, MB", Key(SIZE, form), mb) for form, mb in (("zipapp", 1), ("static", 8), ("frozen", 10))),
    Bar(f"{PRIVATE_DIRTY} memory of the bridge's processes", _memory(BRIDGE), 3.3, _memory()),
    Bar(f"{PRIVATE_DIRTY} memory of notifyd", _memory(NOTIFY), 1.7, _memory()),
    Bar(f"{PRIVATE_DIRTY} memory of both, kB", Key(MEMORY, BOTH, PRIVATE_DIRTY), 12_000),
    Bar("the bridge's growth over 100,000 calls", _memory(BRIDGE, LATER), 1.02, _memory(BRIDGE, FLOODED)),
    Bar("notifications a second", Key(NOTIFYD, "messages a second", UNPACED), 50_000, is_least=True),
    Bar("notifications lost at 50,000 a second", Key(NOTIFYD, LOST, PACED), 0),
    Bar("a sender's wait at 50,000 a second, µs, p99", Key(NOTIFYD, SEND, PACED), 100, aspect="p99"),
    *(_call(call, ELOGIND, limit) for call, limit in zip(CALLS, (1.0, 1.6, 2.0), strict=True)),
    *(_call(call, DBUSMOCK, 1.0) for call in CALLS),
    *(
        Bar(f"lainos-init, {form}", Key(USER_START, "lainos-init", form), 2, Key(USER_START, FLOOR))
        for form in ("zipapp", "static")
    ),
    *(Bar(f"lainos-audio-init's return, ms {RETURN}, {form}", Key(SOUND, RETURN, form), 100, aspect="worst")
        for form in ("zipapp", "static")),
    Bar("p7's share of a desktop's time to default", Key(BOOT, ADDED, DESKTOP), 0.1, Key(BOOT, TOTAL, DESKTOP)),
    Bar("the same on the lab's bare base", Key(BOOT, ADDED, QEMU), None, Key(BOOT, TOTAL, QEMU)),
    Bar("the longest of 1,000 Inhibit calls, ms", Key(INHIBITORS, LONGEST, "p7"), 20, aspect="worst"),
    Bar("descriptors left when they are released", Key(INHIBITORS, LEFT, "p7"), 0),
    *(
        Bar(f"pacman's guard, ms beyond 1.3 times bsdtar's, {kind[:2]}, {form}", Key(GUARD, beyond(kind), form), 100)
        for kind in (UPGRADE, SYNC) for form in ("zipapp", "static")
    ),
]  # fmt: skip


class Regression(NamedTuple):
    """A ratio that is REGRESSION times the recorded one, or worse."""

    key: Key
    now: float
    recorded: float


def regressions(now: Results, recorded: Results) -> list[Regression]:
    """What has become slower or larger against its base, by the least disturbed rounds of both runs."""
    found = []
    for key in compared(now, recorded):
        base = key.base()
        assert base is not None
        ratios = [results[key].best / results[base].best for results in (now, recorded)]
        if ratios[0] > REGRESSION * ratios[1]:
            found.append(Regression(key, *ratios))
    return found


def compared(now: Results, recorded: Results) -> list[Key]:
    """What both runs have, with its base. Not times to start: on a busy machine a longer one is disturbed more.

    Nor proportional memory, of which other programs' shares are a part.
    Nor round trips: by what else ran, the same bridge was seen at 2.1 to 5.0 times GetId. Of both, processor times are.
    """
    return [
        key
        for key in now
        if key.section not in (ROOT_START, USER_START, ROUND_TRIP)
        and key.column != PROPORTIONAL
        and (base := key.base())
        and {key, base} <= now.keys() & recorded.keys()
    ]
