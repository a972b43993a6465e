"""lainos-init, the artifact: what it becomes, and what it says when it cannot."""

import os
import subprocess
import sys
import time

import pytest

from tests.chain.seat import COMPOSITOR, environ, wait
from tests.chain.test_environment import WAYLAND
from tests.lab.private import LAIN

BUS = "/run/user/1000/bus"
# What asks the broker without waiting for its answers, for a while; "refused" once the queue has been full.
FLOOD = """
import socket, time
end, told = time.monotonic() + 20, False
while time.monotonic() < end:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK) as one:
        try:
            one.connect("/run/lainos/session")
        except BlockingIOError:
            if not told:
                print("refused", flush=True)
            told = True
"""


def _fails(seat, uid=LAIN, **variables):
    """Exit status and stderr of a login that does not come up."""
    return seat.login(uid=uid, **variables).ended()


@pytest.mark.parametrize("name", ["sway", "dwl", "river"])
def test_the_first_that_is_installed_is_started(seat, name):
    """Of sway, dwl and river, unless P7_COMPOSITOR names one; each is its desktop, in the form that portals match."""
    names = ("sway", "dwl", "river")
    for installed in names[names.index(name) :]:
        seat.put(f"/run/bin/{installed}", COMPOSITOR, 0o755)
    seat.put("/etc/environment", "PATH=/run/bin:/usr/bin:/bin\n")
    seat.login(P7_COMPOSITOR="")
    found = {"XDG_SESSION_DESKTOP": name, "XDG_CURRENT_DESKTOP": f"{name}:wlroots"}
    assert found.items() <= environ(seat).items()
    assert seat.session()["DESKTOP"] == name


def test_a_name_goes_before_what_is_installed_first(seat):
    for installed in ("sway", "river"):
        seat.put(f"/run/bin/{installed}", COMPOSITOR, 0o755)
    seat.put("/etc/environment", "PATH=/run/bin:/usr/bin:/bin\n")
    seat.login(P7_COMPOSITOR="river")
    assert environ(seat)["XDG_SESSION_DESKTOP"] == "river"


def test_the_compositor_is_the_process_that_was_started(seat):
    """No shell, no p7 between: the process and its parent stay, signals are as execve(2) found them."""
    seat.put("/run/compositor", COMPOSITOR.replace("/run/listen wayland-1", "sleep 60"), 0o755)
    login = seat.login()
    environ(seat)
    assert login.status("Name") == "sleep"
    assert int(login.status("PPid")) == login.popen.pid
    assert int(login.status("SigIgn"), 16) == 0
    descriptors = seat.run(["ls", f"/proc/{login.pid}/fd"]).stdout.split()
    assert descriptors == ["0", "1", "2"]
    assert seat.run(["pgrep", "--parent", str(login.pid)]).stdout == ""


@pytest.mark.parametrize("vt", ["0", "64", "tty1", "-1", "²"])
def test_a_terminal_s_number_that_is_none_is_left_out(seat, vt):
    seat.login(XDG_VTNR=vt, P7_SESSION_TYPE="")
    assert environ(seat) == {**WAYLAND, "P7_SESSION_TYPE": ""}
    assert "VTNR" not in seat.session()


def test_a_bus_that_answers_is_left_alone(seat):
    argv = ["dbus-daemon", "--session", f"--address=unix:path={BUS}", "--fork", "--print-pid"]
    pid = seat.run(argv, LAIN).stdout.strip()
    seat.login()
    environ(seat)
    assert seat.run(["pgrep", "--full", "dbus-daemon --session"]).stdout.split() == [pid]


def test_a_dead_bus_s_socket_is_replaced(seat):
    leave = f"import socket; socket.socket(socket.AF_UNIX).bind({BUS!r})"
    seat.run([sys.executable, "-c", leave], LAIN)
    seat.login()
    environ(seat)
    send = [
        "dbus-send",
        f"--bus=unix:path={BUS}",
        "--print-reply",
        "--dest=org.freedesktop.DBus",
        "/",
        "org.freedesktop.DBus.GetId",
    ]
    assert seat.run(send, LAIN).returncode == 0


