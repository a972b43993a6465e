"""Medians and what goes with them; nothing here knows what the numbers measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Summary(NamedTuple):
    """What there is to say of some measurements, in their own unit."""

    best: float
    """The smallest: what the least disturbed round took."""
    low: float
    """The first quartile."""
    median: float
    high: float
    """The third quartile."""
    p99: float
    worst: float
    count: int


def summarise(values: Sequence[float]) -> Summary:
    """Quartiles, 99th percentile and extremes. Raises ValueError where there are no values."""
    quantiles = [quantile(values, fraction) for fraction in (0, 0.25, 0.5, 0.75, 0.99, 1)]
    return Summary(*quantiles, count=len(values))


def quantile(values: Sequence[float], fraction: float) -> float:
    """The value below which `fraction` of the values lie, between two neighbours by their distance (R's type 7)."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
