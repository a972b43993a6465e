"""docs/benchmarks.svg: the main results as horizontal bars, with a line where each is to end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from tests.bench.bars import BARS, BRIDGE, CALLS, DBUSMOCK, ELOGIND, IN_USE, NOTIFY, ONE_SHOTS
from tests.bench.results import FLOOR, MEMORY, PRIVATE_DIRTY, ROOT_START, ROUND_TRIP, Key, Results

_WIDTH, _LABELS, _VALUES, _LINE = 760, 300, 60, 20
_COLOURS = {"zipapp": "#3465a4", "static": "#4e9a06", "frozen": "#c4a000", "p7": "#3465a4"}
_OTHER = "#888a85"


class Row(NamedTuple):
    """A bar: its text, its length in the panel's unit, its colour, and where it is to end, if anywhere."""

    label: str
    value: float
    colour: str
    limit: float | None = None


def svg(results: Results) -> str:
    """The picture's source."""
    panels = [
        ("Start-up, multiples of a bare interpreter's; red: the bar", _start_up(results)),
        ("D-Bus round trip, median, µs", _round_trips(results)),
        ("Private memory, MB", _memory(results)),
    ]
    top, parts = 10, []
    for title, rows in panels:
        parts.append(_panel(title, rows, top))
        top += (len(rows) + 2) * _LINE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" font-family="sans-serif"'
    return f'{head} font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n{"".join(parts)}</svg>\n'


def _start_up(results: Results) -> list[Row]:
    floor = results[Key(ROOT_START, FLOOR)].median
    names = [*(f"{name}, first run" for name in ONE_SHOTS), f"{NOTIFY}, to ready", f"{BRIDGE}, to answering"]
    limits = {bar.key: bar.limit for bar in BARS}
    return [
        Row(f"{name}: {form}", results[key].median / floor, _COLOURS[form], limits.get(key))
        for name in names
        for form in ("zipapp", "static", "frozen")
        if (key := Key(ROOT_START, name, form)) in results
    ]


def _round_trips(results: Results) -> list[Row]:
    return [
        Row(f"{call}: {server}", results[key].median, _COLOURS.get(server, _OTHER))
        for call in CALLS
        for server in ("p7", ELOGIND, DBUSMOCK)
        if (key := Key(ROUND_TRIP, call, server)) in results
    ]


def _memory(results: Results) -> list[Row]:
    rows = (FLOOR, f"{NOTIFY}, {IN_USE}", f"{BRIDGE}, {IN_USE}", ELOGIND, DBUSMOCK)
    return [
        Row(row, results[key].median / 1000, _COLOURS["p7"] if IN_USE in row else _OTHER)
        for row in rows
        if (key := Key(MEMORY, row, PRIVATE_DIRTY)) in results
    ]


def _panel(title: str, rows: Sequence[Row], top: int) -> str:
    """A title and a bar a row; `top` is in pixels."""
    scale = (_WIDTH - _LABELS - _VALUES) / max(max(row.value, row.limit or 0) for row in rows)
    parts = [f'<text x="10" y="{top + 14}" font-weight="bold">{escape(title)}</text>\n']
    for number, row in enumerate(rows, 1):
        y = top + number * _LINE
        value = f"{row.value:.{0 if row.value >= 20 else 2}f}"
        parts.append(
            f'<text x="{_LABELS - 6}" y="{y + 14}" text-anchor="end">{escape(row.label)}</text>'
            f'<rect x="{_LABELS}" y="{y + 3}" width="{row.value * scale:.1f}" height="14" fill="{row.colour}"/>'
            f'<text x="{_WIDTH - 10}" y="{y + 14}" text-anchor="end">{value}</text>\n'
        )
        if row.limit is not None:
            x = _LABELS + row.limit * scale
            parts.append(f'<path d="M{x:.1f} {y}v{_LINE}" stroke="#cc0000" stroke-width="2"/>\n')
    return "".join(parts)
