#!/usr/bin/python3 -I
"""The application of the demo: lainos-init becomes it. Asks as applications ask, and writes the answers as JSON.

The file `has` tells what there is: "users" the daemons of p7, "cgroups" a cgroup2 hierarchy, "keep" that a shell is
wanted. lainos-init lets no variable of the demo's through.
"""

from __future__ import annotations

import array
import ctypes
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, "/run/p7-demo/jeepney.whl")

from jeepney import DBusAddress, MessageType, Properties, new_method_call
from jeepney.io.blocking import open_dbus_connection

LAIN = 1000
NAME, PATH = "org.freedesktop.login1", "/org/freedesktop/login1"
SESSION = f"{PATH}/session/_31"
MANAGER = f"{NAME}.Manager"
NOTIFY_SOCKET = "/run/systemd/notify"
HAS = Path("/run/p7-demo/has").read_text().split()

ROWS: list[dict[str, str]] = []


def row(group: str, question: str, needs: str, ask: Callable[[], str], wanted: str | None = None) -> None:
    """Ask, and keep the answer; `needs` is a word of `has` or empty, `wanted` the one right answer."""
    state, answer = "needs root", ""
    if not needs or needs in HAS:
        try:
            state, answer = "ok", ask()
        except NotHere as error:
            state, answer = "not here", str(error)
        except Exception as error:
            state, answer = "WRONG", f"{type(error).__name__}: {error}"
        if state == "ok" and wanted is not None and answer != wanted:
            state, answer = "WRONG", f"{answer}, not {wanted}"
    elif needs == "cgroups" and " cgroup2 " not in Path("/proc/mounts").read_text():
        state, answer = "not here", "cgroup2"
    ROWS.append({"group": group, "question": question, "state": state, "answer": answer})


class NotHere(Exception):
    """What a question is asked with is not installed."""


class Bus:
    """The system bus, by jeepney."""

    def __init__(self) -> None:
        self._connection = open_dbus_connection("SYSTEM", enable_fds=True)

    def call(self, path: str, interface: str, member: str, signature: str = "", *body: object) -> tuple:
        address = DBusAddress(path, NAME, interface)
        return self._ask(new_method_call(address, member, signature or None, body))

    def get(self, path: str, interface: str, name: str) -> object:
        return self._ask(Properties(DBusAddress(path, NAME, f"{NAME}.{interface}")).get(name))[0][1]

    def _ask(self, message: object) -> tuple:
        reply = self._connection.send_and_get_reply(message, timeout=5)
        assert reply.header.message_type is not MessageType.error, reply.body
        return reply.body


def ask_bus() -> None:
    tool, command = by_tool()
    bus = Bus() if "users" in HAS else None

    def values(path: str, interface: str, *names: str) -> str:
        found = [bus.get(path, interface, name) for name in names]
        return " ".join(str(value[0] if isinstance(value, tuple) else value) for value in found)

    group = "identity over D-Bus"
    row(group, f'GetSession("1"), by {tool}', "users", lambda: output(command))
    for path, interface, names, wanted in (
        (SESSION, "Session", ("Type", "State", "Class"), "wayland active user"),
        (SESSION, "Session", ("Seat", "User"), f"seat0 {LAIN}"),
        (SESSION, "Session", ("Leader",), str(os.getpid())),
        (f"{PATH}/seat/seat0", "Seat", ("ActiveSession",), "1"),
        (f"{PATH}/user/_{LAIN}", "User", ("Name", "RuntimePath"), f"lain /run/user/{LAIN}"),
    ):
        question = f"{interface} {', '.join(names)}"
        row(group, question, "users", lambda p=path, i=interface, n=names: values(p, i, *n), wanted)
    ask_inhibitor(bus)


def by_tool() -> tuple[str, list[str]]:
    """The first client that is installed, and its command line."""
    commands = {
        "busctl": ["--system", "call", NAME, PATH, MANAGER, "GetSession", "s", "1"],
        "gdbus": ["call", "--system", "-d", NAME, "-o", PATH, "-m", f"{MANAGER}.GetSession", "1"],
        "dbus-send": ["--system", "--print-reply=literal", f"--dest={NAME}", PATH, f"{MANAGER}.GetSession", "string:1"],
    }
    for tool, arguments in commands.items():
        if shutil.which(tool):
            return tool, [tool, *arguments]
    return "jeepney", []


