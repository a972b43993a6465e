"""Introspection data (D-Bus Specification, "Introspection Data Format"), written from the rows."""

from p7.dbus.interface import SIGNALLED, Interface, Method, Property, Signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DOCTYPE = """\
<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
"""
_EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"
_PRIVILEGED = "org.freedesktop.systemd1.Privileged"  # sd_bus_add_object(3)


def document(interfaces: "Iterable[Interface]", children: "Iterable[str]") -> str:
    """The XML of an object with these interfaces, and objects of these names below it."""
    lines = [line for interface in interfaces for line in _interface(interface)]
    lines += [f' <node name="{name}"/>' for name in children]
    return f"{_DOCTYPE}<node>\n" + "".join(f"{line}\n" for line in lines) + "</node>\n"


def split(signature: str) -> list[str]:
    """The complete types that a signature is made of: "sa(sv)" is "s" and "a(sv)"."""
    types, start, depth = [], 0, 0
    for at, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if depth == 0 and letter != "a":
            types.append(signature[start : at + 1])
            start = at + 1
    return types


def _interface(interface: Interface) -> "Iterator[str]":
    yield f' <interface name="{interface.name}">'
    for method in interface.methods.values():
        yield from _method(method)
    for property in interface.properties.values():
        yield from _property(property)
    for signal in interface.signals.values():
        yield from _signal(signal)
    yield " </interface>"


def _method(row: Method) -> "Iterator[str]":
    yield f'  <method name="{row.name}">'
    yield from _arguments(row.takes, row.takes_names, ' direction="in"')
    yield from _arguments(row.gives, row.gives_names, ' direction="out"')
    if row.privileged:
        yield f'   <annotation name="{_PRIVILEGED}" value="true"/>'
    yield "  </method>"


def _property(row: Property) -> "Iterator[str]":
    access = "read" if row.set is None else "readwrite"
    head = f'  <property name="{row.name}" type="{row.type}" access="{access}"'
    if row.emits == SIGNALLED:  # what is understood where nothing is said
        yield head + "/>"
    else:
        yield head + ">"
        yield f'   <annotation name="{_EMITS}" value="{row.emits}"/>'
        yield "  </property>"


def _signal(row: Signal) -> "Iterator[str]":
    yield f'  <signal name="{row.name}">'
    yield from _arguments(row.type, row.names, "")
    yield "  </signal>"


def _arguments(signature: str, names: list[str], direction: str) -> "Iterator[str]":
    for type, name in zip(split(signature), names, strict=True):
        yield f'   <arg type="{type}" name="{name}"{direction}/>'
