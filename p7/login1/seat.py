"""org.freedesktop.login1.Seat, row by row."""

from p7.dbus import errors as bus_errors
from p7.dbus.interface import CONST, REFUSED, SIGNALLED, SILENT, STATIC, TRUSTED, Interface, Method, Property
from p7.identity import SEAT_ID, SESSION_ID, SESSION_PATH
from p7.login1 import acts, model
from p7.login1.errors import refusing
from p7.login1.lookup import check_session

_SWITCH = refusing(bus_errors.NOT_SUPPORTED, "There is one session: seatd or the kernel's keys switch terminals")
_WHY = "NotSupported: one session; seatd and the kernel's keys switch terminals."

METHODS = (
    Method("Terminate", "", "", "", acts.terminate, "Ends the session on it.", who=TRUSTED),
    Method("ActivateSession", "s", "", "session_id", acts.activate,
           "Succeeds: the one session is always active.", kind=STATIC, who=TRUSTED, check=check_session),
    Method("SwitchTo", "u", "", "vtnr", _SWITCH, _WHY, kind=REFUSED, check=acts.check_vt),
    Method("SwitchToNext", "", "", "", _SWITCH, _WHY, kind=REFUSED),
    Method("SwitchToPrevious", "", "", "", _SWITCH, _WHY, kind=REFUSED),
)  # fmt: skip

PROPERTIES = (
    Property("Id", "s", CONST, lambda _: SEAT_ID, "seat0.", kind=STATIC),
    Property("ActiveSession", "(so)", SIGNALLED, lambda _: (SESSION_ID, SESSION_PATH), "The session.", kind=STATIC),
    Property("CanTTY", "b", CONST, lambda _: True, "True.", kind=STATIC),
    Property("CanGraphical", "b", SIGNALLED, lambda _: True, "True.", kind=STATIC),
    Property("Sessions", "a(so)", SILENT, lambda _: [(SESSION_ID, SESSION_PATH)], "The session.", kind=STATIC),
    Property("IdleHint", "b", SIGNALLED, lambda s: s.idle, "As the session's."),
    Property("IdleSinceHint", "t", SIGNALLED, lambda s: s.idle_since.realtime_usec, "As the session's."),
    Property("IdleSinceHintMonotonic", "t", SIGNALLED, lambda s: s.idle_since.monotonic_usec, "As the session's."),
)

INTERFACE = Interface(model.SEAT, METHODS, PROPERTIES)
