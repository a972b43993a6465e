"""One line a message: `NAME: text` on stderr for one-shots, syslog for daemons.

A daemon writes to /dev/log; until a syslog daemon has made that, to /dev/kmsg (dmesg shows it); with neither, or on
a terminal, to stderr. The priorities are syslog(3)'s, without its module: one more import on the boot path.
"""

import os

from p7.root import Root

ERR, WARNING, NOTICE, INFO, DEBUG = 3, 4, 5, 6, 7
_DAEMON_FACILITY = 3 << 3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

_name = "p7"
_syslog: "_Syslog | None" = None


class _Syslog:
    """The descriptors that a daemon logs to, opened while it may still open them."""

    __slots__ = ("_kmsg_fd", "_path", "_prefix", "_shown", "_socket")

    def __init__(self, name: str, root: Root, shown: bool) -> None:
        self._prefix = name
        self._path = root.path("/dev/log")
        self._socket: socket | None = None
        self._shown = shown
        try:
            self._kmsg_fd = os.open(root.path("/dev/kmsg"), os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY)
        except OSError:
            self._kmsg_fd = -1

    def write(self, priority: int, text: str, shown: bool) -> None:
        line = f"<{_DAEMON_FACILITY | priority}>{self._prefix}[{os.getpid()}]: {text}"
        data = line.encode("utf-8", "replace")
        logged = self._send(data) or self._send(data) or self._write_kmsg(data)
        if shown or self._shown or not logged:
            _stderr(text)

    def _send(self, data: bytes) -> bool:
        """One datagram to /dev/log; False closes the socket, since syslogd may have been restarted."""
        import _socket

        try:
            if self._socket is None:
                kind = _socket.SOCK_DGRAM | _socket.SOCK_CLOEXEC | _socket.SOCK_NONBLOCK
                self._socket = _socket.socket(_socket.AF_UNIX, kind)
                self._socket.connect(self._path)
            self._socket.send(data)
        except BlockingIOError:
            return True  # syslogd is behind: a lost line is better than a daemon that waits for it
        except OSError:
            if self._socket is not None:
                self._socket.close()
            self._socket = None
            return False
        return True

    def _write_kmsg(self, data: bytes) -> bool:
        try:
            return self._kmsg_fd >= 0 and os.write(self._kmsg_fd, data[:900]) > 0
        except OSError:
            return False


def start(name: str) -> None:
    """Name the program in every following line."""
    global _name
    _name = name


def start_daemon(root: Root) -> None:
    """From here on, log as a daemon does. Call it before privileges are dropped: /dev/kmsg is root's."""
    global _syslog
    "".encode("unicode_escape")  # imports the codec: write() may need it when p7 has been replaced
    _syslog = _Syslog(_name, root, os.isatty(2))


def start_session(root: Root) -> None:
    """From here on, log to syslog and to stderr both: what a login's program writes there, a greeter hides."""
    global _syslog
    _syslog = _Syslog(_name, root, True)


def write(priority: int, text: str, shown: bool = False) -> None:
    """Log one line, `shown` on stderr in any case.

    Whatever in it is not printable is escaped, so nobody can forge a second line.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)
    if _syslog is not None:
        _syslog.write(priority, text, shown)
    else:
        _stderr(text)


def _stderr(text: str) -> None:
    try:
        os.write(2, f"{_name}: {text}\n".encode("utf-8", "replace"))
    except OSError:
        pass  # stderr may be closed, as under a supervisor: there is nowhere left to complain


def info(text: str) -> None:
    """What happened, for whoever reads the log later."""
    write(INFO, text)


def warning(text: str) -> None:
    """Something is missing or odd; the work goes on."""
    write(WARNING, text)


def error(text: str) -> None:
    """A step failed."""
    write(ERR, text)


def fatal(text: str) -> None:
    """Why the program ends: whoever started it, maybe by hand, is to see that whatever a daemon's log is."""
    write(ERR, text, shown=True)
