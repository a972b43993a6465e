"""lainos-notifyd, the artifact, with real systemd-notify and with senders that mean harm."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab.private import LAIN, LAINOS, PASSWD, Private
from tests.need import need, need_root

SOCKET = "/run/systemd/notify"
ENV = ["env", f"NOTIFY_SOCKET={SOCKET}"]


@pytest.fixture(autouse=True)
def _root():
    need_root("mounts and namespaces")


@pytest.fixture
def machine():
    with Private() as machine:
        yield machine


class Notifyd:
    """A running daemon: started when it says that it is ready; what it logs goes to a file."""

    def __init__(self, machine: Private, p7: Path, log: Path) -> None:
        self._machine, self._log = machine, log
        read_fd, write_fd = os.pipe()
        with log.open("a") as file:
            argv = [p7, "lainos-notifyd", "--ready-fd", str(write_fd)]
            self._enter = machine.start(argv, pass_fds=[write_fd], stderr=file)
        os.close(write_fd)
        with open(read_fd, "rb", buffering=0) as ready:
            assert ready.read(1) == b"\n", self.text()
        self.pid = int(Path(f"/proc/{self._enter.pid}/task/{self._enter.pid}/children").read_text())

    def text(self) -> str:
        return self._log.read_text()

    def line(self, wanted: str) -> str:
        """The first line with `wanted` in it, once it is there."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            for line in self.text().splitlines():
                if wanted in line:
                    return line
            time.sleep(0.005)
        raise AssertionError(f"{wanted!r} was not logged; but this was:\n{self.text()}")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def sender(self) -> socket.socket:
        """A socket connected to the daemon, from outside its namespaces."""
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sender.settimeout(5)
        sender.connect(str(self._machine.path(SOCKET)))
        return sender

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send a signal; the seconds until the daemon has gone."""
        began = time.monotonic()
        os.kill(self.pid, number)
        self._enter.wait(5)
        return time.monotonic() - began


@pytest.fixture
def notifyd(machine, p7, tmp_path):
    return Notifyd(machine, p7, tmp_path / "log")


def test_systemd_notify_is_logged_and_its_barrier_released(machine, notifyd):
    need("systemd-notify", "systemd")
    began = time.monotonic()
    done = machine.run([*ENV, "sh", "-c", "echo $$; exec systemd-notify --ready --status='all is well'"], uid=LAIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began < 2  # a barrier that is kept costs systemd-notify 5 s and its status
    line = f"lainos-notifyd: pid {done.stdout.strip()} uid {LAIN} (systemd-notify): READY, STATUS 'all is well'"
    assert notifyd.line("READY") == line
    assert notifyd.text().count("\n") == 1  # the barrier itself is no news


def test_the_daemon_has_given_up_root(machine, notifyd):
    status = Path(f"/proc/{notifyd.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == fields["Gid"].split() == [str(LAINOS)] * 4
    assert fields["Groups"].strip() == ""
    assert fields["NoNewPrivs"] == "1"
    assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
    found = machine.path(SOCKET).stat()
    assert (found.st_mode & 0o777, found.st_uid) == (0o666, 0)


def test_it_logs_to_syslog_with_priorities(machine, notifyd):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog, notifyd.sender() as sender:
        syslog.settimeout(5)
        syslog.bind(str(machine.path("/dev/log")))
        machine.path("/dev/log").chmod(0o666)
        sender.send(b"ERRNO=5\nSTATUS=no \x1b[31mdisk")
        line = syslog.recv(1000).decode()
    expected = (
        r"<28>lainos-notifyd\[\d+\]: pid 0 uid 0 \(\): ERRNO 5 \(Input/output error\), STATUS 'no \\x1b\[31mdisk'"
    )
    assert re.fullmatch(expected, line)


def test_hundreds_may_wait_in_its_queue(machine, notifyd):
    os.kill(notifyd.pid, signal.SIGSTOP)
    with notifyd.sender() as sender:
        sender.settimeout(0)
        for _ in range(256):  # the kernel's own limit is 10
            sender.send(b"BARRIER=1")
        os.kill(notifyd.pid, signal.SIGCONT)
        sender.settimeout(5)
        sender.send(b"READY=1")
    notifyd.line("READY")
    assert machine.run(["cat", "/proc/sys/net/unix/max_dgram_qlen"]).stdout == "10\n"


def test_hostile_datagrams_pass_without_a_trace(notifyd):
    with notifyd.sender() as sender:
        sender.send(b"STOPPING=1")
        notifyd.line("STOPPING")
        before = notifyd.descriptors()
        sender.send(b"")
        sender.send(os.urandom(4096))
        sender.send(b"=" * 4096)
        sender.send(b"STATUS=" + b"x" * (_largest(sender) - 7))
        with open(os.devnull) as null:
            socket.send_fds(sender, [b"FDSTORE=1"], [null.fileno()] * 250)
            socket.send_fds(sender, [b"BARRIER=1"], [null.fileno()] * 253)
        sender.send(b"READY=1")
    notifyd.line("READY")
    lines = notifyd.text().splitlines()[1:]
    assert "not a notification, 0 bytes" in lines[0]
    assert lines[3].endswith("x', cut after 4096 bytes")
    assert lines[4].endswith("FDSTORE, but no descriptor is kept")
    assert len(lines) == 6
    assert notifyd.descriptors() == before


def _largest(sender):
    """The size of the largest datagram that this socket can send."""
    return sender.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - 1024


def test_a_connection_that_lingers_does_not_hold_it_up(notifyd):
    """Closing the last descriptor of a TCP connection with SO_LINGER and unsent data blocks whoever closes it."""
    with socket.create_server(("127.0.0.1", 0)) as server, notifyd.sender() as sender:
        stuck = socket.create_connection(server.getsockname())
        stuck.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                stuck.send(bytes(65536))
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\x1e\0\0\0")  # 30 s
        os.kill(notifyd.pid, signal.SIGSTOP)  # so that its descriptor is the last one
        socket.send_fds(sender, [b"STATUS=take this"], [stuck.fileno()])
        stuck.detach()
        os.kill(notifyd.pid, signal.SIGCONT)
        began = time.monotonic()
        sender.send(b"READY=1")
        notifyd.line("READY")
        assert time.monotonic() - began < 3


# Sends argv[1] messages at argv[2] a second as fast as they are taken; prints the 99th percentile of a send in us.
_FLOOD = """
import socket, sys, time
count, rate = int(sys.argv[1]), int(sys.argv[2])
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.connect("/run/systemd/notify")
began, took = time.monotonic(), []
for i in range(count):
    while time.monotonic() < began + i / rate:
        pass
    start = time.monotonic()
    sender.send(b"STATUS=%d" % i)
    took.append(time.monotonic() - start)
