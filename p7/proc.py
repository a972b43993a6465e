"""Processes: what /proc says of one, becoming another user or program, telling a supervisor that we are ready."""

import _signal
import os
import sys

from p7 import Failure
from p7.root import Root

SYSTEM_USER = "lainos"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
"""What programs that p7 runs as root get, whatever it was started with."""


def ready(fd: int) -> None:
    """Tell the supervisor: a newline on `fd`, which is then closed. -1, or one that it closed, is passed over."""
    if fd < 0:
        return
    try:
        os.write(fd, b"\n")
        os.close(fd)
    except OSError:
        pass


def system_user(root: Root) -> tuple[int, int]:
    """The uid and gid that p7's daemons drop to. Raises Failure where the user has not been made."""
    from p7.identity import users  # only daemons come here, and before they are ready

    for user in users(root):
        if user.name == SYSTEM_USER:
            return user.uid, user.gid
    raise Failure(
        f"/etc/passwd has no user {SYSTEM_USER!r} to run as: make it with 'systemd-sysusers' (or esysusers), or"
        f" 'useradd --system --no-create-home --shell /usr/bin/nologin {SYSTEM_USER}'"
    )


def drop(uid: int, gid: int) -> None:
    """Become an ordinary process for good: groups, then gid, then uid; and make sure that there is no way back."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    end_with_launcher()
    try:
        os.setuid(0)
    except PermissionError:
        return
    raise Failure("could not drop root's privileges")


def find(name: str, path: str) -> str:
    """An executable as execvp(3) finds it in `path`; empty if there is none. A name with a slash is its own path."""
    folders = [""] if "/" in name else [f"{folder or '.'}/" for folder in path.split(":")]
    for folder in folders:
        if os.path.isfile(folder + name) and os.access(folder + name, os.X_OK):
            return folder + name
    return ""


def wait(pid: int, seconds: float) -> int:
    """A child's exit status, or minus the signal that ended it; 124, as of timeout(1), if it had to be killed."""
    import select

    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    in_time = bool(poll.poll(seconds * 1000))
    os.close(pidfd)
    if not in_time:
        os.kill(pid, _signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status if in_time else 124


def pidfd(pid: int) -> int:
    """A descriptor that stands for a process, or -1 if it is gone."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def has_ended(pidfd: int) -> bool:
    """Whether the process that a pidfd stands for has, so that its number may be another's."""
    import select

    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def reset_signals() -> None:
    """Undo what Python ignores, before execve(2), which keeps it ignored: no pipeline would end on SIGPIPE."""
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
        _signal.signal(number, _signal.SIG_DFL)


def comm(root: Root, pid: int) -> str:
    """The name of a process's program, at most 15 bytes; empty if it is gone."""
    return root.read_or(f"/proc/{pid}/comm", "").rstrip("\n")


def cgroup(root: Root, pid: int) -> str:
    """The cgroup2 path of a process, as its `0::` line has it; empty if it is gone or there is none."""
    for line in root.read_or(f"/proc/{pid}/cgroup", "").splitlines():
        if line.startswith("0::"):
            return line[3:]
    return ""


def stat(root: Root, pid: int | str) -> list[str]:
    """The fields of proc_pid_stat(5) from the third, STATE, on; none if the process is gone. `pid` may be "self"."""
    # "PID (COMM) STATE PPID ...", and a comm may have any character in it
    return root.read_or(f"/proc/{pid}/stat", "").rpartition(")")[2].split()


def began(root: Root, pid: int) -> str:
    """When a process started, in clock ticks since boot; empty if it is gone."""
    return "".join(stat(root, pid)[19:20])


def descends(root: Root, pid: int, ancestor: int) -> bool:
    """Whether a process is another, or came from it by parents that all still run."""
    while pid > 1 and pid != ancestor:
        pid = int("".join(stat(root, pid)[1:2]) or 0)
    return pid == ancestor


def end_with_launcher() -> None:
    """In the frozen form, end when its launcher does: a supervisor that kills the pid it knows means this process.

    A change of identity takes the order back (PR_SET_PDEATHSIG in prctl(2)), so drop() gives it again.
    """
    if getattr(sys, "frozen", False):
        from p7 import linux

        linux.prctl(linux.PR_SET_PDEATHSIG, 15)  # SIGTERM, for an orderly end
