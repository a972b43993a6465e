"""A virtual machine: the tree under QEMU, with a kernel, a screen and a keyboard of its own.

    with Vm(image) as vm:
        vm.wait_runlevel("default")
        code, output = vm.run(["rc-status", "--all"])
        vm.type("lain\\n")
        vm.screenshot(Path("greeter.png"))

Leaving the block kills QEMU. Every wait is bounded, at several times what was measured: an emulated machine has no
processor of its own.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Protocol, Self

from tests.lab.boot import PATH
from tests.lab.vm_lines import Lines, Qmp

BOOT_SEC = 300
"""To the default runlevel; 26 were measured, 86 where others had work for the processors."""

SLOW_SEC = 90
"""For what takes three or four."""

KEYS = {
    "\n": ["ret"],
    " ": ["spc"],
    "-": ["minus"],
    "=": ["equal"],
    ";": ["semicolon"],
    "/": ["slash"],
    "_": ["shift", "minus"],
}
"""The keys of characters that are neither letters nor digits, by their names in QEMU's QKeyCode."""


TWO = "-accel tcg,thread=multi -smp 2"
COUNTED = "-accel tcg,thread=single -smp 1 -icount shift=0 -rtc clock=vm"
"""What a machine can have for processors: two, as fast as they are emulated; or one whose every instruction takes a
nanosecond of the machine's own time, whatever else this machine does. Not sleep=off: a wait for a disk then takes what
the next timer takes, up to two seconds."""


class Bootable(Protocol):
    """What a machine starts from."""

    def arguments(self) -> list[str]:
        """QEMU's, for its disks and its kernel, if QEMU is to load that."""
        ...


