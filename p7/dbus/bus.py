"""A well-known name on a message bus: connect, take it, serve; and do so again when the bus has been restarted."""

from p7 import log
from p7.dbus.connection import Connection
from p7.dbus.message import CALL, RETURN, Message
from p7.dbus.service import Service
from p7.loop import Loop, Timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_DO_NOT_QUEUE = 4  # RequestName's flag
_PRIMARY_OWNER, _ALREADY_OWNER = 1, 4
_PATIENCE = 10.0  # seconds for the bus to answer
_PAUSE = 0.2  # seconds between two tries


class Bus:
    """Calls `ready()` once, when the name is ours for the first time; `failed(reason)` when there is no more hope."""

    def __init__(
        self, loop: Loop, path: str, name: str, service: Service,
        ready: "Callable[[], None]", failed: "Callable[[str], None]",
    ) -> None:  # fmt: skip
        self._loop = loop
        self._path = path
        self._name = name
        self._service = service
        self._ready = ready
        self._failed = failed
        self._connection: Connection | None = None
        self._timer: Timer | None = None
        self._served = False
        self._is_away = False

    def connect(self) -> None:
        """Begin; what comes of it is told by `ready` or `failed`."""
        try:
            connection = self._connection = Connection(self._loop, self._path, self._received, self._lost)
        except OSError as error:
            self._lost(f"{self._path}: {error.strerror}")
            return
        self._timer = self._loop.after(_PATIENCE, lambda: connection.close(f"{self._path}: no answer"))
        connection.call_bus("Hello", answer=lambda _: None)
        connection.call_bus("RequestName", "su", self._name, _DO_NOT_QUEUE, answer=self._named)
        self._service.connected(connection)

    def _named(self, message: Message) -> None:
        self._stop_timer()
        if message.kind != RETURN:
            policy = f"/usr/share/dbus-1/system.d/{self._name}.conf"
            remedy = f"{policy} must be installed, and read: 'rc-service dbus reload'"
            reason = message.values()[0] if message.signature else ""
            self._failed(f"the bus gives us no {self._name}: {reason}; {remedy}")
        elif message.values()[0] not in (_PRIMARY_OWNER, _ALREADY_OWNER):
            self._failed(f"{self._name} is taken: another login1 service runs (elogind?); stop and disable it")
        else:
            self._is_away = False
            if self._served:
                log.info(f"{self._name} is ours again")
            else:
                self._served = True
                self._ready()

    def _received(self, message: Message) -> None:
        if message.kind == CALL and self._connection is not None:
            self._service.received(self._connection, message)

    def _lost(self, reason: str) -> None:
        """Try again, if we have served before; at the start an absent bus is an error for the supervisor to see.

        That may take for ever: a supervisor would give up after ten starts in vain, and the state would be lost.
        """
        self._stop_timer()
        if not self._served:
            self._failed(f"{reason}; is dbus-daemon running?")
            return
        if not self._is_away:
            self._is_away = True
            log.warning(f"{reason}; trying to reach it again until it is back")
        self._timer = self._loop.after(_PAUSE, self.connect)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._loop.cancel(self._timer)
            self._timer = None
