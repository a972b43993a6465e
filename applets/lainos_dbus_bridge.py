"""Own org.freedesktop.login1 and answer as logind does for one user, one session and one seat.

Runs as two processes. The broker keeps root: it opens the session for lainos-init on /run/lainos/session, moves its
processes into session-1.scope, publishes the files of /run/systemd, and carries out shutdown, sleep and brightness
changes; it never reads D-Bus. The facade serves D-Bus as the system user lainos, without any capability, and asks the
broker by a closed set of verbs. When one ends the other does, for the supervisor to start both anew; what the session
is survives in /run/systemd and /run/lainos/members.
"""

import _signal
import _socket
import gc
import os

from p7 import config, identity, log, proc, sdlogin
from p7.broker.broker import Broker
from p7.loop import ENDING
from p7.root import SYSTEM, Root

PRIVILEGE = "root"


def run(root: Root = SYSTEM, *, ready_fd: int = -1) -> int:
    """Serve until SIGTERM. 1 if one of the halves could not start or did not go on."""
    # Until the loops run: a start makes no garbage, and looking for some would unshare the pages of the two processes.
    gc.disable()
    log.start_daemon(root)
    settings = config.load(root)
    proc.system_user(root)  # refuse now, not in the child
    user = identity.find_user(root, settings)
    session = sdlogin.read_session(root)
    broker = Broker(root, settings, user, session)
    # The facade may say that both are ready before the broker has a loop: until each has its own, a signal waits.
    _signal.pthread_sigmask(_signal.SIG_BLOCK, ENDING)
    ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    facade = os.fork()
    if facade == 0:
        broker.shed()
        ours.close()
        from p7.login1.facade import main  # here, so that the broker stays small

        return main(root, settings, user, session, theirs.detach(), ready_fd)
    theirs.close()
    if ready_fd >= 0:
        os.close(ready_fd)  # the facade says it
    return broker.run(facade, ours)
