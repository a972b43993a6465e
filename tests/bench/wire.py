"""Calls on a client's socket with the messages made beforehand: the time that is taken is not our own."""

from __future__ import annotations

import gc
import time

from jeepney.low_level import Message, MessageType

from tests.bus.client import Client

_RETURN = MessageType.method_return.value
_ERROR = MessageType.error.value


class Wire:
    """One call on one connection, made again and again. `message` is what is sent, with any serial."""

    def __init__(self, client: Client, message: Message) -> None:
        client.ask(message)  # what came before is read, what the service caches is there
        self._socket = client.connection.sock
        self._message = message
        self._rest = b""

    def latencies(self, count: int) -> list[float]:
        """Microseconds from each call to its whole reply, one call after the other."""
        data = self._message.serialise(serial=1 << 20)
        took = []
        gc.disable()
        for _ in range(count):
            began = time.perf_counter()
            self._socket.sendall(data)
            self._reply()
            took.append(time.perf_counter() - began)
        gc.enable()
        return [seconds * 1e6 for seconds in took]

    def rate(self, batches: int, size: int) -> float:
        """Calls a second when so many are sent at once, and the next when all of those were answered."""
        data = b"".join(self._message.serialise(serial=(1 << 20) + i) for i in range(size))
        began = time.perf_counter()
        for _ in range(batches):
            self._socket.sendall(data)
            for _ in range(size):
                self._reply()
        return batches * size / (time.perf_counter() - began)

    def _reply(self) -> None:
        """Read the next reply, over signals. Raises RuntimeError for an error."""
        while True:
            while len(self._rest) < 16 or len(self._rest) < (size := _size(self._rest)):
                self._rest += self._socket.recv(65536)
            message, self._rest = self._rest[:size], self._rest[size:]
            if message[1] == _ERROR:
                raise RuntimeError(f"an error reply: {message!r}")
            if message[1] == _RETURN:
                return


def _size(data: bytes) -> int:
    """The length of the message that starts here: header, padded to 8 bytes, and body (D-Bus specification)."""
    order = "little" if data[0] == ord("l") else "big"
    body, fields = int.from_bytes(data[4:8], order), int.from_bytes(data[12:16], order)
    return 16 + (fields + 7) // 8 * 8 + body
