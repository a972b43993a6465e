"""The session's environment, as data: what is kept of the login's, what is set, and what the files add.

Later ones win: what p7 sets by default, /etc/locale.conf, what is kept of the login's environment, /etc/environment,
~/.config/lainos/session.env, and at last what identifies the session, which nothing changes.
"""

from p7.config import Config
from p7.identity import SEAT_ID, SESSION_CLASS, SESSION_ID, User

LONGEST = 4096  # bytes of a kept value; with the few names that are kept, execve(2) always has room

_LOCALE = """
LANG LANGUAGE LC_ADDRESS LC_ALL LC_COLLATE LC_CTYPE LC_IDENTIFICATION LC_MEASUREMENT LC_MESSAGES LC_MONETARY LC_NAME
LC_NUMERIC LC_PAPER LC_TELEPHONE LC_TIME
""".split()
KEPT = frozenset("""
XKB_DEFAULT_LAYOUT XKB_DEFAULT_MODEL XKB_DEFAULT_OPTIONS XKB_DEFAULT_RULES XKB_DEFAULT_VARIANT
SSH_AUTH_SOCK GNUPGHOME P7_COMPOSITOR P7_ENABLE_JACK P7_SESSION_TYPE
WLR_BACKENDS WLR_DRM_DEVICES WLR_HEADLESS_OUTPUTS WLR_LIBINPUT_NO_DEVICES WLR_NO_HARDWARE_CURSORS WLR_RENDERER
WLR_RENDERER_ALLOW_SOFTWARE
""".split()).union(_LOCALE)  # fmt: skip

TYPES = ("wayland", "x11")
# xdg-desktop-portal picks its backends by these names, and wlr's answers to "wlroots" for those it does not know.
_WLROOTS = ("cage", "dwl", "hikari", "labwc", "river", "sway", "wayfire")
_DESKTOPS = {"openbox": "Openbox"}


def pick(block: bytes, names: frozenset[str]) -> dict[str, str]:
    """Some variables of an environment block (/proc/PID/environ, proc(5)); of a name given twice the first counts."""
    picked: dict[str, str] = {}
    for entry in block.split(b"\0"):
        name, equals, value = entry.decode("utf-8", "surrogateescape").partition("=")
        if equals and name in names and name not in picked and len(value) <= LONGEST:
            picked[name] = value
    return picked


def parse(text: str) -> tuple[dict[str, str], list[str]]:
    """KEY=VALUE lines, as pam_env(8) reads them, and for each malformed line its number and what is wrong.

    `export` before a name is allowed, as are quotes around a value; nothing is expanded.
    """
    values: dict[str, str] = {}
    wrong = []
    for number, line in enumerate(text.split("\n"), 1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        name, equals, value = entry.removeprefix("export ").lstrip().partition("=")
        value, problem = _unquote(value)
        if not equals or not _is_name(name):
            problem = "not KEY=VALUE"
        if problem:
            wrong.append(f"{number}: {problem}")
        else:
            values[name] = value
    return values, wrong


def compute(
    user: User, kind: str, kept: dict[str, str], locale: dict[str, str], *files: dict[str, str]
) -> dict[str, str]:
    """The environment of a session of `kind` (TYPES), whatever program runs in it.

    `kept` is what pick() found of KEPT, `locale` what /etc/locale.conf holds, `files` what the other files do.
    """
    environment = {**_defaults(user, kind), **{name: locale[name] for name in _LOCALE if name in locale}, **kept}
    for values in files:
        environment.update(values)
    environment.update(_identity(user, kind))
    return environment


def desktop(program: str) -> dict[str, str]:
    """What names the desktop, after the program's name, in the form that xdg-desktop-portal matches."""
    name = program.rpartition("/")[2].removesuffix("-session")
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    current = f"{name}:wlroots" if name in _WLROOTS else _DESKTOPS.get(name, name)
    return {"XDG_SESSION_DESKTOP": name, "XDG_CURRENT_DESKTOP": current}


def with_notify_socket(environment: dict[str, str], settings: Config) -> dict[str, str]:
    """The original contract's NOTIFY_SOCKET, where p7.toml asks for it."""
    return {**environment, "NOTIFY_SOCKET": "/run/systemd/notify"} if settings["session.notify_socket"] else environment


def block(environment: dict[str, str]) -> dict[bytes, bytes]:
    """For execve(2), with the bytes that came in, whatever this process's locale is."""
    return {_bytes(name): _bytes(value) for name, value in environment.items()}


def _defaults(user: User, kind: str) -> dict[str, str]:
    common = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={user.runtime_path}/bus",
    }
    if kind == "x11":
        return common
    return {
        **common,
        "WAYLAND_DISPLAY": "wayland-1",
        "MOZ_ENABLE_WAYLAND": "1",
        # With WAYLAND_DISPLAY set wlroots takes itself for nested, unless it is told what to run on.
        "WLR_BACKENDS": "drm,libinput",
        "LIBSEAT_BACKEND": "seatd",
    }


def _identity(user: User, kind: str) -> dict[str, str]:
    return {
        "USER": user.name,
        "LOGNAME": user.name,
        "HOME": user.home,
        "SHELL": user.shell or "/bin/sh",
        "XDG_RUNTIME_DIR": user.runtime_path,
        "XDG_SESSION_ID": SESSION_ID,
        "XDG_SESSION_CLASS": SESSION_CLASS,
        "XDG_SESSION_TYPE": kind,
        "XDG_SEAT": SEAT_ID,
    }


def _unquote(value: str) -> tuple[str, str]:
    value = value.strip()
    if "\0" in value:
        return value, "a zero byte"
    if value[:1] not in ("'", '"'):
        return value, ""
    if len(value) < 2 or value[-1] != value[0]:
        return value, "a quote that does not end"
    return value[1:-1], ""


def _is_name(name: str) -> bool:
    return name.isascii() and name.isidentifier()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
