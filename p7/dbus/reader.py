"""From bytes to values (D-Bus Specification, "Marshaling"), by functions that are made of a signature.

    y n q i u x t   int      d   float     s o g    str        aX       list, but ay bytes
    h   a descriptor         b   bool      (X...)   tuple      a{KX}    dict              v   (signature, value)

What is read is taken apart as strictly as the specification has it. Everything here raises ValueError, struct.error
or IndexError for bytes that are no such value; unpack() has one of them for all.
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
    from collections.abc import Callable, Sequence
    from typing import Any

    from p7.dbus.signature import Type

    Fds = Sequence[int]
    # (body, place, the message's descriptors) to value and next place
    Reader = Callable[[bytes, int, Fds], tuple[Any, int]]

LITTLE, BIG = "<", ">"
_made: "dict[str, Reader]" = {}


def unpack(signature: str, body: bytes, order: str, fds: "Fds") -> "tuple[Any, ...]":
    """A body's values. Raises ValueError for a body that is not what its signature says."""
    read = _made.get(order + signature)
    if read is None:  # made once a signature: only our rows' signatures are ever asked for
        read = _made[order + signature] = _sequence([_reader(kind, order, 0) for kind in parse(signature)])
    try:
        values, end = read(body, 0, fds)
    except (struct.error, IndexError):
        raise ValueError("a value that is cut off, or a descriptor that did not come") from None
    if end != len(body):
        raise ValueError(f"{len(body) - end} bytes too many")
    return values  # type: ignore[no-any-return]


def _reader(kind: "Type", order: str, depth: int) -> "Reader":
    """The reader of a type whose values are in `depth` containers."""
    check_depth(kind, depth)
    if kind == VARIANT:
        return _variant(order, depth)
    if isinstance(kind, str):
        return _fixed(kind, order) if kind in FIXED else _text(kind, order)
    if kind[0] == ARRAY:
        return _bytes(order) if kind[1] == "y" else _array(kind[1], order, depth)
    return _sequence([_reader(inner, order, depth + 1) for inner in kind[1:]])


def _fixed(letter: str, order: str) -> "Reader":
    number = struct.Struct(order + FIXED[letter])
    size, number_at = number.size, number.unpack_from

    def read(body: bytes, at: int, _fds: "Fds") -> "tuple[Any, int]":
        if at % size:
            at = _skip(body, at, size)
        return number_at(body, at)[0], at + size

    def read_bool(body: bytes, at: int, fds: "Fds") -> tuple[bool, int]:
        value, at = read(body, at, fds)
        if value > 1:
            raise ValueError(f"a boolean of {value}")
        return value == 1, at

    def read_fd(body: bytes, at: int, fds: "Fds") -> tuple[int, int]:
        place, at = read(body, at, fds)
        return fds[place], at

    return read_bool if letter == "b" else read_fd if letter == "h" else read


def _text(letter: str, order: str) -> "Reader":
    read_length = _fixed("y" if letter == "g" else "u", order)

    def read(body: bytes, at: int, fds: "Fds") -> tuple[str, int]:
        length, start = read_length(body, at, fds)
        end = start + length
        if body[end]:
            raise ValueError("a text without a zero behind it")
        text = body[start:end].decode()
        check_text(letter, text)
        return text, end + 1

    return read


def _bytes(order: str) -> "Reader":
    read_length = _fixed("u", order)

    def read(body: bytes, at: int, fds: "Fds") -> tuple[bytes, int]:
        length, start = read_length(body, at, fds)
        end = _end(body, start, length)
        return body[start:end], end

    return read


def _array(inner: "Type", order: str, depth: int) -> "Reader":
    step, read_length, read_item = alignment(inner), _fixed("u", order), _reader(inner, order, depth + 1)
    collect = dict if inner[0] == ENTRY else list

    def read(body: bytes, at: int, fds: "Fds") -> "tuple[Any, int]":
        length, at = read_length(body, at, fds)
        at = _skip(body, at, step)
        end = _end(body, at, length)
        items = []
        while at < end:
            item, at = read_item(body, at, fds)
            items.append(item)
        if at != end:
            raise ValueError("an array whose last element does not end with it")
        return collect(items), end

    return read


def _sequence(readers: "list[Reader]") -> "Reader":
    """A struct, a dictionary's entry, or a whole body, which begins where a struct may."""

    def read(body: bytes, at: int, fds: "Fds") -> "tuple[tuple[Any, ...], int]":
        at = _skip(body, at, 8)
        values = []
        for read_value in readers:
            value, at = read_value(body, at, fds)
            values.append(value)
        return tuple(values), at

    return read


def _variant(order: str, depth: int) -> "Reader":
    read_signature = _text("g", order)

    def read(body: bytes, at: int, fds: "Fds") -> "tuple[tuple[str, Any], int]":
        signature, at = read_signature(body, at, fds)
        # made anew each time: there is no end of signatures that somebody could send
        value, at = _reader(single(signature), order, depth + 1)(body, at, fds)
        return (signature, value), at

    return read


def _skip(body: bytes, at: int, step: int) -> int:
    """The next place that is a multiple of `step`."""
    start = at + -at % step
    if any(body[at:start]):
        raise ValueError("padding that is not zero")
    return start


def _end(body: bytes, start: int, length: int) -> int:
    """Where an array of so many bytes ends."""
    if length > LARGEST_ARRAY or start + length > len(body):
        raise ValueError(f"an array of {length} bytes")
    return start + length
