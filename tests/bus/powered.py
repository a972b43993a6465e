"""A machine on which programs stand for openrc-shutdown and for the kernel's sleep, and write down that they ran."""

from __future__ import annotations

from tests.bus.machine import Machine

DELAY_SECONDS = 1
TOML = f"""
[power]
poweroff = ["/bin/sh", "-c", "echo poweroff >>/run/done"]
reboot = ["/bin/sh", "-c", "exit 3"]
suspend = ["/bin/sh", "-c", "sleep 0.3; echo suspend >>/run/done"]
hibernate = "off"
halt = "noop"
inhibit_delay_sec = {DELAY_SECONDS}
"""


def done(machine: Machine) -> list[str]:
    """What has been run."""
    path = machine.path("/run/done")
    return path.read_text().split() if path.exists() else []
