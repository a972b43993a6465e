"""`python3 -m p7.build.login1_doc`: docs/login1.md, a table of every login1 member, written from the rows."""

import os

from p7.build import PROJECT
from p7.dbus.interface import TRUSTED, Interface, Method, Property, Signal
from p7.login1 import manager, seat, session, user

PATH = os.path.join(PROJECT, "docs", "login1.md")
_HEAD = """\
# org.freedesktop.login1, member by member

Written by `python3 -m p7.build.login1_doc` from the rows in p7/login1; a test compares.

**real** does what it says, **static** tells of the fixed identity, **refused** gives the error named. Methods marked
with * are for root and the session's user; others who call them get org.freedesktop.DBus.Error.AccessDenied, once
their arguments have been found right. A property's last column but one says when it changes: never (const), with
PropertiesChanged (signal), or silently.
"""
_INTERFACES = (
    (manager.INTERFACE, "/org/freedesktop/login1"),
    (session.INTERFACE, "/org/freedesktop/login1/session/_31, and .../self and .../auto for the session's own user"),
    (seat.INTERFACE, "/org/freedesktop/login1/seat/seat0, and .../self and .../auto likewise"),
    (user.INTERFACE, "/org/freedesktop/login1/user/_UID, and .../self likewise"),
)
_EMITS = {"const": "const", "true": "signal", "false": "silently"}


def text() -> str:
    """The whole document."""
    return _HEAD + "".join(_interface(interface, path) for interface, path in _INTERFACES)


def main() -> None:
    """Write it."""
    with open(PATH, "w", encoding="utf-8") as file:
        file.write(text())


def _interface(interface: Interface, path: str) -> str:
    parts = [f"\n## {interface.name}\n\nOn {path}.\n"]
    parts.append(
        _table("Method | takes | gives | is | what it does", [_method(row) for row in interface.methods.values()])
    )
    parts.append(
        _table("Property | type | changes | is | value", [_property(row) for row in interface.properties.values()])
    )
    if interface.signals:
        parts.append(_table("Signal | carries | is | meaning", [_signal(row) for row in interface.signals.values()]))
    return "".join(parts)


def _table(head: str, rows: list[str]) -> str:
    rule = "|".join("---" for _ in head.split("|"))
    return "\n" + "".join(f"| {line} |\n" for line in (head, rule, *rows)).replace(f"| {rule} |", f"|{rule}|")


def _method(row: Method) -> str:
    mark = "*" if row.who == TRUSTED else ""
    return f"{row.name}{mark} | {_code(row.takes)} | {_code(row.gives)} | {row.kind} | {row.text}"


def _property(row: Property) -> str:
    writable = ", writable*" if row.set is not None else ""
    return f"{row.name} | {_code(row.type)}{writable} | {_EMITS[row.emits]} | {row.kind} | {row.text}"


def _signal(row: Signal) -> str:
    return f"{row.name} | {_code(row.type)} | {row.kind} | {row.text}"


def _code(signature: str) -> str:
    return f"`{signature}`" if signature else ""


if __name__ == "__main__":
    main()
