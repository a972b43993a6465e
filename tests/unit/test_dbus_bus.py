"""A bus that stays away: the test makes the pauses between two tries short."""

import socket

from p7.dbus import bus
from p7.dbus.bus import Bus
from p7.dbus.service import Service
from p7.loop import Loop
from p7.root import Root


def test_it_is_waited_for_as_long_as_it_takes(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(bus, "_PAUSE", 0.0001)
    loop, failures = Loop(), []
    service = Service(Root(), None, lambda peer: False)
    name = Bus(loop, str(tmp_path / "bus"), "a.b", service, lambda: None, failures.append)
    name._served = True  # as if the bus had been there
    name.connect()
    loop.after(0.5, loop.stop)
    loop.run()
    assert failures == []
    assert capfd.readouterr().err.count("until it is back") == 1
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "bus"))
        listener.listen()
        loop._running = True
        loop.after(0.1, loop.stop)
        loop.run()
        listener.settimeout(5)
        assert listener.accept()[0].recv(100).startswith(b"\0AUTH EXTERNAL ")
