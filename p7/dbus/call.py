"""One method call under way, from the row that takes it to its one answer."""

from p7 import log
from p7.dbus import message as wire
from p7.dbus.connection import Connection
from p7.dbus.errors import FAILED, INCONSISTENT_MESSAGE, DBusError
from p7.dbus.interface import STATIC, TRUSTED, Method
from p7.dbus.message import Message
from p7.dbus.peers import Peer
from p7.dbus.writer import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from p7.dbus.service import Node, Service


class Call:
    """What a handler is given. `caller` is who calls, for rows that ask to know; `state` is what the service serves."""

    __slots__ = ("_connection", "caller", "message", "node", "row", "service", "state")

    def __init__(self, service: "Service", connection: Connection, node: "Node", row: Method, message: Message) -> None:
        self._connection = connection
        self.service = service
        self.state = service.state
        self.node = node
        self.row = row
        self.message = message
        self.caller = Peer(-1, 0)

    def run(self) -> None:
        """Call the handler and answer with what it returns or raises; with nothing, if it will answer later."""
        try:
            values = self._do(self._arguments())
        except DBusError as error:
            self.fail(error)
        except Exception as error:  # a wrong handler is an error to this caller, and the daemon lives on
            self._broken(error)
        else:
            if values is not None:
                self.reply(*values)

    def _arguments(self) -> "tuple[Any, ...]":
        try:
            return self.message.values()
        except ValueError as error:  # a bus would have refused such a message
            raise DBusError(INCONSISTENT_MESSAGE, str(error)) from None

    def _do(self, arguments: "tuple[Any, ...]") -> "tuple[Any, ...] | None":
        if self.row.check is not None:
            self.row.check(self, *arguments)
        if self.row.who == TRUSTED:
            self.service.check(self)
        return self.row.handler(self, *arguments)

    def reply(self, *values: "Any", fds: tuple[int, ...] = ()) -> None:
        """Answer. The descriptors are closed once they are sent; "h" among the values is a place among them."""
        try:
            body = pack(self.row.gives, values)
        except Exception as error:
            wire.close(fds)
            self._broken(error)
        else:
            if self.row.kind == STATIC and not self.row.takes:
                self.node.bodies[self.row] = body
            self._connection.reply(self.message, self.row.gives, body, fds)

    def reply_body(self, body: bytes) -> None:
        """Answer with what is serialised already."""
        self._connection.reply(self.message, self.row.gives, body)

    def fail(self, error: DBusError) -> None:
        """Answer with an error."""
        self._connection.error(self.message, error.name, error.text)

    def _broken(self, error: Exception) -> None:
        log.error(f"internal error, please report it: {self.row.name}: {error!r}")
        self.fail(DBusError(FAILED, f"Internal error: {error!r}"))
