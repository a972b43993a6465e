"""The session's life: who runs in it, where, and what is published of it.

A program that a login started becomes a member; the first describes the session and is its leader, and when it goes
the next one is. With the last the session closes: what p7 started for it ends, and what described the program is
reset. Id, user, seat and state stay as they are.
"""

import _signal
import os
import time

import p7.linux  # noqa: F401  # for RuntimeDir, which imports it late: by then p7 may have been replaced
from p7 import cgroup, identity, log, ops, proc, sdlogin
from p7.broker import vt
from p7.broker.wire import Refused, session_fields, session_from
from p7.config import Config
from p7.identity import Session, User
from p7.loop import Loop, Timer
from p7.root import Root
from p7.runtime_dir import RuntimeDir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_GRACE_SEC = 2.0  # from SIGTERM to SIGKILL
_AGAIN_SEC = 5.0  # from a file that could not be written, as on a full /run, to the next try
_LOOK_SEC = 2.0  # from one look at what runs of a session whose members are not known to the next
_MOST_MEMBERS = 16
# The members, a line each: when it began, and its session's KEY=VALUE, in none of which there can be a space
_MEMBERS = "/run/lainos/members"


class Member:
    """A program that a login started, and what it says of itself. `pidfd` is open while it is a member.

    `began` is its start time as in proc_pid_stat(5): with the pid it tells a process from all that ever were.
    """

    __slots__ = ("began", "pid", "pidfd", "session")

    def __init__(self, pidfd: int, began: str, session: Session) -> None:
        self.pid = session.leader
        self.pidfd = pidfd
        self.began = began
        self.session = session


