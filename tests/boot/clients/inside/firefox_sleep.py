"""Ask a Firefox that runs with --marionette what it is told of a sleep; print each notification as it comes.

Marionette: JSON arrays, each after its length and a colon (remote/marionette/transport.sys.mjs). The notifications
are those of widget/gtk/nsAppShell.cpp.
"""

from __future__ import annotations

import json
import socket
import sys
from itertools import count
from typing import Any

PORT = 2828
TOPICS = ("sleep_notification", "wake_notification")
WATCH = """
const done = arguments[arguments.length - 1];
const seen = [];
const observer = {
  observe(subject, topic) {
    seen.push(topic);
    if (topic === "wake_notification") {
      done(seen);
    }
  },
};
for (const topic of arguments[0]) {
  Services.obs.addObserver(observer, topic);
}
"""


class Marionette:
    def __init__(self) -> None:
        self._stream = socket.create_connection(("127.0.0.1", PORT), timeout=60).makefile("rwb")
        self._serials = count(1)
        self._receive()  # its greeting

    def ask(self, command: str, **parameters: object) -> Any:
        message = json.dumps([0, next(self._serials), command, parameters]).encode()
        self._stream.write(b"%d:%s" % (len(message), message))
        self._stream.flush()
        _, _, error, result = self._receive()
        if error:
            sys.exit(f"{command}: {error}")
        return result

    def _receive(self) -> Any:
        length = b""
        while (byte := self._stream.read(1)) != b":":
            length += byte
        return json.loads(self._stream.read(int(length)))


def main() -> None:
    firefox = Marionette()
    firefox.ask("WebDriver:NewSession", capabilities={})
    firefox.ask("WebDriver:SetTimeouts", script=60_000)
    firefox.ask("Marionette:SetContext", value="chrome")
    print("watching", flush=True)
    print(*firefox.ask("WebDriver:ExecuteAsyncScript", script=WATCH, args=[TOPICS])["value"], flush=True)


if __name__ == "__main__":
    main()
