"""The side of lainos-dbus-bridge that speaks D-Bus: an unprivileged process that can only ask the broker."""

from p7 import Failure, inhibit, log, proc
from p7.broker import privileges
from p7.broker.wire import Channel, session_from
from p7.config import Config
from p7.dbus.bus import Bus
from p7.dbus.service import Node, Service
from p7.identity import SEAT_ID, SEAT_PATH, SESSION_ID, SESSION_PATH, Session, User
from p7.login1 import manager, model, seat, session, survival, user
from p7.login1.inhibitors import Inhibitor, Inhibitors
from p7.login1.model import PATH, Login1, moment
from p7.login1.power import Power
from p7.login1.schedule import Schedule
from p7.login1.survival import Notes
from p7.loop import Loop
from p7.root import Root

BUS_SOCKET = "/run/dbus/system_bus_socket"
_SPARE_FDS = 64  # beside one for each inhibitor
_DESCRIBED = {"type": "Type", "tty": "TTY", "display": "Display"}


def main(root: Root, settings: Config, owner: User | None, current: Session, channel_fd: int, ready_fd: int) -> int:
    """Run in the process that the broker forked, still as root; returns its exit status."""
    _make_room()
    held = survival.find(root)
    privileges.confine_identity(root)
    return Facade(root, settings, owner, current, held, channel_fd, ready_fd).run()


class Facade:
    """Wires bus, broker and state together; holds the exit status."""

    def __init__(
        self, root: Root, settings: Config, owner: User | None, current: Session, held: dict[int, Inhibitor],
        channel_fd: int, ready_fd: int,
    ) -> None:  # fmt: skip
        self._loop = Loop()
        self._ready_fd = ready_fd
        self._status = 0
        self.state = Login1(root, settings, self._loop, owner, current)
        self.state.service = self._service = Service(root, self.state, self.state.trusts)
        self.state.power = Power(self.state)
        self.state.schedule = Schedule(self.state)
        self.state.channel = Channel(self._loop, channel_fd, self._news, lambda: self._fail("the broker has ended"))
        notes = Notes(self.state.channel, [inhibitor.number for inhibitor in held.values()])
        self.state.inhibitors = Inhibitors(self.state, notes)
        self._bus = Bus(self._loop, root.path(BUS_SOCKET), model.NAME, self._service, self._serve, self._fail)
        self._service.add(Node(PATH, (manager.INTERFACE,)))
        for fd, inhibitor in held.items():
            self.state.inhibitors.watch(fd, inhibitor)
        self._add_identity()

    def run(self) -> int:
        """Serve until SIGTERM, the broker's end, or a bus that does not come back."""
        self._bus.connect()
        self._loop.run()
        return self._status

    def _serve(self) -> None:
        self.state.schedule.load()
        try:
            privileges.seccomp()
        except Failure as failure:  # to the connection, which calls this, it would be one message's mishap
            self._fail(str(failure))
        else:
            proc.ready(self._ready_fd)

    def _fail(self, reason: str) -> None:
        log.fatal(reason)
        self._status = 1
        self._loop.stop()

    def _add_identity(self) -> None:
        """The objects of session, seat and user, and the names that mean the caller's own."""
        owner = self.state.user
        if owner is None:
            return
        objects = ((SESSION_PATH, session.INTERFACE, "self auto"), (SEAT_PATH, seat.INTERFACE, "self auto"),
                   (owner.object_path, user.INTERFACE, "self"))  # fmt: skip
        for path, interface, names in objects:
            node = Node(path, (interface,))
            self._service.add(node)
            for name in names.split():
                self._service.add(node.alias(f"{path.rpartition('/')[0]}/{name}", self.state.belongs))

    def _news(self, kind: str, fields: list[str]) -> None:
        """What the broker tells unasked."""
        if kind == "session":
            self._session_changed(session_from(fields))
        elif kind == "user":
            self._user_appeared(User(fields[0], int(fields[1]), int(fields[2]), "", ""))
        elif kind == "resumed":
            self.state.power.ended()

    def _session_changed(self, new: Session) -> None:
        old, self.state.session = self.state.session, new
        self._service.forget()
        changed = [name for key, name in _DESCRIBED.items() if getattr(old, key) != getattr(new, key)]
        if changed:
            self.state.changed(model.SESSION, *changed)
        if new.realtime_usec != old.realtime_usec:  # another program, which has hinted at nothing yet
            self.state.since = moment(new.realtime_usec)
            self.state.set_idle(False)
            self.state.set_locked(False)

    def _user_appeared(self, owner: User) -> None:
        self.state.user = owner
        self._service.forget()
        self._add_identity()
        signal = self._service.signal
        signal(PATH, model.MANAGER, "UserNew", owner.uid, owner.object_path)
        signal(PATH, model.MANAGER, "SeatNew", SEAT_ID, SEAT_PATH)
        signal(PATH, model.MANAGER, "SessionNew", SESSION_ID, SESSION_PATH)


def _make_room() -> None:
    """Room for as many descriptors as there may be inhibitors (prlimit(2))."""
    from p7 import linux  # not resource: the static form has not got it

    linux.limit_open_files(inhibit.MAX + _SPARE_FDS)
