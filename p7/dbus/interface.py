"""What an object offers, as data: one row a member. Introspection, dispatch and documentation all read the rows."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from p7.dbus.call import Call

    Handler = Callable[..., "tuple[Any, ...] | None"]
    Check = Callable[..., object]

# How true a member is: it does what it says; it tells of what never changes; it is refused, and why.
REAL, STATIC, REFUSED = "real", "static", "refused"
# Who may call: anybody; anybody, but the handler must know who (Call.caller); those the service lets act.
ANYONE, KNOWN, TRUSTED = range(3)
# When a property's value changes: never, with a PropertiesChanged signal, or silently
# (org.freedesktop.DBus.Property.EmitsChangedSignal in the D-Bus specification).
CONST, SIGNALLED, SILENT = "const", "true", "false"


class Method:
    """A method: types it takes and gives, their names, the function that does it, and a sentence for the reader.

    `handler(call, *arguments)` returns the tuple of what it gives, or None where it will answer the call itself, later.
    `check(call, *arguments)` raises DBusError for arguments that make no sense, before it matters who calls.
    """

    __slots__ = (
        "check",
        "gives",
        "gives_names",
        "handler",
        "kind",
        "name",
        "privileged",
        "takes",
        "takes_names",
        "text",
        "who",
    )

    def __init__(
        self, name: str, takes: str, gives: str, names: str, handler: "Handler", text: str, *,
        who: int = ANYONE, kind: str = REAL, privileged: bool = False, check: "Check | None" = None,
    ) -> None:  # fmt: skip
        """`names` are those of the arguments, then `->`, then those of what comes back."""
        before, _, after = names.partition("->")
        self.name = name
        self.takes = takes
        self.gives = gives
        self.takes_names = before.split()
        self.gives_names = after.split()
        self.handler = handler
        self.check = check
        self.text = text
        self.who = who
        self.kind = kind
        self.privileged = privileged


class Property:
    """A property: its type, when it changes, the function that tells it, and the one that sets it, if any may.

    `get(state)` returns the value; `set(call, value)` is called for those whom the service lets act.
    """

    __slots__ = ("emits", "get", "kind", "name", "set", "text", "type")

    def __init__(
        self, name: str, type: str, emits: str, get: "Callable[[Any], Any]", text: str, *,
        set: "Callable[[Call, Any], None] | None" = None, kind: str = REAL,
    ) -> None:  # fmt: skip
        self.name = name
        self.type = type
        self.emits = emits
        self.get = get
        self.text = text
        self.set = set
        self.kind = kind


class Signal:
    """A signal: its types, their names, and a sentence for the reader."""

    __slots__ = ("kind", "name", "names", "text", "type")

    def __init__(self, name: str, type: str, names: str, text: str, *, kind: str = REAL) -> None:
        self.name = name
        self.type = type
        self.names = names.split()
        self.text = text
        self.kind = kind


class Interface:
    """A named set of rows."""

    __slots__ = ("methods", "name", "properties", "signals")

    def __init__(
        self,
        name: str,
        methods: tuple[Method, ...] = (),
        properties: tuple[Property, ...] = (),
        signals: tuple[Signal, ...] = (),
    ) -> None:
        self.name = name
        self.methods = {row.name: row for row in methods}
        self.properties = {row.name: row for row in properties}
        self.signals = {row.name: row for row in signals}
