"""Message headers: ours and jeepney's read each other's."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney.low_level import Endianness, Header, HeaderFields, MessageFlag, MessageType, Parser
from jeepney.low_level import Message as Theirs

from p7.dbus import message
from p7.dbus.introspect import split
from p7.dbus.message import Message
from p7.dbus.writer import pack

name = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,30}", fullmatch=True)
dotted = st.lists(name, min_size=2, max_size=4).map(".".join)
path = st.lists(name, max_size=4).map(lambda names: "/" + "/".join(names))
serial = st.integers(1, 2**32 - 1)
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
unique = st.integers(0, 9999).map(":1.{}".format)


def theirs(data):
    """What jeepney reads, with descriptors standing for themselves."""
    parser = Parser()
    parser.add_data(data, fds=[7, 8])
    read = parser.get_next_message()
    assert parser.get_next_message() is None
    return read, read.header.fields


@given(serial=serial, destination=dotted, path=path, interface=dotted, member=name, body=text)
def test_our_calls(serial, destination, path, interface, member, body):
    data = message.call(serial, destination, path, interface, member, "s", pack("s", (body,)))
    read, fields = theirs(data)
    assert (read.header.message_type, read.header.serial, read.body) == (MessageType.method_call, serial, (body,))
    assert fields == {
        HeaderFields.destination: destination,
        HeaderFields.path: path,
        HeaderFields.interface: interface,
        HeaderFields.member: member,
        HeaderFields.signature: "s",
    }
    assert message.size(data[:16]) == len(data)


@given(serial=serial, path=path, interface=dotted, member=name)
def test_our_signals_without_a_body(serial, path, interface, member):
    data = message.signal(serial, path, interface, member, "", b"")
    read, fields = theirs(data)
    assert (read.header.message_type, read.body) == (MessageType.signal, ())
    assert fields[HeaderFields.member] == member
    assert message.size(data[:16]) == len(data)


@given(
    order=st.sampled_from(Endianness), serial=serial, path=path, interface=st.none() | dotted, member=name,
    sender=unique, flags=st.integers(0, 7), body=st.none() | st.tuples(text, st.integers(0, 2**32 - 1)),
)  # fmt: skip
def test_their_calls_and_our_answers(order, serial, path, interface, member, sender, flags, body):
    fields = {HeaderFields.path: path, HeaderFields.member: member, HeaderFields.sender: sender}
    if interface is not None:
        fields[HeaderFields.interface] = interface
    if body is not None:
        fields[HeaderFields.signature] = "su"
    header = Header(order, MessageType.method_call, MessageFlag(flags), 1, 0, serial, fields)
    call = Message(Theirs(header, body or ()).serialise())
    assert (call.kind, call.serial, call.flags, call.path, call.interface, call.member, call.sender) == (
        message.CALL, serial, flags, path, interface, member, sender,
    )  # fmt: skip
    assert call.values() == (body or ())
    assert (call.signature, call.fd_count, call.reply_serial) == ("su" if body else "", 0, None)

    reply, answered = theirs(message.reply(3, call, "hb", pack("hb", (0, True)), 1))
    assert (reply.header.message_type, reply.body) == (MessageType.method_return, (7, True))
    assert answered[HeaderFields.reply_serial] == serial
    assert answered[HeaderFields.destination] == sender

    error, answered = theirs(message.error(3, call, "a.b", "tèxt"))
    assert (error.header.message_type, error.body) == (MessageType.error, ("tèxt",))
    assert answered[HeaderFields.error_name] == "a.b"


@pytest.mark.parametrize("data", [b"l\1\0\1" + b"\xff" * 12, b"B\1\0\1" + b"\x7f" * 12])
def test_a_size_beyond_the_specification_s_is_none(data):
    with pytest.raises(ValueError):
        message.size(data)


def test_descriptors_are_closed_with_their_message(tmp_path):
    call = Message(message.call(1, "a.b", "/", "a.b", "C", "", b""))
    with open(tmp_path / "file", "w") as file:
        call.fds = [os.dup(file.fileno())]
    fd = call.fds[0]
    os.fstat(fd)
    del call
    with pytest.raises(OSError):
        os.fstat(fd)


@pytest.mark.parametrize(
    ("signature", "types"),
    [
        ("", []),
        ("s", ["s"]),
        ("sa(sv)b", ["s", "a(sv)", "b"]),
        ("a{sv}aas(i(ii))v", ["a{sv}", "aas", "(i(ii))", "v"]),
        ("uusssssussbssa(sv)", [*"uusssssussbss", "a(sv)"]),
    ],
)
def test_signatures_are_split_into_complete_types(signature, types):
    assert split(signature) == types
