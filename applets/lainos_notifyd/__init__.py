"""Receive what services tell systemd of their state, and log it.

Serves the datagram socket /run/systemd/notify of sd_notify(3) to everybody, and writes one line to syslog for each
message: who sent it, as the kernel says, and what it says. Nothing is controlled by it. A service uses it that has
NOTIFY_SOCKET=/run/systemd/notify in its environment.

Each sender may have 100 lines a second in the log, 10 at once; what is over is counted, and the count said once a
second. All processes of a user are one sender, but each of root's is one of its own. Messages are read at any rate
and in any number. Keep-alive pings are logged at priority debug. Of a message the first 4096 bytes are read, which
is all that systemd would take. Descriptors that come with a message are closed at once, so that barriers
(systemd-notify --ready) end at once.
"""

import _signal
import _socket
import os
import sys
import time

from applets.lainos_notifyd.limit import Limiter
from applets.lainos_notifyd.message import describe
from p7 import linux, listen, log, ops, proc
from p7.loop import Loop
from p7.root import SYSTEM, Root

PRIVILEGE = "root"

SOCKET = "/run/systemd/notify"
_QUEUE_SYSCTL, _QUEUE_LENGTH = "/proc/sys/net/unix/max_dgram_qlen", 512

_MESSAGE_SIZE = 4096  # systemd's NOTIFY_BUFFER_MAX
# struct ucred: pid, uid, gid. There is no room for descriptors on purpose: the kernel puts the credentials first and
# itself closes what does not fit (unix(7)), so no sender can use up our descriptors or make us wait in close(2).
_CREDENTIALS_SIZE = 12
_CONTROL_SIZE = _socket.CMSG_LEN(_CREDENTIALS_SIZE)
_NOBODY = 65534
_BATCH = 256  # messages between two looks at timers and signals
_PATIENCE_SEC = 0.01
_WINDOW_SEC = 1.0


def run(root: Root = SYSTEM, *, ready_fd: int = -1) -> int:
    """Serve until SIGTERM, as the system user. Raises Failure where the socket cannot be had."""
    log.start_daemon(root)
    uid, gid = proc.system_user(root)
    socket = _listen(root)
    proc.drop(uid, gid)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    loop = Loop()
    sink = Sink(root, loop, socket)
    proc.ready(ready_fd)
    loop.run()
    sink.report()
    return 0


def _listen(root: Root) -> _socket.socket:
    socket = _with_long_queue(root)
    socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)  # before bind: no message is without its sender
    ops.Mkdir(os.path.dirname(SOCKET)).apply(root)
    listen.bind(socket, root, SOCKET, 0o666)
    return socket


def _with_long_queue(root: Root) -> _socket.socket:
    """A socket whose senders need not wait for our turn on the processor: its queue is as long as systemd has it.

    The length is what the sysctl says when a socket is made; SO_RCVBUF has no effect on Unix sockets (unix(7)).
    """
    before = root.read_or(_QUEUE_SYSCTL, "").strip()
    is_short = before.isdecimal() and int(before) < _QUEUE_LENGTH
    if is_short:
        _set_sysctl(root, str(_QUEUE_LENGTH))
    try:
        kind = _socket.SOCK_DGRAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC
        return _socket.socket(_socket.AF_UNIX, kind)
    finally:
        if is_short:
            _set_sysctl(root, before)  # it is not ours to decide for others


def _set_sysctl(root: Root, value: str) -> None:
    try:
        with open(root.path(_QUEUE_SYSCTL), "w", encoding="utf-8") as file:
            file.write(value)
    except OSError:
        pass  # read-only: senders wait a little more often, nothing is lost


class Sink:
    """Receives all that comes, and logs what the limiter lets through."""

    __slots__ = ("_buffer", "_is_counting", "_limiter", "_loop", "_root", "_socket")

    def __init__(self, root: Root, loop: Loop, socket: _socket.socket) -> None:
        self._root = root
        self._loop = loop
        self._socket = socket
        self._buffer = bytearray(_MESSAGE_SIZE)
        self._limiter = Limiter()
        self._is_counting = False
        # The last descriptor of a TCP connection with SO_LINGER, sent to us, makes the kernel wait inside our recvmsg
        # for as long as the sender likes. A signal ends that wait, so one comes while we receive.
        _signal.signal(_signal.SIGALRM, lambda *_: None)
        loop.add(socket.fileno(), self._drain)

    def report(self) -> None:
        """Tell how many lines were suppressed since the last time."""
        self._is_counting = False
        for count, pid, uid in self._limiter.take_suppressed():
            log.warning(f"uid {uid}: {count} lines suppressed, the last of pid {pid} ({proc.comm(self._root, pid)})")

    def _drain(self, _events: int) -> None:
        _signal.setitimer(_signal.ITIMER_REAL, _PATIENCE_SEC, _PATIENCE_SEC)
        try:
            for _ in range(_BATCH):
                length, control, flags, _ = self._socket.recvmsg_into([self._buffer], _CONTROL_SIZE)
                self._take(length, control, flags)
        except BlockingIOError:
            pass
        finally:
            _signal.setitimer(_signal.ITIMER_REAL, 0)

    def _take(self, length: int, control: list[tuple[int, int, bytes]], flags: int) -> None:
        data = bytes(self._buffer[:length])
        if data in (b"BARRIER=1", b"BARRIER=1\n"):
            return
        pid, uid = _sender(control)
        if self._limiter.allows(pid, uid, time.monotonic()):
            priority, text = describe(data, bool(flags & _socket.MSG_TRUNC))
            if text:
                log.write(priority, f"pid {pid} uid {uid} ({proc.comm(self._root, pid)}): {text}")
        elif not self._is_counting:
            self._is_counting = True
            self._loop.after(_WINDOW_SEC, self.report)


def _sender(control: list[tuple[int, int, bytes]]) -> tuple[int, int]:
    """The pid and uid of SCM_CREDENTIALS; pid 0 is a process of another pid namespace."""
    for level, kind, data in control:
        if (level, kind, len(data)) == (_socket.SOL_SOCKET, _socket.SCM_CREDENTIALS, _CREDENTIALS_SIZE):
            return int.from_bytes(data[:4], sys.byteorder), int.from_bytes(data[4:8], sys.byteorder)
    return 0, _NOBODY
