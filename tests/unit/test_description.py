"""What a program may say of itself, as the session's."""

import pytest

from p7.broker import description
from p7.broker.wire import Refused
from p7.identity import Session


def test_a_description_becomes_attributes_of_a_session():
    pairs = ["type=x11", "desktop=a-b_c.d:e", "display=:0.1", "tty=tty2", "vtnr=2", "service=greetd"]
    values = description.parse(pairs)
    session = Session(**values)
    assert (session.type, session.vtnr, session.display) == ("x11", 2, ":0.1")
    assert description.parse(["type=", "vtnr=", "tty="]) == {"type": "unspecified", "vtnr": 0, "tty": ""}


@pytest.mark.parametrize(
    "pair",
    ["", "=", "=x", "type", "kind=x11", "type=X11", "type=x11\n", "desktop=a/b", "desktop=\xb2", "desktop=é", "tty=tty",
     "tty=pts/", "tty=/dev/tty1", "tty=tty1\0", "vtnr=0", "vtnr=64", "vtnr=1.5", "vtnr=+1", "vtnr= 1", "vtnr=٣",
     "vtnr=000001", "display=0", "display=:", "display=:0.", "display=host:0", "service=a b", "leader=1",
     "realtime_usec=1", "__init__=1", "service=" + "a" * 65],
)  # fmt: skip
def test_what_does_not_describe_a_session(pair):
    with pytest.raises(Refused) as refused:
        description.parse([pair])
    assert refused.value.name == "EINVAL"


def test_a_key_counts_once():
    with pytest.raises(Refused):
        description.parse(["type=x11", "type=wayland"])
