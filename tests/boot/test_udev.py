"""The udev rule for interfaces that come after lainos-net-init, with the real udevd in a booted machine."""

from __future__ import annotations

import pytest

from tests.lab.boot import Boot, until
from tests.lab.inside import ask

CONF = "/proc/sys/net/ipv4/conf"


@pytest.fixture
def udevd(booted: Boot) -> Boot:
    ask(booted, "sh", "-c", "/usr/lib/systemd/systemd-udevd --daemon >/dev/null 2>&1")
    ask(booted, "udevadm", "control", "--ping")
    return booted


def test_an_interface_that_comes_later_is_hardened(udevd: Boot) -> None:
    """The kernel gives new interfaces the default's value, so that is what an administrator's mistake looks like."""
    ask(udevd, "sh", "-c", f"echo 1 >{CONF}/default/send_redirects")
    ask(udevd, "ip", "link", "add", "usb0", "type", "veth", "peer", "name", "usb1")
    for name in ("usb0", "usb1"):
        until(lambda name=name: ask(udevd, "cat", f"{CONF}/{name}/send_redirects") == "0", 10, f"{name} is hardened")
    assert ask(udevd, "cat", f"{CONF}/default/send_redirects") == "1"


def test_none_is_where_the_service_does_not_run(udevd: Boot) -> None:
    ask(udevd, "sh", "-c", f"echo 1 >{CONF}/default/send_redirects")
    ask(udevd, "rc-service", "lainos-net-init", "stop")
    try:
        ask(udevd, "ip", "link", "add", "usb2", "type", "veth", "peer", "name", "usb3")
        ask(udevd, "udevadm", "settle")
        assert ask(udevd, "cat", f"{CONF}/usb2/send_redirects") == "1"
    finally:
        ask(udevd, "rc-service", "lainos-net-init", "start")
