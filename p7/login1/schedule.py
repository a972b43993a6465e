"""A planned shutdown and the wall messages that go before it: what shutdown(8) asks for."""

import time

from p7 import log, sdlogin
from p7.dbus.call import Call
from p7.dbus.errors import DBusError
from p7.login1 import errors, requests
from p7.login1.inhibitors import SHUTDOWN
from p7.login1.model import MANAGER, Login1
from p7.login1.power import ACTIONS, Action
from p7.loop import Timer

FILE = "/run/systemd/shutdown/scheduled"  # the broker writes it; shutdown --show and a restarted bridge read it
NOTHING = ("", (1 << 64) - 1)  # USEC_INFINITY
MESSAGE_MAX = 2048  # bytes; with the line put under it, it must fit into one message to the broker
_DIGITS = 20  # of the greatest 64-bit number

_WARN_SEC = [60 * minutes for minutes in (60, 30, 15, 10, 5, 4, 3, 2, 1)]
_TICK_SEC = 60.0  # the timer's clock stops during sleep, and the real one may be set: look again this often


class Schedule:
    """The one shutdown that is planned, if any; a new one takes its place."""

    def __init__(self, model: Login1) -> None:
        self._model = model
        self._action: Action | None = None
        self._dry = False
        self._when_usec = 0
        self._warned_sec = 0
        self._timer: Timer | None = None

    def value(self) -> tuple[str, int]:
        """The property ScheduledShutdown: what, and when by the real clock."""
        return NOTHING if self._action is None else (self._action.name, self._when_usec)

    def load(self) -> None:
        """Take up what a predecessor had planned; a file that cannot be its own is reported and removed."""
        text = self._model.root.read_or(FILE, "")
        planned = sdlogin.parse(text)
        action, when = ACTIONS.get(planned.get("MODE", "")), planned.get("USEC", "")
        when_usec = int(when) if when.isdecimal() and len(when) <= _DIGITS else 1 << 64
        if action is not None and action.what == SHUTDOWN and when_usec < 1 << 64:
            self.plan(action, when_usec, dry=False)
        elif text:
            log.warning(f"{FILE} is damaged: no shutdown is planned any more, and the file is removed")
            self._model.tell("unschedule")

    def plan(self, action: Action, when_usec: int, *, dry: bool) -> None:
        """Do it then; when that has passed, as soon as possible."""
        self.cancel()
        self._action, self._when_usec, self._dry = action, when_usec, dry
        self._warned_sec = 1 << 62
        self._model.changed(MANAGER, "ScheduledShutdown")
        if self._left_sec() > 0:
            self._tick()
        else:
            self._timer = self._model.loop.after(0, self._tick)  # the caller is to hear first that it is planned

    def cancel(self) -> bool:
        """Plan nothing any more; tell whether something was planned."""
        if self._timer is not None:
            self._model.loop.cancel(self._timer)
        planned, self._action, self._timer = self._action is not None, None, None
        if planned:
            self._model.changed(MANAGER, "ScheduledShutdown")
        return planned

    def _left_sec(self) -> float:
        return self._when_usec / 1e6 - time.time()

    def _tick(self) -> None:
        assert self._action is not None
        left_sec = self._left_sec()
        if left_sec <= 0:
            self._execute(self._action)
            return
        next_sec = max((warn for warn in _WARN_SEC if warn < left_sec), default=0)
        if next_sec < self._warned_sec:
            self._warned_sec = next_sec
            self._model.broadcast(f"The system will {self._action.label} {_at(self._when_usec)}!")
        self._timer = self._model.loop.after(min(left_sec - next_sec, _TICK_SEC), self._tick)

    def _execute(self, action: Action) -> None:
        dry = self._dry
        self.cancel()
        self._model.tell("unschedule")
        if dry:
            log.info(f"{action.name}: a rehearsal, nothing is done")
            return
        self._model.broadcast(f"The system will {action.label} now!")
        try:
            self._model.power.begin(action, lambda _: None)
        except DBusError as error:
            log.error(f"{action.name}, as planned: {error.text}")


def check(_: Call, type: str, _when_usec: int) -> None:
    """The arguments of ScheduleShutdown."""
    action = ACTIONS.get(type.removeprefix("dry-"))
    if action is None or action.what != SHUTDOWN:
        raise errors.invalid(f"Unsupported shutdown type: {type}")


def schedule(call: Call, type: str, when_usec: int) -> None:
    """ScheduleShutdown."""
    model: Login1 = call.state
    action = ACTIONS[type.removeprefix("dry-")]
    requests.permit(model, action, call.caller, 0)
    dry = type.startswith("dry-")
    model.schedule.plan(action, when_usec, dry=dry)
    if dry:
        call.reply()
    else:
        model.ask(call, "schedule", action.name, str(when_usec), undo=model.schedule.cancel)


def cancel(call: Call) -> tuple[bool] | None:
    """CancelScheduledShutdown: everybody may find that there is nothing to cancel."""
    model: Login1 = call.state
    if model.schedule.value() == NOTHING:
        return (False,)
    call.service.check(call)
    model.schedule.cancel()
    model.broadcast("System shutdown has been cancelled")
    model.ask(call, "unschedule", reply=(True,))
    return None


def set_wall_message(call: Call, text: str, enable: bool) -> tuple[()]:
    """SetWallMessage."""
    call.state.wall_message = text
    call.state.wall = enable
    return ()


def check_message(_: Call, text: str, *_rest: object) -> None:
    """The arguments of SetWallMessage."""
    if len(text.encode()) > MESSAGE_MAX:
        raise errors.invalid(f"Wall message too long, maximum permitted length is {MESSAGE_MAX} characters.")


def set_message(call: Call, text: str) -> None:
    """The property WallMessage."""
    check_message(call, text)
    call.state.wall_message = text


def set_enabled(call: Call, enable: bool) -> None:
    """The property EnableWallMessages."""
    call.state.wall = enable


def _at(when_usec: int) -> str:
    return time.strftime("at %a %Y-%m-%d %H:%M:%S", time.localtime(when_usec / 1e6))
