"""A client of a private bus, under any uid: calls, signals, descriptors; on jeepney's blocking connection."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from jeepney import DBusAddress, MatchRule, MessageType, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.low_level import HeaderFields, Message

NAME = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
SESSION_PATH = f"{PATH}/session/_31"
SEAT_PATH = f"{PATH}/seat/seat0"
USER_PATH = f"{PATH}/user/_1000"
MANAGER, SESSION, SEAT, USER = (f"{NAME}.{name}" for name in ("Manager", "Session", "Seat", "User"))
PROPERTIES = "org.freedesktop.DBus.Properties"
_SECONDS = 10.0


@dataclass(unsafe_hash=True)
class Error(Exception):
    """An error reply."""

    name: str
    text: str


class Client:
    """A connection to the bus at `address` that the bus takes to be `uid`'s."""

    def __init__(self, address: str, uid: int = 0) -> None:
        with effective(uid):
            self.connection: DBusConnection = open_dbus_connection(address, enable_fds=True)
        self.signals: list[Message] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def call(
        self, member: str, signature: str = "", *values: Any, path: str = PATH, interface: str = MANAGER
    ) -> tuple[Any, ...]:
        """What the call returns. Raises Error."""
        return self.ask(self.message(member, signature, *values, path=path, interface=interface)).body

    def message(
        self, member: str, signature: str = "", *values: Any, path: str = PATH, interface: str | None = MANAGER
    ) -> Message:
        """The call as a message."""
        address = DBusAddress(path, NAME, interface)
        return new_method_call(address, member, signature or None, values)

    def ask(self, message: Message) -> Message:
        """The reply to a message; signals that come meanwhile are kept. Raises Error."""
        serial = next(self.connection.outgoing_serial)
        self.connection.send(message, serial=serial)
        while True:
            reply = self.connection.receive(timeout=_SECONDS)
            if reply.header.fields.get(HeaderFields.reply_serial) == serial:
                break
            self.signals.append(reply)
        if reply.header.message_type is MessageType.error:
            raise Error(reply.header.fields[HeaderFields.error_name], reply.body[0] if reply.body else "")
        return reply

    def get(self, name: str, path: str = PATH, interface: str = MANAGER) -> Any:
        """A property's value."""
        return self.call("Get", "ss", interface, name, path=path, interface=PROPERTIES)[0][1]

    def get_all(self, path: str = PATH, interface: str = MANAGER) -> dict[str, tuple[str, Any]]:
        """All properties, each with its type."""
        (values,) = self.call("GetAll", "s", interface, path=path, interface=PROPERTIES)
        return dict(values)

    def has_owner(self, name: str = NAME) -> bool:
        """Whether a name has an owner now."""
        reply = self.connection.send_and_get_reply(message_bus.NameHasOwner(name), timeout=_SECONDS)
        return bool(reply.body[0])

    def listen(self, **rule: str) -> None:
        """Have the bus send us login1's signals."""
        match = MatchRule(type="signal", sender=NAME, **rule)
        self.connection.send_and_get_reply(message_bus.AddMatch(match), timeout=_SECONDS)

    def signal(self, member: str, seconds: float = _SECONDS) -> Message:
        """The next signal of this name, one kept from before included. Raises TimeoutError."""
        until = time.monotonic() + seconds
        while True:
            for message in self.signals:
                if message.header.fields.get(HeaderFields.member) == member:
                    self.signals.remove(message)
                    return message
            self.signals.append(self.connection.receive(timeout=max(0.0, until - time.monotonic())))

    def changes(self, seconds: float = _SECONDS) -> tuple[str, dict[str, Any]]:
        """The next PropertiesChanged: interface and new values."""
        interface, values, _ = self.signal("PropertiesChanged", seconds).body
        return interface, {name: value for name, (_, value) in values.items()}

    def inhibit(self, what: str = "sleep", who: str = "who", why: str = "why", mode: str = "block") -> int:
        """Take a lock; returns its descriptor."""
        fd: int = self.call("Inhibit", "ssss", what, who, why, mode)[0].to_raw_fd()
        return fd


@contextmanager
def effective(uid: int) -> Iterator[None]:
    """Another effective uid, which is what the kernel tells the bus of who connects."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def wait_for(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Ask until it is so. Raises AssertionError when it has not become so in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
