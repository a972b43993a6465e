"""Whatever anybody sends, it is answered, nothing breaks inside, and the bridge is as quick as before."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p7.dbus.introspect import split
from p7.dbus.properties import INTERFACE as PROPERTIES_ROWS
from p7.dbus.standard import INTROSPECTABLE, PEER
from tests.bus.client import PATH, SESSION_PATH, Client, Error
from tests.bus.machine import Machine
from tests.bus.test_access import OBJECTS
from tests.unit.bodies import KEYS, Types

TOML = '[power]\npoweroff = "noop"\nreboot = "noop"\nhalt = "noop"\nsuspend = "noop"\nhibernate = "noop"\n'
ALIASES = [f"{PATH}/session/self", f"{PATH}/session/auto", f"{PATH}/user/self", f"{PATH}/seat/auto"]
PATHS = [*OBJECTS, *ALIASES, "/", "/org", f"{PATH}/session", f"{PATH}/session/_32", f"{PATH}/user/_0"]
INTERFACES = {interface.name: interface for interface in (*OBJECTS.values(), PEER, INTROSPECTABLE, PROPERTIES_ROWS)}
METHODS = [(interface.name, row) for interface in INTERFACES.values() for row in interface.methods.values()]
PROPERTIES = [name for interface in INTERFACES.values() for name in interface.properties]

_words = st.sampled_from(
    ["1", "self", "auto", "seat0", "sleep", "block", "delay", "leader", "all", "poweroff", *INTERFACES, *PROPERTIES]
)
_name = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
_types = Types(
    {
        **KEYS,
        "s": _words | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
        "u": KEYS["u"] | st.sampled_from([0, 1, 1000]),
        "t": KEYS["t"] | st.sampled_from([0, 1, 16]),
        "i": KEYS["i"] | st.integers(0, 64),
        "d": st.floats(),
        "o": st.sampled_from(PATHS),
        "h": st.just(0),  # standard input: any descriptor will do
    }
)


def bodies(signature: str) -> st.SearchStrategy[tuple[str, tuple[Any, ...]]]:
    return st.tuples(*map(_types.values, split(signature))).map(lambda body: (signature, body))


right = st.sampled_from(METHODS).flatmap(
    lambda each: st.tuples(st.just(each[0]), st.just(each[1].name), bodies(each[1].takes))
)
wrong = st.tuples(
    st.none() | st.sampled_from(list(INTERFACES)) | st.tuples(_name, _name).map(".".join),
    st.sampled_from([row.name for _, row in METHODS]) | _name,
    st.lists(_types.one, max_size=4).map("".join).flatmap(bodies),
)
paths = st.sampled_from(PATHS) | st.lists(_name, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(uid=st.sampled_from([0, 1000, 1001]), path=paths, call=right | wrong)
def ask_anything(clients: dict[int, Client], uid: int, path: str, call: tuple[str | None, str, Any]) -> None:
    """One call: a reply or an error that says what is wrong with the call, not with the bridge."""
    interface, member, (signature, body) = call
    client = clients[uid]
    try:
        reply = client.ask(client.message(member, signature, *body, path=path, interface=interface))
    except Error as error:
        assert not error.text.startswith("Internal error"), error
    else:
        for each in reply.body:
            if hasattr(each, "close"):
                each.close()


def test_everything_is_answered_and_nothing_breaks(p7: Path) -> None:
    with Machine(p7, toml=TOML) as machine:
        pids = machine.start().pids()
        clients = {uid: machine.client(uid) for uid in (0, 1000, 1001)}
        lain = clients[1000]
        before, descriptors = _median_us(lain), _descriptors(machine)
        ask_anything(clients)
        assert machine.pids() == pids
        assert _descriptors(machine) == descriptors
        assert _median_us(lain) < 3 * before
        assert lain.call("GetSession", "s", "auto") == (SESSION_PATH,)
        for path, interface in OBJECTS.items():
            assert lain.get_all(path, interface.name)
        assert "internal error" not in machine.stop_bridge()[1]


def test_long_arguments_are_refused(lain: Client) -> None:
    with pytest.raises(Error, match="LimitsExceeded"):
        lain.call("GetSession", "s", "x" * (1 << 20))
    with pytest.raises(Error, match="LimitsExceeded"):
        lain.call("Inhibit", "ssss", "sleep", "x" * (1 << 17), "y", "block")
    assert lain.call("GetSession", "s", "1") == (SESSION_PATH,)


def _descriptors(machine: Machine) -> int:
    return len(os.listdir(f"/proc/{machine.pids()[1]}/fd"))


def _median_us(client: Client) -> float:
    times = []
    for _ in range(200):
        start = time.perf_counter()
        client.call("ListSeats")
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)
