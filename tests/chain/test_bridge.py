"""The bridge's two processes: what each may do, how they start and end, and what comes to the session socket."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.chain.seat import Bridge, Seat, wait
from tests.lab import bus
from tests.lab.private import LAIN, LAINOS, PASSWD, Private

SOCKET = "/run/lainos/session"
# Connects, sends its standard input as one message, prints the answer.
ASK = f"""
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(5)
s.connect({SOCKET!r})
try:
    s.send(sys.stdin.buffer.read())
except BrokenPipeError:
    pass
print(s.recv(4096).decode(), end="")
"""


def _ask(seat, message, uid=LAIN):
    with tempfile.TemporaryFile() as file:
        file.write(message)
        file.seek(0)
        return seat.run([sys.executable, "-c", ASK], uid, stdin=file).stdout


def _line(pid, key):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:] for line in lines if line.startswith(f"{key}:"))


def test_both_leave_on_sigterm(seat):
    seat.login()
    begun = time.monotonic()
    seat.bridge.kill(signal.SIGTERM)
    status, error = seat.bridge.ended()
    assert time.monotonic() - begun < 1  # promised: 100 ms
    assert status == 0
    assert "ended" not in error  # nothing to report
    assert not Path(f"/proc/{seat.bridge.facade}").exists()
    assert not seat.path(SOCKET).exists()


def test_a_killed_facade_takes_the_broker_along(seat):
    os.kill(seat.bridge.facade, signal.SIGKILL)
    status, error = seat.bridge.ended()
    assert status == 1
    assert "the facade ended with status -9; so does the broker" in error
    seat.bridge = seat.start_bridge()


def test_a_killed_broker_takes_the_facade_along(seat):
    seat.bridge.kill()
    wait(lambda: _line(seat.bridge.facade, "State")[0] == "Z", "the facade has ended", 2)  # nobody reaps inside
    seat.bridge = seat.start_bridge()  # over the socket that the killed one left


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (b"", "a message is 1 to 1024 bytes"),
        (b"A" * 1025, "a message is 1 to 1024 bytes"),
        (b"A" * 100_000, "a message is 1 to 1024 bytes"),
        (b"type", "'type' does not describe a session"),
        (b"type=x11\ntype=x11", "'type=x11' does not describe a session"),
        (b"leader=1", "'leader=1' does not describe a session"),
        (b"__class__=x", "'__class__=x' does not describe a session"),
        (b"type=kde", "type: 'kde' cannot be one"),
        (b"desktop=a b", "desktop: 'a b' cannot be one"),
        (b"desktop=" + b"a" * 65, "does not describe a session"),
        (b"tty=../../etc/passwd", "tty: '../../etc/passwd' cannot be one"),
        (b"vtnr=64", "vtnr: '64' cannot be one"),
        (b"vtnr=-1", "vtnr: '-1' cannot be one"),
        (b"vtnr=\xb2", "vtnr: '\\\\xb2' cannot be one"),
        (b"display=localhost:0", "display: 'localhost:0' cannot be one"),
        (b"\xff\x00\xfe", "does not describe a session"),
        (bytes(range(256)) * 4, "does not describe a session"),
    ],
)
def test_a_message_that_makes_no_sense(shared, message, answer):
    before = shared.session()
    assert _ask(shared, message).startswith("error: ")
    assert answer in _ask(shared, message)
    assert shared.session() == before
    assert shared.bridge.popen.poll() is None


@pytest.fixture(scope="module")
def shared(p7):
    """One machine for all messages: the broker must outlive each."""
    with Seat(p7) as seat:
        yield seat


def test_somebody_else_is_not_even_read(shared):
    for uid in (LAINOS, 1001, 0):
        answer = _ask(shared, b"type=x11\n", uid)
        assert answer == f"error: the session is lain's, and uid {uid} asks for it\n"


def test_descriptors_sent_along_are_dropped(shared):
    script = (
        "import array, os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET);"
        f"s.connect({SOCKET!r}); fds = array.array('i', [os.open('/', 0) for _ in range(250)]);"
        "s.sendmsg([b'nonsense'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]); print(s.recv(4096).decode())"
    )
    before = len(os.listdir(f"/proc/{shared.bridge.outer}/fd"))
    assert "does not describe a session" in shared.run([sys.executable, "-c", script], LAIN).stdout
    assert len(os.listdir(f"/proc/{shared.bridge.outer}/fd")) == before


def test_those_who_connect_and_say_nothing_are_sent_away(shared):
    script = (
        "import socket, time\n"
        "def connect():\n"
        "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        f"    s.connect({SOCKET!r})\n"
        "    return s\n"
        "sockets = [connect() for _ in range(16)]\n"
        "print(connect().recv(4096).decode(), flush=True)\n"
        "print(sockets[0].recv(4096).decode(), flush=True)\n"
    )
    done = shared.run([sys.executable, "-c", script], LAIN)
    assert done.stdout.split("\n\n")[:2] == ["error: too many ask at once", "error: nothing was asked"]
    assert _ask(shared, b"type=foo") != ""


def test_without_the_system_user_it_names_the_remedy(p7):
    passwd = "".join(line for line in PASSWD.splitlines(True) if not line.startswith("lainos"))
    with Private(passwd=passwd) as machine:
        done = machine.run([p7, "lainos-dbus-bridge"])
    assert done.returncode == 1
    assert "/etc/passwd has no user 'lainos'" in done.stderr
    assert "systemd-sysusers" in done.stderr


def test_without_a_bus_it_says_so_and_fails(p7):
    with Private() as machine:
        done = machine.run([p7, "lainos-dbus-bridge"])
    assert done.returncode == 1
    assert "/run/dbus/system_bus_socket" in done.stderr


def test_the_name_is_taken(seat):
    seat.path(SOCKET).unlink()
    with pytest.raises(AssertionError, match=r"org\.freedesktop\.login1"):
        Bridge(seat)


def test_another_bridge_is_running(seat):
    with pytest.raises(AssertionError, match="another process serves it already"):
        Bridge(seat)
    assert _ask(seat, b"type=foo").startswith("error: type")


@pytest.mark.parametrize("kind", ["folder", "file", "symlink"])
def test_what_stands_where_the_socket_belongs_is_left_alone(p7, kind):
    with Private() as machine:
        machine.path("/run/lainos").mkdir()
        path = machine.path(SOCKET)
        if kind == "folder":
            path.mkdir()
        elif kind == "file":
            path.write_text("mine")
        else:
            path.symlink_to("/etc/passwd")
        done = machine.run([p7, "lainos-dbus-bridge"])
        assert done.returncode == 1
        assert f"a {'regular file' if kind == 'file' else kind} is where a socket belongs" in done.stderr
        assert path.is_dir() if kind == "folder" else path.is_symlink() or path.read_text() == "mine"


def test_nobody_to_open_a_session_for(p7):
    with Seat(p7, passwd=PASSWD.partition("lain:x")[0]) as seat:
        answer = _ask(seat, b"type=x11\n")
        assert answer.startswith("error: /etc/passwd has no user with a uid from 1000 to 59999")


def test_a_wrong_user_in_the_configuration_is_told_with_the_remedy(p7):
    with Seat(p7, toml="[identity]\nuser = 'nanashi'\n") as seat:
        seat.path("/etc/lainos/p7.toml").write_text("")
        answer = _ask(seat, b"type=x11\n")
        assert answer.startswith("error: no session can be that of 'nanashi'")
        assert "'rc-service lainos-dbus-bridge restart'" in answer


def test_a_user_who_was_made_another_leaves_nothing(p7):
    with Seat(p7) as seat:
        seat.bridge.kill(signal.SIGTERM)
        seat.bridge.ended()
        seat.put("/etc/lainos/p7.toml", "[identity]\nuser = 'arisu'\n")
        seat.bridge = seat.start_bridge()
        assert _ask(seat, b"type=x11\n", uid=1001) == "ok\n"
        assert os.listdir(seat.path("/run/systemd/users")) == ["1001"]


def test_a_full_run_leaves_the_broker_running(p7):
    with Seat(p7, run_options="size=512k") as seat:
        seat.run(["dd", "if=/dev/zero", "of=/run/full", "bs=4k"])
        assert _ask(seat, b"type=x11\n") == "ok\n"
        seat.path("/run/full").unlink()
        login = seat.login()
        wait(lambda: seat.session().get("LEADER") == str(login.pid), "the next login is published")


def test_a_bus_without_the_policy_is_told_with_the_remedy(seat):
    seat.bridge.kill(signal.SIGTERM)
    seat.bridge.ended()
    seat.put("/run/none.conf", "<busconfig/>\n")
    seat.put("/run/bus.conf", bus.config(policy="/run/none.conf"))
    seat.run(["dbus-daemon", "--config-file=/run/bus.conf", "--fork"])
    done = seat.run([seat.p7, "lainos-dbus-bridge"])
    assert done.returncode == 1
    assert "/usr/share/dbus-1/system.d/org.freedesktop.login1.conf must be installed, and read: " in done.stderr
    assert "'rc-service dbus reload'" in done.stderr


def test_a_container_s_few_descriptors_are_made_do_with(seat):
    seat.bridge.kill(signal.SIGTERM)
    seat.bridge.ended()
    seat.bridge = Bridge(seat, ["prlimit", "--nofile=64:256", "setpriv", "--bounding-set=-sys_resource"])
    limits = Path(f"/proc/{seat.bridge.facade}/limits").read_text()
    assert " ".join(limits.partition("Max open files")[2].split()[:2]) == "256 256"


# Executes the rest of its arguments on a kernel without SO_PEERPIDFD (77), to all appearances.
OLD_KERNEL = """
import sys
sys.path.insert(0, sys.argv[1])
import errno, os, struct
from p7 import linux
number = 55 if os.uname().machine == "x86_64" else 209  # getsockopt(2); its third argument is 32 bytes in
code = ((0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 32), (0x15, 0, 1, 77),
        (0x06, 0, 0, 0x50000 | errno.ENOPROTOOPT), (0x06, 0, 0, 0x7FFF0000))
