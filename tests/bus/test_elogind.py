"""Real elogind and the bridge, asked the same questions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from p7.build.login1_doc import DIFFERENCES, PROPERTY_DIFFERENCES
from tests.bus.asker import ask
from tests.bus.client import MANAGER, PATH, SEAT, SEAT_PATH, SESSION, SESSION_PATH, USER, USER_PATH
from tests.bus.machine import Machine
from tests.bus.oracle import Elogind
from tests.need import need

# What is another in every session: who it is, when it began, what runs in it.
OWN = {"ActiveSession", "Audit", "Desktop", "Display", "Id", "IdleSinceHint", "IdleSinceHintMonotonic", "Leader",
       "Sessions", "TTY", "Timestamp", "TimestampMonotonic", "Type", "VTNr"}  # fmt: skip
_DENIED = "org.freedesktop.DBus.Error.AccessDenied"
_SAME = {"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired": _DENIED}


@pytest.fixture
def elogind() -> Iterator[Elogind]:
    need("mmdebstrap", "mmdebstrap")
    with Elogind() as elogind:
        yield elogind


def test_answers(elogind: Elogind, p7: Path) -> None:
    theirs = ask(elogind.address, *elogind.session[:2], elogind.pid, elogind.scope)
    with Machine(p7) as machine:
        machine.start()
        assert machine.private.cgroup is not None
        scope = machine.private.cgroup / "user.slice/user-1000.slice/session-1.scope"
        ours = ask(machine.address, "1", SESSION_PATH, machine.private.pid, scope)
    assert len(ours) > 250
    different = [question for question in ours if _essence(ours[question]) != _essence(theirs[question])]
    unforeseen = [name for name in different if not any(re.search(pattern, name) for pattern, *_ in DIFFERENCES)]
    assert [(name, theirs[name], ours[name]) for name in unforeseen] == []
    assert [pattern for pattern, *_ in DIFFERENCES if not any(re.search(pattern, name) for name in different)] == []


def test_properties(elogind: Elogind, machine: Machine) -> None:
    different = set()
    with elogind.client(0) as theirs, machine.client(0) as ours:
        for interface, path, their_path in (
            (MANAGER, PATH, PATH),
            (SEAT, SEAT_PATH, SEAT_PATH),
            (USER, USER_PATH, USER_PATH),
            (SESSION, SESSION_PATH, elogind.session[1]),
        ):
            expected, found = theirs.get_all(their_path, interface), ours.get_all(path, interface)
            assert expected.keys() <= found.keys()
            assert {name: type for name, (type, _) in expected.items()} == {name: found[name][0] for name in expected}
            different |= {name for name in expected if found[name] != expected[name]}
    foreseen = [name for name in different - OWN if any(re.fullmatch(each, name) for each, *_ in PROPERTY_DIFFERENCES)]
    assert different - OWN == set(foreseen)
    assert [each for each, *_ in PROPERTY_DIFFERENCES if not any(re.fullmatch(each, name) for name in foreseen)] == []


def _essence(answer: tuple[str, Any]) -> tuple[str, Any]:
    """An error's name, or the values; with what polkitd would ask a password for taken as denied."""
    name, value = answer
    if name:
        return _SAME.get(name, name), None
    return name, ("no",) if value == ("challenge",) else value