class Vm:
    """One start of an image on `processors`; what it writes stays in its memory."""

    def __init__(self, image: Bootable, processors: str = TWO) -> None:
        self._image = image
        self._processors = processors
        self._serial = 0

    def __enter__(self) -> Self:
        self._work = TemporaryDirectory(prefix="p7-vm-")
        self._console = Path(self._work.name) / "console"
        agent, theirs = socket.socketpair()
        monitor, its = socket.socketpair()
        ends = (theirs.fileno(), its.fileno())
        with theirs, its:
            self._process = subprocess.Popen(self._command(*ends), stdin=subprocess.DEVNULL, pass_fds=ends)
        self._agent = Lines(agent)
        self.monitor = Qmp(Lines(monitor))
        self.monitor.hello()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._work.cleanup()

    def _command(self, agent: int, monitor: int) -> list[str]:
        # KVM opens and hangs on some machines, so it is not even tried.
        machine = f"-machine pc {self._processors} -cpu qemu64,+rdrand -m 1536 -nodefaults -no-user-config -no-reboot"
        screen = "-display none -vga none -device virtio-vga"
        # The agent has COM3, for UEFI firmware writes to COM1 and COM2; and COM2's interrupt, for COM3's own is COM1's.
        lines = (
            f"-serial file:{self._console}"
            f" -chardev socket,id=agent,fd={agent} -device isa-serial,index=2,irq=3,chardev=agent"
            f" -chardev socket,id=monitor,fd={monitor} -mon chardev=monitor,mode=control"
        )
        return [
            *["setpriv", "--pdeathsig=KILL", "qemu-system-x86_64"],
            *machine.split(),
            *screen.split(),
            *lines.split(),
            *self._image.arguments(),
        ]

    def console(self) -> str:
        """What the kernel and OpenRC said."""
        return self._console.read_text(errors="replace")

    def wait_runlevel(self, name: str, timeout: float = BOOT_SEC) -> None:
        """Wait until a runlevel's services were all started, or tried."""
        level = f'test "$(cat /run/openrc/softlevel)" = {name} -a ! -e /run/openrc/rc.starting'
        if not self._serial:
            self._reply(0, timeout)  # the agent's first word
        self.until(lambda: self.run(["sh", "-c", level])[0] == 0, f"runlevel {name} is reached", timeout)

    def run(
        self,
        argv: Sequence[str],
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 40,
    ) -> tuple[int, str]:
        """Run a command inside, as root or as a user outside any session; its exit status (124: out of time) and all
        it wrote. One that leaves something running must give it other descriptors."""
        home = f"/home/{user}" if user else "/root"
        whole = {"PATH": PATH, "HOME": home, "USER": user or "root", "LANG": "C.UTF-8", **(env or {})}
        command = ["timeout", "--kill-after=1", str(timeout), "env", "-i"]
        command += [f"{key}={value}" for key, value in whole.items()]
        if user:
            command += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        self._serial += 1
        self._agent.send([self._serial, [*command, *argv]])
        code, output = self._reply(self._serial, timeout + 20)
        return int(code), str(output)

    def _reply(self, serial: int, timeout: float) -> list[Any]:
        """What the agent says to one request; what it says late to those given up goes by."""
        end = time.monotonic() + timeout
        number = -1
        while number != serial:
            try:
                number, *reply = self._agent.next(end - time.monotonic())
            except (TimeoutError, EOFError) as error:
                raise AssertionError(f"no answer from inside ({error!r})\n{self.console()}") from None
        return reply

    def until(self, true: Callable[[], bool], what: str, timeout: float = SLOW_SEC) -> None:
        """Ask twice a second, for asking costs the machine time; AssertionError that says what never came true."""
        end = time.monotonic() + timeout
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"not within {timeout} s: {what}; the screen's text:\n{self.screen_text()}")
            time.sleep(0.5)

    def type(self, text: str) -> None:
        """Press keys one after the other, as a person would."""
        for character in text:
            shift = ["shift"] if character.isupper() else []
            self.press(*KEYS.get(character, [*shift, character.lower()]))

    def press(self, *keys: str) -> None:
        """Press keys together, by their names in QEMU's QKeyCode."""
        self.monitor.do("send-key", keys=[{"type": "qcode", "data": key} for key in keys])
        time.sleep(0.2)

    def screenshot(self, target: Path) -> None:
        """What the screen shows, as a PNG file."""
        self.monitor.do("screendump", filename=str(target.absolute()), format="png")

    def pixels(self) -> bytes:
        """What the screen shows, three bytes a pixel, the rows from the top."""
        target = Path(self._work.name) / "screen.ppm"
        self.monitor.do("screendump", filename=str(target))
        _, _, _, pixels = target.read_bytes().split(b"\n", 3)
        return pixels

    def screen_text(self) -> str:
        """What virtual terminal 1 shows while it is in text mode, without empty rows; vcs(4) has no line ends."""
        rows = "tr -c ' -~' ' ' </dev/vcs1 | fold -w $(stty -F /dev/tty1 size | cut -d ' ' -f 2)"
        text = self.run(["sh", "-c", rows])[1]
        return "\n".join(row.strip() for row in text.splitlines() if row.strip())

    def wake(self) -> None:
        """Wake it from its sleep, as its power button would, and wait until it listens."""
        self.monitor.do("system_wakeup")
        self.monitor.wait("WAKEUP", 30)
        end = time.monotonic() + SLOW_SEC
        while not self._listens():
            assert time.monotonic() < end, self.console()

    def _listens(self) -> bool:
        # The first bytes are lost on a line that is not awake yet.
        self._serial += 1
        self._agent.send([self._serial, ["true"]])
        try:
            return self._reply(self._serial, 2) == [0, ""]
        except AssertionError:
            return False

    def wait_exit(self, timeout: float = 60) -> str:
        """Wait until QEMU ends by itself; why, as its SHUTDOWN event says: guest-shutdown or guest-reset."""
        reason = self.monitor.wait("SHUTDOWN", timeout)["reason"]
        code = self._process.wait(timeout)
        assert code == 0, f"QEMU ended with {code}"
        return str(reason)
