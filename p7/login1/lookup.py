"""Which session, user or seat: what is asked by name, by pid, or by the caller being who it is."""

from p7 import proc
from p7.dbus.call import Call
from p7.dbus.errors import DBusError
from p7.identity import SEAT_ID, SEAT_PATH, SESSION_CLASS, SESSION_ID, SESSION_PATH, User
from p7.login1 import errors
from p7.login1.model import Login1

NOBODY = 0xFFFFFFFF  # the uid that is none
_MINE = ("", "self", "auto")
_PID_MAX = 0x7FFFFFFF


def check_session(call: Call, name: str, *_: object) -> None:
    """Raise what login1 raises unless `name` is the session's, or means the caller's own and that is it."""
    model: Login1 = call.state
    if name in _MINE:
        if not model.belongs(call.caller):
            suitable = " and doesn't own any suitable session" if name == "auto" else ""
            text = f"Caller does not belong to any known session{suitable}."
            raise DBusError(errors.NO_SESSION_FOR_PID, text)
    elif name != SESSION_ID or model.user is None:
        raise DBusError(errors.NO_SESSION, f"No session '{name}' known")


def check_user(call: Call, uid: int, *_: object) -> User:
    """The user of this uid, or of the caller's for an invalid one. Raises what login1 raises for another."""
    user: User | None = call.state.user
    if uid == NOBODY:
        uid = call.caller.uid
    if user is None or user.uid != uid:
        raise DBusError(errors.NO_USER, f"User ID {uid} is not logged in or lingering")
    return user


def check_seat(call: Call, name: str, *_: object) -> None:
    """Raise what login1 raises unless `name` is the seat's, or means the caller's own and that is it."""
    model: Login1 = call.state
    if name in _MINE:
        check_session(call, name)
    elif name != SEAT_ID or model.user is None:
        raise DBusError(errors.NO_SEAT, f"No seat '{name}' known")


def get_session(call: Call, name: str) -> tuple[str]:
    check_session(call, name)
    return (SESSION_PATH,)


def get_session_by_pid(call: Call, pid: int) -> tuple[str]:
    if pid == 0:
        return get_session(call, "self")
    _check_pid(pid)
    if not call.state.holds(pid):
        raise DBusError(errors.NO_SESSION_FOR_PID, f"PID {pid} does not belong to any known session")
    return (SESSION_PATH,)


def get_user(call: Call, uid: int) -> tuple[str]:
    return (check_user(call, uid).object_path,)


def get_user_by_pid(call: Call, pid: int) -> tuple[str]:
    model: Login1 = call.state
    _check_pid(pid)
    if model.user is None or not (model.belongs(call.caller) if pid == 0 else _owns(model, pid)):
        who = f"PID {pid} does" if pid else "Caller does"
        text = f"{who} not belong to any logged in user or lingering user"
        raise DBusError(errors.NO_USER_FOR_PID, text)
    return (model.user.object_path,)


def get_seat(call: Call, name: str) -> tuple[str]:
    check_seat(call, name)
    return (SEAT_PATH,)


def list_sessions(call: Call) -> tuple[list[object]]:
    user: User | None = call.state.user
    return ([] if user is None else [(SESSION_ID, user.uid, user.name, SEAT_ID, SESSION_PATH)],)


def list_sessions_ex(call: Call) -> tuple[list[object]]:
    model: Login1 = call.state
    if model.user is None:
        return ([],)
    session, user = model.session, model.user
    idle = (model.idle, model.idle_since.monotonic_usec)
    return (
        [(SESSION_ID, user.uid, user.name, SEAT_ID, session.leader, SESSION_CLASS, session.tty, *idle, SESSION_PATH)],
    )


def list_users(call: Call) -> tuple[list[object]]:
    user: User | None = call.state.user
    return ([] if user is None else [(user.uid, user.name, user.object_path)],)


def list_seats(call: Call) -> tuple[list[object]]:
    return ([] if call.state.user is None else [(SEAT_ID, SEAT_PATH)],)


def _check_pid(pid: int) -> None:
    if pid > _PID_MAX:
        raise errors.invalid("Invalid argument")


def _owns(model: Login1, pid: int) -> bool:
    """Whether a process is in the user's slice."""
    assert model.user is not None
    return f"{proc.cgroup(model.root, pid)}/".startswith(f"{model.user.slice}/")
