"""One function a section: measure it and return its results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.bench import bars, boot, bus, guard, memory, notify, startup
from tests.bench.memory import Memory
from tests.bench.results import (
    BOOT,
    BSDTAR,
    CALL_WORK,
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
    THROUGHPUT,
    USER_START,
    WORK,
    Key,
    Results,
)
from tests.bench.servers import P7, SERVERS, bridge
from tests.bench.stats import summarise

_INHIBITORS = 1000  # as the bar says
_CALLS_LATER = 100_000
_THROUGHPUT_BATCHES = 100


def start_up(artifacts: Mapping[str, Path], rounds: int) -> Results:
    """Of every applet that starts with the system or the session."""
    results: Results = {}
    for section, samples in (
        (ROOT_START, startup.as_root(artifacts, rounds)),
        (USER_START, startup.as_user(artifacts, rounds)),
    ):
        for name, values in samples.items():
            row, _, form = name.partition(": ")
            took, used = zip(*values, strict=True)
            results[Key(section, row, form)] = summarise(took)
            results[Key(WORK, row, form)] = summarise(used)
    return results


def sound(artifacts: Mapping[str, Path], rounds: int) -> Results:
    """Of lainos-audio-init, where it starts all there is to start; nothing where that is not installed."""
    samples = startup.of_sound(artifacts, rounds)
    return {
        Key(SOUND, bars.RETURN, name.partition(": ")[2]): summarise([took for took, _ in values])
        for name, values in samples.items()
        if ": " in name
    }


def sizes(artifacts: Mapping[str, Path]) -> Results:
    """Of the artifacts, in MB."""
    return {Key(SIZE, form): summarise([path.stat().st_size / 1e6]) for form, path in artifacts.items()}


def memory_at_start(artifacts: Mapping[str, Path]) -> Results:
    """Of a bare interpreter, and of the daemons when they say that they are ready."""
    results = _memory(FLOOR, memory.bare_interpreter())
    for form, path in artifacts.items():
        with bridge(path) as server:
            results |= _memory(f"{bars.BRIDGE}, {form}", memory.of(server.pids()))
        with notify.Notifyd(path) as daemon:
            results |= _memory(f"{bars.NOTIFY}, {form}", memory.of(daemon.pids()))
    return results


def notifications(p7: Path, seconds: float) -> Results:
    """At the rate that the bar names and at the highest, about so long each; and memory after that."""
    count = int(seconds * notify.RATE)
    results: Results = {}
    with notify.Notifyd(p7) as daemon:
        for column, load in (
            (bars.PACED, daemon.flood(count, notify.RATE)),
            (bars.UNPACED, daemon.flood(2 * count, 0)),
        ):
            results[Key(NOTIFYD, "messages a second", column)] = summarise([load.rate])
            results[Key(NOTIFYD, bars.SEND, column)] = summarise(load.sends)
            results[Key(NOTIFYD, bars.LOST, column)] = summarise([load.lost])
        return results | _memory(f"{bars.NOTIFY}, {bars.IN_USE}", memory.of(daemon.pids()))


def round_trips(p7: Path, names: Iterable[str], count: int, rounds: int) -> Results:
    """Of the servers, in interleaved rounds; and what they keep in memory afterwards."""
    with ExitStack() as stack:
        servers = {name: stack.enter_context(SERVERS[name](p7)) for name in names}
        results: Results = {}
        for (row, column), values in bus.latencies(servers, count, rounds).items():
            results[Key(ROUND_TRIP, row, column)] = summarise(values)
        for name, server in servers.items():
            row = f"{bars.BRIDGE}, {bars.IN_USE}" if name == P7 else name
            results |= _memory(row, memory.of(server.pids()))
        return results


def call_work(p7: Path, count: int, rounds: int) -> Results:
    """Of the bridge, by itself."""
    with bridge(p7) as server:
        samples = bus.work(server, count, rounds)
    return {Key(CALL_WORK, row, P7): summarise(values) for row, values in samples.items()}


def throughput(p7: Path, names: Iterable[str]) -> Results:
    """Of each server."""
    results: Results = {}
    for name in names:
        with SERVERS[name](p7) as server:
            for call, rate in bus.rates(server, _THROUGHPUT_BATCHES).items():
                results[Key(THROUGHPUT, call, name)] = summarise([rate])
    return results


def endurance(p7: Path) -> Results:
    """The bridge with many inhibitors, and its memory before and after many calls."""
    with bridge(p7) as server:
        taken = bus.inhibitors(server, _INHIBITORS)
        results = {
            Key(INHIBITORS, bars.LONGEST, P7): summarise([microseconds / 1000 for microseconds in taken.calls]),
            Key(INHIBITORS, bars.LEFT, P7): summarise([taken.left]),
        }
        results |= _memory(f"{bars.BRIDGE}, {bars.FLOODED}", memory.of(server.pids()))
        bus.latencies({P7: server}, _CALLS_LATER // len(bus.CALLS), 1)
        return results | _memory(f"{bars.BRIDGE}, {bars.LATER}", memory.of(server.pids()))


def guards(artifacts: Mapping[str, Path], rounds: int) -> Results:
    """Of the guard on a large package, and what its least disturbed round takes beyond its share of bsdtar's."""
    results: Results = {}
    for kind, samples in guard.samples(artifacts, rounds).items():
        used = {name: summarise([milliseconds for _, milliseconds in rows]) for name, rows in samples.items()}
        share = bars.TIMES_BSDTAR * used[BSDTAR].best
        results |= {Key(GUARD, kind, name): summary for name, summary in used.items()}
        for form in artifacts:
            results[Key(GUARD, bars.beyond(kind), form)] = summarise([used[form].best - share])
    return results


def boots(kinds: Mapping[str, int]) -> Results:
    """Of the two kinds, so many times each."""
    results: Results = {}
    for kind, count in kinds.items():
        measured = boot.KINDS[kind](count)
        for row in measured[0]:
            results[Key(BOOT, row, kind)] = summarise([times[row] for times in measured])
    return results


def together(results: Results) -> Results:
    """The memory of all that stays resident, in use."""
    rows = [f"{daemon}, {bars.IN_USE}" for daemon in (bars.BRIDGE, bars.NOTIFY)]
    columns = _memory("", Memory(0, 0, 0))
    return {
        Key(MEMORY, bars.BOTH, column): summarise([sum(results[Key(MEMORY, row, column)].median for row in rows)])
        for _, _, column in columns
    }


def _memory(row: str, found: Memory) -> Results:
    columns = {"resident": found.rss, PROPORTIONAL: found.pss, PRIVATE_DIRTY: found.private_dirty}
    return {Key(MEMORY, row, column): summarise([kilobytes]) for column, kilobytes in columns.items()}
