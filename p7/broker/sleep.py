"""Sleep as the kernel offers it (Documentation/admin-guide/pm/sleep-states.rst), with hooks before and after.

Everything here blocks, so the broker runs it in a child.
"""

import os
import time

from p7 import log, proc
from p7.broker import children
from p7.root import Root

_STATE, _DISK, _RESUME = "/sys/power/state", "/sys/power/disk", "/sys/power/resume"
_ALARM = "/sys/class/rtc/rtc0/wakealarm"

# Files and what to write there, the first word that the file lists; systemd-sleep.conf(5) has the same defaults.
_HIBERNATE = ((_DISK, ("platform", "shutdown")), (_STATE, ("disk",)))
_SUSPEND = ((_STATE, ("mem", "standby", "freeze")),)
_STEPS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "suspend": _SUSPEND,
    "hibernate": _HIBERNATE,
    "hybrid-sleep": ((_DISK, ("suspend",)), (_STATE, ("disk",))),
    "suspend-then-hibernate": _SUSPEND + _HIBERNATE,
}

# As elogind's and systemd-suspend.service(8)'s; run in the order of their names, each with "pre" or "post" and the
# action. Packages install theirs for systemd, so that folder is looked at as well.
_HOOKS = (
    "/etc/elogind/system-sleep",
    "/usr/lib/elogind/system-sleep",
    "/lib/elogind/system-sleep",
    "/usr/lib/systemd/system-sleep",
)
_HOOK_SEC = (
    90  # systemd's DefaultTimeoutStartSec: a hook that hangs must not keep the lid-closed machine awake for good
)
_HIBERNATE_DELAY_SEC = 2 * 60 * 60  # HibernateDelaySec= of systemd-sleep.conf(5)


def is_possible(root: Root, action: str) -> bool:
    """Whether the kernel offers every step of an action, and the next boot would find what was saved to disk."""
    if not all(_word(root, path, words) for path, words in _STEPS[action]):
        return False
    if action == "suspend-then-hibernate" and not os.path.exists(root.path(_ALARM)):
        return False
    return action == "suspend" or _can_resume(root)


def _can_resume(root: Root) -> bool:
    """Whether there is swap that is no memory, and resume= has told the kernel (or the initramfs, for it) where."""
    swaps = root.read_or("/proc/swaps", "").splitlines()[1:]
    on_disk = [line for line in swaps if not line.startswith("/dev/zram")]
    return bool(on_disk) and root.read_or(_RESUME, "0:0").strip() != "0:0"


def run(root: Root, action: str, command: list[str]) -> int:
    """Hooks, sleep (or the command that stands for it), hooks; returns after waking, 0 if it slept."""
    hooks = _hooks(root)
    for hook in hooks:
        _run([hook, "pre", action], action)
    try:
        status = _run(command, action) if command else _sleep(root, action)
    except OSError as error:
        log.error(f"{action}: {error.filename or ''}: {error.strerror}")
        status = 1
    for hook in hooks:
        _run([hook, "post", action], action)
    return status


def _sleep(root: Root, action: str) -> int:
    if action != "suspend-then-hibernate":
        _write_steps(root, action)
        return 0
    due = time.clock_gettime(time.CLOCK_BOOTTIME) + _HIBERNATE_DELAY_SEC
    _write(root, _ALARM, "0")  # an alarm that is set cannot be set again
    _write(root, _ALARM, f"+{_HIBERNATE_DELAY_SEC}")
    _write_steps(root, "suspend")
    if time.clock_gettime(time.CLOCK_BOOTTIME) < due:
        _write(root, _ALARM, "0")  # a person woke it
        return 0
    _write_steps(root, "hibernate")
    return 0


def _write_steps(root: Root, action: str) -> None:
    for path, words in _STEPS[action]:
        _write(root, path, _word(root, path, words))


def _word(root: Root, path: str, words: tuple[str, ...]) -> str:
    """The first of `words` that a file lists; the chosen one stands in brackets there."""
    offered = [word.strip("[]") for word in root.read_or(path, "").split()]
    return next((word for word in words if word in offered), "")


def _write(root: Root, path: str, text: str) -> None:
    fd = os.open(root.path(path), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        raise OSError(error.errno, os.strerror(error.errno or 0), path) from None
    finally:
        os.close(fd)


def _hooks(root: Root) -> list[str]:
    """The executable files of the hook folders, a folder reached by two names once."""
    folders = dict.fromkeys(os.path.realpath(root.path(folder)) for folder in _HOOKS)
    found = []
    for folder in folders:
        try:
            found += [f"{folder}/{name}" for name in os.listdir(folder)]
        except OSError:
            pass  # most machines have none
    executable = [path for path in found if os.path.isfile(path) and os.access(path, os.X_OK)]
    return sorted(executable, key=os.path.basename)


def _run(argv: list[str], action: str) -> int:
    """Run a program and wait, but not for ever; 124 if it was killed."""
    try:
        pid = children.spawn(argv, extra={"SYSTEMD_SLEEP_ACTION": action})
    except OSError as error:
        log.error(f"{argv[0]}: {error.strerror}")
        return 1
    status = proc.wait(pid, _HOOK_SEC)
    if status != 0:
        log.warning(f"{' '.join(argv)}: ended with {status}")
    return status
