"""Round trips, throughput and inhibitors, of each server in turn."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import NamedTuple

from jeepney import message_bus
from jeepney.low_level import Message

from tests.bench.results import GET_ID
from tests.bench.servers import Server
from tests.bench.wire import Wire
from tests.bus.client import PROPERTIES, SESSION, Client

CALLS = (GET_ID, "CanPowerOff", "ListSeats", "GetAll of Session")
_SETTLED_SEC = 0.5  # time for what starting has left to do
_SCHEDULED = 2  # CPUCLOCK_SCHED of Linux's include/linux/posix-timers.h
_BATCH = 32  # well below what a system bus lets one connection have unanswered


def message(client: Client, call: str, session: str) -> Message:
    """One of CALLS."""
    if call == GET_ID:
        return message_bus.GetId()
    if call == "GetAll of Session":
        return client.message("GetAll", "s", SESSION, path=session, interface=PROPERTIES)
    return client.message(call)


Samples = dict[tuple[str, str], list[float]]
"""Microseconds of each call, by call and server."""


def latencies(servers: Mapping[str, Server], count: int, rounds: int) -> Samples:
    """Make `count` calls of each kind to each server, some of each in each round."""
    clients = {name: server.client() for name, server in servers.items()}
    wires = {
        (call, name): Wire(clients[name], message(clients[name], call, server.session))
        for call in CALLS
        for name, server in servers.items()
    }
    samples: Samples = {key: [] for key in wires}
    for _ in range(rounds):
        for key, wire in wires.items():
            samples[key] += wire.latencies(count // rounds)
    for client in clients.values():
        client.connection.close()
    return samples


def rates(server: Server, batches: int) -> dict[str, float]:
    """Calls a second of each kind."""
    with server.client() as client:
        return {call: Wire(client, message(client, call, server.session)).rate(batches, _BATCH) for call in CALLS}


def work(server: Server, count: int, rounds: int) -> dict[str, list[float]]:
    """Microseconds of the service's processor time for a call, by call, in each round.

    Unlike a round trip it hardly depends on what else the machine does, so that different runs can be compared.
    """
    samples: dict[str, list[float]] = {call: [] for call in CALLS if call != GET_ID}
    pids = server.pids()
    with server.client() as client:
        wires = {call: Wire(client, message(client, call, server.session)) for call in samples}
        for _ in range(rounds):
            for call, wire in wires.items():
                before = _processor_time(pids)
                wire.latencies(count)
                samples[call].append((_processor_time(pids) - before) / count * 1e6)
    return samples


def _processor_time(pids: list[int]) -> float:
    """Seconds that these processes have run, to the nanosecond, by their clocks (clock_getcpuclockid(3))."""
    return sum(time.clock_gettime(~pid << 3 | _SCHEDULED) for pid in pids)


class Inhibitors(NamedTuple):
    """Microseconds of each call, and how many descriptors more the service has when all are released."""

    calls: list[float]
    left: int


def inhibitors(server: Server, count: int) -> Inhibitors:
    """Take so many at a time, and let them all go."""
    with server.client() as client:
        os.close(client.inhibit())
        time.sleep(_SETTLED_SEC)
        before = _descriptors(server)
        fds, took = [], []
        for _ in range(count):
            began = time.perf_counter()
            fds.append(client.inhibit())
            took.append((time.perf_counter() - began) * 1e6)
        for fd in fds:
            os.close(fd)
        _settle(server, before)
        return Inhibitors(took, _descriptors(server) - before)


def _descriptors(server: Server) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.pids())


def _settle(server: Server, before: int) -> None:
    for _ in range(100):
        if _descriptors(server) <= before:
            return
        time.sleep(0.02)
