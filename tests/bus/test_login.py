"""What the bus tells of logins: a program that opens the session by lainos-init, its end, and a user's first one."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.bus.client import (
    PATH,
    SEAT_PATH,
    SESSION,
    SESSION_PATH,
    USER_PATH,
    Client,
    Error,
    wait_for,
)
from tests.bus.machine import Machine
from tests.lab.private import PASSWD

COMPOSITOR = "#!/bin/sh\nexec sleep 60\n"
NOBODY = "".join(line for line in PASSWD.splitlines(keepends=True) if not line.startswith(("lain:", "arisu:")))


def test_a_login_and_its_end(p7: Path) -> None:
    with Machine(p7) as machine, machine.start().client() as client:
        client.listen(path=SESSION_PATH)
        assert _session(client)["Leader"] == 0
        client.call("SetLockedHint", "b", True, path=SESSION_PATH, interface=SESSION)
        before = time.time_ns() // 1000
        login = _log_in(machine)
        wait_for(lambda: _session(client)["Leader"] != 0)
        told = client.changes()[1]
        assert told == {"LockedHint": True}
        assert client.changes()[1]["Type"] == "wayland"
        assert client.changes()[1] == {"LockedHint": False}, "another program, other hints"
        values = _session(client)
        assert values["Type"] == "wayland"
        assert values["LockedHint"] is False
        assert before <= values["Timestamp"] <= time.time_ns() // 1000
        assert abs(values["TimestampMonotonic"] - time.monotonic_ns() // 1000) < 10_000_000
        assert client.call("GetSessionByPID", "u", values["Leader"]) == (SESSION_PATH,)
        assert values["LeaderPIDFDId"] == _pidfd_inode(machine, values["Leader"])
        assert client.call("ListSessionsEx")[0][0][4] == values["Leader"]
        client.call("TerminateSession", "s", "1")
        login.wait(10)
        wait_for(lambda: _session(client)["Leader"] == 0)
        assert _session(client)["Type"] == "unspecified"
        assert client.call("ListSessions")[0][0][0] == "1"


def test_the_first_login_of_a_new_user(p7: Path) -> None:
    with Machine(p7, passwd=NOBODY) as machine, machine.start().client(0) as client:
        client.listen(path=PATH)
        with pytest.raises(Error):
            client.call("GetSession", "s", "1")
        machine.sh(f"cat >>/etc/passwd <<END\n{PASSWD.partition('lain:x')[1]}{PASSWD.partition('lain:x')[2]}END\n")
        _log_in(machine)
        assert client.signal("UserNew").body == (1000, USER_PATH)
        assert client.signal("SeatNew").body == ("seat0", SEAT_PATH)
        assert client.signal("SessionNew").body == ("1", SESSION_PATH)
        assert client.call("ListSessions") == ([("1", 1000, "lain", "seat0", SESSION_PATH)],)
        wait_for(lambda: _session(client)["Type"] == "wayland")
        assert "session" in client.call("Introspect", path=PATH, interface="org.freedesktop.DBus.Introspectable")[0]


def _log_in(machine: Machine) -> subprocess.Popen[str]:
    machine.path("/run/compositor").write_text(COMPOSITOR)
    machine.path("/run/compositor").chmod(0o755)
    environment = ["env", "-i", "P7_COMPOSITOR=/run/compositor"]
    return machine.private.start([*environment, machine.p7, "lainos-init"], uid=1000, stderr=subprocess.DEVNULL)


def _pidfd_inode(machine: Machine, pid: object) -> int:
    """What a program inside finds, on kernels that give each process one."""
    major, minor = map(int, os.uname().release.split(".")[:2])
    script = f"import os; print(os.fstat(os.pidfd_open({pid})).st_ino)"
    return int(machine.output("python3", "-c", script, uid=0)) if (major, minor) >= (6, 9) else 0


def _session(client: Client) -> dict[str, object]:
    return {name: value for name, (_, value) in client.get_all(SESSION_PATH, SESSION).items()}
