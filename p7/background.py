"""What goes on beside the program that began it, or when that has ended: in a session of its own, at no terminal."""

import os

from p7 import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def detach(work: "Callable[[], None]") -> None:
    """Do something beside this process, with no streams, and as nobody's child.

    The program that this process becomes could not know what to make of a child's end.
    """
    pid = os.fork()
    if pid == 0:
        try:
            if os.fork() == 0:
                retire()
                work()
        except Exception as error:
            log.error(f"internal error, please report it: {error!r}")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def retire() -> None:
    """Leave the terminal, and let go of the streams that whoever started this process may be reading to their end."""
    settle(os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC))


def settle(output_fd: int) -> None:
    """Into a session of its own, with streams that hold nobody's terminal."""
    os.setsid()
    null_fd = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null_fd, 0)
    for fd in (1, 2):
        if output_fd >= 0:
            os.dup2(output_fd, fd)
