"""Bodies of D-Bus messages for hypothesis: any signature, values for it, and what damage makes of their bytes."""

from hypothesis import strategies as st

from p7.dbus.introspect import split
from p7.dbus.writer import pack

name = st.from_regex(r"[A-Za-z0-9_]{1,5}", fullmatch=True)
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
KEYS = {
    "y": st.integers(0, 2**8 - 1),
    "b": st.booleans(),
    "n": st.integers(-(2**15), 2**15 - 1),
    "q": st.integers(0, 2**16 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "u": st.integers(0, 2**32 - 1),
    "x": st.integers(-(2**63), 2**63 - 1),
    "t": st.integers(0, 2**64 - 1),
    "d": st.floats(allow_nan=False),
    "s": text,
    "o": st.lists(name, max_size=3).map(lambda names: "/" + "/".join(names)),
    "g": st.sampled_from(["", "s", "a{sv}", "(ii)ay"]),
}


def containers(inner):
    key = st.sampled_from(list(KEYS))
    return st.one_of(
        inner.map("a{}".format),
        st.tuples(key, inner).map(lambda entry: "a{{{}{}}}".format(*entry)),
        st.lists(inner, min_size=1, max_size=3).map(lambda types: f"({''.join(types)})"),
    )


class Types:
    """`one` is any complete type that is made of the types in `leaves`, a signature to its values, and of variants."""

    def __init__(self, leaves):
        self.leaves = leaves
        self.one = st.recursive(st.sampled_from([*leaves, "v"]), containers, max_leaves=6)

    def values(self, kind):
        """Values of one complete type."""
        if kind in self.leaves:
            return self.leaves[kind]
        if kind == "v":
            return self.one.flatmap(lambda inner: self.values(inner).map(lambda value: (inner, value)))
        if kind == "ay":
            return st.binary(max_size=8)
        if kind.startswith("a{"):
            return st.dictionaries(self.values(kind[2]), self.values(kind[3:-1]), max_size=3)
        if kind.startswith("a"):
            return st.lists(self.values(kind[1:]), max_size=3)
        return st.tuples(*map(self.values, split(kind[1:-1])))


TYPES = Types(KEYS)


@st.composite
def bodies(draw):
    """A signature and the values of a body."""
    types = draw(st.lists(TYPES.one, min_size=1, max_size=3))
    return "".join(types), tuple(draw(TYPES.values(kind)) for kind in types)


@st.composite
def damaged(draw):
    """A signature and what was a body of it, before some bytes were changed and perhaps its end cut off."""
    signature, given_values = draw(bodies())
    data = bytearray(pack(signature, given_values))
    for place in draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=3)) if data else ():
        data[place] = draw(st.sampled_from([0, 1, 2, 4, 47, 115, 255]))
    return signature, bytes(data[: len(data) - draw(st.sampled_from([0, 0, 0, 1, 4]))])
