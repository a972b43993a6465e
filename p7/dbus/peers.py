"""Who is behind a unique name, as the bus knows it from the kernel: nothing that a caller says of itself."""

from p7.dbus.connection import Connection
from p7.dbus.message import RETURN, Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ROOM = 1024  # names kept; a forgotten one is asked for again


class Peer:
    """A client of the bus: its uid, and the pid that it connected with, 0 if the bus cannot tell."""

    __slots__ = ("pid", "uid")

    def __init__(self, uid: int, pid: int) -> None:
        self.uid = uid
        self.pid = pid


class Peers:
    """The clients asked for so far. A bus never gives a unique name twice, so what is known once stays true."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, Peer] = {}
        self._waiting: dict[str, list[Callable[[Peer | None], None]]] = {}

    def known(self, name: str) -> Peer | None:
        """The client behind a name, if it has been asked for before."""
        return self._known.get(name)

    def ask(self, name: str, then: "Callable[[Peer | None], None]") -> None:
        """Call `then` with the client behind a name, later; with None if it is gone."""
        if name in self._waiting:
            self._waiting[name].append(then)
            return
        self._waiting[name] = [then]
        self._connection.call_bus(
            "GetConnectionCredentials", "s", name, answer=lambda message: self._answered(name, message)
        )

    def _answered(self, name: str, message: Message) -> None:
        peer = None
        if message.kind == RETURN:
            credentials = message.values()[0]
            uid, pid = credentials.get("UnixUserID"), credentials.get("ProcessID")
            if uid is not None:
                peer = Peer(uid[1], pid[1] if pid is not None else 0)
                if len(self._known) >= _ROOM:
                    del self._known[next(iter(self._known))]  # the one known longest
                self._known[name] = peer
        for then in self._waiting.pop(name):
            then(peer)