print(sorted(took)[count * 99 // 100] * 1e6)
"""


def test_a_flood_is_drained_and_what_is_not_logged_is_counted(machine, notifyd):
    count, rate = 50_000, 50_000
    done = machine.run(["/usr/bin/python3", "-c", _FLOOD, str(count), str(rate)], uid=LAIN)
    assert float(done.stdout) < 1000  # promised: 100 us
    time.sleep(1.2)  # the last window
    notifyd.end()
    logged = len(re.findall(r"STATUS \d+$", notifyd.text(), re.MULTILINE))
    suppressed = re.findall(rf"uid {LAIN}: (\d+) lines suppressed, the last of pid \d+", notifyd.text())
    assert logged + sum(map(int, suppressed)) == count
    assert logged <= 10 + 100 * 10  # ten seconds at most, on a machine that is busy
    assert 1 <= len(suppressed) <= 10


def test_others_are_heard_during_a_flood(machine, notifyd):
    need("systemd-notify", "systemd")
    flood = machine.start(["/usr/bin/python3", "-c", _FLOOD, "100000", "50000"], uid=LAIN, stdout=subprocess.DEVNULL)
    notifyd.line("lines suppressed")
    machine.run([*ENV, "systemd-notify", "--status=other"], uid=1001)
    notifyd.line("uid 1001 (systemd-notify): STATUS 'other'")
    assert notifyd.end() < 1  # promised: 0.1 s
    flood.wait(5)


def test_it_comes_back_after_kill_9(machine, p7, tmp_path):
    first = Notifyd(machine, p7, tmp_path / "log")
    first.end(signal.SIGKILL)
    with pytest.raises(ConnectionRefusedError):
        first.sender()
    second = Notifyd(machine, p7, tmp_path / "log")
    with second.sender() as sender:
        sender.send(b"READY=1")
    second.line("READY")


def test_a_second_daemon_leaves_the_first_alone(machine, p7, notifyd):
    done = machine.run([p7, "lainos-notifyd"])
    assert (done.returncode, done.stderr) == (1, f"lainos-notifyd: {SOCKET}: another process serves it already\n")
    with notifyd.sender() as sender:
        sender.send(b"READY=1")
    notifyd.line("READY")


def test_it_leaves_on_sigterm_with_status_0(machine, p7):
    machine.path("/run/sh").write_text(f'"{p7}" lainos-notifyd & sleep 1; kill $!; wait $!; echo $?')
    assert machine.run(["sh", "/run/sh"]).stdout == "0\n"


def test_a_ready_descriptor_that_is_closed_is_passed_over(machine, p7, tmp_path):
    need("systemd-notify", "systemd")
    with (tmp_path / "log").open("w") as log:
        machine.start([p7, "lainos-notifyd", "--ready-fd", "3"], stderr=log)
    deadline = time.monotonic() + 5
    while not machine.path(SOCKET).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    machine.run([*ENV, "systemd-notify", "--ready"])
    assert "READY" in (tmp_path / "log").read_text()


def test_under_another_root(machine, p7):
    machine.path("/run/other/etc").mkdir(parents=True)
    machine.path("/run/other/run").mkdir()
    machine.path("/run/other/etc/passwd").write_text(PASSWD)
    machine.start([p7, "lainos-notifyd", "--root", "/run/other"])
    deadline = time.monotonic() + 5
    while not machine.path(f"/run/other{SOCKET}").is_socket() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert machine.path(f"/run/other{SOCKET}").is_socket()
    assert not machine.path(SOCKET).exists()


def test_why_it_could_not_start_is_on_stderr_too(p7):
    """Whoever starts it by hand reads that, terminal or not; it is in the log all the same."""
    without_lainos = "".join(line for line in PASSWD.splitlines(True) if not line.startswith("lainos:"))
    with Private(passwd=without_lainos) as machine, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(machine.path("/dev/log")))
        log.settimeout(5)
        done = machine.run([p7, "lainos-notifyd"])
        assert done.returncode == 1
        assert done.stderr.startswith("lainos-notifyd: /etc/passwd has no user 'lainos' to run as")
        assert b"/etc/passwd has no user 'lainos' to run as" in log.recv(4096)
