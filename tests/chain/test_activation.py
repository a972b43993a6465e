"""What D-Bus activation gives its services: the session's environment, with the socket that the compositor has made."""

import pytest

from tests.chain.seat import SCOPE, Seat, wait
from tests.lab.private import LAIN
from tests.need import need

ADDRESS = "unix:path=/run/user/1000/bus"
SERVICES = "/run/user/1000/dbus-1/services"
SERVICE = "[D-BUS Service]\nName=org.example.Env\nExec=/bin/sh -c 'env >/run/user/1000/activated; exit 1'\n"
SESSION = {
    "XDG_CURRENT_DESKTOP": "compositor",
    "XDG_RUNTIME_DIR": "/run/user/1000",
    "XDG_SESSION_ID": "1",
    "XDG_SESSION_TYPE": "wayland",
}


@pytest.fixture(autouse=True)
def _needs():
    need("dbus-update-activation-environment", "dbus-bin")


@pytest.fixture
def seat(p7):
    with Seat(p7) as seat:
        _serve(seat)
        yield seat


def _serve(seat):
    seat.run(["mkdir", "-p", SERVICES], LAIN)  # dbus-daemon takes no folder but the user's own
    seat.put(f"{SERVICES}/org.example.Env.service", SERVICE)


def _compositor(seat, script):
    seat.put("/run/compositor", f"#!/bin/sh\n{script}\n", 0o755)


def _bus(seat):
    argv = ["dbus-daemon", "--session", f"--address={ADDRESS}", "--fork"]
    seat.run(["env", "-i", "PATH=/usr/bin:/bin", "XDG_RUNTIME_DIR=/run/user/1000", *argv], LAIN)


def _activated(seat):
    """The environment that a service gets which is activated now."""
    file = seat.path("/run/user/1000/activated")
    file.unlink(missing_ok=True)
    send = ["dbus-send", f"--bus={ADDRESS}", "--print-reply", "--dest=org.example.Env", "/", "org.example.Env.X"]
    seat.run(send, LAIN)
    text = file.read_text(errors="surrogateescape") if file.exists() else ""
    return dict(line.split("=", 1) for line in text.splitlines())


def _told(seat, display):
    wait(lambda: _activated(seat).get("WAYLAND_DISPLAY") == display, f"what is activated gets {display}")
    environment = _activated(seat)
    assert {name: environment.get(name) for name in SESSION} == SESSION
    wait(lambda: _helpers(seat) == [], "the helper is gone")


def _helpers(seat):
    return [name for name in seat.processes("/services") if name not in ("dbus-daemon", "sh")]


def _someone_elses(seat, name):
    """A socket of another compositor of the same user's."""
    seat.start(["/run/listen", name], LAIN)
    wait(seat.path(f"/run/user/1000/{name}").exists, "it listens")


def test_the_socket_that_was_promised(seat):
    _compositor(seat, "exec /run/listen wayland-1")
    seat.login()
    _told(seat, "wayland-1")


@pytest.mark.parametrize("name", ["wayland-0", "wayland-2"])
def test_another_socket_than_the_promised(artifact, name):
    with Seat(artifact) as seat:
        _serve(seat)
        _someone_elses(seat, "wayland-1")
        _compositor(seat, f"sleep 0.3; exec /run/listen {name}")
        seat.login()
        _told(seat, name)


def test_a_compositor_below_a_script(seat):
    _compositor(seat, "/run/listen wayland-2 & wait")
    seat.login()
    _told(seat, "wayland-2")


def test_a_bus_that_was_there_before_is_told(seat):
    """One that knows next to nothing, as if a user service had started it."""
    _bus(seat)
    _compositor(seat, "exec /run/listen wayland-1")
    seat.login()
    _told(seat, "wayland-1")


def test_a_socket_nobody_listens_at(seat):
    leave = "import socket; socket.socket(socket.AF_UNIX).bind('/run/user/1000/wayland-0')"
    seat.run(["python3", "-c", leave], LAIN)
    _compositor(seat, "exec /run/listen wayland-1")
    seat.login()
    _told(seat, "wayland-1")


def test_who_waits_is_no_child_of_the_compositor_and_ends_with_it(seat):
    _compositor(seat, "exec sleep 60")
    login = seat.login()
    wait(lambda: "sleep" in seat.processes() and len(_helpers(seat)) == 1, "the helper waits")
    assert seat.run(["pgrep", "--parent", str(login.pid)]).stdout == ""
    pid = seat.run(["sh", "-c", f"grep -v $(pgrep dbus-daemon -u {LAIN}) {SCOPE}/services/cgroup.procs"]).stdout.strip()
    targets = seat.run(["sh", "-c", f"readlink /proc/{pid}/fd/[012]"]).stdout.split()
    assert targets == ["/dev/null"] * 3
    login.kill()
    wait(lambda: seat.processes() == [], "it is gone", 1)


def test_without_the_program_it_is_said(seat):
    seat.put("/etc/environment", "PATH=/run/bin\n")
    _compositor(seat, "exec /bin/sleep 60")
    login = seat.login()
    wait(lambda: "sleep" in seat.processes(), "the compositor runs")
    login.kill()
    assert "dbus-update-activation-environment is not installed" in login.ended()[1]


def test_what_is_not_utf_8_keeps_nothing_else_back(seat):
    _compositor(seat, "exec /run/listen wayland-2")
    seat.login(LC_TIME="de_DE\udcff")
    _told(seat, "wayland-2")


def test_x11_is_told_at_once(seat):
    need("xinit", "xinit")
    need("openbox-session", "openbox")
    seat.path("/run/bin").mkdir()
    seat.put("/run/bin/X", "#!/bin/sh\nexec sleep 60\n", 0o755)
    seat.put("/etc/environment", "PATH=/run/bin:/usr/local/bin:/usr/bin:/bin\n")
    _bus(seat)
    seat.login(P7_SESSION_TYPE="x11")
    wait(lambda: "DISPLAY" in _activated(seat), "what is activated gets DISPLAY")
    assert _activated(seat)["XAUTHORITY"] == "/run/user/1000/Xauthority"
    assert "WAYLAND_DISPLAY" not in _activated(seat)
