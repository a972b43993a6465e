"""The programs that the broker starts, each watched by its pidfd, so that it waits for none."""

import _signal
import os

from p7 import log, proc
from p7.loop import Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NULL = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)


def spawn(argv: list[str], stdin_fd: int = -1, extra: dict[str, str] | None = None) -> int:
    """Start a program in a session of its own, with proc.ENVIRONMENT and what is `extra`; its pid. Raises OSError."""
    stdin = _NULL if stdin_fd < 0 else (os.POSIX_SPAWN_DUP2, stdin_fd, 0)
    # Python ignores the first two, and what is ignored stays so through execve(2)
    defaults = [_signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGTERM, _signal.SIGINT]
    env = {**proc.ENVIRONMENT, **(extra or {})}
    return os.posix_spawn(argv[0], argv, env, file_actions=[stdin], setsid=True, setsigdef=defaults)


def fork(work: "Callable[[], int]") -> int:
    """Run a function in a child process, whose exit status is what it returns; the child's pid."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _signal.set_wakeup_fd(-1)
        for number in (_signal.SIGTERM, _signal.SIGINT):
            _signal.signal(number, _signal.SIG_DFL)
        status = work()
    except Exception as error:
        log.error(f"{error!r}")
    finally:
        os._exit(status)


def watch(loop: Loop, pid: int, ended: "Callable[[int], None]") -> None:
    """Call `ended(status)` once the child has, with its exit status, or minus the signal that killed it."""
    pidfd = os.pidfd_open(pid)

    def reap(_events: int) -> None:
        loop.remove(pidfd)
        os.close(pidfd)
        ended(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

    loop.add(pidfd, reap)
