"""Values and their bytes: as jeepney has them, and stricter than jeepney about what is no value."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney.low_level import Endianness, parse_signature

from p7.dbus.introspect import split
from p7.dbus.reader import BIG, LITTLE, unpack
from p7.dbus.signature import LARGEST_ARRAY, parse
from p7.dbus.writer import pack
from tests.unit.bodies import bodies, damaged

FDS = range(100, 200)
ORDERS = {LITTLE: Endianness.little, BIG: Endianness.big}
NO_VALUES = (TypeError, ValueError, struct.error)


def theirs(signature):
    return parse_signature(list(f"({signature})"))


@given(bodies())
def test_we_write_what_jeepney_writes(body):
    signature, given_values = body
    assert pack(signature, given_values) == theirs(signature).serialise(given_values, 0, Endianness.little)


@given(bodies(), st.sampled_from(list(ORDERS)))
def test_we_read_what_jeepney_writes(body, order):
    signature, given_values = body
    data = theirs(signature).serialise(given_values, 0, ORDERS[order])
    assert unpack(signature, data, order, FDS) == given_values


@given(damaged())
def test_a_damaged_body_is_no_body_or_another(body):
    """What is read is what jeepney reads, and there are no two ways to write it: no bit goes unchecked."""
    signature, data = body
    try:
        read = unpack(signature, data, LITTLE, FDS)
    except ValueError:
        return
    assert repr(theirs(signature).parse_data(data, 0, Endianness.little, fds=FDS)[0]) == repr(read)
    if "h" not in repr(read) and "{" not in signature + repr(read):  # places of descriptors; a key that comes twice
        assert pack(signature, read) == data


@given(st.text("ybnqiuxtdhsogva(){}e*", max_size=12))
def test_a_signature_is_parsed_or_refused(signature):
    try:
        types = parse(signature)
    except ValueError:
        return
    assert len(types) == len(split(signature))
    assert repr(theirs(signature)).count("Array") == signature.count("a")


def test_descriptors_are_read_as_such_and_written_as_places():
    assert unpack("hah", pack("hah", (1, [0, 2])), LITTLE, (7, 8, 9)) == (8, [7, 9])
    with pytest.raises(ValueError):
        unpack("h", pack("h", (3,)), LITTLE, (7, 8, 9))


@pytest.mark.parametrize(
    "signature",
    ["a", "(", ")", "()", "(s", "a(s", "a{s", "{sv}", "a{s}", "a{svs}", "a{vs}", "a{(s)s}", "a{ass}", "a{}", "z", "e",
     "*", "s)", "a{sv", "r", "\0", "é", "a" * 33 + "s", "(" * 33 + "s" + ")" * 33, "s" * 256],
)  # fmt: skip
def test_what_is_no_signature(signature):
    with pytest.raises(ValueError):
        parse(signature)


def test_the_longest_and_the_deepest_signatures():
    assert len(parse("s" * 255)) == 255
    deepest = "a" * 32 + "(" * 32 + "y" + ")" * 32
    assert len(parse(deepest)) == 1
    value = (1,)
    for _ in range(31):
        value = (value,)
    for _ in range(32):
        value = [value]
    assert unpack(deepest, pack(deepest, (value,)), LITTLE, ()) == (value,)


@pytest.mark.parametrize(("depth", "fits"), [(63, True), (64, False)])
def test_variants_in_variants_have_an_end(depth, fits):
    """64 containers in each other; jeepney, which counts none, writes one too many."""
    value = ("s", "within")
    for _ in range(depth):
        value = ("v", value)
    data = theirs("v").serialise((value,), 0, Endianness.little)
    if fits:
        assert unpack("v", data, LITTLE, ()) == (value,)
        assert pack("v", (value,)) == data
        return
    for refused in (lambda: unpack("v", data, LITTLE, ()), lambda: pack("v", (value,))):
        with pytest.raises(ValueError, match="64 containers"):
            refused()


@pytest.mark.parametrize(
    ("signature", "body"),
    [
        ("", b"\0"),
        ("y", b""),
        ("y", b"\0\0"),
        ("u", b"\0\0\0"),
        ("yu", b"\1\0\1\0\1\0\0\0"),  # padding
        ("y(y)", b"\1\0\0\0\0\0\1\0\1"),
        ("ax", b"\0\0\0\0\1\0\0\0"),  # padding before no element
        ("b", b"\2\0\0\0"),
        ("s", b"\1\0\0\0x"),
        ("s", b"\1\0\0\0xx"),
        ("s", b"\1\0\0\0\0\0"),
        ("s", b"\2\0\0\0\xc0\x80\0"),  # an overlong zero
        ("s", b"\3\0\0\0\xed\xa0\x80\0"),  # a surrogate
        ("s", b"\xff\xff\xff\xff\0"),
        ("o", b"\0\0\0\0\0"),
        ("o", b"\2\0\0\0//\0"),
        ("o", b"\3\0\0\0/x/\0"),
        ("o", b"\1\0\0\0x\0"),
        ("o", b"\2\0\0\0/-\0"),
        ("o", b"\3\0\0\0/\xc3\xa9\0"),
        ("g", b"\1(\0"),
        ("v", b"\0\0"),
        ("v", b"\2ss\0\0\0\0\0\0"),
        ("ay", b"\2\0\0\0x"),
        ("au", b"\3\0\0\0\0\0\0\0"),  # the element ends behind the array
        ("as", b"\5\0\0\0\0\0\0\0\0\0\0"),
        ("ay", struct.pack("<I", LARGEST_ARRAY + 1) + bytes(LARGEST_ARRAY + 1)),
    ],
)
def test_what_is_no_body(signature, body):
    with pytest.raises(ValueError):
        unpack(signature, body, LITTLE, FDS)


@pytest.mark.parametrize(
    ("signature", "value"),
    [("s", b"x"), ("s", None), ("s", "\0"), ("s", "\ud800"), ("o", "x"), ("o", "/é"), ("g", "("), ("g", "s" * 256),
     ("y", 256), ("y", -1), ("u", "1"), ("u", 1.0), ("b", 1), ("d", "1"), ("h", -1), ("as", ("x",)), ("as", "x"),
     ("as", [1]), ("ay", [1]), ("ay", "x"), ("a{sv}", [("x", ("s", "y"))]), ("a{sv}", {"x": "y"}), ("(s)", ["x"]),
     ("(s)", ()), ("(s)", ("x", "y")), ("v", ("ss", "x")), ("v", ["s", "x"]), ("v", "sx1"),
     ("ay", bytes(LARGEST_ARRAY + 1))],
)  # fmt: skip
def test_what_does_not_fit_a_signature(signature, value):
    with pytest.raises(NO_VALUES):
        pack(signature, (value,))


def test_the_largest_array():
    body = pack("ay", (bytes(LARGEST_ARRAY),))
    assert unpack("ay", body, LITTLE, ()) == (bytes(LARGEST_ARRAY),)


def test_a_body_has_as_many_values_as_its_signature():
    for given_values in ((), ("x",), ("x", "y", "z")):
        with pytest.raises(ValueError):
            pack("ss", given_values)
