"""Start the graphical session: greetd's session command.

Makes sure of XDG_RUNTIME_DIR, opens the session with lainos-dbus-bridge, starts the session's D-Bus daemon unless one
answers already, and becomes the compositor. P7_SESSION_TYPE chooses: wayland, which it is unless set, starts
P7_COMPOSITOR (a name or a path), or else the first installed of sway, dwl and river; x11 starts openbox-session and an
X server below it, unless DISPLAY names one that runs. What the session's bus activates gets the session's environment,
and in it the socket that the compositor has really made (dbus-update-activation-environment(1)).

Of the login's environment it keeps, where they are no longer than 4096 bytes, LANG, LANGUAGE, LC_ALL and the other
LC_* of locale(7), XKB_DEFAULT_RULES, _MODEL, _LAYOUT, _VARIANT and _OPTIONS, SSH_AUTH_SOCK, GNUPGHOME, P7_COMPOSITOR,
P7_ENABLE_JACK, P7_SESSION_TYPE, WLR_BACKENDS, WLR_DRM_DEVICES, WLR_HEADLESS_OUTPUTS, WLR_LIBINPUT_NO_DEVICES,
WLR_NO_HARDWARE_CURSORS, WLR_RENDERER, WLR_RENDERER_ALLOW_SOFTWARE and XDG_VTNR. It sets PATH, USER, LOGNAME, HOME,
SHELL, XDG_RUNTIME_DIR, XDG_SESSION_ID, XDG_SESSION_CLASS, XDG_SESSION_TYPE, XDG_SESSION_DESKTOP, XDG_CURRENT_DESKTOP,
XDG_SEAT and DBUS_SESSION_BUS_ADDRESS; on wayland WAYLAND_DISPLAY, WLR_BACKENDS, LIBSEAT_BACKEND and
MOZ_ENABLE_WAYLAND; on x11 DISPLAY and XAUTHORITY. Nothing else gets through. KEY=VALUE lines of /etc/locale.conf (the
locale's alone), /etc/environment and ~/.config/lainos/session.env are added, the last one winning; what is set for
the session's identity they do not change.

WLR_BACKENDS keeps the compositor from looking for another one at the promised WAYLAND_DISPLAY, and what runs in the
session inherits it. A compositor that is to run in a window there needs to be without: env -u WLR_BACKENDS sway.

Exits with 127 if nothing to start was found, 126 if that could not be started, 2 for an unknown P7_SESSION_TYPE; below
greetd five seconds after it has said so, for a person to read and for a login that repeats itself.
"""

import _socket
import os
import stat
import sys
import time

from p7 import Failure, activation, config, dispatch, identity, log, proc, session_bus, session_env
from p7.identity import User
from p7.root import SYSTEM, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

PRIVILEGE = "user"
_BROKER = "/run/lainos/session"
_PATIENCE_SEC = 5.0
_NEVER_RAN_SEC = 1.0
_RETRY_SEC = 0.02
_READING_SEC = 5.0  # the greeter clears the screen; and one that logs in by itself does so again and again
_LAST_VT = 63  # console(4)
_COMPOSITORS = ("sway", "dwl", "river")
_LOGIN = frozenset(("XDG_VTNR", "GREETD_SOCK", "DISPLAY", "XAUTHORITY"))


def run(root: Root = SYSTEM) -> int:
    """Become the compositor; the exit status says what kept it from that."""
    log.start_session(root)
    with open("/proc/self/environ", "rb") as file:
        block = file.read()  # as it was before Python added LC_CTYPE, which os.environ has
    login = session_env.pick(block, _LOGIN)
    try:
        _become(root, block, login)
    except Failure as failure:
        problem, status = str(failure), failure.status
    except OSError as error:
        problem, status = dispatch.describe(error), 1
    log.error(problem)
    if "GREETD_SOCK" in login:
        time.sleep(_READING_SEC)
    return status


def _become(root: Root, block: bytes, login: dict[str, str]) -> "NoReturn":
    """From the login's environment to the compositor. Raises Failure or OSError."""
    user = _user(root)
    environment = _environment(root, user, session_env.pick(block, session_env.KEPT))
    if vt := _vt(login):
        environment["XDG_VTNR"] = vt
    program, argv = _command(environment, login)
    environment.update(session_env.desktop(program))
    _open_session(root, environment, "greetd" if "GREETD_SOCK" in login else "")
    _check_runtime_dir(root, user)
    if argv[0] != program:
        from p7 import x11

        x11.write_cookie(environment)
    session_bus.ensure(root, user, environment)
    activation.follow(root, user, environment)
    proc.reset_signals()
    try:
        os.execve(argv[0], argv, session_env.block(environment))
    except OSError as error:
        raise Failure(f"{argv[0]}: {error.strerror}", 126) from None


def _user(root: Root) -> User:
    """Whose session it is: whoever runs this. Raises Failure for a uid without a name."""
    for user in identity.users(root):
        if user.uid == os.getuid():
            return user
    raise Failure(f"/etc/passwd has no user with uid {os.getuid()}")


def _environment(root: Root, user: User, kept: dict[str, str]) -> dict[str, str]:
    kind = kept.get("P7_SESSION_TYPE") or session_env.TYPES[0]
    if kind not in session_env.TYPES:
        raise Failure(f"P7_SESSION_TYPE is {kind!r}; it can be {' or '.join(session_env.TYPES)}", 2)
    paths = ("/etc/locale.conf", "/etc/environment", f"{user.home}/.config/lainos/session.env")
    locale, *files = (_file(root, path) for path in paths)
    environment = session_env.compute(user, kind, kept, locale, *files)
    return session_env.with_notify_socket(environment, config.load(root))


