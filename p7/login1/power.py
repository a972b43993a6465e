"""Going down and to sleep: may it be, is anybody against it, everybody is told, the slow ones are waited for."""

from p7 import log
from p7.broker.wire import Refused
from p7.dbus.errors import DBusError
from p7.login1 import errors
from p7.login1.inhibitors import DELAY, SHUTDOWN, SLEEP
from p7.login1.model import MANAGER, PATH, Login1
from p7.loop import Timer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_STUCK_SEC = 90.0  # after which a system that still runs is not going down any more


class Action:
    """A way to go down or to sleep: the broker's word for it, its key in p7.toml, what inhibits it, login1's words."""

    __slots__ = ("key", "label", "name", "what")

    def __init__(self, name: str, what: str, key: str, label: str) -> None:
        self.name = name
        self.what = what
        self.key = key
        self.label = label


ACTIONS = {
    action.name: action
    for action in (
        Action("poweroff", SHUTDOWN, "power.poweroff", "power off"),
        Action("reboot", SHUTDOWN, "power.reboot", "reboot"),
        Action("halt", SHUTDOWN, "power.halt", "halt"),
        Action("suspend", SLEEP, "power.suspend", "suspend"),
        Action("hibernate", SLEEP, "power.hibernate", "hibernate"),
        Action("hybrid-sleep", SLEEP, "power.hibernate", "hybrid-sleep"),
        Action("suspend-then-hibernate", SLEEP, "power.hibernate", "suspend-then-hibernate"),
    )
}
SLEEP_ORDER = ("suspend-then-hibernate", "suspend", "hibernate")  # SleepOperation= of logind.conf(5) by default


def in_progress() -> DBusError:
    """What a second operation gets while the first is under way."""
    return DBusError(errors.OPERATION_IN_PROGRESS, "There's already a shutdown or sleep operation in progress")


class Power:
    """The one operation under way, if any: announced, perhaps waiting for delay inhibitors, then with the broker."""

    def __init__(self, model: Login1) -> None:
        self._model = model
        self._action: Action | None = None
        self._delay: Timer | None = None  # while it waits for delay inhibitors
        self._hope: Timer | None = None  # while the system goes down

    @property
    def what(self) -> str:
        """What the operation under way is, "shutdown" or "sleep"; empty if there is none."""
        return self._action.what if self._action is not None else ""

    @property
    def type(self) -> str:
        """The operation's name in PrepareForShutdownWithMetadata; empty if there is none."""
        return self._action.name if self._action is not None else ""

    def begin(self, action: Action, done: "Callable[[DBusError | None], None]") -> None:
        """Announce and do it. `done` is told at once if that waits for someone, or else how it went."""
        if self._action is not None:
            raise in_progress()
        self._action = action
        self._announce(True)
        delay_sec = self._model.settings["power.inhibit_delay_sec"]
        assert isinstance(delay_sec, int)
        if delay_sec and self._model.inhibitors.holds(DELAY, action.what):
            self._delay = self._model.loop.after(delay_sec, self._overdue)
            done(None)
        else:
            self._go(done)

    def released(self) -> None:
        """An inhibitor is gone: if it was the last that was waited for, go on."""
        if self._delay is not None and not self._model.inhibitors.holds(DELAY, self.what):
            self._model.loop.cancel(self._delay)
            self._go(lambda _: None)

    def ended(self) -> None:
        """The machine is awake again, or did not go down after all."""
        for timer in filter(None, (self._delay, self._hope)):
            self._model.loop.cancel(timer)
        self._delay = self._hope = None
        if self._action is not None:
            self._announce(False)
            self._action = None

    def _overdue(self) -> None:
        late = ", ".join(
            f"{i.who} ({i.pid})" for i in self._model.inhibitors if i.mode == DELAY and self.what in i.what
        )
        log.warning(f"{self.what}: going on without {late}")
        self._go(lambda _: None)

    def _go(self, done: "Callable[[DBusError | None], None]") -> None:
        assert self._action is not None
        action, self._delay = self._action, None

        def answered(_: list[str], refusal: Refused | None) -> None:
            if refusal is not None:
                log.error(f"{action.name}: {refusal.text}")
                if self._action is action:  # and hope was not given up before
                    self.ended()
            done(errors.refused(refusal) if refusal is not None else None)

        if action.what == SHUTDOWN:
            self._hope = self._model.loop.after(_STUCK_SEC, self.ended)
        try:
            self._model.channel.request("power", action.name, answer=answered)
        except Refused as refusal:
            answered([], refusal)

    def _announce(self, start: bool) -> None:
        signal = self._model.service.signal
        if self.what == SLEEP:
            signal(PATH, MANAGER, "PrepareForSleep", start)
        else:
            # This order is logind's: who hears the second first knows that the first will not come.
            signal(PATH, MANAGER, "PrepareForShutdownWithMetadata", start, {"type": ("s", self.type)})
            signal(PATH, MANAGER, "PrepareForShutdown", start)