linux.seccomp_filter(b"".join(struct.pack("<HBBI", *step) for step in code))
os.execv(sys.argv[1], sys.argv[1:])
"""
# The user connects and ends; a child has the connection, and root's `tail` gets the number before the child asks.
REUSE = f"""
import os, socket, sys
go, going = os.pipe()
first = os.fork()
if not first:
    os.setresgid({LAIN}, {LAIN}, {LAIN})
    os.setresuid({LAIN}, {LAIN}, {LAIN})
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect({SOCKET!r})
    if not os.fork():
        os.close(going)
        os.read(go, 1)
        s.send(b"type=wayland")
        print(s.recv(4096).decode(), end="", flush=True)
    os._exit(0)
os.waitpid(first, 0)
while True:
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:  # instead of forking until the numbers come round
        file.write(str(first - 1))
    child = os.fork()
    if not child:
        if os.getpid() == first:
            os.execlp("tail", "tail", "-f", "/dev/null")
        os._exit(0)
    if child == first:
        break
    os.waitpid(child, 0)
os.write(going, b"x")
os.wait()
"""


@pytest.mark.parametrize("old_kernel", [False, True])
def test_who_got_the_number_of_one_that_connected_is_not_let_in(seat, old_kernel):
    if old_kernel:
        seat.bridge.kill(signal.SIGTERM)
        seat.bridge.ended()
        seat.bridge = Bridge(seat, [sys.executable, "-c", OLD_KERNEL])
        login = seat.login()
        wait(lambda: seat.session().get("LEADER") == str(login.pid), "who is there still is let in")
        login.kill()
        wait(lambda: "LEADER" not in seat.session() and seat.processes() == [], "the session is closed")
    attack = seat.start([sys.executable, "-c", REUSE], stdout=subprocess.PIPE)
    assert attack.stdout.readline() == "error: the process that connected is gone, or another user's by now\n"
    assert "LEADER" not in seat.session()
    assert seat.processes() == []
    assert seat.run(["pgrep", "-x", "tail"]).returncode == 0
    attack.stdout.close()
