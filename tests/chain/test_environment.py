"""lainos-init, the artifact: the environment that the compositor gets from it, whatever the login's was."""

import sys

import pytest

from tests.chain.seat import COMPOSITOR, Seat, environ
from tests.lab.private import LAIN, PASSWD

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
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus",
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
    "NA\udcffME": "\udcfe",
    # what the interpreters and the frozen form's launcher would listen to
    "PYTHONINSPECT": "1",
    "PYTHONMALLOC": "nosuch",
    "PYTHONIOENCODING": "utf-16",
    "PYTHONVERBOSE": "9",
    "_PYI_APPLICATION_HOME_DIR": "/run",
    "_PYI_PARENT_PROCESS_LEVEL": "1",
    "_MEIPASS2": "/run",
    "TMPDIR": "/nowhere",
}


def test_the_compositor_gets_the_documented_list_and_nothing_else(seat):
    seat.login()
    assert environ(seat) == WAYLAND


def test_a_hostile_environment(artifact):
    """In every form, what is documented is all that arrives; of the form itself there is no trace."""
    with Seat(artifact) as seat:
        seat.put("/run/compositor", COMPOSITOR.replace("/run/listen wayland-1", "sleep 60"), 0o755)
        seat.login(**HOSTILE)
        expected = {**WAYLAND, "LC_TIME": "de_DE\udcff", "XKB_DEFAULT_LAYOUT": "de"}
        assert environ(seat) == expected
        leader = seat.session()["LEADER"]
        assert seat.run(["ps", "-o", "comm=", "-p", leader]).stdout == "sleep\n"
        assert seat.run(["pgrep", "--parent", leader]).stdout == ""
        descriptors = seat.run(["sh", "-c", f"readlink /proc/{leader}/fd/*"]).stdout
        assert len(descriptors.splitlines()) == 3 and artifact.name not in descriptors
        bus = seat.run(["pgrep", "--uid", str(LAIN), "dbus-daemon"]).stdout.strip()
        entries = seat.path(f"/proc/{bus}/environ").read_text(errors="surrogateescape").split("\0")
        assert dict(entry.split("=", 1) for entry in entries if entry) == expected


# As many as execve(2) takes, a quarter of the stack's limit with a pointer to each; but for a page, since the zipapp's
# first line and the frozen form's launcher add to them.
FILL = """\
import os, sys
value, *argv = sys.argv[1:]
page = {"P7_ROOM": "x" * 4096, "P7_COMPOSITOR": "/run/compositor"}
many = {f"P7_NOISE_{number:06}": value for number in range((2**21 - 4096) // (len(value) + 25))}
while many:
    try:
        os.posix_spawn("/usr/bin/true", argv, {**many, **page})
        break
    except OSError as error:
        assert error.errno == 7, error
    many.popitem()
del page["P7_ROOM"]
os.execve(argv[0], argv, {**many, **page})
"""


@pytest.mark.parametrize("value", ["", "x" * 100_000], ids=["short", "long"])
def test_as_many_variables_as_execve_takes(artifact, value):
    with Seat(artifact) as seat:
        seat.put("/run/fill.py", FILL)
        seat.start([sys.executable, "/run/fill.py", value, seat.p7, "lainos-init"], LAIN)
        assert environ(seat) == WAYLAND


def test_no_locale_stays_no_locale(seat):
    """Python sets LC_CTYPE in itself where there is none."""
    seat.login()
    assert not [name for name in environ(seat) if name.startswith(("LC_", "LANG"))]


def test_the_files_are_read_and_what_is_wrong_in_them_named(seat):
    seat.put("/etc/locale.conf", "LANG=de_DE.UTF-8\nLC_TIME='C'\nLD_PRELOAD=/x\n")
    seat.put("/etc/environment", '# comment\nWLR_BACKENDS=headless\n\nexport EDITOR="vi -e"\nno value\nHOME=/x\n')
    home = "/run/home"
    seat.put("/etc/passwd", PASSWD.replace("/home/lain", home))
    seat.put(f"{home}/.config/lainos/session.env", "EDITOR=$(reboot)\nP7_COMPOSITOR=/run/other\nA-B=1\nC='x\n")
    seat.put("/run/other", COMPOSITOR, 0o755)
    login = seat.login(LANG="C.UTF-8", P7_COMPOSITOR="/nowhere")
    found = environ(seat)
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
    assert found == {**WAYLAND, **changed}
    login.kill()
    _, error = login.ended()
    assert "/etc/environment:5: not KEY=VALUE; the line is passed over" in error
    assert f"{home}/.config/lainos/session.env:3: not KEY=VALUE; the line is passed over" in error
    assert f"{home}/.config/lainos/session.env:4: a quote that does not end; the line is passed over" in error


def test_the_contract_sets_notify_socket(p7):
    with Seat(p7, toml='profile = "contract"\n') as seat:
        seat.login()
        assert environ(seat) == {**WAYLAND, "NOTIFY_SOCKET": "/run/systemd/notify"}
