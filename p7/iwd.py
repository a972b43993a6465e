"""iwd(8), the wireless daemon: ask for a scan over its D-Bus API (net.connman.iwd, station-api.txt of its sources).

It may be on its way still, or its cards may be; so this asks until it is there, for a while. iwd is never started by
asking: the calls go to the name's owner.
"""

from p7 import log
from p7.dbus.connection import Connection
from p7.dbus.message import RETURN, Message
from p7.loop import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "net.connman.iwd"
_DEVICE, _STATION = f"{_NAME}.Device", f"{_NAME}.Station"
_UNDER_WAY = (f"{_NAME}.InProgress", f"{_NAME}.Busy")
_PATIENCE_SEC = 30.0
_PAUSE_SEC = 0.5


def scan(path: str, devices: list[str]) -> None:
    """Ask for a scan of each device by its interface's name, on the bus at `path`; the log says what came of it."""
    loop = Loop()
    scanner = _Scanner(loop, path, devices)
    loop.after(_PATIENCE_SEC, loop.stop)
    scanner.begin()
    loop.run()
    for name in scanner.devices:
        log.info(f"{name}: no scan: iwd has not offered one in {_PATIENCE_SEC:.0f} s")


class _Scanner:
    """`devices` are those of which iwd has not answered yet."""

    def __init__(self, loop: Loop, path: str, devices: list[str]) -> None:
        self.devices = list(devices)
        self._unseen = list(devices)
        self._loop = loop
        self._path = path

    def begin(self) -> None:
        """Connect and find iwd."""
        try:
            self._connection = Connection(self._loop, self._path, lambda _: None, lambda _: self._again())
        except OSError:
            self._again()
            return
        self._connection.call_bus("Hello", answer=lambda _: None)
        self._find()

    def _again(self) -> None:
        self._loop.after(_PAUSE_SEC, self.begin)

    def _find(self) -> None:
        self._connection.call_bus("GetNameOwner", "s", _NAME, answer=self._found)

    def _found(self, message: Message) -> None:
        if message.kind != RETURN:
            self._loop.after(_PAUSE_SEC, self._find)
            return
        (owner,) = message.values()
        objects = (owner, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        self._connection.call(*objects, answer=lambda answer: self._listed(owner, answer))

    def _listed(self, owner: str, message: Message) -> None:
        objects = message.values()[0] if message.kind == RETURN else {}
        for path, interfaces in objects.items():
            name = _device(interfaces)
            if name in self._unseen:
                self._unseen.remove(name)
                self._scan(owner, path, name)
        if self._unseen:
            self._loop.after(_PAUSE_SEC, self._find)

    def _scan(self, owner: str, path: str, name: str) -> None:
        self._connection.call(owner, path, _STATION, "Scan", answer=lambda answer: self._scanned(name, answer))

    def _scanned(self, name: str, message: Message) -> None:
        self.devices.remove(name)
        if message.kind == RETURN or message.error_name in _UNDER_WAY:
            log.info(f"{name}: iwd scans")
        else:
            log.warning(f"{name}: no scan: {message.error_name}")
        if not self.devices:
            self._loop.stop()


def _device(interfaces: "dict[str, dict[str, Any]]") -> str:
    """The interface's name, of an object that can scan; else empty."""
    if _STATION not in interfaces:
        return ""
    name: str = interfaces.get(_DEVICE, {}).get("Name", ("s", ""))[1]
    return name