class Keeper:
    """`changed()` is called after every publication, `found(user)` when the machine's user has appeared."""

    def __init__(self, root: Root, settings: Config, user: User | None, session: Session) -> None:
        self.user = user
        self.session = session
        self._root = root
        self._settings = settings
        self._members: list[Member] = []
        self._ending: tuple[Timer, str] | None = None
        self._again: Timer | None = None
        self._has_strangers = False  # something runs in the scope, and what its members are was not written down

    def start(self, loop: Loop, changed: "Callable[[], None]", found: "Callable[[User], None]") -> None:
        """Begin to watch; the members that a killed predecessor had are taken over, or the session closed."""
        self._loop = loop
        self._changed = changed
        self._found = found
        remembered = self._remembered()
        if remembered is None and self._rest():
            log.warning("who opened the session is not known: it closes when the last of its processes has ended")
            self._has_strangers = True
            self._look()
            return
        left = [session for began, session in remembered or () if not self._resume(began, session)]
        for session in left:
            self._give_up(session.vtnr)
        if self._members:
            self._lead(self._members[0])
            log.info(f"process {self.session.leader} leads the session still")
        elif left or self.session.leader:
            self._close()

    def owner(self) -> User | None:
        """The machine's user; while there is none, each login is an occasion to look again."""
        if self.user is None:
            self.user = identity.find_user(self._root, self._settings)
            if self.user is not None:
                ops.run([RuntimeDir(self.user)], self._root)
                self._write()
                self._found(self.user)
        return self.user

    def why_nobody(self) -> str:
        """What to tell a login while owner() is None; the settings are those of the broker's start."""
        name = self._settings["identity.user"]
        remedy = "after a change of [identity] there, 'rc-service lainos-dbus-bridge restart'"
        if name:
            return f"no session can be that of {name!r}, whom p7.toml named when lainos-dbus-bridge started; {remedy}"
        return f"/etc/passwd has no user with a uid from 1000 to 59999, and p7.toml named none; {remedy}"

    def open(self, user: User, pid: int, pidfd: int, description: dict[str, str | int]) -> None:
        """Make a process a member; `pidfd` is the keeper's from here on. Raises Refused."""
        if any(member.pid == pid for member in self._members):
            os.close(pidfd)
            raise Refused("EALREADY", "this process opened the session before")
        if len(self._members) >= _MOST_MEMBERS:
            os.close(pidfd)
            raise Refused("EUSERS", f"{_MOST_MEMBERS} programs run in the session already")
        self._end_now()
        # A program that joins others does not begin the session anew.
        began_usec = self.session.realtime_usec if self._members else time.time_ns() // 1000
        session = Session(**description, leader=pid, realtime_usec=began_usec)  # type: ignore[arg-type]
        ops.run([RuntimeDir(user)], self._root)
        self._enter(user, pid, pidfd)
        if session.vtnr:
            vt.give(self._root, session.vtnr, user.uid, pid)
        self._watch(Member(pidfd, proc.began(self._root, pid), session))
        if len(self._members) == 1:
            self._lead(self._members[0])
        else:
            self._write()
        log.info(f"session opened for {user.name}: process {pid}, {session.type}")

    def describe(self, description: dict[str, str | int]) -> None:
        """Change what is said of the leader's program: SetType, SetDisplay and SetTTY of login1."""
        for key, value in description.items():
            setattr(self.session, key, value)
        self._publish()

    def signal_leader(self, number: int) -> None:
        """Send the leader a signal. Raises Refused."""
        if not self._members:
            raise Refused("ESRCH", "the session has no leader")
        _signal.pidfd_send_signal(self._members[0].pidfd, number)

    def signal_all(self, number: int) -> None:
        """Send every process of the session a signal."""
        if scope := self._place():
            cgroup.signal(self._root, scope, number)

    def terminate(self) -> None:
        """End every process of the session; that of its members closes it."""
        if scope := self._place():
            self._end(scope)

    def _enter(self, user: User, pid: int, pidfd: int) -> None:
        """Put a process into the session's cgroup; without one libsystemd does not see that it is in the session.

        Raises Refused, and closes the pidfd, if it ended meanwhile.
        """
        point = cgroup.find(self._root).point
        if not point:
            log.warning("no cgroup2 is mounted: libsystemd, and so polkit, will see no session")
            return
        if ops.run(cgroup.session_plan(point, user), self._root) != 0:
            return
        before = proc.cgroup(self._root, pid)
        ops.run([cgroup.Attribute(f"{point}{user.scope}/cgroup.procs", str(pid))], self._root)
        if proc.has_ended(pidfd):  # cgroup.procs takes a number only, so another process may have been moved
            os.close(pidfd)
            ops.run([cgroup.Attribute(f"{point}{before}/cgroup.procs", str(pid))], self._root)
            raise Refused("ESRCH", "the process ended while it opened the session")

    def _place(self) -> str:
        """The session's cgroup as a path, or an empty string."""
        point = cgroup.find(self._root).point if self.user is not None else ""
        return point + self.user.scope if point and self.user is not None else ""

    def _remembered(self) -> list[tuple[str, Session]] | None:
        """The members that a predecessor had: when each began, and what it said of itself. None: nothing tells."""
        try:
            lines = self._root.read(_MEMBERS).splitlines()
            return [(began, session_from(fields)) for began, *fields in map(str.split, lines)]
        except FileNotFoundError:
            return None
        except (AttributeError, ValueError):
            log.warning(f"{_MEMBERS}: not as this version of p7 writes it")
            return None

    def _rest(self) -> set[int]:
        """What runs in the session, without what p7 started for it."""
        scope = self._place()
        running = set(cgroup.processes(self._root, scope)) if scope else set()
        return running and running - set(cgroup.processes(self._root, f"{scope}/services"))

    def _look(self) -> None:
        """While there are strangers: close the session once nothing runs in it."""
        if self._rest():
            self._loop.after(_LOOK_SEC, self._look)
            return
        self._has_strangers = False
        if not self._members:
            self._close()

    def _resume(self, began: str, session: Session) -> bool:
        """Watch a predecessor's member, if it runs still."""
        pidfd = proc.pidfd(session.leader)
        if pidfd >= 0 and proc.began(self._root, session.leader) == began and not proc.has_ended(pidfd):
            self._watch(Member(pidfd, began, session))
            return True
        if pidfd >= 0:
            os.close(pidfd)
        return False

    def _watch(self, member: Member) -> None:
        self._members.append(member)
        self._loop.add(member.pidfd, lambda _events: self._gone(member))

    def _gone(self, member: Member) -> None:
        self._loop.remove(member.pidfd)
        os.close(member.pidfd)
        self._members.remove(member)
        self._give_up(member.session.vtnr)
        if not self._members:
            self._close()
        elif member.pid == self.session.leader:
            self._lead(self._members[0])
        else:
            self._write()

    def _give_up(self, number: int) -> None:
        """Take a virtual terminal back that no member is on any more."""
        if number and all(member.session.vtnr != number for member in self._members):
            self._take_back(number)

    def _lead(self, member: Member) -> None:
        self.session = member.session
        self._publish()

    def _close(self) -> None:
        scope = self._place()
        if scope and not self._has_strangers:
            self._end(scope if self._settings["session.kill"] else f"{scope}/services")
        if self.session.vtnr:
            self._take_back(self.session.vtnr)
        self.session = Session(realtime_usec=self.session.realtime_usec)
        self._publish()
        log.info("session closed")

    def _take_back(self, number: int) -> None:
        if self.user is not None:
            vt.take_back(self._root, number, self.user.uid)

    def _publish(self) -> None:
        self._write()
        self._changed()

    def _write(self) -> None:
        """The files of /run: now, and as often as it takes."""
        if self._again is not None:
            self._loop.cancel(self._again)
            self._again = None
        if self.user is None:
            return
        lines = (" ".join([member.began, *session_fields(member.session)]) for member in self._members)
        members = ops.Write(_MEMBERS, "".join(f"{line}\n" for line in lines), 0o600)
        failed = ops.run([*sdlogin.files(self.user, self.session), sdlogin.Forget(self.user)], self._root)
        if ops.run([members], self._root):
            self._forget_members()
            failed = 1
        if failed:
            self._again = self._loop.after(_AGAIN_SEC, self._write)

    def _forget_members(self) -> None:
        """None written down is better than the wrong ones, by which a successor would close the session."""
        try:
            os.unlink(self._root.path(_MEMBERS))
        except OSError:
            pass

    def _end(self, path: str) -> None:
        """Ask a cgroup's processes to leave, and make those that are left after a while."""
        if self._ending is not None and path.startswith(self._ending[1]):
            return  # it has been asked already, as a part of the whole
        self._end_now()
        if not cgroup.processes(self._root, path):
            return
        cgroup.signal(self._root, path, _signal.SIGTERM)
        cgroup.signal(self._root, path, _signal.SIGCONT)  # a stopped one could not hear it
        self._ending = self._loop.after(_GRACE_SEC, self._end_now), path

    def _end_now(self) -> None:
        """The end that was asked for, at once: a new login must not lose its bus to it later."""
        if self._ending is None:
            return
        timer, path = self._ending
        self._ending = None
        self._loop.cancel(timer)
        for _ in range(20):
            if not cgroup.processes(self._root, path):
                return
            cgroup.kill(self._root, path)
            time.sleep(0.01)  # the killed are gone in no time; a login that comes now must not meet them
