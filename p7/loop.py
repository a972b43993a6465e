"""The event loop of p7's daemons: descriptors, timers, and an orderly end on SIGTERM or SIGINT.

It stands in for selectors, signal and asyncio, which cost 3, 5 and 55 ms of start-up; _signal is the built-in module
below signal, without its enums.
"""

import _signal
import gc
import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ENDING = (_signal.SIGTERM, _signal.SIGINT)
IN, OUT, HUP, ERR = select.EPOLLIN, select.EPOLLOUT, select.EPOLLHUP, select.EPOLLERR


class Timer:
    """A call that is due at `when`, in seconds of the monotonic clock."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: "Callable[[], None]") -> None:
        self.when = when
        self.call = call


class Loop:
    """Calls back when a descriptor is ready or a timer due, until stop() or SIGTERM, which may be blocked before."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, Callable[[int], None]] = {}
        self._timers: list[Timer] = []
        self._running = True
        self._wake_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.add(self._wake_fd, self._drain)
        # A signal must end a wait that it comes just before, so it is written to a pipe that the wait watches.
        _signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
        for number in ENDING:
            _signal.signal(number, lambda *_: self.stop())
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, ENDING)

    def add(self, fd: int, call: "Callable[[int], None]", events: int = IN) -> None:
        """Call `call(events)` whenever `fd` is ready."""
        self._epoll.register(fd, events)
        self._calls[fd] = call

    def change(self, fd: int, events: int) -> None:
        """Wait for other events on a descriptor already added."""
        self._epoll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Forget a descriptor; call it before the descriptor is closed."""
        if self._calls.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def after(self, seconds: float, call: "Callable[[], None]") -> Timer:
        """Call once, `seconds` from now."""
        timer = Timer(time.monotonic() + seconds, call)
        self._timers.append(timer)
        self._timers.sort(key=lambda timer: timer.when)
        return timer

    def cancel(self, timer: Timer) -> None:
        """Forget a timer; one that has gone off is forgotten already."""
        if timer in self._timers:
            self._timers.remove(timer)

    def stop(self) -> None:
        """Leave run() after the calls under way."""
        self._running = False

    def run(self) -> None:
        """Wait and call back until stop(), SIGTERM or SIGINT.

        What was made before stays: the garbage collector looks at the rest only.
        """
        gc.freeze()
        gc.enable()
        while self._running:
            due_in = max(0.0, self._timers[0].when - time.monotonic()) if self._timers else -1
            for fd, events in self._epoll.poll(due_in):
                call = self._calls.get(fd)  # an earlier call of this round may have removed it
                if call is not None and self._running:
                    call(events)
            self._ring()

    def _ring(self) -> None:
        now = time.monotonic()
        while self._running and self._timers and self._timers[0].when <= now:
            self._timers.pop(0).call()

    def _drain(self, _events: int) -> None:
        os.read(self._wake_fd, 512)