def test_a_bus_that_is_too_busy_to_answer_is_left_alone(seat):
    """Its queue is full, so connect(2) fails; it is not dead for that."""
    busy = f"""
import os, socket, time
bus, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
bus.bind({BUS!r})
bus.listen(0)
client.connect({BUS!r})
print("full", flush=True)
time.sleep(60)
"""
    process = seat.start([sys.executable, "-c", busy], LAIN, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "full\n"
    inode = seat.path(BUS).lstat().st_ino
    seat.login()
    environ(seat)
    assert seat.path(BUS).lstat().st_ino == inode
    assert "dbus-daemon" not in seat.processes()


def test_without_a_bus_it_warns_and_goes_on(seat):
    seat.run(["mkdir", BUS], LAIN)
    login = seat.login()
    environ(seat)
    login.kill()
    assert f"no session bus: {BUS}: Is a directory; what is there is no socket, so move it away" in login.ended()[1]


def test_without_the_broker_it_warns_and_goes_on(seat):
    """Soon, on a machine where none has run since boot."""
    seat.bridge.kill(15)
    seat.bridge.ended()
    seat.path("/run/lainos").rmdir()
    begun = time.monotonic()
    login = seat.login()
    wait(lambda: login.status("Name") == "sleep", "the compositor runs")
    assert time.monotonic() - begun < 2
    assert seat.path(BUS).is_socket()
    login.kill()
    error = login.ended()[1]
    assert "session not opened: /run/lainos/session: No such file or directory (start what listens there" in error
    assert "'rc-service lainos-dbus-bridge start'); polkit" in error


def test_a_refusal_is_told_in_plain_words(seat):
    login = seat.login(uid=1001)
    assert "session not opened: the session is lain's, and uid 1001 asks for it; " in login.ended()[1]


def test_a_broker_that_hangs_costs_five_seconds(seat):
    os.kill(seat.bridge.outer, 19)  # SIGSTOP
    begun = time.monotonic()
    login = seat.login()
    wait(lambda: login.status("Name") == "sleep", "the compositor runs")
    assert time.monotonic() - begun < 6
    login.kill()
    assert "did not answer within 5 s" in login.ended()[1]


@pytest.mark.parametrize("number", [9, 15])
def test_a_broker_that_comes_back_is_waited_for(seat, number):
    """Killed it leaves its socket behind, stopped in order it does not."""
    seat.bridge.kill(number)
    seat.bridge.ended()
    login = seat.login()
    time.sleep(1.2)  # supervise-daemon's respawn_delay, and a start
    seat.bridge = seat.start_bridge()
    wait(lambda: seat.session().get("LEADER") == str(login.pid), "the session is open")


def test_another_user_who_asks_without_pause_keeps_nobody_out(seat):
    """Whoever connects, the queue is short: who finds it full has to wait for a place."""
    flood = [sys.executable, "-c", FLOOD]
    others = [seat.start(flood, 1001, stdout=subprocess.PIPE) for _ in range(3)]
    try:
        for other in others:
            assert other.stdout.readline() == "refused\n"
        for _ in range(4):
            login = seat.login()
            wait(lambda login=login: seat.session().get("LEADER") == str(login.pid), "the session is open")
            login.kill()
            login.ended()
            wait(lambda: "LEADER" not in seat.session(), "the session is closed")
        assert [other.poll() for other in others] == [None] * 3, "they asked all the time"
    finally:
        for other in others:
            other.terminate()
            other.communicate()


@pytest.mark.parametrize(
    ("variables", "status", "text"),
    [
        ({"P7_COMPOSITOR": ""}, 127, "tried sway, dwl, river in /usr/local/bin:/usr/bin:/bin"),
        ({"P7_COMPOSITOR": "nosuch"}, 127, "tried nosuch in /usr/local/bin:/usr/bin:/bin, as P7_COMPOSITOR says"),
        ({"P7_COMPOSITOR": "/run/nosuch"}, 127, "tried /run/nosuch in"),
        ({"P7_COMPOSITOR": "/etc/passwd"}, 126, "/etc/passwd: Permission denied"),
        ({"P7_COMPOSITOR": "/run/empty"}, 126, "/run/empty: Exec format error"),
        ({"P7_SESSION_TYPE": "tty"}, 2, "P7_SESSION_TYPE is 'tty'; it can be wayland or x11"),
    ],
)
def test_what_cannot_be_started_is_named(seat, variables, status, text):
    seat.put("/run/empty", "", 0o755)
    for path in ("/usr/local/bin", "/usr/bin", "/bin"):
        assert not [name for name in ("sway", "dwl", "river") if seat.path(f"{path}/{name}").exists()]
    code, error = _fails(seat, **variables)
    assert code == status
    assert text in error
    wait(lambda: seat.processes() == [], "nothing is left of it")


def test_a_person_can_read_it_before_greetd_clears_the_screen(seat):
    begun = time.monotonic()
    login = seat.login(P7_COMPOSITOR="nosuch", GREETD_SOCK="/run/greetd.sock")
    assert "tried nosuch" in login.popen.stderr.readline()
    said = time.monotonic() - begun
    assert login.ended()[0] == 127
    assert said < 2 and time.monotonic() - begun >= 5


def test_it_refuses_root_and_strangers(seat):
    assert seat.run([seat.p7, "lainos-init"]).returncode == 77
    status, error = _fails(seat, uid=4242)
    assert status == 1
    assert "no user with uid 4242" in error


def test_without_a_runtime_folder_it_names_who_makes_it(seat):
    seat.bridge.kill(15)
    seat.bridge.ended()
    seat.run(["umount", "/run/user/1000"])
    seat.path("/run/user/1000").rmdir()
    status, error = _fails(seat)
    assert status == 1
    assert "/run/user/1000 is missing: start lainos-ghost-units or lainos-dbus-bridge" in error


def test_a_person_finds_it_in_syslog(seat):
    """What greetd's sessions write to stderr nobody sees."""
    listen = (
        "import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('/dev/log');"
        "os.chmod('/dev/log', 0o666); print('up', flush=True); print(s.recv(4096).decode(), flush=True)"
    )
    with seat.start([sys.executable, "-c", listen], stdout=subprocess.PIPE) as log:
        assert log.stdout.readline() == "up\n"
        error = _fails(seat, P7_COMPOSITOR="nosuch")[1]
        assert "tried nosuch" in error
        line = log.stdout.readline()
    assert line.startswith("<27>lainos-init[")
    assert "tried nosuch" in line
