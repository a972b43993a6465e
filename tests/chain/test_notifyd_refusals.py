"""What keeps lainos-notifyd from starting, and what it then says."""

import pytest

from tests.lab.private import LAIN, PASSWD, Private
from tests.need import need_root

SOCKET = "/run/systemd/notify"


@pytest.fixture
def machine():
    need_root("namespaces and a user to become")
    with Private() as machine:
        yield machine


@pytest.mark.parametrize("kind", ["a folder", "a symlink", "a regular file"])
def test_what_is_no_socket_is_left_in_its_place(machine, p7, kind):
    path = machine.path(SOCKET)
    path.parent.mkdir()
    makers = {
        "a folder": path.mkdir,
        "a symlink": lambda: path.symlink_to("/run/elsewhere"),
        "a regular file": path.touch,
    }
    makers[kind]()
    before = path.lstat()
    done = machine.run([p7, "lainos-notifyd"])
    assert done.returncode == 1
    assert f"{SOCKET}: {kind} is where a socket belongs" in done.stderr
    assert path.lstat() == before
    assert not machine.path("/run/elsewhere").exists()


def test_a_read_only_run_names_the_path(machine, p7):
    machine.path("/run/systemd").mkdir()
    machine.run(["mount", "-o", "remount,ro", "/run"])
    done = machine.run([p7, "lainos-notifyd"])
    assert (done.returncode, done.stderr) == (1, f"lainos-notifyd: {SOCKET}: Read-only file system\n")


def test_a_full_run_names_the_path(p7):
    with Private(run_options="nr_inodes=9") as machine:
        machine.path("/run/systemd").mkdir()
        with pytest.raises(OSError, match="No space left"):
            for i in range(9):
                machine.path(f"/run/{i}").touch()
        done = machine.run([p7, "lainos-notifyd"])
    assert (done.returncode, done.stderr) == (1, f"lainos-notifyd: {SOCKET}: No space left on device\n")


def test_without_its_user_it_names_the_remedy(p7):
    passwd = "".join(line + "\n" for line in PASSWD.splitlines() if not line.startswith("lainos:"))
    with Private(passwd=passwd) as machine:
        done = machine.run([p7, "lainos-notifyd"])
        assert done.returncode == 1
        assert "no user 'lainos' to run as: make it with 'systemd-sysusers'" in done.stderr
        assert not machine.path("/run/systemd").exists()


def test_an_ordinary_user_is_told(machine, p7):
    assert machine.run([p7, "lainos-notifyd"], uid=LAIN).returncode == 77
