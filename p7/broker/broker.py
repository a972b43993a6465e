"""The broker: the half of lainos-dbus-bridge that stays root and knows nothing of D-Bus."""

import _signal
import _socket
import os
import select

from p7 import Failure, log
from p7.broker import wire
from p7.broker.keeper import Keeper
from p7.broker.listener import Listener
from p7.broker.power import Power
from p7.broker.verbs import Verbs
from p7.broker.wire import Link, Refused
from p7.config import Config
from p7.identity import Session, User
from p7.loop import Loop
from p7.root import Root

_PATIENCE_MSEC = 1000


class Broker:
    """Made before the facade is forked, so that the session socket is there first; run() serves both."""

    def __init__(self, root: Root, settings: Config, user: User | None, session: Session) -> None:
        self._root = root
        self._settings = settings
        self._keeper = Keeper(root, settings, user, session)
        self._listener = Listener(root)

    def shed(self) -> None:
        """Close the broker's descriptors, in a child that has inherited them."""
        self._listener.shed()

    def run(self, facade: int, socket: _socket.socket) -> int:
        """Serve until SIGTERM (0) or the facade's end (1), and leave no facade behind."""
        self._loop = Loop()
        self._status = 0
        self._link = Link(self._loop, socket.detach(), self._received, self._facade_ended)
        power = Power(self._root, self._settings, self._loop, lambda: self._tell("resumed"))
        self._verbs = Verbs(self._root, self._loop, self._keeper, power, self._shed_all)
        self._keeper.start(self._loop, self._changed, self._found)
        self._listener.serve(self._loop, self._keeper)
        self._loop.run()
        os.kill(facade, _signal.SIGTERM)  # an orderly end; without it the link's end would be an error to report
        self._link.close()
        self._listener.remove()
        ended = _wait(facade)
        if self._status:
            log.error(f"the facade ended with status {ended}; so does the broker, for the supervisor to restart both")
        return self._status

    def _received(self, fields: list[str]) -> None:
        if len(fields) < 2 or not fields[0].isdecimal():
            log.error(f"the facade sent what is no request: {fields!r}")
            self._facade_ended()
            return
        serial, verb, *arguments = fields
        try:
            self._verbs.do(verb, arguments, lambda refused: self._answer(serial, verb, refused))
        except Refused as refused:
            self._answer(serial, verb, refused)
        except Failure as failure:
            self._answer(serial, verb, Refused("EIO", str(failure)))
        except OSError as error:
            self._answer(serial, verb, wire.refused(error))

    def _answer(self, serial: str, verb: str, refused: Refused | None) -> None:
        if refused is None:
            self._send(serial, "ok")
        else:
            log.info(f"{verb} refused: {refused}")
            self._send(serial, "error", refused.name, refused.text[:500])

    def _changed(self) -> None:
        self._tell("session", *wire.session_fields(self._keeper.session))

    def _found(self, user: User) -> None:
        self._tell("user", user.name, str(user.uid), str(user.gid))

    def _tell(self, *fields: str) -> None:
        self._send("0", *fields)

    def _send(self, *fields: str) -> None:
        try:
            self._link.send(*fields)
        except Refused as refused:
            log.error(f"the facade cannot be told: {refused}")
            self._facade_ended()

    def _facade_ended(self) -> None:
        self._status = 1
        self._loop.stop()

    def _shed_all(self) -> None:
        self.shed()
        self._link.shed()


def _wait(facade: int) -> int:
    """The facade's exit status, or minus the signal that killed it; it is given a second to leave by itself."""
    poll = select.poll()
    poll.register(os.pidfd_open(facade), select.POLLIN)
    if not poll.poll(_PATIENCE_MSEC):
        os.kill(facade, _signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(facade, 0)[1])