def _file(root: Root, path: str) -> dict[str, str]:
    """The KEY=VALUE lines of a file that need not be there."""
    try:
        values, wrong = session_env.parse(root.read(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        log.warning(f"{path}: {error.strerror}; passed over")
        return {}
    for line in wrong:
        log.warning(f"{path}:{line}; the line is passed over")
    return values


def _vt(login: dict[str, str]) -> str:
    """The virtual terminal's number: as the login manager says, or that of standard input; empty if there is none."""
    number = login.get("XDG_VTNR", "")
    if not number and os.isatty(0):
        number = os.ttyname(0).removeprefix("/dev/tty")
    return number if number.isascii() and number.isdecimal() and 1 <= int(number) <= _LAST_VT else ""


def _command(environment: dict[str, str], login: dict[str, str]) -> tuple[str, list[str]]:
    """What describes the session, and what to execute for it. Raises Failure 127 if nothing is installed."""
    if environment["XDG_SESSION_TYPE"] == "x11":
        from p7 import x11

        client = _first(("openbox-session",), environment["PATH"])
        return client, x11.command(client, environment, login)
    wanted = environment.get("P7_COMPOSITOR")
    names, why = ((wanted,), ", as P7_COMPOSITOR says") if wanted else (_COMPOSITORS, "")
    program = _first(names, environment["PATH"], why)
    return program, [program]


def _first(names: tuple[str, ...], path: str, why: str = "") -> str:
    """The first that is installed; one given by its path need only exist, and execve(2) tells what is wrong with it."""
    for name in names:
        found = proc.find(name, path) or (name if "/" in name and os.path.exists(name) else "")
        if found:
            return found
    raise Failure(f"nothing to start: tried {', '.join(names)} in {path}{why}", 127)


def _open_session(root: Root, environment: dict[str, str], service: str) -> None:
    """Ask the broker to take this process, soon the compositor, for the session's leader; without it, go on."""
    vt = environment.get("XDG_VTNR", "")
    description = {
        "type": environment["XDG_SESSION_TYPE"],
        "desktop": environment["XDG_SESSION_DESKTOP"],
        "display": environment.get("DISPLAY", ""),
        "tty": f"tty{vt}" if vt else "",
        "vtnr": vt,
        "service": service,
    }
    message = "".join(f"{key}={value}\n" for key, value in description.items() if value)
    answer = _ask(root.path(_BROKER), message.encode("utf-8", "surrogateescape"))
    if answer != "ok":
        reason = answer.removeprefix("error: ")
        log.warning(f"session not opened: {reason}; polkit and others will not see that it is the seat's")


def _ask(path: str, message: bytes) -> str:
    """One message and its answer, within the broker's patience in all.

    A broker that dies is back a second later, and OpenRC before 0.62 starts greetd while it is on its way.
    """
    # The broker makes the folder and leaves it behind: without it, none has run since boot.
    patience_sec = _PATIENCE_SEC if os.path.exists(os.path.dirname(path)) else _NEVER_RAN_SEC
    end = time.monotonic() + patience_sec
    while True:
        try:
            return _exchange(path, message, end)
        except BlockingIOError:
            return f"lainos-dbus-bridge did not answer within {patience_sec:.0f} s"
        except OSError as error:
            is_away = isinstance(error, (FileNotFoundError, ConnectionError))
            if not is_away or time.monotonic() > end - _RETRY_SEC:
                return f"{path}: {error.strerror} (start what listens there: 'rc-service lainos-dbus-bridge start')"
        time.sleep(_RETRY_SEC)


def _exchange(path: str, message: bytes, end: float) -> str:
    """One message and its answer, by `end` on the monotonic clock. Raises OSError, BlockingIOError after that.

    The kernel does the waiting: a connect(2) that must not block fails at once if as many as may are in the queue, and
    any user could keep it full.
    """
    broker = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC)
    try:
        _limit(broker, _socket.SO_SNDTIMEO, end)
        broker.connect(path)
        try:
            broker.send(message)
        except BrokenPipeError:
            pass  # refused unread; the answer says why
        _limit(broker, _socket.SO_RCVTIMEO, end)
        return broker.recv(1024).decode("utf-8", "replace").rstrip("\n") or "no answer"
    finally:
        broker.close()


def _limit(broker: _socket.socket, option: int, end: float) -> None:
    """Let what blocks take no longer than until `end` (socket(7)); a struct timeval, in which zero is for ever."""
    usec = max(1, int((end - time.monotonic()) * 1e6))
    parts = (part.to_bytes(8, sys.byteorder) for part in divmod(usec, 1_000_000))
    broker.setsockopt(_socket.SOL_SOCKET, option, b"".join(parts))


def _check_runtime_dir(root: Root, user: User) -> None:
    """XDG_RUNTIME_DIR as the basedir specification wants it; a folder of ours in a place of root's cannot be made."""
    path = root.path(user.runtime_path)
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        raise Failure(f"{path} is missing: start lainos-ghost-units or lainos-dbus-bridge, which make it") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != user.uid or stat.S_IMODE(status.st_mode) != 0o700:
        raise Failure(f"{path} is not a folder of {user.name}'s with mode 0700: lainos-ghost-units makes it so")
