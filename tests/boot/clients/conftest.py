"""One machine for all of these tests, with more programs that ask login1 in it. Who ends its session starts another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.boot.conftest import programs
from tests.lab.boot import Boot
from tests.lab.run import BOOTED
from tests.lab.session import logged_in
from tests.lab.stage import Machine

PROGRAMS = ("network-manager", "upower", "libspa-0.2-bluetooth", "xserver-xorg-video-dummy")
SUSPEND = '[power]\nsuspend = ["/usr/bin/touch", "/run/slept"]\n'
"""The lab's kernel is the machine's and must not sleep: a command in its place, and all around it is real."""
MACHINE = Machine("zipapp", BOOTED + SUSPEND)
INSIDE = Path(__file__).with_name("inside")


@pytest.fixture(scope="package")
def booted(layers: Callable[[Machine], list[Path]]) -> Iterator[Boot]:
    staged, debian = layers(MACHINE)
    with booting([staged, programs(*PROGRAMS), debian]) as boot:
        yield boot


@contextmanager
def booting(layers: Sequence[Path]) -> Iterator[Boot]:
    """A machine whose session has begun, with this folder's own programs in /opt/lab."""
    with Boot(layers) as boot:
        boot.wait_runlevel("default")
        logged_in(boot)
        shutil.copytree(INSIDE, boot.path("opt/lab"))
        yield boot
