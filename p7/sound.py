"""The session's sound: which daemons it takes, and how each is started, waited for and told of when it ends."""

import _signal
import os
import select
import time

from p7 import Failure, log, proc, service
from p7.pipewire import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_SEC = 5.0
# os has no call that waits for a socket to appear. This wait is for the daemon's end, which is so noticed at once.
_STEP_SEC = 0.005
_GRACE_SEC = 0.05
_RC_PATIENCE_SEC = 10.0
_RC_STARTING = 8  # rc-service's status, of a service that is being started (OpenRC's openrc-run.sh, _status)
_LAST_LINES, _LAST_BYTES = 5, 8192
_LOOK_SEC = 10.0
_LOG_MOST, _LOG_KEPT = 1 << 18, 1 << 16  # bytes
# Exit codes of what somebody ended; PipeWire's programs make a 0 of SIGTERM, so nobody can tell who it was.
_ORDERLY = (0, -_signal.SIGTERM, -_signal.SIGINT, -_signal.SIGHUP)


class Sound:
    """The daemons of one session; `status` is 1 as soon as one has failed.

    Those that it starts are this process's children, so that it can tell how they end.
    """

    def __init__(self, environment: dict[bytes, bytes], folder: str) -> None:
        """`folder` is XDG_RUNTIME_DIR."""
        self.status = 0
        self._environment = environment
        self._folder = folder
        self._path = os.fsdecode(environment.get(b"PATH", os.fsencode(os.defpath)))
        self._children: dict[str, int] = {}  # name to pidfd
        self._registry: Registry | None = None

    def start(self) -> None:
        """Start what does not run yet, one after the other, and wait until it works. Raises OSError."""
        lock_fd = os.open(f"{self._folder}/lainos-audio-init.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.lockf(lock_fd, os.F_LOCK, 0)  # a compositor and an autostart entry may both run us
        if self._ensure("pipewire", lambda: service.answers(f"{self._folder}/pipewire-0")):  # the others' server
            self._ensure("wireplumber", self._is_managed)
            self._ensure("pipewire-pulse", lambda: service.answers(f"{self._folder}/pulse/native"))
        self._check_jack()
        if self._children:
            self._watch(*self._children).poll(_GRACE_SEC * 1000)  # one that cannot do its work ends soon
            self._tell_ended()
        self._registry = None  # PipeWire has no use for a client that no longer listens
        os.close(lock_fd)

    def watch(self) -> None:
        """Log how the children end, each when it does, until there is none, and keep what they write short."""
        while self._children:
            has_ended = self._watch(*self._children).poll(_LOOK_SEC * 1000)
            for name in self._children:
                self._shorten_log(name)
            if has_ended:
                time.sleep(_GRACE_SEC)  # at a logout the signal that ends them is about to end this process, too
                self._tell_ended(_ORDERLY, "; lainos-audio-init starts it again")

    def _ensure(self, name: str, is_ready: "Callable[[], bool]") -> bool:
        """Start a daemon unless it is ready, and wait until it is; False, with the reason logged, if it is not."""
        try:
            if not is_ready():
                self._start(name)
                self._await(name, is_ready)
        except Failure as failure:
            self._fail(name, str(failure))
        except OSError as error:
            self._fail(name, error.strerror or str(error))
        else:
            return True
        return False

    def _is_managed(self) -> bool:
        """Whether a session manager has taken PipeWire over."""
        if self._registry is None:
            self._registry = Registry(f"{self._folder}/pipewire-0", _PATIENCE_SEC)
        return self._registry.has_metadata("default")

    def _check_jack(self) -> None:
        """Where JACK is asked for, PipeWire's libjack is all that it takes."""
        if self._environment.get(b"P7_ENABLE_JACK", b"0") not in (b"", b"0") and not proc.find("pw-jack", self._path):
            self._fail("pipewire-jack", "pw-jack is not installed, so JACK programs will not find PipeWire")

    def _tell_ended(self, orderly: tuple[int, ...] = (), remedy: str = "") -> None:
        """Name the children that have ended; with these exit codes that is no failure."""
        for name in list(self._children):
            if (code := self._end(name)) is None:
                continue
            if code in orderly:
                log.info(f"{name}: {_how(code)}{remedy}")
            else:
                self._fail(name, f"{_how(code)}{remedy}")

    def _start(self, name: str) -> None:
        """As the user's OpenRC service, where that is one, or by ourselves."""
        if self._rc_service(name, "--exists", name) == 0:
            status = self._rc_service(name, name, "start")
            if status and self._rc_service("rc-service", name, "status") != _RC_STARTING:
                raise Failure(f"rc-service --user {name} start ended with {status}")
        elif program := proc.find(name, self._path):
            self._children[name] = os.pidfd_open(self._spawn(program, [name], name))
        else:
            raise Failure("not installed")

    def _rc_service(self, name: str, *arguments: str) -> int:
        """Its exit status; 127 where OpenRC does not run this user's services."""
        program = proc.find("rc-service", f"{self._path}:/usr/sbin:/sbin")
        if not program or not os.path.exists(f"{self._folder}/openrc/softlevel"):
            return 127
        return proc.wait(self._spawn(program, ["rc-service", "--user", *arguments], name), _RC_PATIENCE_SEC)

    def _spawn(self, program: str, argv: list[str], name: str) -> int:
        os.makedirs(f"{self._folder}/lainos", 0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        output_fd = os.open(self._log_path(name), flags, 0o600)
        try:
            return service.start(program, argv, self._environment, output_fd=output_fd)
        finally:
            os.close(output_fd)

    def _await(self, name: str, is_ready: "Callable[[], bool]") -> None:
        poll = self._watch(name)
        end = time.monotonic() + _PATIENCE_SEC
        while not is_ready():
            if poll.poll(_STEP_SEC * 1000) and (code := self._end(name)) is not None:
                raise Failure(_how(code))
            if time.monotonic() > end:
                raise Failure(f"not ready after {_PATIENCE_SEC:.0f} s")

    def _watch(self, *names: str) -> "select.poll":
        """What waits for the end of our own children among these."""
        poll = select.poll()
        for name in names:
            if name in self._children:
                poll.register(self._children[name], select.POLLIN)
        return poll

    def _end(self, name: str) -> int | None:
        """The exit status, or minus the signal, of a child that has ended, which is forgotten; None while it runs."""
        end = os.waitid(os.P_PIDFD, self._children[name], os.WEXITED | os.WNOHANG)
        if end is None:
            return None
        os.close(self._children.pop(name))
        return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status

    def _fail(self, name: str, reason: str) -> None:
        self.status = 1
        log.error(f"{name}: {reason}")
        try:
            with open(self._log_path(name), "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _LAST_BYTES))
                lines = file.read(_LAST_BYTES).decode("utf-8", "replace").splitlines()
        except OSError:
            return
        for line in lines[-_LAST_LINES:]:
            log.error(f"{name}: {line.rstrip()}")

    def _shorten_log(self, name: str) -> None:
        """Leave the end of a log that has grown too long; a line that is written just then may be lost."""
        try:
            with open(self._log_path(name), "a+b") as file:  # to append, as the daemon does: else both write at 0
                if file.tell() > _LOG_MOST:
                    file.seek(-_LOG_KEPT, os.SEEK_END)
                    end = file.read(_LOG_KEPT)
                    file.truncate(0)
                    file.write(end[end.find(b"\n") + 1 :])
        except OSError:
            pass  # there is no room, or somebody took the folder away

    def _log_path(self, name: str) -> str:
        return f"{self._folder}/lainos/{name}.log"


def _how(code: int) -> str:
    return f"ended with status {code}" if code >= 0 else f"killed by signal {-code}"
