"""A connection to what is no bus, or a bus that lets through what it must not: the test plays its part."""

import os
import socket

import pytest

from p7.dbus.connection import Connection
from p7.dbus.interface import Interface, Method
from p7.dbus.message import CALL, ERROR, Message, call
from p7.dbus.service import Node, Service
from p7.dbus.writer import pack
from p7.loop import Loop
from p7.root import Root

WELCOME = b"OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n"
ROWS = Interface("a.b", (Method("Take", "b", "", "flag", lambda call, flag: (), "Takes."),))


class Bus:
    """The other end: the loop, what the connection has received, and why it was lost."""

    def __init__(self, path):
        self.loop, self.received, self.lost = Loop(), [], []
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            self.connection = Connection(self.loop, path, self.received.append, self.lost.append)
            self.socket, _ = listener.accept()
        self.socket.settimeout(5)

    def say(self, data):
        """Send it, and give the connection time to take it."""
        self.socket.sendall(data)
        self.loop._running = True
        self.loop.after(0.02, self.loop.stop)
        self.loop.run()


@pytest.fixture
def bus(tmp_path):
    bus = Bus(str(tmp_path / "bus"))
    yield bus
    bus.socket.close()
    bus.connection.close()


def test_it_says_who_it_is_and_waits_to_be_let_in(bus):
    uid = str(os.geteuid()).encode().hex().encode()
    bus.connection.call_bus("Hello", answer=lambda _: None)
    assert bus.socket.recv(4096) == b"\0AUTH EXTERNAL " + uid + b"\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n"
    for piece in (WELCOME[:20], WELCOME[20:-1]):
        bus.say(piece)
    bus.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        bus.socket.recv(4096)
    bus.socket.settimeout(5)
    bus.say(WELCOME[-1:])
    assert Message(bus.socket.recv(4096)).member == "Hello"
    assert bus.lost == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"REJECTED EXTERNAL\r\n", "b'REJECTED EXTERNAL'"),
        (b"OK 0123\r\nERROR\r\n", "b'ERROR'"),
        (b"SSH-2.0-\r\n", "b'SSH-2.0-'"),
        (bytes(2000), "let us in"),
    ],
)
def test_who_does_not_let_it_in_is_no_bus(bus, answer, said):
    bus.say(answer)
    assert len(bus.lost) == 1
    assert said in bus.lost[0]


def test_a_message_may_come_with_the_welcome(bus):
    bus.say(WELCOME + call(1, "a.b", "/", "a.b", "Take", "", b""))
    assert [message.member for message in bus.received] == ["Take"]


@pytest.mark.parametrize("body", [b"\2\0\0\0", b"\1\0\0", b"\1\0\0\0\0"])
def test_a_body_that_is_none_is_an_error_to_its_sender(bus, body):
    service = Service(Root("/"), None, lambda _: True)
    service.add(Node("/", (ROWS,)))
    bus.say(WELCOME)
    bus.socket.recv(4096)
    service.received(bus.connection, Message(call(1, "a.b", "/", "a.b", "Take", "b", body)))
    answer = Message(bus.socket.recv(4096))
    assert (answer.kind, answer.error_name) == (ERROR, "org.freedesktop.DBus.Error.InconsistentMessage")
    assert bus.connection.open


def test_a_right_body_is_taken(bus):
    service = Service(Root("/"), None, lambda _: True)
    service.add(Node("/", (ROWS,)))
    bus.say(WELCOME)
    bus.socket.recv(4096)
    message = Message(call(1, "a.b", "/", "a.b", "Take", "b", pack("b", (True,))))
    assert message.kind == CALL
    service.received(bus.connection, message)
    assert Message(bus.socket.recv(4096)).reply_serial == 1


@pytest.mark.parametrize("data", [b"x" * 16, b"l\1\0\1" + b"\xff" * 12])
def test_what_is_no_message_ends_the_connection(bus, data):
    bus.say(WELCOME + data)
    assert len(bus.lost) == 1 and "no D-Bus message" in bus.lost[0]
