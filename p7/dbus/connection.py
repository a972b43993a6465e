"""One connection to a message bus: authentication, framing, descriptors, replies to our own calls. It never blocks."""

import _socket
import os
import struct

from p7 import log
from p7.dbus import message as wire
from p7.dbus.message import Message
from p7.dbus.writer import pack
from p7.loop import IN, OUT, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_CHUNK = 1 << 16
_ANCILLARY = _socket.CMSG_SPACE(253 * 4)  # SCM_MAX_FD
_BACKLOG = 4096  # messages that the bus has not taken yet, before it counts as gone
# How the bus answers the three lines of _credentials(), the last of which has no answer
_WELCOME = (b"OK ", b"AGREE_UNIX_FD")
_LONGEST_WELCOME = 1024  # bytes


class Connection:
    """`received(message)` is called for every call and signal, `lost(reason)` at most once."""

    def __init__(
        self, loop: Loop, path: str, received: "Callable[[Message], None]", lost: "Callable[[str], None]"
    ) -> None:
        """Connect to a bus's socket. Raises OSError. What is sent before the bus has let us in waits for that."""
        self._loop = loop
        self._received = received
        self._lost = lost
        self._serial = 0
        self._answers: dict[int, tuple[str, Callable[[Message], None]]] = {}
        self._input = bytearray()
        self._input_fds: list[int] = []
        self._output: list[tuple[bytes, tuple[int, ...]]] = []
        self._waits_to_write = False
        self._is_let_in = False
        kind = _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC | _socket.SOCK_NONBLOCK
        self._socket = _socket.socket(_socket.AF_UNIX, kind)
        try:
            self._socket.connect(path)
            self._socket.send(_credentials(), _socket.MSG_NOSIGNAL)  # which a bus that ends just now does not take
        except OSError:
            self._socket.close()
            raise
        self.open = True
        loop.add(self._socket.fileno(), self._ready)

    def close(self, reason: str = "") -> None:
        """Drop the connection and all that waits for it; with a reason, `lost` is told."""
        if not self.open:
            return
        self.open = False
        self._loop.remove(self._socket.fileno())
        self._socket.close()
        for _, fds in self._output:
            wire.close(fds)
        wire.close(self._input_fds)
        self._output.clear()
        self._answers.clear()
        if reason:
            self._lost(reason)

    def call_bus(self, member: str, signature: str = "", *values: "Any", answer: "Callable[[Message], None]") -> None:
        """Ask the bus itself; `answer(message)` gets its reply or error, unless the connection is lost before."""
        self.call(wire.BUS, wire.BUS_PATH, wire.BUS, member, signature, *values, answer=answer)

    def call(
        self, owner: str, path: str, interface: str, member: str, signature: str = "", *values: "Any",
        answer: "Callable[[Message], None]",
    ) -> None:  # fmt: skip
        """Ask the bus or the owner of a unique name, of whom `answer(message)` gets the reply or error, as above."""
        body = pack(signature, values)
        serial = self._next_serial()
        self._answers[serial] = owner, answer
        self._send(wire.call(serial, owner, path, interface, member, signature, body))

    def reply(self, call: Message, signature: str, body: bytes, fds: tuple[int, ...] = ()) -> None:
        """Answer a call. The descriptors are closed once they are sent."""
        if call.flags & wire.NO_REPLY_EXPECTED:
            wire.close(fds)
        else:
            self._send(wire.reply(self._next_serial(), call, signature, body, len(fds)), fds)

    def error(self, call: Message, name: str, text: str) -> None:
        """Answer a call with an error."""
        if not call.flags & wire.NO_REPLY_EXPECTED:
            self._send(wire.error(self._next_serial(), call, name, text))

    def signal(self, path: str, interface: str, member: str, signature: str, body: bytes) -> None:
        """Send a signal to whoever listens."""
        self._send(wire.signal(self._next_serial(), path, interface, member, signature, body))

    def _next_serial(self) -> int:
        self._serial = self._serial % 0xFFFFFFFF + 1  # 32 bits, never 0
        return self._serial

    def _send(self, data: bytes, fds: tuple[int, ...] = ()) -> None:
        if not self.open:
            wire.close(fds)
            return
        self._output.append((data, fds))
        if self._is_let_in:
            self._flush()
        if len(self._output) > _BACKLOG:
            self.close("the bus does not read what is sent to it")

    def _flush(self) -> None:
        try:
            while self._output:
                data, fds = self._output[0]
                rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))] if fds else ()
                sent = self._socket.sendmsg((data,), rights, _socket.MSG_NOSIGNAL)
                wire.close(fds)  # the kernel holds them for the receiver, with the first byte
                if sent == len(data):
                    del self._output[0]
                else:
                    self._output[0] = (data[sent:], ())
        except BlockingIOError:
            pass
        except OSError as error:
            self.close(f"sending to the bus: {error.strerror}")
            return
        if self._waits_to_write != bool(self._output):
            self._waits_to_write = not self._waits_to_write
            self._loop.change(self._socket.fileno(), IN | OUT if self._waits_to_write else IN)

    def _ready(self, events: int) -> None:
        if events & OUT:
            self._flush()
        if events & ~OUT and self.open:
            self._read()

    def _read(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_CHUNK, _ANCILLARY, _socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except OSError as error:
            self.close(f"reading from the bus: {error.strerror}")
            return
        for _, _, rights in ancillary:
            self._input_fds += struct.unpack(f"{len(rights) // 4}i", rights)
        self._input += data
        if not data:
            self.close("the bus closed the connection")
        elif self._is_let_in:
            self._split()
        else:
            self._enter()

    def _enter(self) -> None:
        """Begin to speak once the bus has agreed to who we are and to descriptors."""
        *lines, rest = self._input.split(b"\r\n", len(_WELCOME))
        refused = [line for line, welcome in zip(lines, _WELCOME, strict=False) if not line.startswith(welcome)]
        if refused or len(self._input) > _LONGEST_WELCOME:
            self.close(f"the bus does not let us in: {bytes(refused[0] if refused else rest)!r}")
        elif len(lines) == len(_WELCOME):
            self._input = rest
            self._is_let_in = True
            self._flush()
            self._split()

    def _split(self) -> None:
        """Take whole messages off the input and deliver them."""
        try:
            while len(self._input) >= wire.HEADER_SIZE and len(self._input) >= (size := wire.size(self._input)):
                raw = bytes(self._input[:size])
                del self._input[:size]
                self._deliver(Message(raw))
        except (ValueError, IndexError, struct.error) as error:  # the bus checks messages: this one is not the bus's
            self.close(f"the bus sent no D-Bus message: {error}")

    def _deliver(self, message: Message) -> None:
        message.fds = self._input_fds[: message.fd_count]
        del self._input_fds[: message.fd_count]
        try:
            if message.kind in (wire.CALL, wire.SIGNAL):
                self._received(message)
            elif message.kind in (wire.RETURN, wire.ERROR):
                owner, answer = self._answers.get(message.reply_serial, ("", None))
                if answer is not None and message.sender in (owner, wire.BUS):  # the bus tells who has left
                    del self._answers[message.reply_serial]
                    answer(message)
        except Exception as error:  # one message must never end the service of all
            log.error(f"internal error, please report it: {message.interface}.{message.member}: {error!r}")


def _credentials() -> bytes:
    """The client's half of the authentication at once, as sd-bus sends it: who, with descriptors, begin.

    By the mechanism EXTERNAL the kernel tells the bus who it is; the zero is the byte that it tells it with.
    """
    return b"\0AUTH EXTERNAL %b\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n" % str(os.geteuid()).encode().hex().encode()