def output(command: list[str]) -> str:
    if not command:
        return str(Bus().call(PATH, MANAGER, "GetSession", "s", "1")[0])
    done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    assert SESSION in done.stdout, done.stderr.strip() or done.stdout.strip()
    return done.stdout.strip()


def ask_inhibitor(bus: Bus | None) -> None:
    held: list[int] = []

    def take() -> str:
        body = bus.call(PATH, MANAGER, "Inhibit", "ssss", "sleep", "demo", "to show it", "block")
        held.append(body[0].to_raw_fd())
        return str(bus.get(PATH, "Manager", "BlockInhibited"))

    def listed() -> str:
        found = bus.call(PATH, MANAGER, "ListInhibitors")[0]
        return " ".join(f"{what} {who} {mode} {uid} {pid}" for what, who, _, mode, uid, pid in found)

    def release() -> str:
        began = time.monotonic()
        os.close(held.pop())
        while bus.get(PATH, "Manager", "BlockInhibited"):
            assert time.monotonic() < began + 2, "still held after 2 s"
        return f"released after {(time.monotonic() - began) * 1000:.1f} ms"

    group = "an inhibitor"
    row(group, 'Inhibit("sleep"); BlockInhibited', "users", take, "sleep")
    row(group, "ListInhibitors", "users", listed, f"sleep demo block {LAIN} {os.getpid()}")
    row(group, "its descriptor closed", "users", release)


class Libsystemd:
    """The real library; a negative return value is an errno (sd-login(3))."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL("libsystemd.so.0")
        except OSError:
            raise NotHere("libsystemd.so.0") from None

    def text(self, function: str, *arguments: object) -> str:
        result = ctypes.c_char_p()
        self.number(function, *arguments, ctypes.byref(result))
        return (result.value or b"").decode()

    def uid(self, function: str, *arguments: object) -> str:
        result = ctypes.c_uint32()
        self.number(function, *arguments, ctypes.byref(result))
        return str(result.value)

    def number(self, function: str, *arguments: object) -> int:
        value = getattr(self._library, function)(*arguments)
        if value < 0:
            raise OSError(-value, os.strerror(-value))
        return value


def ask_libsystemd() -> None:
    group = "identity through libsystemd"
    row(group, "sd_pid_get_session(0)", "cgroups", lambda: Libsystemd().text("sd_pid_get_session", 0), "1")
    row(group, "sd_pid_get_owner_uid(0)", "cgroups", lambda: Libsystemd().uid("sd_pid_get_owner_uid", 0), str(LAIN))
    row(group, 'sd_session_get_type("1")', "users", lambda: Libsystemd().text("sd_session_get_type", b"1"), "wayland")
    row(group, 'sd_session_get_uid("1")', "", lambda: Libsystemd().uid("sd_session_get_uid", b"1"), str(LAIN))
    row(group, 'sd_session_get_seat("1")', "", lambda: Libsystemd().text("sd_session_get_seat", b"1"), "seat0")
    row(group, f"sd_uid_get_state({LAIN})", "", lambda: Libsystemd().text("sd_uid_get_state", LAIN), "active")
    row(group, 'sd_session_is_active("1")', "", lambda: str(Libsystemd().number("sd_session_is_active", b"1")), "1")


def notify() -> str:
    """READY=1, then a barrier: a descriptor that the receiver closes when it has read all before (sd_notify(3))."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(NOTIFY_SOCKET)
        read_fd, write_fd = os.pipe()
        began = time.monotonic()
        sender.send(b"READY=1\nSTATUS=the demo is running")
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [write_fd]))
        sender.sendmsg([b"BARRIER=1"], [rights])
        os.close(write_fd)
        closed, _, _ = select.select([read_fd], [], [], 5)
        assert closed, "the barrier was not released within 5 s"
        return f"back after {(time.monotonic() - began) * 1000:.1f} ms"


def wait_for_reader() -> None:
    """Until the other end of our output is closed: then the table is printed."""
    poll = select.poll()
    poll.register(1, 0)  # an error is told unasked
    poll.poll()


def main() -> None:
    ask_bus()
    ask_libsystemd()
    row("sd_notify", "READY=1, then a barrier", "users", notify)
    print(json.dumps(ROWS), flush=True)
    if "keep" in HAS:
        wait_for_reader()
        os.dup2(2, 1)
        print("A shell of the session; leaving it ends the demo.", flush=True)
        os.execv("/bin/sh", ["sh", "-i"])


if __name__ == "__main__":
    main()
