"""Inhibitors: who keeps the machine from going down or to sleep, for as long as somebody holds the descriptor.

The descriptor is the writing end of a pipe. When its last copy is closed, by a crash too, the reading end hangs up.
A bridge that is started anew finds those that are still held (p7.login1.survival).
"""

import os

from p7.dbus import errors as bus_errors
from p7.dbus.call import Call
from p7.dbus.errors import DBusError
from p7.inhibit import MAX
from p7.login1 import errors
from p7.login1.model import MANAGER, Login1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from p7.login1.survival import Notes

SHUTDOWN, SLEEP, IDLE = "shutdown", "sleep", "idle"
WHAT = (SHUTDOWN, SLEEP, IDLE, "handle-power-key", "handle-suspend-key", "handle-hibernate-key", "handle-lid-switch",
        "handle-reboot-key")  # fmt: skip
BLOCK, BLOCK_WEAK, DELAY = "block", "block-weak", "delay"
PROPERTIES = {BLOCK: "BlockInhibited", BLOCK_WEAK: "BlockWeakInhibited", DELAY: "DelayInhibited"}


class Inhibitor:
    """One lock: on what, of which mode, by whom. `number` is that of its file (p7.inhibit)."""

    __slots__ = ("mode", "number", "pid", "uid", "what", "who", "why")

    def __init__(
        self, what: tuple[str, ...], who: str, why: str, mode: str, uid: int, pid: int, number: int = -1
    ) -> None:
        self.what = what
        self.who = who
        self.why = why
        self.mode = mode
        self.uid = uid
        self.pid = pid
        self.number = number


class Inhibitors:
    """The locks held now, by the descriptor that tells of their end. `released()` is called after each such end."""

    def __init__(self, model: Login1, notes: "Notes") -> None:
        self._model = model
        self._notes = notes
        self._held: dict[int, Inhibitor] = {}
        self._counts = {mode: dict.fromkeys(WHAT, 0) for mode in PROPERTIES}

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> "Iterator[Inhibitor]":
        return iter(self._held.values())

    def inhibited(self, mode: str) -> str:
        """What is held in a mode, joined by colons: the value of BlockInhibited and its like."""
        return ":".join([what for what, count in self._counts[mode].items() if count])

    def holds(self, mode: str, what: str) -> bool:
        """Whether anybody holds `what` in a mode."""
        return self._counts[mode][what] > 0

    def add(self, inhibitor: Inhibitor) -> int:
        """Take a lock. Returns the descriptor to hand out and forget. Raises OSError when there are no more."""
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.watch(read_fd, inhibitor)
        self._notes.add(inhibitor, os.fstat(read_fd).st_ino)
        return write_fd

    def watch(self, fd: int, inhibitor: Inhibitor) -> None:
        """Hold a lock until the pipe of this reading end hangs up."""
        self._held[fd] = inhibitor
        self._model.loop.add(fd, lambda _: self._release(fd), 0)  # no events: a hang-up is always told
        self._count(inhibitor, 1)

    def _release(self, fd: int) -> None:
        self._model.loop.remove(fd)
        os.close(fd)
        inhibitor = self._held.pop(fd)
        self._notes.remove(inhibitor)
        self._count(inhibitor, -1)
        self._model.power.released()

    def _count(self, inhibitor: Inhibitor, difference: int) -> None:
        counts, mode, idle = self._counts[inhibitor.mode], inhibitor.mode, self._model.idle_hint()
        before = self.inhibited(mode)
        for what in inhibitor.what:
            counts[what] += difference
        changed = ["NCurrentInhibitors"]
        if self.inhibited(mode) != before:
            changed.append(PROPERTIES[mode])
        if self._model.idle_hint() != idle:
            changed.append("IdleHint")
        self._model.changed(MANAGER, *changed)


def check(call: Call, what: str, _who: str, _why: str, mode: str) -> None:
    """The arguments of Inhibit, in logind's order."""
    locks = parse_what(what)
    if not locks:
        raise errors.invalid(f"Invalid what specification {what}")
    if mode not in PROPERTIES:
        raise errors.invalid(f"Invalid mode specification {mode}")
    if mode == DELAY and not set(locks) <= {SHUTDOWN, SLEEP}:
        raise errors.invalid("Delay inhibitors only supported for shutdown and sleep")
    if call.state.power.what in locks:
        text = "The operation inhibition has been requested for is already running"
        raise DBusError(errors.OPERATION_IN_PROGRESS, text)


def inhibit(call: Call, what: str, who: str, why: str, mode: str) -> None:
    """Inhibit; the caller's pid and uid are the bus's word, not its own."""
    model: Login1 = call.state
    if len(model.inhibitors) >= MAX:
        text = f"Maximum number of inhibitors ({MAX}) reached, refusing further inhibitors."
        raise DBusError(bus_errors.LIMITS_EXCEEDED, text)
    try:
        fd = model.inhibitors.add(Inhibitor(parse_what(what), who, why, mode, call.caller.uid, call.caller.pid))
    except OSError as error:
        raise DBusError(bus_errors.LIMITS_EXCEEDED, error.strerror or "") from None
    call.reply(0, fds=(fd,))


def parse_what(text: str) -> tuple[str, ...]:
    """The locks that a colon-separated list names, in logind's order; none if any word is no lock."""
    words = text.split(":")
    return tuple(what for what in WHAT if what in words) if all(word in WHAT for word in words) else ()


def list_inhibitors(call: Call) -> tuple[list[object]]:
    """ListInhibitors."""
    held: Inhibitors = call.state.inhibitors
    return ([(":".join(i.what), i.who, i.why, i.mode, i.uid, i.pid) for i in held],)
