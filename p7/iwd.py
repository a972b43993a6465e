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

    Interfaces = dict[str, dict[str, tuple[str, Any]]]  # of an object: to their properties' names, types and values

_NAME = "net.connman.iwd"
_ADAPTER, _DEVICE, _STATION = f"{_NAME}.Adapter", f"{_NAME}.Device", f"{_NAME}.Station"
_UNDER_WAY = (f"{_NAME}.InProgress", f"{_NAME}.Busy")
_PATIENCE_SEC = 30.0
_PAUSE_SEC = 0.5


def scan(path: str, cards: list[str]) -> None:
    """Ask for a scan with each card, by its name (phy0), on the bus at `path`; the log says what came of it."""
    loop = Loop()
    scanner = _Scanner(loop, path, cards)
    loop.after(_PATIENCE_SEC, loop.stop)
    scanner.begin()
    loop.run()
    for name in scanner.cards:
        log.info(f"{name}: no scan: iwd has not offered one in {_PATIENCE_SEC:.0f} s")


class _Scanner:
    """`cards` are those of which iwd has not answered yet."""

    def __init__(self, loop: Loop, path: str, cards: list[str]) -> None:
        self.cards = list(cards)
        self._unseen = list(cards)
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
            card = _card(objects, interfaces)
            if card in self._unseen:
                self._unseen.remove(card)
                self._scan(owner, path, card, _property(interfaces, _DEVICE, "Name"))
        if self._unseen:
            self._loop.after(_PAUSE_SEC, self._find)

    def _scan(self, owner: str, path: str, card: str, name: str) -> None:
        self._connection.call(owner, path, _STATION, "Scan", answer=lambda answer: self._scanned(card, name, answer))

    def _scanned(self, card: str, name: str, message: Message) -> None:
        self.cards.remove(card)
        if message.kind == RETURN or message.error_name in _UNDER_WAY:
            log.info(f"{name}: iwd scans")
        else:
            log.warning(f"{name}: no scan: {message.error_name}")
        if not self.cards:
            self._loop.stop()


def _card(objects: "dict[str, Interfaces]", interfaces: "Interfaces") -> str:
    """The card's name, of an object that can scan; else empty."""
    if _STATION not in interfaces:
        return ""
    return _property(objects.get(_property(interfaces, _DEVICE, "Adapter"), {}), _ADAPTER, "Name")


def _property(interfaces: "Interfaces", interface: str, name: str) -> str:
    value: str = interfaces.get(interface, {}).get(name, ("", ""))[1]
    return value
