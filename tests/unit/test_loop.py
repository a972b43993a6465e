"""The event loop: descriptors, timers in order, and a signal that ends any wait."""

import os
import signal
import subprocess
import sys
import time

from p7.build import PROJECT
from p7.loop import Loop

_PROGRAM = """
import sys, os
sys.path.insert(0, {project!r})
from p7.loop import Loop
loop = Loop()
loop.after(30, loop.stop)
os.write(1, b"up")
loop.run()
"""


def test_timers_ring_in_order_and_once():
    loop, rung = Loop(), []
    loop.after(0.02, lambda: (rung.append(2), loop.stop()))
    loop.after(0.01, lambda: rung.append(1))
    loop.cancel(loop.after(0.005, lambda: rung.append(0)))
    loop.run()
    assert rung == [1, 2]


def test_a_removed_descriptor_is_not_called_in_the_same_round():
    loop, called = Loop(), []
    pipes = [os.pipe() for _ in range(2)]

    def first_come(fd):
        called.append(fd)
        for read_fd, _ in pipes:
            loop.remove(read_fd)
        loop.stop()

    for read_fd, write_fd in pipes:
        os.write(write_fd, b"x")
        loop.add(read_fd, lambda _events, fd=read_fd: first_come(fd))
    loop.run()
    assert len(called) == 1
    for fd in (fd for pair in pipes for fd in pair):
        os.close(fd)


def test_sigterm_ends_it_at_once():
    program = _PROGRAM.format(project=PROJECT)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout.read(2) == b"up"
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        assert process.wait(timeout=5) == 0
        assert time.monotonic() - begun < 1  # promised: 100 ms; tests assert ten times that
