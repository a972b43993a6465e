"""What a program may say of itself as the session's: KEY=VALUE, each value checked before it is believed.

type      wayland, x11, tty, mir or unspecified (XDG_SESSION_TYPE)
desktop   XDG_SESSION_DESKTOP
display   the X11 display, ":0"
tty       "tty1", "pts/0"
vtnr      1 to 63: the virtual terminal (console(4))
service   the PAM service that logged in, "greetd"
"""

from p7.broker.wire import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TYPES = ("unspecified", "tty", "x11", "wayland", "mir")
LAST_VT = 63
_LONGEST = 64


def parse(pairs: "Iterable[str]") -> dict[str, str | int]:
    """Session attributes from KEY=VALUE texts; an empty value is none. Raises Refused for anything unforeseen."""
    values: dict[str, str | int] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in _CHECKS or key in values or len(value) > _LONGEST:
            raise Refused("EINVAL", f"{pair[:_LONGEST]!r} does not describe a session")
        if value and not _CHECKS[key](value):
            raise Refused("EINVAL", f"{key}: {value!r} cannot be one")
        values[key] = (int(value or 0)) if key == "vtnr" else value or _EMPTY.get(key, "")
    return values


def _is_word(text: str) -> bool:
    return text.isascii() and all(c.isalnum() or c in "-_.:" for c in text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6


def _is_display(text: str) -> bool:
    number, dot, screen = text.removeprefix(":").partition(".")
    return text.startswith(":") and _is_number(number) and (not dot or _is_number(screen))


def _is_tty(text: str) -> bool:
    return text.startswith(("tty", "pts/")) and _is_number(text.removeprefix("tty").removeprefix("pts/"))


_EMPTY = {"type": "unspecified"}
_CHECKS = {
    "type": TYPES.__contains__,
    "desktop": _is_word,
    "display": _is_display,
    "tty": _is_tty,
    "vtnr": lambda text: _is_number(text) and 1 <= int(text) <= LAST_VT,
    "service": _is_word,
}
