"""The one User, the one Session, the one Seat: who this machine belongs to.

Id, user, seat, class and state are fixed; a Session's other values describe the program that runs in it, and are
what an empty one has when none does.
"""

from p7 import log
from p7.config import Config
from p7.root import Root

SESSION_ID = "1"
SESSION_PATH = "/org/freedesktop/login1/session/_31"
SEAT_ID = "seat0"
SEAT_PATH = "/org/freedesktop/login1/seat/seat0"
SESSION_CLASS = "user"
STATE = "active"

FIRST_UID, _LAST_UID = 1000, 59999  # login.defs(5): below are system users, above are nobody's and containers'
_NO_LOGIN = ("nologin", "false", "sync", "halt", "shutdown")


class User:
    """An entry of passwd(5)."""

    __slots__ = ("gid", "home", "name", "shell", "uid")

    def __init__(self, name: str, uid: int, gid: int, home: str, shell: str) -> None:
        self.name = name
        self.uid = uid
        self.gid = gid
        self.home = home
        self.shell = shell

    @property
    def runtime_path(self) -> str:
        """XDG_RUNTIME_DIR."""
        return f"/run/user/{self.uid}"

    @property
    def object_path(self) -> str:
        """The user's D-Bus object; logind does not escape the uid as sd_bus_path_encode(3) would, only precedes it."""
        return f"/org/freedesktop/login1/user/_{self.uid}"

    @property
    def slice(self) -> str:
        """The user's cgroup, relative to the cgroup2 hierarchy's root."""
        return f"/user.slice/user-{self.uid}.slice"

    @property
    def scope(self) -> str:
        """The session's cgroup below the user's: what libsystemd takes the session's id from."""
        return f"{self.slice}/session-{SESSION_ID}.scope"


class Session:
    """The program that runs in the session: leader is its pid, or 0; type as XDG_SESSION_TYPE has it."""

    __slots__ = ("desktop", "display", "leader", "realtime_usec", "service", "tty", "type", "vtnr")

    def __init__(
        self,
        *,
        type: str = "unspecified",
        leader: int = 0,
        vtnr: int = 0,
        tty: str = "",
        display: str = "",
        desktop: str = "",
        service: str = "",
        realtime_usec: int = 0,
    ) -> None:
        self.type = type
        self.leader = leader
        self.vtnr = vtnr
        self.tty = tty
        self.display = display
        self.desktop = desktop
        self.service = service
        self.realtime_usec = realtime_usec


def users(root: Root) -> list[User]:
    """Every well-formed entry of /etc/passwd, in its order; an unreadable file has none."""
    entries = []
    for line in root.read_or("/etc/passwd", "").splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[0] and fields[2].isdecimal() and fields[3].isdecimal():
            entries.append(User(fields[0], int(fields[2]), int(fields[3]), fields[5], fields[6]))
    return entries


def find_user(root: Root, config: Config) -> User | None:
    """The user whom the machine belongs to, or None with one line that says why.

    A user made later becomes it at first login; a name in p7.toml that cannot be it is one of the file's errors.
    """
    wanted = config["identity.user"]
    for user in users(root):
        if user.name == wanted if wanted else _is_eligible(user):
            if problem := _unfit(user):
                config.complain("identity.user", f"{wanted!r} {problem}: there is no session")
                return None
            return user
    if wanted:
        log.warning(
            f"/etc/passwd has no user {wanted!r}, which [identity] user in p7.toml names: no session until then"
        )
    else:
        log.warning(
            "/etc/passwd has no user with a uid from 1000 to 59999 and a login shell yet: no session until then"
        )
    return None


def eligible(root: Root) -> list[User]:
    """The users who could be the one, were those before them not there."""
    return [user for user in users(root) if _is_eligible(user)]


def _is_eligible(user: User) -> bool:
    return FIRST_UID <= user.uid <= _LAST_UID and not _unfit(user)


def _unfit(user: User) -> str:
    """Why a user can have no session, or an empty string."""
    if user.uid == 0:
        return "is root, who has no session"
    return f"has no login shell but {user.shell}" if user.shell.rpartition("/")[2] in _NO_LOGIN else ""
