"""Talk to a virtual machine: a JSON value a line, with QEMU itself (QMP) or with the agent inside."""

from __future__ import annotations

import json
import socket
import time
from typing import Any


class Lines:
    """One end of a stream. A wait that runs out of time loses nothing of a line that has begun."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""

    def send(self, value: object) -> None:
        # Whatever was cut short before ends here, and stands in no way.
        self._connection.sendall(b"\n" + json.dumps(value).encode() + b"\n")

    def next(self, timeout: float) -> Any:
        """The next value; TimeoutError after timeout seconds, EOFError where the other end has closed."""
        end = time.monotonic() + timeout
        while b"\n" not in self._rest:
            self._connection.settimeout(max(0.001, end - time.monotonic()))
            data = self._connection.recv(65536)
            if not data:
                raise EOFError("QEMU has hung up")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        self._connection.close()


class Qmp:
    """QEMU's monitor: answers and events mixed (docs/interop/qmp-spec.txt). Those not yet asked for are in `events`."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.events: list[dict[str, Any]] = []

    def hello(self) -> None:
        """Greet; the protocol wants it before anything else."""
        assert "QMP" in self._lines.next(30)
        self.do("qmp_capabilities")

    def do(self, command: str, **arguments: object) -> Any:
        """What a command returns; AssertionError with QEMU's words where it refuses."""
        self._lines.send({"execute": command, "arguments": arguments})
        while "event" in (answer := self._lines.next(30)):
            self.events.append(answer)
        assert "return" in answer, f"{command}: {answer}"
        return answer["return"]

    def wait(self, event: str, timeout: float) -> dict[str, Any]:
        """The data of the first such event since the last one waited for."""
        end = time.monotonic() + timeout
        while not any(seen["event"] == event for seen in self.events):
            self.events.append(self._lines.next(end - time.monotonic()))
        found = next(seen for seen in self.events if seen["event"] == event)
        self.events.remove(found)
        return dict(found.get("data", {}))
