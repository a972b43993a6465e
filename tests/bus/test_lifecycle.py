"""The bridge's beginning and end: no bus, a name taken, a bus that restarts, halves that die, no user yet."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL, SIGTERM

import pytest
from jeepney import message_bus

from tests.bus.client import MANAGER, NAME, PATH, SEAT, SEAT_PATH, SESSION, SESSION_PATH, USER, USER_PATH, Client, Error
from tests.bus.machine import Machine
from tests.lab.private import LAINOS, PASSWD

SECONDS = 2.0 * 10  # what is promised within two seconds
NOBODY = "".join(line for line in PASSWD.splitlines(keepends=True) if not line.startswith(("lain:", "arisu:")))


@pytest.fixture
def own(p7: Path) -> Callable[[], Machine]:
    return lambda: Machine(p7)


def test_without_a_bus_it_says_so(own: Callable[[], Machine]) -> None:
    with own() as machine:
        assert not machine.try_bridge()
        status, log = machine.ended()
        assert status == 1
        assert "/run/dbus/system_bus_socket: No such file or directory; is dbus-daemon running?" in log


def test_a_folder_is_no_bus(own: Callable[[], Machine]) -> None:
    with own() as machine:
        machine.path("/run/dbus/system_bus_socket").mkdir()
        assert not machine.try_bridge()
        status, log = machine.ended()
        assert status == 1
        assert "/run/dbus/system_bus_socket: Permission denied" in log


def test_a_name_that_is_taken(own: Callable[[], Machine]) -> None:
    with own() as machine:
        machine.start_bus()
        with machine.client(0) as other:
            other.connection.send_and_get_reply(message_bus.RequestName(NAME))
            assert not machine.try_bridge()
            status, log = machine.ended()
            assert status == 1
            assert f"{NAME} is taken: another login1 service runs" in log


def test_a_second_bridge_leaves_the_first_alone(own: Callable[[], Machine]) -> None:
    with own() as machine:
        first = machine.start().bridge
        assert not machine.try_bridge()
        assert machine.ended()[0] == 1
        with machine.client() as client:
            assert client.call("GetSession", "s", "1") == (SESSION_PATH,)
        assert first.poll() is None


def test_the_bus_restarts(own: Callable[[], Machine]) -> None:
    with own() as machine:
        facade = machine.start().pids()[1]
        with machine.client() as gone, machine.client() as client:
            fds = len(os.listdir(f"/proc/{facade}/fd"))
            lost = gone.inhibit("shutdown", mode="delay")
            kept = client.inhibit("sleep")
            machine.stop_bus()
            os.close(lost)
        machine.start_bus()
        with machine.client() as client:
            _wait_for(client.has_owner)
            assert machine.pids()[1] == facade, "it was not restarted"
            assert [row[0] for row in client.call("ListInhibitors")[0]] == ["sleep"], "the descriptor is still held"
            os.close(kept)
            _wait_for(lambda: client.get("NCurrentInhibitors") == 0)
            assert len(os.listdir(f"/proc/{facade}/fd")) == fds
            client.listen(path=SESSION_PATH)
            client.call("LockSessions")
            assert client.signal("Lock").body == ()


def test_sigterm_ends_both_at_once(own: Callable[[], Machine]) -> None:
    with own() as machine:
        broker, facade = machine.start().pids()
        start = time.monotonic()
        status, log = machine.stop_bridge(SIGTERM)
        assert time.monotonic() - start < 0.1 * 10
        assert (status, log) == (0, "")
        assert not _runs(broker)
        assert not _runs(facade)


@pytest.mark.parametrize("half", [0, 1], ids=["broker", "facade"])
def test_when_one_half_is_killed_the_other_follows(own: Callable[[], Machine], half: int) -> None:
    with own() as machine:
        pids = machine.start().pids()
        os.kill(pids[half], SIGKILL)
        _wait_for(lambda: not any(map(_runs, pids)))
        assert machine.ended()[0] != 0
        machine.start_bridge()
        with machine.client() as client:
            assert client.call("GetSession", "s", "1") == (SESSION_PATH,)


def test_the_facade_is_confined(machine: Machine) -> None:
    status = Path(f"/proc/{machine.pids()[1]}/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert fields["Uid"].split() == [str(LAINOS)] * 4
    assert fields["Groups"].split() == []
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")


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


def _wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
