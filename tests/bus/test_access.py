"""Who may: root and the session's user act, everybody asks. Asked of every row there is."""

from __future__ import annotations

from typing import Any

import pytest

from p7.dbus.interface import ANYONE, REFUSED, STATIC, TRUSTED, Interface, Method
from p7.dbus.introspect import split
from p7.login1 import manager, seat, session, user
from tests.bus.client import PATH, SEAT_PATH, SESSION_PATH, USER_PATH, Client, Error

DENIED = "org.freedesktop.DBus.Error.AccessDenied"
OBJECTS = {
    PATH: manager.INTERFACE,
    SESSION_PATH: session.INTERFACE,
    SEAT_PATH: seat.INTERFACE,
    USER_PATH: user.INTERFACE,
}
ROWS = [(path, interface, row) for path, interface in OBJECTS.items() for row in interface.methods.values()]
# Arguments that a member's check lets pass; other members take anything of the right type.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "ActivateSessionOnSeat": ("1", "seat0"),
    "GetSeat": ("seat0",),
    "GetUser": (1000,),
    "GetUserByPID": (1,),
    "GetSessionByPID": (1,),
    "Inhibit": ("sleep", "who", "why", "block"),
    "Kill": ("all", 15),
    "KillSession": ("1", "all", 15),
    "KillUser": (1000, 15),
    "ScheduleShutdown": ("poweroff", 1),
    "SetBrightness": ("leds", "lamp", 1),
    "SetType": ("wayland",),
    "SetWallMessage": ("text", True),
    "SwitchTo": (1,),
    "TerminateSeat": ("seat0",),
    "TerminateUser": (1000,),
}
_ANY = {"s": "1", "u": 1, "t": 0, "i": 15, "b": False, "h": 0, "a(sv)": []}


def _ids(value: object) -> str | None:
    return value.name if isinstance(value, Method) else ""


@pytest.mark.parametrize(("path", "interface", "row"), [each for each in ROWS if each[2].who == TRUSTED], ids=_ids)
def test_a_stranger_is_denied_what_acts(stranger: Client, path: str, interface: Interface, row: Method) -> None:
    arguments = (15,) if (row.name, row.takes) == ("Kill", "i") else ARGUMENTS.get(row.name) or _arguments(row)
    sleeps = row.name.startswith(("Hibernate", "HybridSleep", "SuspendThen"))
    with pytest.raises(Error) as refused:
        stranger.call(row.name, row.takes, *arguments, path=path, interface=interface.name)
    assert refused.value.name == DENIED or (sleeps and refused.value.name.endswith("SleepVerbNotSupported"))


@pytest.mark.parametrize(("path", "interface", "row"), [each for each in ROWS if each[2].who != TRUSTED], ids=_ids)
def test_a_stranger_is_answered_what_asks(stranger: Client, path: str, interface: Interface, row: Method) -> None:
    arguments = ARGUMENTS.get(row.name) or _arguments(row)
    try:
        stranger.call(row.name, row.takes, *arguments, path=path, interface=interface.name)
    except Error as error:
        assert row.kind == REFUSED or error.name.endswith("ForPID")
        assert error.name != DENIED
    else:
        assert row.kind != REFUSED


def test_every_row_that_gives_nothing_is_for_the_trusted_or_refused() -> None:
    """A method that returns nothing is called for what it does."""
    doing = [row.name for _, _, row in ROWS if not row.gives and row.who != TRUSTED and row.kind != REFUSED]
    assert doing == []


def test_static_answers_are_for_anyone() -> None:
    """They are serialised once for all callers."""
    assert [row.name for _, _, row in ROWS if row.kind == STATIC and row.gives and row.who != ANYONE] == []


def _arguments(row: Method) -> tuple[Any, ...]:
    return tuple(_ANY[type] for type in split(row.takes))
