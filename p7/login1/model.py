"""What login1 tells of: the identity, the hints, who inhibits what; and the ways to the broker and to listeners."""

import time

from p7 import identity, log, proc
from p7.broker.wire import Channel, Refused
from p7.config import Config
from p7.dbus.call import Call
from p7.dbus.peers import Peer
from p7.dbus.service import Service
from p7.identity import Session, User
from p7.login1 import errors
from p7.loop import Loop
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from p7.login1.inhibitors import Inhibitors
    from p7.login1.power import Power
    from p7.login1.schedule import Schedule

NAME = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
MANAGER = NAME + ".Manager"
SESSION = NAME + ".Session"
SEAT = NAME + ".Seat"
USER = NAME + ".User"
_PATHS = {SESSION: identity.SESSION_PATH, SEAT: identity.SEAT_PATH}


class Moment:
    """A point in time on both clocks, in microseconds; zero for never."""

    __slots__ = ("monotonic_usec", "realtime_usec")

    def __init__(self, realtime_usec: int = 0, monotonic_usec: int = 0) -> None:
        self.realtime_usec = realtime_usec
        self.monotonic_usec = monotonic_usec


def now() -> Moment:
    """The present."""
    return Moment(time.time_ns() // 1000, time.monotonic_ns() // 1000)


def moment(realtime_usec: int) -> Moment:
    """A past time of the real clock, with what the monotonic clock must have shown then."""
    present = now()
    ago = present.realtime_usec - realtime_usec
    return Moment(realtime_usec, max(0, present.monotonic_usec - ago) if realtime_usec else 0)


class Login1:
    """The state behind every object."""

    def __init__(self, root: Root, settings: Config, loop: Loop, user: User | None, session: Session) -> None:
        self.root = root
        self.settings = settings
        self.loop = loop
        self.user = user
        self.session = session
        self.since = moment(session.realtime_usec)
        self.idle = False
        self.idle_since = Moment()
        self.locked = False
        self.wall_message = ""
        self.wall = False
        self.service: Service
        self.channel: Channel
        self.inhibitors: Inhibitors
        self.power: Power
        self.schedule: Schedule

    def trusts(self, peer: Peer) -> bool:
        """Whether someone may act: root, and the user whose machine it is."""
        return peer.uid == 0 or (self.user is not None and peer.uid == self.user.uid)

    def holds(self, pid: int) -> bool:
        """Whether a process is in the session, by the cgroup it is in, as libsystemd finds out too."""
        if self.user is None:
            return False
        return f"{proc.cgroup(self.root, pid)}/".startswith(f"{self.user.scope}/")

    def belongs(self, peer: Peer) -> bool:
        """Whether a client of the bus is the session's user, or some process in the session."""
        return self.user is not None and (peer.uid == self.user.uid or self.holds(peer.pid))

    def idle_hint(self) -> bool:
        """The Manager's IdleHint: the session is idle, and nobody keeps the machine from being so."""
        return self.idle and not (self.inhibitors.holds("block", "idle") or self.inhibitors.holds("block-weak", "idle"))

    def set_idle(self, idle: bool) -> None:
        """Change the idle hint of session, seat and user, and the Manager's with it."""
        if idle != self.idle:
            self.idle = idle
            self.idle_since = now()
            for interface in (SESSION, SEAT, USER, MANAGER):
                self.changed(interface, "IdleHint", "IdleSinceHint", "IdleSinceHintMonotonic")

    def set_locked(self, locked: bool) -> None:
        """Change the locked hint."""
        if locked != self.locked:
            self.locked = locked
            self.changed(SESSION, "LockedHint")

    def changed(self, interface: str, *names: str) -> None:
        """Tell of new property values."""
        if interface == MANAGER:
            self.service.changed(PATH, interface, *names)
        elif self.user is not None:
            self.service.changed(_PATHS.get(interface, self.user.object_path), interface, *names)

    def tell(self, verb: str, *arguments: str) -> None:
        """Have the broker do what nobody waits for."""
        try:
            self.channel.request(verb, *arguments)
        except Refused as refusal:
            log.error(f"{verb}: {refusal.text}")

    def broadcast(self, text: str) -> None:
        """Write to every terminal, if somebody has asked for wall messages."""
        if self.wall:
            self.tell("wall", f"{self.wall_message}\n{text}" if self.wall_message else text)

    def ask(
        self,
        call: Call,
        verb: str,
        *arguments: str,
        reply: tuple[object, ...] = (),
        undo: "Callable[[], object]" = lambda: None,
    ) -> None:
        """Have the broker do it, and answer the call: with `reply`, or after `undo()` with why it was not done."""

        def answered(_: list[str], refusal: Refused | None) -> None:
            if refusal is None:
                call.reply(*reply)
            else:
                undo()
                call.fail(errors.refused(refusal))

        try:
            self.channel.request(verb, *arguments, answer=answered)
        except Refused as refusal:
            answered([], refusal)
