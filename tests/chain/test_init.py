"""lainos-init, the artifact: what it hands to the compositor, and what it says when it cannot."""

import os
import subprocess
import sys
import time

import pytest

from tests.chain.seat import COMPOSITOR, Seat, wait
from tests.lab.private import LAIN, PASSWD

BUS = "/run/user/1000/bus"
# The documented list, for a wayland session without a login's variables.
WAYLAND = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "USER": "lain",
    "LOGNAME": "lain",
    "HOME": "/home/lain",
    "SHELL": "/bin/sh",
    "XDG_RUNTIME_DIR": "/run/user/1000",
    "XDG_SESSION_ID": "1",
    "XDG_SESSION_CLASS": "user",
    "XDG_SESSION_TYPE": "wayland",
    "XDG_SESSION_DESKTOP": "compositor",
    "XDG_CURRENT_DESKTOP": "compositor",
    "XDG_SEAT": "seat0",
    "DBUS_SESSION_BUS_ADDRESS": f"unix:path={BUS}",
    "WAYLAND_DISPLAY": "wayland-1",
    "WLR_BACKENDS": "drm,libinput",
    "LIBSEAT_BACKEND": "seatd",
    "MOZ_ENABLE_WAYLAND": "1",
    "P7_COMPOSITOR": "/run/compositor",
}
HOSTILE = {
    "LD_PRELOAD": "/run/evil.so",
    "LD_LIBRARY_PATH": "/run",
    "PYTHONPATH": "/run",
    "PYTHONSTARTUP": "/run/x",
    "PYTHONHOME": "/nowhere",
    "IFS": "x",
    "BASH_ENV": "/run/x",
    "ENV": "/run/x",
    "PATH": "/run",
    "HOME": "/",
    "XDG_RUNTIME_DIR": "/tmp",
    "XDG_SESSION_ID": "c7",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/tmp/x",
    "WAYLAND_DISPLAY": "wayland-9",
    "DISPLAY": ":9",
    "NOTIFY_SOCKET": "/run/systemd/notify",
    "LIBSEAT_BACKEND": "builtin",
    "LC_SECRET": "x",
    "LC_TIME": "de_DE\udcff",  # a byte that is no UTF-8 is kept as it is
    "LANG": "x" * 5000,
    "XKB_DEFAULT_LAYOUT": "de",
    "TERM": "linux",
}


def _environ(seat):
    """The environment that the stand-in compositor got, once it has written it all."""
    path = seat.path("/run/user/1000/environ")
    wait(lambda: path.exists() and path.read_bytes() != b"" and "sleep" in seat.processes(), "the compositor runs")
    return dict(line.split("=", 1) for line in path.read_text(errors="surrogateescape").splitlines())


def _fails(seat, uid=LAIN, **variables):
    """Exit status and stderr of a login that does not come up."""
    return seat.login(uid=uid, **variables).ended()


def test_the_compositor_gets_the_documented_list_and_nothing_else(seat):
    seat.login()
    assert _environ(seat) == WAYLAND


def test_a_hostile_environment(artifact):
    """In every form, what is documented is all that arrives; of the form itself there is no trace."""
    with Seat(artifact) as seat:
        seat.put("/run/compositor", COMPOSITOR.replace("/run/listen wayland-1", "sleep 60"), 0o755)
        seat.login(**HOSTILE)
        expected = {**WAYLAND, "LC_TIME": "de_DE\udcff", "XKB_DEFAULT_LAYOUT": "de"}
        assert _environ(seat) == expected
        leader = seat.session()["LEADER"]
        assert seat.run(["ps", "-o", "comm=", "-p", leader]).stdout == "sleep\n"
        assert seat.run(["pgrep", "--parent", leader]).stdout == ""
        descriptors = seat.run(["sh", "-c", f"readlink /proc/{leader}/fd/*"]).stdout
        assert len(descriptors.splitlines()) == 3 and artifact.name not in descriptors
        bus = seat.run(["pgrep", "--uid", str(LAIN), "dbus-daemon"]).stdout.strip()
        entries = seat.path(f"/proc/{bus}/environ").read_text(errors="surrogateescape").split("\0")
        assert dict(entry.split("=", 1) for entry in entries if entry) == expected


def test_as_many_variables_as_execve_takes(seat):
    # 1.9 MB, of which the stack's limit allows 2
    script = (
        "import os, sys; many = {f'P7_NOISE_{number}': 'x' * 100_000 for number in range(19)};"
        "os.execve(sys.argv[1], sys.argv[1:], {'P7_COMPOSITOR': '/run/compositor', **many})"
    )
    seat.start([sys.executable, "-c", script, seat.p7, "lainos-init"], LAIN)
    assert _environ(seat) == WAYLAND


def test_no_locale_stays_no_locale(seat):
    """Python sets LC_CTYPE in itself where there is none."""
    seat.login()
    assert not [name for name in _environ(seat) if name.startswith(("LC_", "LANG"))]


