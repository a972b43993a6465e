"""Power: shutdown through openrc-shutdown(8), sleep through the kernel; `[power]` in p7.toml may say otherwise."""

import os
import stat

from p7.broker import children, sleep
from p7.broker.wire import Refused
from p7.config import Config
from p7.loop import Loop
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from p7.config import Value

SHUTDOWN = {"poweroff": "-p", "reboot": "-r", "halt": "-H"}
# Sleep and the key of p7.toml that rules it
SLEEP = {
    "suspend": "suspend",
    "hibernate": "hibernate",
    "hybrid-sleep": "hibernate",
    "suspend-then-hibernate": "hibernate",
}
_SHUTDOWN_SEC = 80.0  # for the program; less than the facade's hope lasts, so that it is told before that gives up
_OPENRC_SHUTDOWN = ("/usr/bin/openrc-shutdown", "/sbin/openrc-shutdown", "/usr/sbin/openrc-shutdown")


def program(root: Root, how: "Value") -> str:
    """What carries an action out: p7.toml's command, or openrc-shutdown; empty where that is not installed."""
    paths = (how[0],) if isinstance(how, list) else _OPENRC_SHUTDOWN
    return next((path for path in paths if _is_program(root.path(path))), "")


def _is_program(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except PermissionError:
        return True  # it is the facade that asks, and the broker that may look
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)


class Power:
    """One action at a time. `resumed()` is called whenever a sleep that began has ended."""

    def __init__(self, root: Root, settings: Config, loop: Loop, resumed: "Callable[[], None]") -> None:
        self._root = root
        self._settings = settings
        self._loop = loop
        self._resumed = resumed
        self._busy = False

    def act(self, action: str, done: "Callable[[Refused | None], None]", shed: "Callable[[], None]") -> None:
        """Do it, then call `done`: for a shutdown once its program has ended, for a sleep once it begins.

        `shed` is called in the child that sleeps, to close what is the broker's. Raises Refused.
        """
        if action not in SHUTDOWN and action not in SLEEP:
            raise Refused("EINVAL", f"{action!r} is no power action")
        if self._busy:
            raise Refused("EBUSY", "another power action is under way")
        how = self._settings["power." + SLEEP.get(action, action)]
        if how == "off":
            raise Refused("ENOTSUP", f"p7.toml switches {action} off")
        if how == "noop":
            done(None)
            if action in SLEEP:
                self._resumed()
        elif action in SHUTDOWN:
            self._shut_down(how if isinstance(how, list) else [self._program(), SHUTDOWN[action], "now"], done)
        else:
            self._sleep(action, how if isinstance(how, list) else [], shed)
            done(None)

    def _shut_down(self, argv: list[str], done: "Callable[[Refused | None], None]") -> None:
        try:
            pid = children.spawn([self._root.path(argv[0]), *argv[1:]])
        except OSError as error:
            raise Refused("ENOENT", f"{argv[0]}: {error.strerror}") from None
        waiting = True

        def answer(refused: Refused | None) -> None:
            nonlocal waiting
            if waiting:
                waiting = self._busy = False
                done(refused)

        def ended(status: int) -> None:
            answer(Refused("EIO", f"{argv[0]}: ended with {status}") if status else None)

        def overdue() -> None:
            answer(Refused("ETIMEDOUT", f"{argv[0]}: runs still after {_SHUTDOWN_SEC:.0f} s"))

        children.watch(self._loop, pid, ended)
        self._busy = True
        self._loop.after(_SHUTDOWN_SEC, overdue)

    def _sleep(self, action: str, command: list[str], shed: "Callable[[], None]") -> None:
        if not command and not sleep.is_possible(self._root, action):
            raise Refused("ENOTSUP", f"this kernel offers no {action}")

        def work() -> int:
            shed()
            return sleep.run(self._root, action, command)

        children.watch(self._loop, children.fork(work), self._woke)
        self._busy = True

    def _woke(self, _status: int) -> None:
        self._busy = False
        self._resumed()

    def _program(self) -> str:
        if path := program(self._root, "auto"):
            return path
        raise Refused("ENOENT", "openrc-shutdown is not installed")
