"""/run/lainos/session: where lainos-init opens the session; SOCK_SEQPACKET, one message, one answer.

The message is KEY=VALUE lines (p7.broker.description), the answer "ok\\n" or "error: TEXT\\n". Who asks is what the
kernel says (unix(7), SO_PEERCRED), and it is looked at before a byte is read.
"""

import _socket
import errno
import os
import struct

from p7 import Failure, listen, log, ops, proc
from p7.broker import description
from p7.broker.keeper import Keeper
from p7.broker.wire import Refused
from p7.loop import Loop
from p7.root import Root

FOLDER, PATH = "/run/lainos", "/run/lainos/session"
_LIMIT = 1024  # bytes; six short lines
_PATIENCE_SEC = 2.0
_MOST_CLIENTS = 16
_SO_PEERPIDFD = 77  # asm-generic/socket.h, Linux 6.5


class Listener:
    """The socket, bound at once and served from serve() on."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._path = root.path(PATH)
        ops.Mkdir(FOLDER).apply(root)
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_NONBLOCK)
        listen.bind(self._socket, root, PATH, 0o666)
        self._socket.listen(_MOST_CLIENTS)
        self._clients: set[_Client] = set()

    def serve(self, loop: Loop, keeper: Keeper) -> None:
        """Accept whoever comes."""
        self._loop = loop
        self._keeper = keeper
        loop.add(self._socket.fileno(), self._accept)

    def shed(self) -> None:
        """Close the descriptor in a forked child."""
        self._socket.close()

    def remove(self) -> None:
        """Close it and take the path away: from now on lainos-init need not wait for an answer."""
        self._socket.close()
        os.unlink(self._path)

    def forget(self, client: "_Client") -> None:
        """A client that has been answered."""
        self._clients.discard(client)

    def _accept(self, _events: int) -> None:
        try:
            fd, _ = self._socket._accept()  # type: ignore[attr-defined]  # what socket.accept() is made of
        except OSError:
            return  # it has gone again, or there are too many descriptors: its connection waits
        socket = _socket.socket(fileno=fd)
        socket.setblocking(False)
        problem = self._refusal(socket)
        if problem:
            _answer(socket, f"error: {problem}\n")
        else:
            self._clients.add(_Client(self._root, self._loop, socket, self._keeper, self))

    def _refusal(self, socket: _socket.socket) -> str:
        _, uid, _ = _credentials(socket)
        owner = self._keeper.owner()
        if owner is None:
            return self._keeper.why_nobody()
        if uid != owner.uid:
            return f"the session is {owner.name}'s, and uid {uid} asks for it"
        if len(self._clients) >= _MOST_CLIENTS:
            return "too many ask at once"
        return ""


class _Client:
    """A connection of the machine's user that has yet to send its message."""

    def __init__(self, root: Root, loop: Loop, socket: _socket.socket, keeper: Keeper, listener: Listener) -> None:
        self._root = root
        self._loop = loop
        self._socket = socket
        self._keeper = keeper
        self._listener = listener
        self._timer = loop.after(_PATIENCE_SEC, lambda: self._end("nothing was asked"))
        loop.add(socket.fileno(), self._read)

    def _read(self, _events: int) -> None:
        try:
            self._open(self._socket.recv(_LIMIT + 1))
        except Refused as refused:
            self._end(refused.text)
        except (Failure, OSError) as error:
            log.error(str(error))
            self._end(str(error))

    def _open(self, data: bytes) -> None:
        if not data or len(data) > _LIMIT:
            raise Refused("EMSGSIZE", "a message is 1 to 1024 bytes")
        values = description.parse(data.decode("ascii", "backslashreplace").splitlines())
        pid, _, _ = _credentials(self._socket)
        if pid <= 0:
            # 0 is a process of another pid namespace, and to the cgroup files whoever writes it: the broker
            raise Refused("ESRCH", "a process of a container has no place in the session")
        owner = self._keeper.owner()
        if owner is not None:
            self._keeper.open(owner, pid, _pidfd(self._root, self._socket), values)
            self._end("")

    def _end(self, problem: str) -> None:
        if problem:
            log.warning(f"session not opened: {problem}")
        self._loop.cancel(self._timer)
        self._loop.remove(self._socket.fileno())
        self._listener.forget(self)
        _answer(self._socket, f"error: {problem}\n" if problem else "ok\n")


def _answer(socket: _socket.socket, text: str) -> None:
    """Answer and hang up. A socket closed with something unread resets the other end, which then misses the answer."""
    try:
        socket.shutdown(_socket.SHUT_RD)
        while socket.recv(1):
            pass
        socket.send(text.encode("utf-8", "backslashreplace"), _socket.MSG_NOSIGNAL)
    except OSError:
        pass  # it did not wait for the answer
    socket.close()


def _credentials(socket: _socket.socket) -> tuple[int, int, int]:
    """Pid, uid and gid of whoever connected, as they were then."""
    pid, uid, gid = struct.unpack("3i", socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12))
    return pid, uid, gid


def _pidfd(root: Root, socket: _socket.socket) -> int:
    """A pidfd of the process that connected. Raises Refused if it is gone.

    It may have died and left its socket to a child, and its number may be anybody's by now, root's too. Linux 6.16
    gives a pidfd of the dead for that socket, older ones none; before 6.5 all there is to ask by is the number.
    """
    pid, uid, _ = _credentials(socket)
    try:
        pidfd = socket.getsockopt(_socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError as error:
        pidfd = proc.pidfd(pid) if error.errno == errno.ENOPROTOOPT else -1
    # In this order: the user was read of the process that the pidfd stands for if that one lives still.
    if pidfd >= 0 and _is_all(root, pid, uid) and not proc.has_ended(pidfd):
        return pidfd
    if pidfd >= 0:
        os.close(pidfd)
    raise Refused("ESRCH", "the process that connected is gone, or another user's by now")


def _is_all(root: Root, pid: int, uid: int) -> bool:
    """Whether a process is one user's in all four of its uids: a daemon of root's takes on another's for moments."""
    lines = root.read_or(f"/proc/{pid}/status", "").splitlines()
    return any(line.split() == ["Uid:", *[str(uid)] * 4] for line in lines)