def test_the_files_are_read_and_what_is_wrong_in_them_named(seat):
    seat.put("/etc/locale.conf", "LANG=de_DE.UTF-8\nLC_TIME='C'\nLD_PRELOAD=/x\n")
    seat.put("/etc/environment", '# comment\nWLR_BACKENDS=headless\n\nexport EDITOR="vi -e"\nno value\nHOME=/x\n')
    home = "/run/home"
    seat.put("/etc/passwd", PASSWD.replace("/home/lain", home))
    seat.put(f"{home}/.config/lainos/session.env", "EDITOR=$(reboot)\nP7_COMPOSITOR=/run/other\nA-B=1\nC='x\n")
    seat.put("/run/other", COMPOSITOR, 0o755)
    login = seat.login(LANG="C.UTF-8", P7_COMPOSITOR="/nowhere")
    environ = _environ(seat)
    changed = {
        "HOME": home,
        "LANG": "C.UTF-8",
        "LC_TIME": "C",
        "WLR_BACKENDS": "headless",
        "EDITOR": "$(reboot)",
        "P7_COMPOSITOR": "/run/other",
        "XDG_SESSION_DESKTOP": "other",
        "XDG_CURRENT_DESKTOP": "other",
    }
    assert environ == {**WAYLAND, **changed}
    login.kill()
    _, error = login.ended()
    assert "/etc/environment:5: not KEY=VALUE; the line is passed over" in error
    assert f"{home}/.config/lainos/session.env:3: not KEY=VALUE; the line is passed over" in error
    assert f"{home}/.config/lainos/session.env:4: a quote that does not end; the line is passed over" in error


def test_the_contract_sets_notify_socket(p7):
    with Seat(p7, toml='profile = "contract"\n') as seat:
        seat.login()
        assert _environ(seat) == {**WAYLAND, "NOTIFY_SOCKET": "/run/systemd/notify"}


def test_the_compositor_is_the_process_that_was_started(seat):
    """No shell, no p7 between: the process and its parent stay, signals are as execve(2) found them."""
    seat.put("/run/compositor", COMPOSITOR.replace("/run/listen wayland-1", "sleep 60"), 0o755)
    login = seat.login()
    _environ(seat)
    assert login.status("Name") == "sleep"
    assert int(login.status("PPid")) == login.popen.pid
    assert int(login.status("SigIgn"), 16) == 0
    descriptors = seat.run(["ls", f"/proc/{login.pid}/fd"]).stdout.split()
    assert descriptors == ["0", "1", "2"]
    assert seat.run(["pgrep", "--parent", str(login.pid)]).stdout == ""


@pytest.mark.parametrize("vt", ["0", "64", "tty1", "-1", "²"])
def test_a_terminal_s_number_that_is_none_is_left_out(seat, vt):
    seat.login(XDG_VTNR=vt, P7_SESSION_TYPE="")
    assert _environ(seat) == {**WAYLAND, "P7_SESSION_TYPE": ""}
    assert "VTNR" not in seat.session()


def test_a_bus_that_answers_is_left_alone(seat):
    argv = ["dbus-daemon", "--session", f"--address=unix:path={BUS}", "--fork", "--print-pid"]
    pid = seat.run(argv, LAIN).stdout.strip()
    seat.login()
    _environ(seat)
    assert seat.run(["pgrep", "--full", "dbus-daemon --session"]).stdout.split() == [pid]


def test_a_dead_bus_s_socket_is_replaced(seat):
    leave = f"import socket; socket.socket(socket.AF_UNIX).bind({BUS!r})"
    seat.run([sys.executable, "-c", leave], LAIN)
    seat.login()
    _environ(seat)
    send = [
        "dbus-send",
        f"--bus=unix:path={BUS}",
        "--print-reply",
        "--dest=org.freedesktop.DBus",
        "/",
        "org.freedesktop.DBus.GetId",
    ]
    assert seat.run(send, LAIN).returncode == 0


def test_without_the_broker_it_warns_and_goes_on(seat):
    seat.bridge.kill(15)
    seat.bridge.ended()
    login = seat.login()
    wait(lambda: login.status("Name") == "sleep", "the compositor runs")
    assert seat.path(BUS).is_socket()
    login.kill()
    error = login.ended()[1]
    assert "session not opened: /run/lainos/session: No such file or directory (start what listens there" in error
    assert "'rc-service lainos-dbus-bridge start'); polkit" in error


def test_a_refusal_is_told_in_plain_words(seat):
    login = seat.login(uid=1001)
    assert "session not opened: the session is lain's, and uid 1001 asks for it; " in login.ended()[1]


def test_a_broker_that_hangs_costs_a_second(seat):
    os.kill(seat.bridge.outer, 19)  # SIGSTOP
    begun = time.monotonic()
    login = seat.login()
    wait(lambda: login.status("Name") == "sleep", "the compositor runs")
    assert time.monotonic() - begun < 2
    login.kill()
    assert "did not answer within 1 s" in login.ended()[1]


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
