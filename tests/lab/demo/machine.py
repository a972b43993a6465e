"""PID 1 of the demo's namespaces: makes a machine, starts p7 on it, logs a user in, and prints what came of it."""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from p7.build import sources, version
from tests.lab import bus
from tests.lab.demo import mounts, table
from tests.lab.demo.mounts import HOME, LAIN, LAINOS, WORK

BIN = WORK / "bin"
ERRORS = WORK / "errors"


def main() -> int:
    """The exit status of the whole demo."""
    parser = argparse.ArgumentParser()
    parser.add_argument("p7", type=Path)
    parser.add_argument("--cgroups", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    try:
        return demonstrate(options.p7, options.cgroups, options.keep)
    except OSError as error:
        sys.exit(f"build.py demo: {error.filename or 'the demo'}: {error.strerror}")


def demonstrate(p7: Path, cgroups: bool, keep: bool) -> int:
    began = time.monotonic()
    mounts.mount_all(cgroups=cgroups)
    copy_programs(p7)
    log = Log()
    has = ["keep"] if keep else []
    if is_mapped(LAIN) and is_mapped(LAINOS):
        start_chain(log, cgroups)
        client = log_in([*has, "users", *(["cgroups"] if cgroups else [])])
    else:
        one_shot("lainos-ghost-units", may_fail=True)  # it cannot give /run/user/1000 to its user
        client = start_client([sys.executable, WORK / "client"], has)
    status = show(client, log, began)
    client.wait()
    return status


def is_mapped(uid: int) -> bool:
    """Whether this user namespace has the user id at all (user_namespaces(7))."""
    ranges = [[int(word) for word in line.split()] for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return any(first <= uid < first + count for first, _, count in ranges)


def copy_programs(p7: Path) -> None:
    """The artifact with its links, the client and its library, where every user reads them."""
    BIN.mkdir()
    shutil.copy(p7, BIN / "p7")
    subprocess.run([BIN / "p7", "--install", "-s", BIN], check=True)
    shutil.copy(Path(__file__).with_name("client.py"), WORK / "client")
    (WORK / "client").chmod(0o755)
    shutil.copy(*sources.wheels("clients"), WORK / "jeepney.whl")
    HOME.mkdir()


class Log:
    """The syslog daemon of this machine."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        self._lines: list[str] = []

    def lines(self) -> list[str]:
        """All so far, without the <PRI> before each."""
        try:
            while True:
                self._lines.append(self._socket.recv(8192).decode(errors="replace").partition(">")[2])
        except BlockingIOError:
            return self._lines


def start_chain(log: Log, cgroups: bool) -> None:
    """As OpenRC starts it."""
    if cgroups:
        one_shot("cgroup-delegate")
    one_shot("lainos-ghost-units")
    daemon([BIN / "lainos-notifyd", "--ready-fd"], log)
    Path("/run/dbus").mkdir()
    (WORK / "bus.conf").write_text(bus.config())
    daemon(["dbus-daemon", f"--config-file={WORK}/bus.conf", "--nofork", "--nopidfile", "--print-address"], log)
    daemon([BIN / "lainos-dbus-bridge", "--ready-fd"], log)


def one_shot(name: str, *, may_fail: bool = False) -> None:
    with ERRORS.open("a") as errors:
        status = subprocess.run([BIN / name], stderr=errors, check=False).returncode
    if status and not may_fail:
        sys.exit(f"{name} ended with {status}:\n{ERRORS.read_text()}")


def daemon(command: list[str | Path], log: Log) -> None:
    """Start one whose last option takes a descriptor, and wait until it writes a line there."""
    read_fd, write_fd = os.pipe()
    with ERRORS.open("a") as errors:
        subprocess.Popen([*command, str(write_fd)], pass_fds=[write_fd], stdin=subprocess.DEVNULL, stderr=errors)
    os.close(write_fd)
    ready, _, _ = select.select([read_fd], [], [], 5)
    if not ready or not os.read(read_fd, 4096).endswith(b"\n"):
        sys.exit("\n".join([f"{command[0]} did not come up:", *log.lines(), ERRORS.read_text()]))
    os.close(read_fd)


def log_in(has: list[str]) -> subprocess.Popen[str]:
    """As greetd does: lainos-init with the client for a compositor, as the user."""
    os.chown(HOME, LAIN, LAIN)
    return start_client([BIN / "lainos-init"], has, user=LAIN, group=LAIN, extra_groups=[])


def start_client(command: list[str | Path], has: list[str], **user: object) -> subprocess.Popen[str]:
    (WORK / "has").write_text(" ".join(has))
    environment = {
        **{
            "HOME": str(HOME),
            "USER": "lain",
            "LOGNAME": "lain",
            "SHELL": "/bin/sh",
            "TERM": os.environ.get("TERM", ""),
        },
        **{"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "XDG_SEAT": "seat0", "XDG_SESSION_CLASS": "user"},
        **{"P7_SESSION_TYPE": "wayland", "P7_COMPOSITOR": str(WORK / "client")},
    }
    errors = None if "keep" in has else ERRORS.open("a")
    return subprocess.Popen(
        command, env=environment, cwd=HOME, stdout=subprocess.PIPE, stderr=errors, text=True, **user
    )  # type: ignore[call-overload]


def show(client: subprocess.Popen[str], log: Log, began: float) -> int:
    """Print the client's rows and our own."""
    assert client.stdout is not None
    text = client.stdout.readline()
    if not text:
        sys.exit("\n".join(["the client said nothing:", *log.lines(), ERRORS.read_text()]))
    rows = [table.Row(**fields) for fields in json.loads(text)]
    print(f"p7 {version.current()}, as an application sees it")
    status = table.show([*rows, logged(rows[-1], log)])
    needy = sum(row.state == table.ROOT for row in rows)
    print(f"\n{time.monotonic() - began:.1f} s" + (f"; {needy} rows need root" if needy else ""))
    sys.stdout.flush()
    client.stdout.close()
    return status


def logged(sent: table.Row, log: Log) -> table.Row:
    """What became of the client's notification."""
    group, question = sent.group, "lainos-notifyd logged"
    if sent.state == table.ROOT:
        return table.Row(group, question, table.ROOT)
    lines = [line for line in log.lines() if line.startswith("lainos-notifyd") and "READY" in line]
    return table.Row(group, question, table.OK if lines else table.WRONG, "".join(lines[:1]))


if __name__ == "__main__":
    sys.exit(main())
