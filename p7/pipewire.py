"""What is registered with PipeWire: as much of its native protocol as that takes.

A message is a header of four words, the object's id, the opcode above 24 bits of size, a sequence number and a count
of descriptors; and then a POD, a size, a type and a body, padded to eight bytes (PipeWire's documentation, "Native
Protocol" and "POD"). Numbers are in the machine's byte order.
"""

import _socket
import sys

_INT, _STRING, _STRUCT = 4, 8, 14  # types of POD
_CORE, _CLIENT, _REGISTRY = 0, 1, 2  # objects; the registry's id is ours to choose
_HELLO, _SYNC, _GET_REGISTRY = 1, 2, 5  # methods of the core
_UPDATE_PROPERTIES = 2  # of the client, which is ourselves
_DONE, _GLOBAL = 1, 0  # events of the core and of the registry
_VERSION = 3
_HEADER_SIZE = 16


class Registry:
    """A connection that lists PipeWire's objects, and goes on to tell of new ones.

    Raises OSError if the server does not answer within `timeout` seconds.
    """

    def __init__(self, path: str, timeout: float) -> None:
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        self._data = b""
        self._metadata: set[str] = set()
        self._is_listed = False
        self._socket.settimeout(timeout)
        self._socket.connect(path)
        self._socket.sendall(_greeting())
        while not self._is_listed:
            self._receive()
        self._socket.settimeout(0)

    def has_metadata(self, name: str) -> bool:
        """Whether a metadata object of that name is there. A session manager makes "default" when it is at work."""
        try:
            while name not in self._metadata:
                self._receive()
        except BlockingIOError:
            return False
        return True

    def _receive(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError(104, "Connection closed by PipeWire")
        self._data += data
        while len(self._data) >= _HEADER_SIZE:
            target, word = _int(self._data, 0), _int(self._data, 4)
            end = _HEADER_SIZE + (word & 0xFFFFFF)
            if len(self._data) < end:
                return
            self._take(target, word >> 24, self._data[_HEADER_SIZE:end])
            self._data = self._data[end:]

    def _take(self, target: int, opcode: int, pod: bytes) -> None:
        if (target, opcode) == (_CORE, _DONE):
            self._is_listed = True
        elif (target, opcode) == (_REGISTRY, _GLOBAL):
            _id, _permissions, kind, _version, properties, *_ = fields(pod)
            if text(kind) == "PipeWire:Interface:Metadata":
                words = [text(field) for field in fields(properties)[1:]]  # after their number
                self._metadata.add(dict(zip(words[::2], words[1::2], strict=False)).get("metadata.name", ""))


def fields(pod: bytes) -> list[bytes]:
    """The PODs that a struct is made of."""
    found, at, end = [], 8, 8 + _int(pod, 0)
    while at + 8 <= end:
        size = 8 + _int(pod, at)
        found.append(pod[at : at + size])
        at += size + -size % 8
    return found


def text(pod: bytes) -> str:
    """A string's bytes, which end in a NUL."""
    return pod[8 : 8 + _int(pod, 0)].rstrip(b"\0").decode("utf-8", "replace")


def _greeting() -> bytes:
    """Say who we are, without which nothing may be seen; ask for all there is, and to be told when that was all."""
    name = [pod_string("application.name"), pod_string("lainos-audio-init")]
    return b"".join((
        _message(_CORE, _HELLO, pod_int(_VERSION)),
        _message(_CLIENT, _UPDATE_PROPERTIES, pod_struct(pod_int(1), *name)),
        _message(_CORE, _GET_REGISTRY, pod_int(_VERSION), pod_int(_REGISTRY)),
        _message(_CORE, _SYNC, pod_int(_CORE), pod_int(0)),
    ))  # fmt: skip


def _message(target: int, opcode: int, *arguments: bytes) -> bytes:
    pod = pod_struct(*arguments)
    return _words(target, opcode << 24 | len(pod), 0, 0) + pod


def pod_int(number: int) -> bytes:
    """A whole number."""
    return _words(4, _INT, number, 0)


def pod_string(text: str) -> bytes:
    """A string."""
    data = text.encode() + b"\0"
    return _words(len(data), _STRING) + data + bytes(-len(data) % 8)


def pod_struct(*pods: bytes) -> bytes:
    """What fields() takes apart."""
    return _words(sum(map(len, pods)), _STRUCT) + b"".join(pods)


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, sys.byteorder) for number in numbers)


def _int(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], sys.byteorder)
