"""The identity as the files that the real libsystemd reads: /run/systemd/{users,sessions,seats}.

The format is that of facts measured on libsystemd 252 to 262 (sd-login(3) documents only the functions): KEY=VALUE
lines as in environment files. Monitors see a file only when it is renamed into place, so ops.Write does just that.
"""

import os
import time

from p7.identity import SEAT_ID, SESSION_CLASS, SESSION_ID, STATE, Session, User
from p7.ops import Write
from p7.root import Root

FOLDERS = ("users", "sessions", "seats", "machines", "shutdown", "inhibit")
SESSION_FILE = f"/run/systemd/sessions/{SESSION_ID}"
SEAT_FILE = f"/run/systemd/seats/{SEAT_ID}"
_USERS = "/run/systemd/users"
_MARK = "# Written by p7 for libsystemd. Do not parse."
_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:;,+ "


def user_file(user: User) -> str:
    """The path of the user's file."""
    return f"{_USERS}/{user.uid}"


class Forget:
    """No file of ours for any user but this one, whom p7.toml may have named only now."""

    __slots__ = ("path", "user")

    def __init__(self, user: User) -> None:
        self.path = _USERS
        self.user = user

    def describe(self) -> str:
        return f"remove from {self.path} what is p7's and another user's than {self.user.uid}"

    def apply(self, root: Root) -> None:
        try:
            fd = os.open(root.path(self.path), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return  # nothing of ours is there
        try:
            for name in os.listdir(fd):
                if name != str(self.user.uid) and root.read_or(f"{self.path}/{name}", "").startswith(_MARK):
                    os.unlink(name, dir_fd=fd)
        finally:
            os.close(fd)


def files(user: User, session: Session) -> list[Write]:
    """The three files, session first: whoever is woken by a later one finds the earlier ones in place."""
    return [
        Write(SESSION_FILE, _session(user, session)),
        Write(SEAT_FILE, _seat(user)),
        Write(user_file(user), _user(user, session)),
    ]


def read_session(root: Root) -> Session:
    """The Session as its file tells it, so that a restarted daemon knows what its predecessor published.

    A missing or damaged file gives an empty Session that begins now.
    """
    values = parse(root.read_or(SESSION_FILE, ""))
    return Session(
        type=values.get("TYPE", "unspecified"),
        leader=_number(values.get("LEADER")),
        vtnr=_number(values.get("VTNR")),
        tty=values.get("TTY", ""),
        display=values.get("DISPLAY", ""),
        desktop=unescape(values.get("DESKTOP", "")),
        service=values.get("SERVICE", ""),
        realtime_usec=_number(values.get("REALTIME")) or time.time_ns() // 1000,
    )


def parse(text: str) -> dict[str, str]:
    """KEY=VALUE lines to a dictionary; comments and other lines are passed over."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key: value for key, sep, value in pairs if sep}


def _session(user: User, session: Session) -> str:
    lines = [
        _MARK,
        f"UID={user.uid}",
        f"USER={user.name}",
        "ACTIVE=1",
        "IS_DISPLAY=1",
        f"STATE={STATE}",
        "REMOTE=0",
        f"TYPE={session.type}",
        f"CLASS={SESSION_CLASS}",
        f"SCOPE=session-{SESSION_ID}.scope",
        f"SEAT={SEAT_ID}",
        f"TTY={session.tty}" if session.tty else "",
        f"DISPLAY={session.display}" if session.display else "",
        f"VTNR={session.vtnr}" if session.vtnr else "",
        f"DESKTOP={escape(session.desktop)}" if session.desktop else "",
        f"SERVICE={session.service}" if session.service else "",
        f"LEADER={session.leader}" if session.leader else "",
        f"REALTIME={session.realtime_usec}",
    ]
    return _text(lines)


def _user(user: User, session: Session) -> str:
    lines = [
        _MARK,
        f"NAME={user.name}",
        f"STATE={STATE}",
        f"RUNTIME={user.runtime_path}",
        f"DISPLAY={SESSION_ID}",
        f"REALTIME={session.realtime_usec}",
        *(f"{key}={SESSION_ID}" for key in ("SESSIONS", "ACTIVE_SESSIONS", "ONLINE_SESSIONS")),
        *(f"{key}={SEAT_ID}" for key in ("SEATS", "ACTIVE_SEATS", "ONLINE_SEATS")),
    ]
    return _text(lines)


def _seat(user: User) -> str:
    lines = [
        _MARK,
        "IS_SEAT0=1",
        "CAN_TTY=1",
        "CAN_GRAPHICAL=1",
        f"ACTIVE={SESSION_ID}",
        f"ACTIVE_UID={user.uid}",
        f"SESSIONS={SESSION_ID}",
        f"UIDS={user.uid}",  # as many words as SESSIONS, or libsystemd says EUCLEAN
    ]
    return _text(lines)


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines if line)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def escape(text: str) -> str:
    """C-style escapes, as libsystemd's cunescape() undoes them."""
    return "".join(chr(b) if b in _PLAIN else f"\\x{b:02x}" for b in text.encode("utf-8", "surrogateescape"))


def unescape(text: str) -> str:
    """What escape() was given; empty for what it cannot have made."""
    try:
        return text.encode("latin-1").decode("unicode_escape").encode("latin-1").decode()
    except UnicodeError:
        return ""  # not ours
