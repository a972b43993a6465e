"""What the broker and the facade say to each other: datagrams of NUL-separated fields on a socketpair.

    facade to broker   SERIAL VERB ARGUMENT...
    broker to facade   SERIAL "ok" VALUE...  or  SERIAL "error" ERRNO-NAME TEXT
    unasked            "0" "session" KEY=VALUE...   the Session changed; its attributes
                       "0" "user" NAME UID GID      the machine's user appeared
                       "0" "resumed"                a sleep that was answered "ok" has ended

SOCK_SEQPACKET keeps a message whole and tells of the other side's end. Text is UTF-8 with surrogates for stray bytes.
"""

import _socket
import errno

from p7.identity import Session
from p7.loop import IN, OUT, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 4096  # bytes a message
_BACKLOG = 256  # messages that wait for a slow other side, before it is a fault


class Refused(Exception):
    """A request that was not done. `name` is an errno's, such as "EINVAL"; `text` is for a person."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{text} ({name})")
        self.name = name
        self.text = text


def refused(error: OSError) -> Refused:
    """An OSError as what is said of it."""
    return Refused(
        errno.errorcode.get(error.errno or 0, "EIO"), f"{error.filename or ''}: {error.strerror}".lstrip(": ")
    )


def encode(*fields: str) -> bytes:
    """One message. Raises Refused for what cannot be one."""
    data = "\0".join(fields).encode("utf-8", "surrogateescape")
    if data.count(b"\0") != len(fields) - 1:
        raise Refused("EINVAL", "a zero byte in a text")
    if len(data) > LIMIT:
        raise Refused("EMSGSIZE", f"longer than {LIMIT} bytes")
    return data


def decode(data: bytes) -> list[str]:
    """The fields of a message; at least one."""
    return data.decode("utf-8", "surrogateescape").split("\0")


def session_fields(session: Session) -> list[str]:
    """A Session as KEY=VALUE, every attribute."""
    return [f"{key}={getattr(session, key)}" for key in Session.__slots__]


def session_from(fields: list[str]) -> Session:
    """The Session that session_fields() wrote."""
    session = Session()
    for key, _, value in (field.partition("=") for field in fields):
        setattr(session, key, int(value) if isinstance(getattr(session, key), int) else value)
    return session


class Link:
    """One end of the socketpair: sends without ever blocking, and calls back for each message and for the end."""

    def __init__(
        self, loop: Loop, fd: int, received: "Callable[[list[str]], None]", ended: "Callable[[], None]"
    ) -> None:
        self._socket = _socket.socket(fileno=fd)
        self._socket.setblocking(False)
        self._loop = loop
        self._received = received
        self._ended = ended
        self._waiting: list[bytes] = []
        loop.add(fd, self._ready)

    def send(self, *fields: str) -> None:
        """Send a message now or when there is room. Raises Refused if it is no message, or if too many wait."""
        data = encode(*fields)
        if len(self._waiting) >= _BACKLOG:
            raise Refused("EBUSY", "the other side does not read")
        self._waiting.append(data)
        self._flush()

    def close(self) -> None:
        """Forget the descriptor and close it."""
        self._loop.remove(self._socket.fileno())
        self._socket.close()

    def shed(self) -> None:
        """Close the descriptor in a forked child: the loop's epoll is shared with the parent, which goes on."""
        self._socket.close()

    def _flush(self) -> None:
        try:
            while self._waiting:
                self._socket.send(self._waiting[0], _socket.MSG_NOSIGNAL)
                del self._waiting[0]
        except BlockingIOError:
            pass  # the kernel keeps no more than net.unix.max_dgram_qlen messages, usually 10
        except OSError:
            self._waiting.clear()  # the other side is gone, and the next read tells so
        self._loop.change(self._socket.fileno(), IN | OUT if self._waiting else IN)

    def _ready(self, events: int) -> None:
        if events & OUT:
            self._flush()
        if events & ~OUT:
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(LIMIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._received(decode(data))
        else:
            self._ended()


class Channel:
    """The facade's end: requests with their answers, and the broker's own news.

    `news(kind, fields)` is called for each unasked message: kind is "session", "user" or "resumed".
    """

    def __init__(
        self, loop: Loop, fd: int, news: "Callable[[str, list[str]], None]", ended: "Callable[[], None]"
    ) -> None:
        self._link = Link(loop, fd, self._received, ended)
        self._news = news
        self._serial = 0
        self._answers: dict[str, Callable[[list[str], Refused | None], None]] = {}

    def request(
        self, verb: str, *arguments: str, answer: "Callable[[list[str], Refused | None], None] | None" = None
    ) -> None:
        """Ask the broker; `answer(values, refused)` is called once, later. Raises Refused if it cannot be asked."""
        self._serial += 1
        serial = str(self._serial)
        self._link.send(serial, verb, *arguments)
        if answer is not None:
            self._answers[serial] = answer

    def close(self) -> None:
        """Hang up; what was asked is not answered any more."""
        self._link.close()

    def _received(self, fields: list[str]) -> None:
        serial, kind, *values = fields
        if serial == "0":
            self._news(kind, values)
            return
        answer = self._answers.pop(serial, None)
        if answer is None:
            return
        if kind == "ok":
            answer(values, None)
        else:
            answer([], Refused(values[0], values[1]))
