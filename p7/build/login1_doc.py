"""`python3 -m p7.build.login1_doc`: docs/login1.md, a table of every login1 member, written from the rows."""

import os

from p7.build import PROJECT
from p7.dbus.interface import TRUSTED, Interface, Method, Property, Signal
from p7.login1 import manager, model, seat, session, user

PATH = os.path.join(PROJECT, "docs", "login1.md")
_HEAD = """\
# org.freedesktop.login1, member by member

Written by `python3 -m p7.build.login1_doc` from the rows in p7/login1; a test compares.

**real** does what it says, **static** tells of the fixed identity, **refused** gives an error. Methods marked
with * are for root and the session's user; others who call them get org.freedesktop.DBus.Error.AccessDenied, once
their arguments have been found right. A property's third column says when it changes: never (const), with
PropertiesChanged (signal), or silently.
"""
# Where answers differ from those of elogind 255.17 with polkitd: questions, as regular expressions over how
# tests/bus/questions.py names them; what is asked; why. tests/bus/test_elogind.py finds any other difference, and any
# here that is none.
DIFFERENCES = (
    (
        r"-\.ListSeats",
        "A call without an interface",
        "Answered, as the D-Bus Specification has it; elogind then knows no object.",
    ),
    (
        r"Ping\('x'|'more'\)|GetAll\(.*'x'\)|Properties\.Set\(.*'WallMessage'\)$",
        "Wrong arguments to the standard interfaces",
        "InvalidArgs, as everywhere; elogind passes over what is too much.",
    ),
    (r"SetUserLinger|AttachDevice", "SetUserLinger, AttachDevice", "Refused, as the table says."),
    (
        r"^/ Manager\.(LockSessions|FlushDevices|CanHalt)",
        "LockSessions, FlushDevices, CanHalt, by the session's user",
        "Allowed without a password: there is nobody else whom it could disturb.",
    ),
    (r"TakeControl|ReleaseControl", "TakeControl, ReleaseControl", "Nobody gets control: seatd owns the devices."),
    (
        r"Set(Type|Display)\(",
        "SetType, SetDisplay",
        "They need no control, which nobody can have, only to be the session's user.",
    ),
    (
        r"^stranger: / Manager.SetWallMessage",
        "SetWallMessage with what is set already, by somebody else",
        "Denied as for any other text.",
    ),
    (r"SwitchTo", "SwitchTo 64, by somebody else", "The number is looked at before the caller."),
)
# Where introspection differs from systemd 262's, by interface and member; tests/bus/test_surface.py compares.
SURFACE_DIFFERENCES = {
    (model.MANAGER, "ReloadConfig"): "elogind's own: p7's daemons reload nothing, they are restarted.",
    (model.MANAGER, "LidClosed"): "Changes silently: no descriptor tells of the lid. Nor did systemd 252.",
}
PROPERTY_DIFFERENCES = (
    ("EnableWallMessages", "EnableWallMessages", "False until somebody asks for them, as in systemd 262."),
    ("Handle.*", "HandlePowerKey and its like", "acpid owns the keys and the lid."),
    ("HoldoffTimeoutUSec|IdleActionUSec", "HoldoffTimeoutUSec, IdleActionUSec",
     "Nothing is held off and no idle action taken, so there is no time to tell."),
    ("SessionsMax", "SessionsMax", "There is one session."),
    ("CanGraphical", "CanGraphical", "Always true: elogind waits for a graphics card that udev has tagged."),
    ("Service", "A User's Service", "Empty: no manager runs for the user."),
    ("Scope", "Scope", "elogind keeps its scope's name to itself."),
    ("Runtime.*", "RuntimeDirectorySize, RuntimeDirectoryInodesMax",
     "What the tmpfs on /run/user/UID has, not what a configuration file asks for."),
)  # fmt: skip

_INTERFACES = (
    (manager.INTERFACE, "/org/freedesktop/login1"),
    (session.INTERFACE, "/org/freedesktop/login1/session/_31, and .../self and .../auto for the session's own user"),
    (seat.INTERFACE, "/org/freedesktop/login1/seat/seat0, and .../self and .../auto likewise"),
    (user.INTERFACE, "/org/freedesktop/login1/user/_UID, and .../self likewise"),
)
_SURFACE = """
## Where the interface differs

Members, types, argument names and flags are those of systemd 262 with elogind 255.17's (tests/bus/test_surface.py),
but for these:
"""
_DIFFERENCES = """
## Where elogind answers otherwise

Three hundred calls, wrong ones among them, are made to elogind 255.17 and to the bridge, and every property is read
(tests/bus/test_elogind.py). The names of errors are compared, not their texts; what polkitd would ask a password for
counts as denied, and "challenge" as "no". These are the differences:
"""
_EMITS = {"const": "const", "true": "signal", "false": "silently"}


def text() -> str:
    """The whole document."""
    return _HEAD + "".join(_interface(interface, path) for interface, path in _INTERFACES) + _differences()


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


def _differences() -> str:
    calls = [f"{question} | {reason}" for _, question, reason in DIFFERENCES]
    properties = [f"{question} | {reason}" for _, question, reason in PROPERTY_DIFFERENCES]
    surface = [
        f"{interface.rpartition('.')[2]}.{member} | {why}" for (interface, member), why in SURFACE_DIFFERENCES.items()
    ]
    return (
        _SURFACE
        + _table("Member | difference", surface)
        + _DIFFERENCES
        + _table("Question | the bridge's answer", calls)
        + _table("Property | its value", properties)
    )


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
