"""org.freedesktop.DBus.Properties, and what of it is serialised once."""

import struct

from p7.dbus import errors
from p7.dbus.errors import DBusError
from p7.dbus.interface import KNOWN, SILENT, Interface, Method, Property, Signal
from p7.dbus.writer import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from p7.dbus.call import Call
    from p7.dbus.service import Node

NAME = "org.freedesktop.DBus.Properties"


def find(node: "Node", interface: str, name: str) -> Property:
    """A property's row. Raises DBusError."""
    owner: Interface | None = node.interfaces.get(interface)
    row = owner.properties.get(name) if owner is not None else None
    if row is None:
        raise DBusError(errors.UNKNOWN_PROPERTY, f"Unknown interface {interface} or property {name}.")
    return row


def get(call: "Call", interface: str, name: str) -> "tuple[Any, ...]":
    """Get: one value."""
    row = find(call.node, interface, name)
    return ((row.type, row.get(call.state)),)


def set_(call: "Call", interface: str, name: str, variant: "tuple[str, Any]") -> "tuple[Any, ...]":
    """Set: for properties that have a setter, and callers that the service lets act."""
    row = find(call.node, interface, name)
    if row.set is None:
        raise DBusError(errors.PROPERTY_READ_ONLY, f"Property '{name}' is not writable.")
    given, value = variant
    if given != row.type:
        text = f"Incorrect parameters for property '{name}', expected '{row.type}', got '{given}'."
        raise DBusError(errors.INVALID_ARGS, text)
    call.service.check(call)
    row.set(call, value)
    return ()


def get_all(call: "Call", interface: str) -> None:
    """GetAll: every value of an interface, or of all of them where it is empty."""
    node = call.node
    body = node.dictionaries.get(interface)
    if body is None:
        if interface and interface not in node.interfaces:
            raise DBusError(errors.UNKNOWN_INTERFACE, f"Unknown interface '{interface}'.")
        owners = [node.interfaces[interface]] if interface else list(node.interfaces.values())
        rows = [(owner, row) for owner in owners for row in owner.properties.values()]
        body = _dictionary([_entry(node, owner, row, call.state) for owner, row in rows])
        if all(row.emits != SILENT for _, row in rows):
            node.dictionaries[interface] = body
    call.reply_body(body)


def _entry(node: "Node", interface: Interface, row: Property, state: "Any") -> bytes:
    """A property as an entry of a{sv}. Only one that changes silently is serialised anew each time."""
    key = (interface.name, row.name)
    data = node.entries.get(key)
    if data is None:
        # Entries begin at a multiple of 8, so their bytes are the same wherever they stand.
        data = pack("sv", (row.name, (row.type, row.get(state))))
        if row.emits != SILENT:
            node.entries[key] = data
    return data


def _dictionary(entries: list[bytes]) -> bytes:
    """A body that is an a{sv} with these entries."""
    if not entries:
        return bytes(8)
    data = b"".join([entry + bytes(-len(entry) % 8) for entry in entries[:-1]]) + entries[-1]
    return struct.pack("<II", len(data), 0) + data


INTERFACE = Interface(
    NAME,
    methods=(
        Method("Get", "ss", "v", "interface_name property_name -> value", get, "One value."),
        Method("GetAll", "s", "a{sv}", "interface_name -> props", get_all, "All values; of all interfaces for \"\"."),
        Method("Set", "ssv", "", "interface_name property_name value", set_, "Sets a writable one.", who=KNOWN),
    ),
    signals=(
        Signal("PropertiesChanged", "sa{sv}as", "interface_name changed_properties invalidated_properties",
               "New values."),
    ),
)  # fmt: skip
