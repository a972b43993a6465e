"""What every object has (D-Bus Specification, "Standard Interfaces"): Peer, Introspectable, Properties."""

from p7.dbus import properties
from p7.dbus.errors import FAILED, DBusError
from p7.dbus.interface import Interface, Method

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.dbus.call import Call


def _ping(call: "Call") -> tuple[()]:
    return ()


def _machine_id(call: "Call") -> tuple[str]:
    text = call.service.root.read_or("/etc/machine-id", "").strip()
    if not text:
        raise DBusError(FAILED, "/etc/machine-id is missing or empty")
    return (text,)


def _introspect(call: "Call") -> tuple[str]:
    return (call.service.introspect(call.node),)


PEER = Interface(
    "org.freedesktop.DBus.Peer",
    (
        Method("Ping", "", "", "", _ping, "Answers."),
        Method("GetMachineId", "", "s", "-> machine_uuid", _machine_id, "/etc/machine-id."),
    ),
)
INTROSPECTABLE = Interface(
    "org.freedesktop.DBus.Introspectable",
    (Method("Introspect", "", "s", "-> xml_data", _introspect, "What the object offers."),),
)
BARE = (PEER, INTROSPECTABLE)
INTERFACES = (*BARE, properties.INTERFACE)
