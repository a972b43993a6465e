"""The example p7.toml: every key of p7.config.KEYS explained, none of them set, so that the defaults apply."""

import textwrap

from p7.config import COMMAND, KEYS, Key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from p7.config import Value

_HEAD = """\
# p7.toml(5): what p7 does where the owner of a machine may choose.
#
# Every key stands here with its default under profile = "desktop": to change one, take away the # before it. Services
# read this file when they start, lainos-init at each login.
"""


def p7_toml() -> str:
    """The whole file."""
    lines, table = [_HEAD], ""
    for key in KEYS:
        before, _, name = key.name.rpartition(".")
        if before != table:
            table = before
            lines.append(f"[{table}]\n")
        lines += [*(f"# {line}" for line in textwrap.wrap(key.text, 117)), *_choices(key)]
        lines.append(f"#{name} = {literal(key.default)}\n")
    return "\n".join(lines)


def literal(value: "Value") -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def choices(key: Key) -> list[str]:
    """What a key may be, as TOML writes it; empty where any value of its type will do."""
    return ['["/path", "argument"]' if choice == COMMAND else literal(choice) for choice in key.choices]


def _choices(key: Key) -> list[str]:
    notes = [f"# One of: {', '.join(choices(key))}"] if key.choices else []
    if key.contract != key.default and key.name != "profile":
        notes.append(f'# With profile = "contract": {literal(key.contract)}')
    return notes
