"""/etc/lainos/finalize.toml: the lists that a distribution or an administrator may want otherwise."""

from p7 import Failure
from p7.root import Root

PATH = "/etc/lainos/finalize.toml"
LEVELS = ("sysinit", "boot", "default")
"""Those in which a service can be for it to run in a session."""

_KEYS = {
    **{f"runlevels.{level}": ("needed", "optional") for level in LEVELS},
    "groups": ("user",),
    "doas": ("rules",),
    "greetd": ("users", "displaces"),
    "pacman": ("clear",),
}
_KINDS = {"doas": "lines"}


class Lists:
    """The lists by dotted name, as "groups.user"; one that the file does not have is empty."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> list[str]:
        return self._values.get(name, [])


def load(root: Root) -> Lists:
    """Read the file. Raises Failure if it is missing or anything in it is wrong: half of an installation is none."""
    try:
        return parse(root.read(PATH))
    except FileNotFoundError:
        raise Failure(f"{root.path(PATH)} is missing: it comes with p7, so install that again") from None


def parse(text: str) -> Lists:
    """The lists of a file's text. Raises Failure."""
    import tomllib

    try:
        given = tomllib.loads(text)
    except ValueError as error:
        raise Failure(f"{PATH}: {error}") from None
    tables: dict[str, object] = {}
    for name, table in given.items():
        if name == "runlevels" and isinstance(table, dict):
            tables |= {f"runlevels.{level}": value for level, value in table.items()}
        else:
            tables[name] = table
    return Lists({f"{name}.{key}": value for name, table in tables.items() for key, value in _items(name, table)})


def _items(name: str, table: object) -> list[tuple[str, list[str]]]:
    """A table's lists. Raises Failure for any other key, and for what is no list of plain words or lines."""
    known = _KEYS.get(name)
    if known is None or not isinstance(table, dict):
        raise Failure(f"{PATH}: [{name}] is not one of [{'], ['.join(_KEYS)}]")
    for key, value in table.items():
        if key not in known:
            raise Failure(f"{PATH}: [{name}] has no {key!r}, only {' and '.join(known)}")
        if not isinstance(value, list) or not all(isinstance(word, str) and _is_plain(name, word) for word in value):
            raise Failure(f'{PATH}: {key} of [{name}] must be a list of {_KINDS.get(name, "names")}, as ["one", "two"]')
    return list(table.items())


def _is_plain(name: str, word: str) -> bool:
    """Whether it can be a line of doas.conf or, elsewhere, a name that leads to no other folder."""
    return word.isprintable() and word.strip() != "" and (name == "doas" or ("/" not in word and word[0] != "."))
