"""A bus that is none or restarts, p7 replaced underfoot, no user yet; tests/chain has more beginnings and ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.bus.client import (
    MANAGER,
    PATH,
    SEAT,
    SEAT_PATH,
    SESSION,
    SESSION_PATH,
    USER,
    USER_PATH,
    Client,
    Error,
    wait_for,
)
from tests.bus.machine import Machine
from tests.lab.private import LAINOS, PASSWD
from tests.need import need

NOBODY = "".join(line for line in PASSWD.splitlines(keepends=True) if not line.startswith(("lain:", "arisu:")))


def test_a_folder_is_no_bus(p7: Path) -> None:
    with Machine(p7) as machine:
        machine.path("/run/dbus/system_bus_socket").mkdir()
        assert not machine.try_bridge()
        status, log = machine.ended()
        assert status == 1
        assert "/run/dbus/system_bus_socket: Permission denied" in log


def test_a_second_bridge_leaves_the_first_alone(p7: Path) -> None:
    with Machine(p7) as machine:
        first = machine.start().bridge
        assert not machine.try_bridge()
        assert machine.ended()[0] == 1
        with machine.client() as client:
            assert client.call("GetSession", "s", "1") == (SESSION_PATH,)
        assert first.poll() is None


def test_the_bus_restarts(p7: Path) -> None:
    with Machine(p7) as machine:
        facade = machine.start().pids()[1]
        with machine.client() as gone, machine.client() as client:
            fds = len(os.listdir(f"/proc/{facade}/fd"))
            lost = gone.inhibit("shutdown", mode="delay")
            kept = client.inhibit("sleep")
            machine.stop_bus()
            os.close(lost)
        machine.start_bus()
        with machine.client() as client:
            wait_for(client.has_owner)
            assert machine.pids()[1] == facade, "it was not restarted"
            assert [row[0] for row in client.call("ListInhibitors")[0]] == ["sleep"], "the descriptor is still held"
            os.close(kept)
            wait_for(lambda: client.get("NCurrentInhibitors") == 0)
            assert len(os.listdir(f"/proc/{facade}/fd")) == fds
            client.listen(path=SESSION_PATH)
            client.call("LockSessions")
            assert client.signal("Lock").body == ()


def test_a_bus_that_ends_just_when_it_is_reached(p7: Path, tmp_path: Path) -> None:
    need("strace", "strace")
    with Machine(p7) as machine:
        facade = machine.start().pids()[1]
        with machine.client() as client:
            client.call("ListSessions")  # by now it has let go of the descriptor that says that it is ready
        fds = len(os.listdir(f"/proc/{facade}/fd"))
        machine.stop_bus()
        trace = ["strace", "--trace=sendto", "--inject=sendto:error=EPIPE:when=1", f"--output={tmp_path}/trace"]
        with subprocess.Popen([*trace, f"--attach={facade}"]) as strace:
            machine.start_bus()
            with machine.client() as client:
                wait_for(lambda: "EPIPE" in (tmp_path / "trace").read_text())
                wait_for(client.has_owner)
            strace.terminate()
        with machine.client() as client:
            wait_for(client.has_owner)
            assert len(os.listdir(f"/proc/{facade}/fd")) == fds, "of the one that failed nothing is left"
            assert client.call("GetSession", "s", "1") == (SESSION_PATH,)
        assert machine.pids()[1] == facade, "it was not restarted"


def test_it_goes_on_when_p7_is_replaced(p7: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    copy = Path(shutil.copy(p7, tmp_path_factory.mktemp("copy") / "p7"))
    copy.parent.chmod(0o755)
    with Machine(copy) as machine, machine.start().client(0) as client:
        copy.write_text("another program\n")
        for path, interface in ((PATH, MANAGER), (SESSION_PATH, SESSION), (SEAT_PATH, SEAT), (USER_PATH, USER)):
            client.get_all(path, interface)
        client.listen(path=PATH)
        os.close(client.inhibit("sleep", mode="delay"))
        client.call("ScheduleShutdown", "st", "dry-reboot", time.time_ns() // 1000 + 60_000_000)
        client.call("CancelScheduledShutdown")
        client.call("SetType", "s", "wayland", path=SESSION_PATH, interface=SESSION)
        with pytest.raises(Error):
            client.call("Reboot", "b", False)
        assert machine.stop_bridge()[0] == 0


def test_nobody_yet(p7: Path) -> None:
    with Machine(p7, passwd=NOBODY) as machine, machine.start().client(0) as client:
        for name in ("ListSessions", "ListSessionsEx", "ListUsers", "ListSeats"):
            assert client.call(name) == ([],)
        for name, value, error in (
            ("GetSession", "1", "NoSuchSession"),
            ("GetSession", "auto", "NoSessionForPID"),
            ("GetSeat", "seat0", "NoSuchSeat"),
        ):
            with pytest.raises(Error, match=error):
                client.call(name, "s", value)
        with pytest.raises(Error, match="UnknownObject"):
            client.get_all(SESSION_PATH, SESSION)
        assert client.get("NCurrentSessions") == 0
        client.call("LockSessions")
        client.get_all()
        with machine.client(LAINOS) as stranger:
            assert stranger.call("CanPowerOff") == ("no",)


def test_the_original_contract(p7: Path) -> None:
    with Machine(p7, toml='profile = "contract"\n') as machine, machine.start().client() as client:
        client.call("Suspend", "b", False)
        assert client.get("PreparingForSleep") is False
        assert (client.call("CanSuspend"), client.call("CanHibernate")) == (("yes",), ("na",))
        for name in ("Hibernate", "HybridSleep"):
            with pytest.raises(Error, match=r"org\.freedesktop\.DBus\.Error\.NotSupported"):
                client.call(name, "b", False)


def test_who_has_no_program_for_it_cannot_go_down(p7: Path) -> None:
    toml = '[power]\npoweroff = ["/run/none"]\nsuspend = ["/run/none"]\nhalt = "noop"\n'
    with Machine(p7, toml=toml) as machine, machine.start().client() as client:
        can = [client.call(f"Can{name}")[0] for name in ("PowerOff", "Reboot", "Halt", "Suspend")]
        assert can == ["na", "yes", "yes", "na"]
        machine.sh("umount --lazy /usr/bin")
        assert client.call("CanReboot") == ("na",)
        with pytest.raises(Error) as refused:
            client.call("Reboot", "b", False)
        assert refused.value.name == "org.freedesktop.DBus.Error.NotSupported"


def test_a_client_that_leaves_in_the_middle(machine: Machine, lain: Client) -> None:
    for member, signature, values in (
        ("GetSession", "s", ("auto",)),
        ("Suspend", "b", (False,)),
        ("SetWallMessage", "sb", ("x", False)),
    ):
        with machine.client(1001) as client:
            client.connection.send(client.message(member, signature, *values))
    assert lain.call("GetSession", "s", "auto") == (SESSION_PATH,)


def _runs(pid: int) -> bool:
    """Whether a process is there; a zombie, which this machine's PID 1 does not reap, is not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
