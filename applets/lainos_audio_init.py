"""Start the session's sound: PipeWire, WirePlumber and PipeWire's PulseAudio.

Each is started when the one before it is ready: PipeWire and pipewire-pulse when their sockets in XDG_RUNTIME_DIR
answer, WirePlumber when it has registered its metadata with PipeWire. What runs already is left alone. Where OpenRC
runs the user's services (0.60 and later) and has one of that name, that service is started instead. Run it from the
compositor's configuration or as an autostart entry; a second time does no harm.

The daemons go on by themselves and end with the session. What they say goes to XDG_RUNTIME_DIR/lainos/NAME.log; of
one that fails the last lines are shown. JACK needs no daemon: with P7_ENABLE_JACK=1 it is an error if pw-jack, which
runs a JACK program on PipeWire, is not installed.

Exits with 0 if all is running, 1 if something failed, each thing by its name.
"""

import os
import select
import stat
import time

from p7 import Failure, identity, log, proc, service
from p7.pipewire import Registry
from p7.root import SYSTEM, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PRIVILEGE = "user"

_PATIENCE_SEC = 5.0
# os has no call that waits for a socket to appear. This wait is for the daemon's end, which is so noticed at once.
_STEP_SEC = 0.005
_GRACE_SEC = 0.05
_RC_PATIENCE_SEC = 10.0
_LAST_LINES = 5


def run(root: Root = SYSTEM) -> int:
    """Start what is missing; 0 if all is running. Raises Failure without a usable XDG_RUNTIME_DIR."""
    log.start_session(root)
    environment = service.environment()
    folder = _runtime_dir(environment)
    user = next((user for user in identity.users(root) if user.uid == os.getuid()), None)
    if user is not None:
        service.join(service.group(root, user))  # a logout ends this too, or it would go on to start the next daemon
    lock_fd = os.open(f"{folder}/lainos-audio-init.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.lockf(lock_fd, os.F_LOCK, 0)  # a compositor and an autostart entry may both run us
    sound = Sound(environment, folder)
    if sound.ensure("pipewire", lambda: service.answers(f"{folder}/pipewire-0")):  # the others are its clients
        sound.ensure("wireplumber", sound.is_managed)
        sound.ensure("pipewire-pulse", lambda: service.answers(f"{folder}/pulse/native"))
    sound.check_jack()
    sound.check_children()
    return sound.status


class Sound:
    """The daemons of one session; `status` is 1 as soon as one has failed."""

    def __init__(self, environment: dict[bytes, bytes], folder: str) -> None:
        self.status = 0
        self._environment = environment
        self._folder = folder
        self._path = os.fsdecode(environment.get(b"PATH", os.fsencode(os.defpath)))
        self._children: dict[str, int] = {}
        self._registry: Registry | None = None

    def ensure(self, name: str, is_ready: "Callable[[], bool]") -> bool:
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

    def is_managed(self) -> bool:
        """Whether a session manager has taken PipeWire over."""
        if self._registry is None:
            self._registry = Registry(f"{self._folder}/pipewire-0", _PATIENCE_SEC)
        return self._registry.has_metadata("default")

    def check_jack(self) -> None:
        """Where JACK is asked for, PipeWire's libjack is all that it takes."""
        if self._environment.get(b"P7_ENABLE_JACK", b"0") not in (b"", b"0") and not proc.find("pw-jack", self._path):
            self._fail("pipewire-jack", "pw-jack is not installed, so JACK programs will not find PipeWire")

    def check_children(self) -> None:
        """Name those that have ended since they were ready; one that cannot do its work ends soon."""
        if self._children:
            self._watch(*self._children).poll(_GRACE_SEC * 1000)
        for name in list(self._children):
            if how := self._end(name):
                self._fail(name, how)

    def _start(self, name: str) -> None:
        """As the user's OpenRC service, where that is one, or by ourselves."""
        if self._rc_service(name, "--exists", name) == 0:
            if status := self._rc_service(name, name, "start"):
                raise Failure(f"rc-service --user {name} start ended with {status}")
        elif program := proc.find(name, self._path):
            self._children[name] = self._spawn(program, [name], name)
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
            return service.start(program, argv, self._environment, "", output_fd)
        finally:
            os.close(output_fd)

    def _await(self, name: str, is_ready: "Callable[[], bool]") -> None:
        poll = self._watch(name)
        end = time.monotonic() + _PATIENCE_SEC
        while not is_ready():
            if poll.poll(_STEP_SEC * 1000):
                raise Failure(self._end(name))
            if time.monotonic() > end:
                raise Failure(f"not ready after {_PATIENCE_SEC:.0f} s")

    def _watch(self, *names: str) -> "select.poll":
        """What waits for the end of our own children among these."""
        poll = select.poll()
        for pid in (self._children[name] for name in names if name in self._children):
            poll.register(os.pidfd_open(pid), select.POLLIN)
        return poll

    def _end(self, name: str) -> str:
        """How a daemon of ours ended; empty while it runs."""
        pid, status = os.waitpid(self._children[name], os.WNOHANG)
        if not pid:
            return ""
        del self._children[name]
        code = os.waitstatus_to_exitcode(status)
        return f"ended with status {code}" if code >= 0 else f"killed by signal {-code}"

    def _fail(self, name: str, reason: str) -> None:
        self.status = 1
        log.error(f"{name}: {reason}")
        try:
            with open(self._log_path(name), encoding="utf-8", errors="replace") as file:
                lines = file.readlines()
        except OSError:
            return
        for line in lines[-_LAST_LINES:]:
            log.error(f"{name}: {line.rstrip()}")

    def _log_path(self, name: str) -> str:
        return f"{self._folder}/lainos/{name}.log"


def _runtime_dir(environment: dict[bytes, bytes]) -> str:
    path = os.fsdecode(environment.get(b"XDG_RUNTIME_DIR", b""))
    if not path.startswith("/"):
        raise Failure("XDG_RUNTIME_DIR is not set: start this inside the session, as lainos-init opens it")
    try:
        status = os.stat(path)
    except OSError as error:
        raise Failure(f"XDG_RUNTIME_DIR: {path}: {error.strerror}") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise Failure(f"XDG_RUNTIME_DIR: {path} is not a folder of this user's")
    return path
