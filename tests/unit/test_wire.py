"""What broker and facade say to each other, over a real socketpair."""

import socket

import pytest

from p7.broker import wire
from p7.broker.wire import Channel, Link, Refused
from p7.identity import Session
from p7.loop import Loop


def test_a_session_survives_the_wire():
    session = Session(
        type="x11", leader=7, vtnr=2, tty="tty2", display=":0", desktop="a=b", service="s", realtime_usec=9
    )
    again = wire.session_from(wire.decode(wire.encode(*wire.session_fields(session))))
    assert [getattr(again, key) for key in Session.__slots__] == [getattr(session, key) for key in Session.__slots__]


def test_what_cannot_be_a_message():
    assert wire.decode(wire.encode("a", "", "\udcff")) == ["a", "", "\udcff"]
    for fields, name in ((["a\0b"], "EINVAL"), (["x" * wire.LIMIT], ""), (["x" * wire.LIMIT, ""], "EMSGSIZE")):
        if name:
            with pytest.raises(Refused) as refused:
                wire.encode(*fields)
            assert refused.value.name == name
        else:
            assert len(wire.encode(*fields)) == wire.LIMIT


@pytest.fixture
def pair():
    """A loop with a Channel, and a Link for its other end; what arrives is put into lists."""
    loop, requests, news = Loop(), [], []
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    link = Link(loop, ends[0].detach(), requests.append, lambda: (requests.append(None), link.close()))
    channel = Channel(loop, ends[1].detach(), lambda kind, fields: news.append((kind, fields)), loop.stop)
    return loop, link, channel, requests, news


def _run(loop, seconds=0.1):
    loop.after(seconds, loop.stop)
    loop.run()
    loop._running = True


def test_answers_find_their_requests(pair):
    loop, link, channel, requests, news = pair
    answers = []
    channel.request("power", "halt", answer=lambda values, refused: answers.append(("halt", values, refused)))
    channel.request("wall", "hello", answer=lambda values, refused: answers.append(("wall", values, refused)))
    _run(loop)
    assert requests == [["1", "power", "halt"], ["2", "wall", "hello"]]
    link.send("2", "ok", "x")
    link.send("0", "resumed")
    link.send("1", "error", "EBUSY", "later")
    link.send("1", "ok")
    _run(loop)
    assert answers[0] == ("wall", ["x"], None)
    assert answers[1][2].name == "EBUSY"
    assert len(answers) == 2
    assert news == [("resumed", [])]


def test_many_messages_wait_for_a_slow_reader_and_too_many_are_refused(pair):
    """The kernel holds ten or so; the rest must neither block nor be lost."""
    loop, _, channel, requests, _ = pair
    sent = 0
    with pytest.raises(Refused, match="does not read"):
        for sent in range(10_000):
            channel.request("describe", f"tty=tty{sent}")
    assert 256 <= sent < 1000
    _run(loop, 0.3)
    assert [fields[0] for fields in requests] == [str(number) for number in range(1, sent + 1)]


def test_the_other_end_s_end_is_told_once_all_is_read(pair):
    loop, _, channel, requests, _ = pair
    channel.request("terminate")
    channel.close()
    _run(loop)
    assert requests == [["1", "terminate"], None]
