"""The objects that a program serves: who is called, whether the caller may, and which function answers."""

from p7.dbus import errors, introspect, properties, standard
from p7.dbus.call import Call
from p7.dbus.connection import Connection
from p7.dbus.errors import DBusError
from p7.dbus.interface import ANYONE, Interface, Method
from p7.dbus.message import Message
from p7.dbus.peers import Peer, Peers
from p7.dbus.writer import pack
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_BODY_LIMIT = 1 << 16  # bytes; no method here has a use for more


class Node:
    """An object: its interfaces by name, every method by (interface, member) and (None, member), what is serialised.

    `permits(peer)` tells who may see it; without one, everybody does. One without interfaces only has others below it.
    """

    __slots__ = ("bare", "bodies", "dictionaries", "entries", "interfaces", "methods", "path", "permits", "xml")

    def __init__(self, path: str, interfaces: tuple[Interface, ...] = ()) -> None:
        self.path = path
        self.permits: Callable[[Peer], bool] | None = None
        self.bare = not interfaces
        common = standard.INTERFACES if interfaces else standard.BARE
        self.interfaces = {interface.name: interface for interface in (*common, *interfaces)}
        self.methods: dict[tuple[str | None, str], Method] = {}
        for interface in self.interfaces.values():
            for name, row in interface.methods.items():
                self.methods[interface.name, name] = self.methods[None, name] = row
        self.bodies: dict[Method, bytes] = {}
        self.dictionaries: dict[str, bytes] = {}
        self.entries: dict[tuple[str, str], bytes] = {}
        self.xml = ""

    def alias(self, path: str, permits: "Callable[[Peer], bool]") -> "Node":
        """The same object under another path, for those whom `permits` lets see it there."""
        twin = Node.__new__(Node)
        for name in Node.__slots__:
            setattr(twin, name, getattr(self, name))  # what is serialised is one for both, and so is never stale
        twin.path = path
        twin.permits = permits
        return twin


class Service:
    """Objects by path. `state` is what their handlers and getters are given; `trusts(peer)` tells who may act."""

    def __init__(self, root: Root, state: "Any", trusts: "Callable[[Peer], bool]") -> None:
        self.root = root
        self.state = state
        self._trusts = trusts
        self._nodes: dict[str, Node] = {}
        self._nowhere = Node("")
        self._connection: Connection | None = None
        self._peers: Peers | None = None

    def connected(self, connection: Connection) -> None:
        """Serve on this connection from now on."""
        self._connection = connection
        self._peers = Peers(connection)

    def add(self, node: Node) -> None:
        """Make an object appear, and those above it, which only tell of what is below them."""
        self._nodes[node.path] = node
        parent = node.path.rpartition("/")[0] or "/"
        if parent not in self._nodes:
            self.add(Node(parent))
        for other in self._nodes.values():
            other.xml = ""

    def forget(self) -> None:
        """Serialise everything anew: what was constant has changed after all."""
        for node in self._nodes.values():
            node.bodies.clear()
            node.dictionaries.clear()
            node.entries.clear()

    def signal(self, path: str, interface: str, name: str, *values: "Any") -> None:
        """Send a signal that the object's rows have."""
        row = self._nodes[path].interfaces[interface].signals[name]
        if self._connection is not None:
            self._connection.signal(path, interface, name, row.type, pack(row.type, values))

    def changed(self, path: str, interface: str, *names: str) -> None:
        """Forget these properties' serialised values, and tell the new ones by PropertiesChanged."""
        node = self._nodes.get(path)
        if node is None:
            return
        owner = node.interfaces[interface]
        node.dictionaries.clear()
        for name in names:
            node.entries.pop((interface, name), None)
        values = {name: (owner.properties[name].type, owner.properties[name].get(self.state)) for name in names}
        self.signal(path, properties.NAME, "PropertiesChanged", interface, values, [])

    def check(self, call: Call) -> None:
        """Raise AccessDenied unless the caller may act."""
        if not self._trusts(call.caller):
            raise DBusError(errors.ACCESS_DENIED, "Permission denied")

    def introspect(self, node: Node) -> str:
        """The object's XML, made once for each set of objects."""
        node.xml = node.xml or introspect.document(node.interfaces.values(), self._children(node.path))
        return node.xml

    def received(self, connection: Connection, message: Message) -> None:
        """Answer a call, or begin to."""
        node = self._node(message)
        row = node.methods.get((message.interface, message.member)) if node is not None else None
        if node is None or row is None:
            self._unknown(connection, message, node)
        elif message.signature != row.takes:
            text = f"Invalid arguments '{message.signature}' to call {message.interface}.{message.member}(), "
            connection.error(message, errors.INVALID_ARGS, f"{text}expecting '{row.takes}'.")
        elif len(message.body) > _BODY_LIMIT:
            connection.error(message, errors.LIMITS_EXCEEDED, f"Arguments of more than {_BODY_LIMIT} bytes.")
        elif row.who != ANYONE or node.permits is not None:
            self._identify(Call(self, connection, node, row, message))
        elif row in node.bodies:
            connection.reply(message, row.gives, node.bodies[row])
        else:
            Call(self, connection, node, row, message).run()

    def _node(self, message: Message) -> Node | None:
        node = self._nodes.get(message.path)
        # Peer speaks of the process: it answers on any path.
        return self._nowhere if node is None and message.interface == standard.PEER.name else node

    def _unknown(self, connection: Connection, message: Message, node: Node | None) -> None:
        if node is None or node.bare:
            connection.error(message, errors.UNKNOWN_OBJECT, f"Unknown object '{message.path}'.")
        else:
            text = f"Unknown method {message.member} or interface {message.interface or ''}."
            connection.error(message, errors.UNKNOWN_METHOD, text)

    def _identify(self, call: Call) -> None:
        """Run a call when it is known who calls: at once, if the bus has told us before."""
        assert self._peers is not None
        name = call.message.sender
        peer = self._peers.known(name)
        if peer is not None:
            self._identified(call, peer)
        else:
            self._peers.ask(name, lambda peer: self._identified(call, peer))

    def _identified(self, call: Call, peer: Peer | None) -> None:
        if peer is None:
            call.fail(DBusError(errors.ACCESS_DENIED, "The caller has left the bus"))
            return
        call.caller = peer
        if call.node.permits is not None and not call.node.permits(peer):
            call.fail(DBusError(errors.UNKNOWN_OBJECT, f"Unknown object '{call.node.path}'."))
        else:
            call.run()

    def _children(self, path: str) -> list[str]:
        prefix = path.rstrip("/") + "/"
        return [
            name[len(prefix) :] for name in self._nodes if name.startswith(prefix) and name.rfind("/") < len(prefix)
        ]
