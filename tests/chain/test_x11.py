"""An X11 session on a real X server: Xvfb in Xorg's place, which needs no card and no terminal."""

import socket
import time

import pytest

from tests.chain.seat import SCOPE, Seat, wait
from tests.lab.private import LAIN, LAINOS
from tests.need import need

PATH = "/run/bin:/usr/local/bin:/usr/bin:/bin"


@pytest.fixture(autouse=True)
def _needs():
    for tool, package in (
        ("xinit", "xinit"),
        ("Xvfb", "xvfb"),
        ("openbox-session", "openbox"),
        ("xprop", "x11-utils"),
        ("xauth", "xauth"),
    ):
        need(tool, package)


@pytest.fixture
def seat(p7):
    with Seat(p7) as seat:
        seat.run(["cp", p7, "/run/p7"])
        seat.p7 = "/run/p7"
        seat.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp"])  # X's sockets and locks are there
        seat.run(["mkdir", "-m", "1777", "/tmp/.X11-unix"])
        seat.put("/etc/environment", f"PATH={PATH}\n")
        seat.path("/run/bin").mkdir()
        seat.path("/run/bin/X").symlink_to("/usr/bin/Xvfb")
        yield seat


def _xprop(seat, uid=LAIN, **variables):
    assignments = [f"{name}={value}" for name, value in variables.items()]
    return seat.run(["env", "-i", f"PATH={PATH}", *assignments, "xprop", "-root", "_NET_SUPPORTING_WM_CHECK"], uid)


def _listens(seat, number):
    """Whether a server answers; its socket's file is there some moments before."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(seat.path(f"/tmp/.X11-unix/X{number}"))) == 0


def _up(seat, display):
    cookie = "/run/user/1000/Xauthority"
    return "window id" in _xprop(seat, DISPLAY=display, XAUTHORITY=cookie).stdout


def test_openbox_on_a_server_of_its_own(seat):
    login = seat.login(P7_SESSION_TYPE="x11")
    wait(lambda: _up(seat, ":0"), "openbox manages the display")
    session = seat.session()
    assert (session["TYPE"], session["DISPLAY"], session["DESKTOP"]) == ("x11", ":0", "openbox")
    assert login.status("Name") == "xinit"
    assert {"X", "dbus-daemon", "openbox", "xinit"} <= set(seat.processes())
    environ = seat.path(f"/proc/{_pid(seat, 'openbox')}/environ").read_text().split("\0")
    assert {"DISPLAY=:0", "XAUTHORITY=/run/user/1000/Xauthority", "XDG_CURRENT_DESKTOP=Openbox"} < set(environ)
    assert not [entry for entry in environ if entry.startswith(("WAYLAND_DISPLAY", "MOZ_ENABLE_WAYLAND", "WLR_"))]


def test_nobody_else_may_connect(seat):
    seat.login(P7_SESSION_TYPE="x11")
    wait(lambda: _up(seat, ":0"), "openbox manages the display")
    assert "unable to open display" in _xprop(seat, LAINOS, DISPLAY=":0").stderr
    assert "unable to open display" in _xprop(seat, LAIN, DISPLAY=":0").stderr


@pytest.mark.parametrize("first", ["X", "openbox"])
def test_server_and_session_end_together(seat, first):
    login = seat.login(P7_SESSION_TYPE="x11")
    wait(lambda: _up(seat, ":0"), "openbox manages the display")
    seat.run(["kill", str(_pid(seat, first))])
    login.ended()
    wait(lambda: seat.processes() == [], "nothing is left")
    assert "LEADER" not in seat.session()


def _pid(seat, name):
    pids = seat.run(["sh", "-c", f"cat $(find {SCOPE} -name cgroup.procs)"]).stdout.split()
    return next(pid for pid in pids if seat.path(f"/proc/{pid}/comm").read_text() == f"{name}\n")


def test_a_server_that_runs_already_is_used(seat):
    seat.start(["Xvfb", ":5", "-noreset"], LAIN)
    wait(lambda: _listens(seat, 5), "the greeter's server runs")
    login = seat.login(P7_SESSION_TYPE="x11", DISPLAY=":5")
    wait(lambda: "window id" in _xprop(seat, DISPLAY=":5").stdout, "openbox manages it")
    assert seat.session()["DISPLAY"] == ":5"
    assert login.status("Name") == "openbox"
    assert not {"X", "Xvfb", "xinit"} & set(seat.processes())


def test_a_server_that_runs_already_is_used_with_its_cookie(seat):
    cookie = "/run/user/1000/greeter-cookie"
    seat.run(["sh", "-c", f"XAUTHORITY={cookie} xauth add :5 . $(mcookie)"], LAIN)
    seat.start(["Xvfb", ":5", "-noreset", "-auth", cookie], LAIN)
    wait(lambda: _listens(seat, 5), "the greeter's server runs")
    assert "unable to open display" in _xprop(seat, DISPLAY=":5").stderr
    seat.login(P7_SESSION_TYPE="x11", DISPLAY=":5", XAUTHORITY=cookie)
    wait(lambda: "window id" in _xprop(seat, DISPLAY=":5", XAUTHORITY=cookie).stdout, "openbox manages it")
    assert not {"X", "Xvfb", "xinit"} & set(seat.processes())


def test_a_display_that_somebody_else_serves_is_passed_over(seat):
    seat.start(["Xvfb", ":0", "-noreset"], LAINOS)
    wait(lambda: _listens(seat, 0), "another server runs")
    seat.login(P7_SESSION_TYPE="x11")
    wait(lambda: _up(seat, ":1"), "openbox manages the next display")


def test_a_part_that_is_missing_is_named(seat):
    seat.path("/run/bin/X").unlink()
    status, error = seat.login(P7_SESSION_TYPE="x11").ended()
    if seat.path("/usr/bin/X").exists():
        pytest.skip("this machine has an X of its own")
    assert status == 127
    assert f"no X session: X is not in {PATH}" in error


def test_a_full_runtime_folder_is_named_for_a_person_to_read(seat):
    seat.run(["mount", "-o", "remount,size=16k", "/run/user/1000"])
    seat.run(["sh", "-c", "cat /dev/zero >/run/user/1000/full"], LAIN)
    begun = time.monotonic()
    status, error = seat.login(P7_SESSION_TYPE="x11", GREETD_SOCK="/run/greetd.sock").ended()
    assert time.monotonic() - begun >= 5, "greetd clears the screen then"
    assert status == 1
    assert "/run/user/1000/Xauthority: No space left on device; without it X lets nobody in" in error
    assert [path.name for path in seat.path("/run/user/1000").iterdir()] == ["full"], "no half of a file is left"
