"""What may be done to the session: lock, hint, describe, signal, end it. The caller has been found trusted before."""

import os

from p7.dbus.call import Call
from p7.identity import SESSION_PATH
from p7.login1 import errors
from p7.login1.lookup import check_seat, check_session, check_user
from p7.login1.model import MANAGER, SEAT, SESSION, USER, Login1, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.dbus.interface import Handler

TYPES = ("unspecified", "tty", "x11", "wayland", "mir", "web")  # XDG_SESSION_TYPE
_DISPLAY_MAX = 128
_SIGNAL_MAX = 64


def sends(signal: str) -> "Handler":
    """The handler of Lock and Unlock: the session's screen locker listens for the signal."""

    def handler(call: Call) -> tuple[()]:
        if call.state.user is not None:
            call.service.signal(SESSION_PATH, SESSION, signal)
        return ()

    return handler


def named(handler: "Handler") -> "Handler":
    """A Session method as the Manager has it: with the session's id before the arguments."""

    def on_manager(call: Call, name: str, *arguments: object) -> "tuple[object, ...] | None":
        check_session(call, name)
        return handler(call, *arguments)

    return on_manager


def activate(_: Call) -> tuple[()]:
    """Activate: it always is."""
    return ()


def activate_on_seat(call: Call, session: str, seat: str) -> tuple[()]:
    """ActivateSessionOnSeat."""
    check_session(call, session)
    check_seat(call, seat)
    return ()


def set_idle_hint(call: Call, idle: bool) -> tuple[()]:
    """SetIdleHint."""
    model: Login1 = call.state
    if idle != model.idle:
        model.idle = idle
        model.idle_since = now()
        for interface in (SESSION, SEAT, USER, MANAGER):
            model.changed(interface, "IdleHint", "IdleSinceHint", "IdleSinceHintMonotonic")
    return ()


def set_locked_hint(call: Call, locked: bool) -> tuple[()]:
    """SetLockedHint."""
    model: Login1 = call.state
    if locked != model.locked:
        model.locked = locked
        model.changed(SESSION, "LockedHint")
    return ()


def set_type(call: Call, type: str) -> None:
    """SetType."""
    if type not in TYPES:
        raise errors.invalid(f"Invalid session type '{type}'")
    call.state.ask(call, "describe", f"type={type}")


def set_display(call: Call, display: str) -> None:
    """SetDisplay."""
    if len(display) > _DISPLAY_MAX or not display.isprintable():
        raise errors.invalid("Invalid display")
    call.state.ask(call, "describe", f"display={display}")


def set_tty(call: Call, fd: int) -> None:
    """SetTTY: the terminal that the descriptor is of."""
    try:
        name = os.ttyname(fd)
    except OSError as error:
        raise errors.invalid(f"Not a terminal: {error.strerror}") from None
    call.state.ask(call, "describe", f"tty={name.removeprefix('/dev/')}")


def set_brightness(call: Call, subsystem: str, name: str, value: int) -> None:
    """SetBrightness; the broker looks at the device's own range."""
    if subsystem not in ("backlight", "leds"):
        text = f"Subsystem type {subsystem} not supported, must be one of 'backlight' or 'leds'."
        raise errors.invalid(text)
    if name in ("", ".", "..") or "/" in name:
        raise errors.invalid(f"Not a valid device name {name}, refusing.")
    call.state.ask(call, "brightness", subsystem, name, str(value))


def kill(call: Call, whom: str, number: int) -> None:
    """Kill: the leader, or every process in the session's cgroup."""
    if whom not in ("", "all", "leader"):
        raise errors.invalid(f"Invalid parameter '{whom}'")
    if not 0 < number <= _SIGNAL_MAX:
        raise errors.invalid(f"Invalid signal {number}")
    call.state.ask(call, "kill", whom or "all", str(number))


def kill_user(call: Call, number: int) -> None:
    """The User's Kill: all there is of the user is the session."""
    kill(call, "all", number)


def kill_user_of(call: Call, uid: int, number: int) -> None:
    """KillUser."""
    check_user(call, uid)
    kill(call, "all", number)


def terminate(call: Call) -> None:
    """Terminate: as at logout."""
    call.state.ask(call, "terminate")


def terminate_user(call: Call, uid: int) -> None:
    """TerminateUser."""
    check_user(call, uid)
    terminate(call)


def terminate_seat(call: Call, seat: str) -> None:
    """TerminateSeat."""
    check_seat(call, seat)
    terminate(call)
