"""Start the session's sound: PipeWire, WirePlumber and PipeWire's PulseAudio.

Each is started when the one before it is ready: PipeWire and pipewire-pulse when their sockets in XDG_RUNTIME_DIR
answer, WirePlumber when it has registered its metadata with PipeWire. What runs already is left alone. Where OpenRC
runs the user's services (0.60 and later) and has one of that name, that service is started instead. Run it from the
compositor's configuration or as an autostart entry; a second time does no harm.

The daemons end with the session. A process stays behind as long as one runs, and logs how it ends, if that is before
the session does; to have it back, run this again. What daemons say goes to XDG_RUNTIME_DIR/lainos/NAME.log, whose last
64 KiB stay when it is beyond 256; of one that fails the last lines are shown. JACK needs no daemon: with
P7_ENABLE_JACK=1 it is an error if pw-jack, which runs a JACK program on PipeWire, is not installed.

Exits with 0 if all is running, 1 if something failed, each thing by its name.
"""

import os
import stat

from p7 import Failure, background, identity, log, service
from p7.root import SYSTEM, Root
from p7.sound import Sound

PRIVILEGE = "user"


def run(root: Root = SYSTEM) -> int:
    """Start what is missing; 0 if all is running. Raises Failure without a usable XDG_RUNTIME_DIR."""
    log.start_session(root)
    environment = service.environment()
    folder = _runtime_dir(environment)
    user = next((user for user in identity.users(root) if user.uid == os.getuid()), None)
    if user is not None:
        service.join(service.group(root, user))  # a logout ends this too, or it would go on to start the next daemon
    # How a daemon ends only its parent learns: a child of this process is that, and goes on after the daemons are up.
    read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
    if pid := os.fork():
        os.close(write_fd)
        return _outcome(pid, read_fd)
    sound = Sound(environment, folder)
    sound.start()
    log.start_daemon(root)
    os.write(write_fd, bytes([sound.status]))
    os.close(write_fd)
    background.retire()
    sound.watch()
    return 0


def _outcome(pid: int, fd: int) -> int:
    """The status that a child writes or, if it writes none, ends with; it has then said why."""
    if status := os.read(fd, 1):
        return status[0]
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


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
