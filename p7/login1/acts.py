"""What may be done to the session: lock, hint, describe, signal, end it.

A check_*() goes before each function that takes arguments: it raises what is wrong with them. Only then does the
service look at who calls, and only then is the function called.
"""

import os

from p7.broker import description
from p7.dbus import errors as bus_errors
from p7.dbus.call import Call
from p7.dbus.errors import DBusError
from p7.identity import SESSION_PATH
from p7.login1 import errors
from p7.login1.lookup import check_seat, check_session
from p7.login1.model import SESSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.dbus.interface import Handler

_SIGNAL_MAX = 64
_VT_MAX = 63


def sends(signal: str) -> "Handler":
    """The handler of Lock and Unlock: the session's screen locker listens for the signal."""

    def handler(call: Call) -> tuple[()]:
        if call.state.user is not None:
            call.service.signal(SESSION_PATH, SESSION, signal)
        return ()

    return handler


def named(handler: "Handler") -> "Handler":
    """A method of session, seat or user as the Manager has it: with a name before the arguments."""

    def on_manager(call: Call, _name: "str | int", *arguments: object) -> "tuple[object, ...] | None":
        return handler(call, *arguments)

    return on_manager


def activate(*_: object) -> tuple[()]:
    """Activate: it always is."""
    return ()


def check_session_and_seat(call: Call, session: str, seat: str) -> None:
    """The arguments of ActivateSessionOnSeat."""
    check_session(call, session)
    check_seat(call, seat)


def set_idle_hint(call: Call, idle: bool) -> tuple[()]:
    """SetIdleHint."""
    call.state.set_idle(idle)
    return ()


def set_locked_hint(call: Call, locked: bool) -> tuple[()]:
    """SetLockedHint."""
    call.state.set_locked(locked)
    return ()


def check_type(_: Call, type: str) -> None:
    """The argument of SetType."""
    if type not in description.TYPES:
        raise errors.invalid(f"Invalid session type '{type}'")


def set_type(call: Call, type: str) -> None:
    """SetType."""
    call.state.ask(call, "describe", f"type={type}")


def set_display(call: Call, display: str) -> None:
    """SetDisplay; the broker looks at the name."""
    call.state.ask(call, "describe", f"display={display}")


def set_tty(call: Call, fd: int) -> None:
    """SetTTY: the terminal that the descriptor is of."""
    try:
        name = os.ttyname(fd)
    except OSError as error:
        raise errors.invalid(f"Not a terminal: {error.strerror}") from None
    call.state.ask(call, "describe", f"tty={name.removeprefix('/dev/')}")


def check_device(_: Call, subsystem: str, name: str, _value: int) -> None:
    """The arguments of SetBrightness."""
    if subsystem not in ("backlight", "leds"):
        text = f"Subsystem type {subsystem} not supported, must be one of 'backlight' or 'leds'."
        raise DBusError(bus_errors.NOT_SUPPORTED, text)
    if name in ("", ".", "..") or "/" in name:
        raise errors.invalid(f"Not a valid device name {name}, refusing.")


def set_brightness(call: Call, subsystem: str, name: str, value: int) -> None:
    """SetBrightness; the broker looks at the device's own range."""
    call.state.ask(call, "brightness", subsystem, name, str(value))


def check_kill(_: Call, whom: str, number: int) -> None:
    """The arguments of Kill."""
    if whom not in ("", "all", "leader"):
        raise errors.invalid(f"Invalid kill parameter '{whom}'")
    _check_signal(number)


def check_kill_session(call: Call, session: str, whom: str, number: int) -> None:
    """The arguments of KillSession."""
    check_session(call, session)
    check_kill(call, whom, number)


def check_vt(_: Call, number: int) -> None:
    """The argument of SwitchTo."""
    if not 0 < number <= _VT_MAX:
        raise errors.invalid("Invalid virtual terminal")


def kill(call: Call, whom: str, number: int) -> None:
    """Kill: the leader, or every process in the session's cgroup."""
    call.state.ask(call, "kill", whom or "all", str(number))


def kill_user(call: Call, number: int) -> None:
    """The User's Kill: all there is of the user is the session."""
    _check_signal(number)
    kill(call, "all", number)


def terminate(call: Call) -> None:
    """Terminate: as at logout."""
    call.state.ask(call, "terminate")


def _check_signal(number: int) -> None:
    if not 0 < number <= _SIGNAL_MAX:
        raise errors.invalid(f"Invalid signal {number}")
