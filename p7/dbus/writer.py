"""From values to bytes, little-endian: what p7/dbus/reader.py undoes, and that has the values of each type.

Only "h" differs: a descriptor is given as its place among those that the message carries. Everything here raises
TypeError, ValueError or struct.error for values that do not fit.
"""

import struct

from p7.dbus.signature import (
    ARRAY,
    ENTRY,
    FIXED,
    LARGEST_ARRAY,
    VARIANT,
    alignment,
    check_depth,
    check_text,
    parse,
    single,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from p7.dbus.signature import Type

    # (body so far, value): appends
    Writer = Callable[[bytearray, Any], None]

_made: "dict[str, Writer]" = {}


def pack(signature: str, values: "tuple[Any, ...]") -> bytes:
    """A body of these values."""
    write = _made.get(signature)
    if write is None:
        write = _made[signature] = _sequence([_writer(kind, 0) for kind in parse(signature)])
    out = bytearray()
    write(out, values)
    return bytes(out)


def _writer(kind: "Type", depth: int) -> "Writer":
    """The writer of a type whose values are in `depth` containers."""
    check_depth(kind, depth)
    if kind == VARIANT:
        return _variant(depth)
    if isinstance(kind, str):
        return _fixed(kind) if kind in FIXED else _text(kind)
    if kind[0] == ARRAY:
        return _bytes() if kind[1] == "y" else _array(kind[1], depth)
    return _sequence([_writer(inner, depth + 1) for inner in kind[1:]])


def _fixed(letter: str) -> "Writer":
    number = struct.Struct("<" + FIXED[letter])
    size, to_bytes = number.size, number.pack

    def write(out: bytearray, value: "Any") -> None:
        out += bytes(-len(out) % size) + to_bytes(value)

    def write_bool(out: bytearray, value: "Any") -> None:
        write(out, _checked(value, bool))

    return write_bool if letter == "b" else write


def _text(letter: str) -> "Writer":
    write_length = _fixed("y" if letter == "g" else "u")

    def write(out: bytearray, value: "Any") -> None:
        check_text(letter, _checked(value, str))
        data = value.encode()
        write_length(out, len(data))
        out += data + b"\0"

    return write


def _bytes() -> "Writer":
    write_length = _fixed("u")

    def write(out: bytearray, value: "Any") -> None:
        write_length(out, _fitting(len(_checked(value, bytes))))
        out += value

    return write


def _array(inner: "Type", depth: int) -> "Writer":
    step, write_length, write_item = alignment(inner), _fixed("u"), _writer(inner, depth + 1)
    kind = dict if inner[0] == ENTRY else list

    def write(out: bytearray, value: "Any") -> None:
        items = _checked(value, kind)
        write_length(out, 0)
        place = len(out) - 4
        out += bytes(-len(out) % step)
        start = len(out)
        for item in items.items() if kind is dict else items:
            write_item(out, item)
        struct.pack_into("<I", out, place, _fitting(len(out) - start))

    return write


def _sequence(writers: "list[Writer]") -> "Writer":
    """A struct, a dictionary's entry, or a whole body."""

    def write(out: bytearray, value: "Any") -> None:
        out += bytes(-len(out) % 8)
        for write_value, item in zip(writers, _checked(value, tuple), strict=True):
            write_value(out, item)

    return write


def _variant(depth: int) -> "Writer":
    write_signature = _text("g")

    def write(out: bytearray, value: "Any") -> None:
        signature, inner = _checked(value, tuple)
        write_signature(out, signature)
        _writer(single(signature), depth + 1)(out, inner)

    return write


def _checked(value: "Any", kind: type) -> "Any":
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _fitting(length: int) -> int:
    if length > LARGEST_ARRAY:
        raise ValueError(f"an array of {length} bytes")
    return length
