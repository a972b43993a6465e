"""Signatures (D-Bus Specification, "Type System"): parsed into trees, of which readers and writers are made."""

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Type = str | tuple[Any, ...]

FIXED = dict(zip("ybnqiuxtdh", "BIhHiIqQdI", strict=True))
"""Types of a fixed size, with struct's letters for them."""
TEXTS = "sog"
VARIANT, ARRAY, STRUCT, ENTRY = "v", "a", "(", "{"
LARGEST_ARRAY = 1 << 26  # bytes
_CLOSING = {STRUCT: ")", ENTRY: "}"}
_LONGEST = 255
_MOST_NESTED = 32  # arrays, or structs, in each other
_DEEPEST = 64  # containers in each other, variants and all


def parse(signature: str) -> "list[Type]":
    """The complete types of a signature: a letter, or a tuple of ARRAY, STRUCT or ENTRY and what is in it.

    "sa{uv}" is ["s", ("a", ("{", "u", "v"))]. Raises ValueError for what is no signature.
    """
    if len(signature) > _LONGEST:
        raise ValueError(f"a signature of {len(signature)} letters")
    types, at = [], 0
    while at < len(signature):
        kind, at = _complete(signature, at, 0, 0)
        types.append(kind)
    return types


def single(signature: str) -> "Type":
    """The one complete type of a variant's signature. Raises ValueError."""
    types = parse(signature)
    if len(types) != 1:
        raise ValueError(f"{signature!r} is not one complete type")
    return types[0]


def alignment(kind: "Type") -> int:
    """What the place of such a value is a multiple of."""
    if kind in FIXED:
        return struct.calcsize("=" + FIXED[kind[0]])
    return {ARRAY: 4, STRUCT: 8, ENTRY: 8, "s": 4, "o": 4}.get(kind[0], 1)


def check_depth(kind: "Type", depth: int) -> None:
    """Raise ValueError for a container that is in `depth` others, where that is one too many."""
    if depth >= _DEEPEST and (kind == VARIANT or isinstance(kind, tuple)):
        raise ValueError(f"more than {_DEEPEST} containers in each other")


def check_text(letter: str, text: str) -> None:
    """Raise ValueError for what no string, object path or signature can be."""
    if letter == "g":
        parse(text)
    elif letter == "o" and not _is_path(text):
        raise ValueError(f"{text!r} is no object path")
    elif "\0" in text:
        raise ValueError("a zero in a text")


def _is_path(text: str) -> bool:
    root, *names = text.split("/")
    is_named = bool(names) and text.isascii() and all(name.replace("_", "x").isalnum() for name in names)
    return text == "/" or (not root and is_named)


def _complete(signature: str, at: int, arrays: int, structs: int) -> "tuple[Type, int]":
    """The complete type that begins at a place, and where the next one does."""
    letter = signature[at : at + 1]
    if letter in FIXED or (letter and letter in TEXTS + VARIANT):
        return letter, at + 1
    if letter == ARRAY and arrays < _MOST_NESTED:
        has_entries = signature[at + 1 : at + 2] == ENTRY
        inner, at = (_several if has_entries else _complete)(signature, at + 1, arrays + 1, structs)
        return (ARRAY, inner), at
    if letter == STRUCT and structs < _MOST_NESTED:
        return _several(signature, at, arrays, structs + 1)
    raise ValueError(f"{signature!r} is no signature")


def _several(signature: str, at: int, arrays: int, structs: int) -> "tuple[Type, int]":
    """A struct, or an entry of a dictionary: that has a basic type and another."""
    opening = signature[at]
    inner: list[Type] = []
    at += 1
    while signature[at : at + 1] != _CLOSING[opening]:
        kind, at = _complete(signature, at, arrays, structs)
        inner.append(kind)
    if not inner or (opening == ENTRY and (len(inner) != 2 or inner[0] == VARIANT or isinstance(inner[0], tuple))):
        raise ValueError(f"{signature!r} is no signature")
    return (opening, *inner), at + 1
