"""login1's own error names (org.freedesktop.login1(5)), and the broker's refusals as D-Bus errors."""

from p7.broker.wire import Refused
from p7.dbus import errors
from p7.dbus.errors import DBusError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.dbus.interface import Handler

_LOGIN1 = "org.freedesktop.login1."

BLOCKED = _LOGIN1 + "BlockedByInhibitorLock"
NO_SEAT = _LOGIN1 + "NoSuchSeat"
NO_SESSION = _LOGIN1 + "NoSuchSession"
NO_SESSION_FOR_PID = _LOGIN1 + "NoSessionForPID"
NO_USER = _LOGIN1 + "NoSuchUser"
NO_USER_FOR_PID = _LOGIN1 + "NoUserForPID"
NOT_IN_CONTROL = _LOGIN1 + "NotInControl"
OPERATION_IN_PROGRESS = _LOGIN1 + "OperationInProgress"
SLEEP_NOT_SUPPORTED = _LOGIN1 + "SleepVerbNotSupported"

# As sd-bus names an errno (sd_bus_error_set_errno(3)); the rest become System.Error.NAME, as there.
_ERRNO_NAMES = {
    "EPERM": errors.ACCESS_DENIED,
    "EACCES": errors.ACCESS_DENIED,
    "EINVAL": errors.INVALID_ARGS,
    "EOPNOTSUPP": errors.NOT_SUPPORTED,
    "ENOTSUP": errors.NOT_SUPPORTED,
}


def refused(refusal: Refused) -> DBusError:
    """What the caller gets for what the broker would not do."""
    return DBusError(_ERRNO_NAMES.get(refusal.name, f"System.Error.{refusal.name}"), refusal.text)


def invalid(text: str) -> DBusError:
    """An argument that makes no sense."""
    return DBusError(errors.INVALID_ARGS, text)


def refusing(name: str, text: str) -> "Handler":
    """A handler for a member that is refused whatever its arguments are."""

    def refuse(*_: object) -> None:
        raise DBusError(name, text)

    return refuse
