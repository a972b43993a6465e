"""A body is valid for p7 when it is for dbus-daemon, which hangs up on whoever sends one that is not."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from jeepney import MessageType

from p7.dbus import message
from p7.dbus.reader import LITTLE, unpack
from p7.dbus.writer import pack
from tests.bus.client import Client
from tests.bus.machine import Machine
from tests.unit.bodies import bodies, damaged

_CALL = (message.BUS, message.BUS_PATH, message.BUS, "Nonesuch")


def _is_ours(signature: str, body: bytes) -> bool:
    try:
        unpack(signature, body, LITTLE, ())
    except ValueError:
        return False
    return True


def _is_theirs(machine: Machine, signature: str, body: bytes) -> bool:
    """Whether the bus answers a call with this body: that there is no such method."""
    with Client(machine.address) as client:
        client.connection.sock.sendall(message.call(1 << 20, *_CALL, signature, body))
        try:
            while client.connection.receive(timeout=10).header.message_type is not MessageType.error:
                pass  # NameAcquired
        except ConnectionResetError:
            return False
    return True


def test_the_bus_agrees(p7: Path) -> None:
    with Machine(p7) as machine:
        machine.start_bus()

        @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
        @given(damaged())
        def agrees(body: tuple[str, bytes]) -> None:
            signature, data = body
            assert _is_ours(signature, data) == _is_theirs(machine, signature, data)

        @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
        @given(bodies())
        def takes(body: tuple[str, object]) -> None:
            signature, values = body
            assert _is_theirs(machine, signature, pack(signature, values))

        agrees()
        takes()
