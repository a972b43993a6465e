"""The closed set of what the facade may ask for. Each argument is checked here: the facade is not believed."""

import os

from p7 import inhibit, ops
from p7.broker import children, description
from p7.broker.keeper import Keeper
from p7.broker.power import Power
from p7.broker.wire import Refused
from p7.loop import Loop
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Done = Callable[[Refused | None], None]

SCHEDULED = "/run/systemd/shutdown/scheduled"
_SCHEDULES = ("poweroff", "reboot", "halt")
_LAST_SIGNAL = 64
_WALL = ("/usr/bin/wall", "/bin/wall")


class Verbs:
    """`do(fields, done)` does what a message asks; `shed` closes the broker's descriptors in a child of its own."""

    def __init__(self, root: Root, loop: Loop, keeper: Keeper, power: Power, shed: "Callable[[], None]") -> None:
        self._root = root
        self._loop = loop
        self._keeper = keeper
        self._power = power
        self._shed = shed
        self._verbs: dict[str, tuple[int, Callable[..., None]]] = {
            "kill": (2, self._kill),
            "terminate": (0, self._terminate),
            "brightness": (3, self._brightness),
            "wall": (1, self._wall),
            "schedule": (2, self._schedule),
            "unschedule": (0, self._unschedule),
            "inhibit": (1 + len(inhibit.KEYS), self._inhibit),
            "release": (1, self._release),
        }

    def do(self, verb: str, arguments: list[str], done: "Done") -> None:
        """Do it and call `done(refused)`, at once or later. Raises Refused or OSError."""
        if verb == "power" and len(arguments) == 1:
            self._power.act(arguments[0], done, self._shed)
        elif verb == "describe" and arguments:
            self._describe(arguments)
            done(None)
        else:
            self._check(verb, len(arguments))
            self._verbs[verb][1](*arguments)
            done(None)

    def _check(self, verb: str, count: int) -> None:
        if verb not in self._verbs or self._verbs[verb][0] != count:
            raise Refused("EINVAL", f"no verb {verb!r} with {count} arguments")

    def _describe(self, pairs: list[str]) -> None:
        values = description.parse(pairs)
        if not values.keys() <= {"type", "display", "tty", "desktop"}:
            raise Refused("EPERM", "only type, display, tty and desktop can be changed")
        self._keeper.describe(values)

    def _kill(self, who: str, text: str) -> None:
        number = _number(text, 1, _LAST_SIGNAL)
        if who == "leader":
            self._keeper.signal_leader(number)
        elif who == "all":
            self._keeper.signal_all(number)
        else:
            raise Refused("EINVAL", f"{who!r} is neither 'leader' nor 'all'")

    def _terminate(self) -> None:
        self._keeper.terminate()

    def _brightness(self, subsystem: str, name: str, text: str) -> None:
        if subsystem not in ("backlight", "leds"):
            raise Refused("EINVAL", f"{subsystem!r} is neither 'backlight' nor 'leds'")
        if not name or "/" in name or name.startswith("."):
            raise Refused("EINVAL", f"{name!r} is no device's name")
        folder = f"/sys/class/{subsystem}/{name}"
        most = self._root.read_or(f"{folder}/max_brightness", "").strip()
        if not most.isdecimal():
            raise Refused("ENODEV", f"no such {subsystem} device: {name!r}")
        value = _number(text, 0, int(most))
        fd = os.open(self._root.path(f"{folder}/brightness"), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.write(fd, str(value).encode())
        finally:
            os.close(fd)

    def _wall(self, text: str) -> None:
        """wall(1) gets the text by a pipe: as an argument it could be the name of a file to read."""
        path = next((path for path in _WALL if os.access(self._root.path(path), os.X_OK)), "")
        if not path:
            raise Refused("ENOENT", "wall is not installed")
        read_fd, write_fd = os.pipe()
        os.write(write_fd, text.encode("utf-8", "surrogateescape") + b"\n")  # a pipe holds more than a message does
        os.close(write_fd)
        try:
            children.watch(self._loop, children.spawn([self._root.path(path)], stdin_fd=read_fd), lambda _status: None)
        finally:
            os.close(read_fd)

    def _schedule(self, kind: str, text: str) -> None:
        """The file that tells shells and greeters of a shutdown to come, as logind writes it."""
        if kind.removeprefix("dry-") not in _SCHEDULES:
            raise Refused("EINVAL", f"{kind!r} cannot be scheduled")
        usec = _number(text, 0, 2**64 - 1)
        mode = kind.removeprefix("dry-")
        dry = "DRY_RUN=1\n" if mode != kind else ""
        ops.Write(SCHEDULED, f"USEC={usec}\nWARN_WALL=1\nMODE={mode}\n{dry}").apply(self._root)

    def _inhibit(self, number: str, *values: str) -> None:
        """The file of an inhibitor: its end, the facade's pipe, is for whoever reads it to check."""
        inhibit.write(self._root, _number(number, 0, inhibit.MAX - 1), list(values))

    def _release(self, number: str) -> None:
        inhibit.remove(self._root, _number(number, 0, inhibit.MAX - 1))

    def _unschedule(self) -> None:
        try:
            os.unlink(self._root.path(SCHEDULED))
        except FileNotFoundError:
            pass


def _number(text: str, least: int, most: int) -> int:
    """A decimal number within bounds. Raises Refused."""
    if not (text.isascii() and text.isdecimal() and len(text) < 21 and least <= int(text) <= most):
        raise Refused("ERANGE", f"{text!r} is no number from {least} to {most}")
    return int(text)
