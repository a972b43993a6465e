"""docs/benchmarks.md: a table a section, and each bar with what was reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.bench.bars import BARS, Bar
from tests.bench.results import (
    BOOT,
    CALL_WORK,
    GUARD,
    INHIBITORS,
    MEMORY,
    NOTIFYD,
    ROOT_START,
    ROUND_TRIP,
    SOUND,
    UNITS,
    USER_START,
    WORK,
    Key,
    Results,
)
from tests.bench.stats import Summary

_NOTES = {
    ROOT_START: "From exec to the end, or until what the name says; median (quartiles) and the ratio to the bare"
    " interpreter's. There is no p7.toml but where it says so. A first run does all of its work, the others find it"
    " done.",
    USER_START: "Likewise, as the session's user and with the bridge there; the compositor is true(1), and the time is"
    " until its end. A first run starts the session's D-Bus daemon too. lainos-audio-init finds PipeWire running.",
    WORK: "User and system time of the programs above and those they wait for, daemons until they have ended.",
    MEMORY: "smaps_rollup of proc(5), all processes of a program together. In use is after the round trips below, or"
    " the floods.",
    ROUND_TRIP: "One call after the other by root, each service on a bus of its own; median (quartiles), then the 99th"
    " percentile.",
    CALL_WORK: "The bridge's own, of both processes, one call after the other, with no other service beside it.",
    INHIBITORS: "Median (quartiles), then the 99th percentile.",
    NOTIFYD: "One sender, an ordinary user, which waits while the queue is full; median (quartiles), then the 99th"
    " percentile.",
    GUARD: "`p7 seal-guard` as pacman's hook, for a package of this machine's programs beside bsdtar reading the same"
    " archives, which with -S are also the repositories' databases; median (quartiles).",
    SOUND: "With PipeWire, WirePlumber and pipewire-pulse to start; 50 ms of it are for a daemon that ends at once.",
    BOOT: "Real openrc-init to the end of the runlevel default, with the zipapp, in the order of the start. In"
    " namespaces: on this machine's kernel, from PID 1's start. In QEMU: from the kernel's start, on one processor"
    " whose every instruction takes a nanosecond of the machine's own clock, without what the lab's initramfs does. A"
    " service's time is that between OpenRC's marks: its shells are in it, as hostname's shows, and what a daemon that"
    " was started before does meanwhile. What a desktop starts is in docs/decisions.md, 'What p7 adds to a boot'; of"
    " the lab's bare base the other services are small stand-ins, where a real system has more of them. Without p7,"
    " it is not installed at all.",
}


def markdown(facts: Mapping[str, str], results: Results) -> str:
    """The whole page; `facts` are lines about machine and versions."""
    lines = ["# Benchmarks", "", "Made by `python3 build.py bench`, all in one run; do not edit.", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", "![the main results as bars](benchmarks.svg)", "", *_bars(results)]
    for section in UNITS:
        if any(key.section == section for key in results):
            lines += ["", *_section(section, results)]
    return "\n".join(lines) + "\n"


def console(results: Results) -> str:
    """The bars, for a terminal."""
    return "\n".join(f"{_verdict(bar, results).strip('*'):12} {_reached(bar, results):>10}  {bar.what}" for bar in BARS)


def _bars(results: Results) -> Iterator[str]:
    yield "## Bars"
    yield ""
    yield "Ratios are of medians; of start-up and memory to the bare interpreter's."
    yield ""
    yield "| what | bar | reached | |"
    yield "|---|---|---|---|"
    for bar in BARS:
        sign = "≥" if bar.is_least else "≤"
        limit = "" if bar.limit is None else f"{sign} {bar.limit:,}"
        yield f"| {bar.what} | {limit} | {_reached(bar, results)} | {_verdict(bar, results)} |"


def _reached(bar: Bar, results: Results) -> str:
    value = bar.value(results)
    return "" if value is None else _number(value)


def _verdict(bar: Bar, results: Results) -> str:
    value = bar.value(results)
    if value is None:
        return "not measured"
    if bar.limit is None:
        return "no bar"
    return "met" if bar.is_met(value) else "**not met**"


def _section(section: str, results: Results) -> Iterator[str]:
    keys = [key for key in results if key.section == section]
    columns = list(dict.fromkeys(key.column for key in keys))
    unit = f", {UNITS[section]}" if UNITS[section] else ""
    yield f"## {section}{unit}"
    yield ""
    if section in _NOTES:
        yield _NOTES[section]
        yield ""
    yield f"| | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    rows = list(dict.fromkeys(key.row for key in keys))
    for row in sorted(rows) if section == MEMORY else rows:
        yield f"| {row} | {' | '.join(_cell(Key(section, row, column), results) for column in columns)} |"


def _cell(key: Key, results: Results) -> str:
    if key not in results:
        return ""
    summary = results[key]
    if summary.count == 1:
        return _number(summary.median)
    text = f"{_number(summary.median)} ({_number(summary.low)} to {_number(summary.high)})"
    return text + _remark(key, summary, results)


def _remark(key: Key, summary: Summary, results: Results) -> str:
    """What a section's note promises beside the quartiles."""
    base = key.base()
    if base and key.section in (ROOT_START, USER_START, WORK):
        return f" **{summary.median / results[base].median:.2f}**"
    return f" {_number(summary.p99)}" if key.section in (ROUND_TRIP, INHIBITORS, NOTIFYD) else ""


def _number(value: float) -> str:
    """Three digits, or all before the point."""
    if value == int(value) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
