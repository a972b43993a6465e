"""What dispatch does between argv and an applet's run()."""

from __future__ import annotations

import os
import socket
from types import ModuleType

import pytest

from p7 import dispatch


@pytest.fixture
def module() -> ModuleType:
    """An applet that returns the descriptor it was given."""
    applet = ModuleType("applet")
    applet.PRIVILEGE = "any"  # type: ignore[attr-defined]
    applet.run = lambda *, ready_fd=-1: ready_fd  # type: ignore[attr-defined]
    return applet


def test_a_pipe_to_be_ready_on_reaches_the_applet(module: ModuleType) -> None:
    read_fd, write_fd = os.pipe()
    assert dispatch.call(module, ready_fd=write_fd) == write_fd
    os.close(read_fd)
    os.close(write_fd)


def test_a_closed_ready_fd_is_no_descriptor(module: ModuleType) -> None:
    """Its number would be that of the next file the applet opens, and a newline would land in there."""
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    os.close(write_fd)
    assert dispatch.call(module, ready_fd=write_fd) == -1


def test_what_is_no_pipe_is_no_readiness_descriptor(module: ModuleType) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert dispatch.call(module, ready_fd=ours.fileno()) == -1
