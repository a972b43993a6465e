"""D-Bus messages (D-Bus Specification, "Message Format"): headers here, bodies by p7/dbus/reader.py and writer.py.

A header is an array of variants, but each field's type is known: read and written as what it is, it takes 4 and 3 us
where reading it as values takes 37 and 35, and elogind answers a whole call in 70.
"""

import os
import struct

from p7.dbus.reader import BIG, LITTLE, unpack
from p7.dbus.writer import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
NO_REPLY_EXPECTED = 1
HEADER_SIZE = 16  # the part before the fields, whose length is its last word
BUS = "org.freedesktop.DBus"
BUS_PATH = "/org/freedesktop/DBus"

# What header fields begin with: their code, and the signature of their value
_PATH, _INTERFACE, _MEMBER = b"\1\1o\0", b"\2\1s\0", b"\3\1s\0"
_ERROR_NAME, _REPLY_SERIAL, _DESTINATION = b"\4\1s\0", b"\5\1u\0", b"\6\1s\0"
_SIGNATURE, _UNIX_FDS = b"\x08\1g\0", b"\x09\1u\0"
_LITTLE = ord("l")
_U, _G = ord("u"), ord("g")


class Message:
    """A message as it came. The descriptors that came with it, `fds`, are closed when nobody refers to it any more."""

    __slots__ = ("body", "destination", "error_name", "fd_count", "fds", "flags", "interface", "kind", "little",
                 "member", "path", "reply_serial", "sender", "serial", "signature")  # fmt: skip

    def __init__(self, raw: bytes) -> None:
        """Read the header. Raises ValueError, IndexError or struct.error for what is none."""
        self.little = raw[0] == _LITTLE
        self.kind, self.flags = raw[1], raw[2]
        order = LITTLE if self.little else BIG
        _, self.serial, length = struct.unpack_from(order + "III", raw, 4)
        end = HEADER_SIZE + length
        fields = _fields(raw, end, order + "I")
        self.path, self.interface, self.member, self.error_name = fields[1:5]
        self.reply_serial, self.destination, self.sender = fields[5:8]
        self.signature: str = fields[8] or ""
        self.fd_count: int = fields[9] or 0
        self.body = raw[(end + 7) & ~7 :]
        self.fds: list[int] = []

    def __del__(self) -> None:
        close(getattr(self, "fds", ()))

    def values(self) -> "tuple[Any, ...]":
        """The body's values, descriptors as such. Raises ValueError for a body that is not what its signature says."""
        return unpack(self.signature, self.body, LITTLE if self.little else BIG, self.fds)


def close(fds: "list[int] | tuple[int, ...]") -> None:
    """Close descriptors."""
    for fd in fds:
        os.close(fd)


def _fields(raw: bytes, end: int, word: str) -> "list[Any]":
    """Header fields by their code, None for one that is not there."""
    fields: list[Any] = [None] * 10
    at = HEADER_SIZE
    while at < end:
        code, kind = raw[at], raw[at + 2]  # then a zero, and the value at a multiple of 4
        at += 4
        if kind == _U:
            (fields[code],) = struct.unpack_from(word, raw, at)
            at += 4
            continue
        if kind == _G:
            start, length = at + 1, raw[at]
        else:
            start, length = at + 4, struct.unpack_from(word, raw, at)[0]
        fields[code] = raw[start : start + length].decode()
        at = (start + length + 8) & ~7  # past the text's zero, up to the next field
    return fields


def size(buffer: bytes | bytearray) -> int:
    """The size in bytes of the message that `buffer` begins with; it holds 16 at least. Raises ValueError for none."""
    body, _, fields = struct.unpack_from("<III" if buffer[0] == _LITTLE else ">III", buffer, 4)
    total: int = ((HEADER_SIZE + fields + 7) & ~7) + body
    if total > 1 << 27:  # the specification's maximum
        raise ValueError(f"a message of {total} bytes")
    return total


def reply(serial: int, call: Message, signature: str, body: bytes, fd_count: int = 0) -> bytes:
    """A method return."""
    return _message(RETURN, serial, [*_answers(call), *_holds(signature, fd_count)], body)


def error(serial: int, call: Message, name: str, text: str) -> bytes:
    """An error reply."""
    return _message(ERROR, serial, [*_answers(call), _text(_ERROR_NAME, name), *_holds("s", 0)], pack("s", (text,)))


def call(serial: int, destination: str, path: str, interface: str, member: str, signature: str, body: bytes) -> bytes:
    """A method call."""
    fields = [_text(_DESTINATION, destination), *_names(path, interface, member), *_holds(signature, 0)]
    return _message(CALL, serial, fields, body)


def signal(serial: int, path: str, interface: str, member: str, signature: str, body: bytes) -> bytes:
    """A signal for whoever listens."""
    return _message(SIGNAL, serial, [*_names(path, interface, member), *_holds(signature, 0)], body)


def _answers(call: Message) -> list[bytes]:
    serial = struct.pack("<4sI", _REPLY_SERIAL, call.serial)
    return [serial, _text(_DESTINATION, call.sender)] if call.sender else [serial]


def _names(path: str, interface: str, member: str) -> list[bytes]:
    return [_text(_PATH, path), _text(_INTERFACE, interface), _text(_MEMBER, member)]


def _text(head: bytes, text: str) -> bytes:
    data = text.encode()
    return b"%s%s%s\0" % (head, struct.pack("<I", len(data)), data)


def _holds(signature: str, fd_count: int) -> list[bytes]:
    """The fields that tell what is in the body, and how many descriptors come with it."""
    fields = [b"%s%c%s\0" % (_SIGNATURE, len(signature), signature.encode())] if signature else []
    return [*fields, struct.pack("<4sI", _UNIX_FDS, fd_count)] if fd_count else fields


def _message(kind: int, serial: int, fields: list[bytes], body: bytes) -> bytes:
    text = b"".join([field + bytes(-len(field) % 8) for field in fields])
    length = len(text) - (-len(fields[-1]) % 8)  # the last field's padding is the header's
    return struct.pack("<BBBBIII", _LITTLE, kind, 0, 1, len(body), serial, length) + text + body
