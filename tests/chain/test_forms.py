"""Every form of p7, one applet after the other, as the boot runs them; what they do in depth is in the other files."""

import subprocess

import pytest

from tests.chain.seat import Seat, wait
from tests.lab.private import LAIN
from tests.need import need


@pytest.fixture(autouse=True)
def _needs():
    need("busctl", "systemd")
    need("systemd-notify", "systemd")


def test_the_chain_to_a_session_and_its_end(artifact):
    with Seat(artifact) as seat:
        assert seat.path("/sys/fs/cgroup/user.slice/user-1000.slice/session-1.scope/services").is_dir()
        assert seat.path("/run/systemd/users/1000").exists()
        notifyd = seat.start([artifact, "lainos-notifyd"], stderr=subprocess.PIPE)
        wait(lambda: seat.path("/run/systemd/notify").exists(), "lainos-notifyd listens")
        ready = seat.run(["env", "NOTIFY_SOCKET=/run/systemd/notify", "systemd-notify", "--ready"], uid=LAIN)
        assert ready.returncode == 0, ready.stderr  # its barrier was released
        login = seat.login()
        wait(lambda: seat.session().get("TYPE") == "wayland", "the session is open")
        question = "org.freedesktop.login1 /org/freedesktop/login1/session/_31 org.freedesktop.login1.Session Leader"
        answer = seat.run(["busctl", "get-property", *question.split()], uid=LAIN)
        assert answer.stdout == f"u {seat.session()['LEADER']}\n", answer.stderr
        wait(lambda: "sleep" in seat.processes(), "the compositor runs")
        login.kill()
        wait(lambda: seat.session()["TYPE"] == "unspecified", "the session is closed")
        assert "LEADER" not in seat.session()
        assert "READY" in _end(seat, notifyd)


def _end(seat, process):
    """What a daemon has logged, once SIGTERM has ended it."""
    children = seat.run(["pgrep", "-f", "lainos-notifyd"]).stdout.split()
    seat.run(["kill", "-TERM", *children])
    return process.communicate(timeout=10)[1]
