"""How inhibitors outlive the bridge: the broker notes them, and the next facade looks for who holds their pipes."""

import os
import stat

from p7 import inhibit, log, proc
from p7.broker.wire import Refused
from p7.login1.inhibitors import PROPERTIES, Inhibitor, parse_what
from p7.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.broker.wire import Channel

_LONGEST = 400  # characters of who and why that are noted: a message to the broker has 4096 bytes


class Notes:
    """Has the broker write a file for each inhibitor that is taken, and remove it after.

    One request at a time: whoever lets go of 8192 at once must not fill the channel.
    """

    def __init__(self, channel: "Channel", numbers: "list[int]") -> None:
        """`numbers` are those of the files that there are."""
        self._channel = channel
        self._next = max(numbers, default=-1) + 1
        self._free = list(set(range(self._next)) - set(numbers))
        self._waiting: dict[int, list[str]] = {}
        self._is_asked = False

    def add(self, inhibitor: Inhibitor, pipe: int) -> None:
        """Note an inhibitor, whose pipe has this inode; it gets its number."""
        if self._free:
            inhibitor.number = self._free.pop()
        else:
            inhibitor.number = self._next
            self._next += 1
        texts = [":".join(inhibitor.what), inhibitor.who[:_LONGEST], inhibitor.why[:_LONGEST], inhibitor.mode]
        self._waiting[inhibitor.number] = [str(pipe), *texts, str(inhibitor.uid), str(inhibitor.pid)]
        self._ask()

    def remove(self, inhibitor: Inhibitor) -> None:
        """Forget one that is let go of."""
        self._free.append(inhibitor.number)
        self._waiting[inhibitor.number] = []
        self._ask()

    def _ask(self) -> None:
        while self._waiting and not self._is_asked:
            number = next(iter(self._waiting))
            values = self._waiting.pop(number)
            try:
                verb = "inhibit" if values else "release"
                self._channel.request(verb, str(number), *values, answer=self._answered)
                self._is_asked = True
            except Refused as refusal:
                log.error(f"inhibitor {number} will not outlive the bridge: {refusal.text}")

    def _answered(self, _values: list[str], _refusal: Refused | None) -> None:
        self._is_asked = False  # if it was refused, as by a full /run, it is held all the same
        self._ask()


def find(root: Root) -> dict[int, Inhibitor]:
    """The inhibitors that a predecessor's files tell of and that somebody holds still, by the end that tells of theirs.

    Call it while still root. The other files are removed.
    """
    noted = {}
    for number, values in inhibit.read(root).items():
        if (inhibitor := _parse(number, values)) is not None:
            noted[f"pipe:[{values.get('PIPE')}]"] = inhibitor
        else:
            log.warning(f"{inhibit.FOLDER}/{number} is damaged, and removed: that inhibitor is none any more")
            inhibit.remove(root, number)
    if not noted:
        return {}
    held = _take(root, noted, proc.system_user(root)[0])
    for inhibitor in noted.values():
        inhibit.remove(root, inhibitor.number)
    log.info(f"inhibitors that outlived the bridge before: {len(held)}; let go of meanwhile: {len(noted)}")
    return held


def _parse(number: int, values: dict[str, str]) -> Inhibitor | None:
    """An inhibitor as its file has it; None if it cannot be one."""
    try:
        what, mode, uid, pid = parse_what(values["WHAT"]), values["MODE"], int(values["UID"]), int(values["PID"])
        if what and mode in PROPERTIES and min(uid, pid) >= 0 and max(uid, pid) < 1 << 32:
            return Inhibitor(what, values["WHO"], values["WHY"], mode, uid, pid, number)
    except (KeyError, ValueError):
        pass
    return None


def _take(root: Root, noted: dict[str, Inhibitor], owner: int) -> dict[int, Inhibitor]:
    """Take from `noted` those whose pipe some process has a writing end of, each by a reading end of that pipe."""
    held = {}
    for pid in filter(str.isdecimal, os.listdir(root.path("/proc"))):
        for path in _descriptors(root.path(f"/proc/{pid}/fd")):
            try:
                link = os.readlink(path)  # as proc_pid_fd(5) has it
                if link in noted and os.lstat(path).st_mode & stat.S_IWUSR and (fd := _reading_end(path, owner)) >= 0:
                    held[fd] = noted.pop(link)
            except OSError:
                pass  # it has been closed
    return held


def _descriptors(folder: str) -> list[str]:
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder)]
    except OSError:
        return []  # the process has ended


def _reading_end(path: str, owner: int) -> int:
    """Open a pipe of `owner`'s for reading; -1 if it is not one: the facade that had it noted is not believed."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if not stat.S_ISFIFO(status.st_mode) or status.st_uid != owner:
            return -1
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.close(fd)
