"""/etc/lainos/p7.toml: one table of keys, from which the defaults, the checks, the example and p7.toml(5) come."""

from p7 import log, meant
from p7.root import Root

PATH = "/etc/lainos/p7.toml"

TYPE_CHECKING = False
if TYPE_CHECKING:
    Value = bool | int | str | list[str]


class Key:
    """One key: its dotted name, its value under each profile, what it may be, and a sentence for the reader."""

    __slots__ = ("choices", "contract", "default", "most", "name", "text")

    def __init__(
        self, name: str, default: "Value", contract: "Value", text: str, choices: tuple[str, ...] = (), most: int = 0
    ) -> None:
        self.name = name
        self.default = default
        self.contract = contract
        self.text = text
        self.choices = choices
        self.most = most  # of a number, whose least is 0

    def problem(self, value: object) -> str:
        """Why `value` cannot be this key's, or an empty string."""
        if COMMAND in self.choices and isinstance(value, list):
            good = bool(value) and all(isinstance(word, str) for word in value)
            return "" if good and value[0].startswith("/") else "a command is a list of words, an absolute path first"
        if self.choices:
            names = (_EXAMPLE if choice == COMMAND else f'"{choice}"' for choice in self.choices)
            return "" if value in self.choices else f"must be one of {', '.join(names)}"
        if type(value) is not type(self.default):
            return f"must be {_KINDS[type(self.default)]}"
        if self.most and isinstance(value, int) and not 0 <= value <= self.most:
            return f"must be from 0 to {self.most}"
        return ""


COMMAND = "[command]"
_EXAMPLE = '["/path", "arg"]'
_KINDS = {bool: "true or false", int: "a whole number", str: "a string"}
_POWER = ("auto", "noop", "off", COMMAND)
_HOW = (
    '"auto" does it, "noop" answers success and does nothing, "off" answers that it cannot, ["/path", "arg"] runs that.'
)

KEYS = (
    Key("profile", "desktop", "contract", 'The defaults of all other keys: "desktop" is what applications get along'
        ' with best, "contract" restores the original design, where a key can; the rest is in'
        " /usr/share/doc/p7/docs/deviations.md.",
        ("desktop", "contract")),
    Key("identity.user", "", "", "The one user's name; empty: the first in /etc/passwd with a uid from 1000 to 59999"
        " and a login shell."),
    Key("ghosts.booted", False, True, "Make /run/systemd/system, which says that systemd runs. loginctl wants it;"
        " podman, docker, syslog-ng and installers then expect a systemd that is not there."),
    Key("session.kill", False, False, "At the session's end, end every process in it; without it only what p7 started"
        " for it ends, and tmux lives on."),
    Key("session.notify_socket", False, True, "Set NOTIFY_SOCKET in the whole session; runc and podman then wait for a"
        " READY that never comes."),
    Key("power.poweroff", "auto", "auto", "PowerOff, through openrc-shutdown. " + _HOW, _POWER),
    Key("power.reboot", "auto", "auto", "Reboot, likewise.", _POWER),
    Key("power.halt", "auto", "auto", "Halt, likewise.", _POWER),
    Key("power.suspend", "auto", "noop", "Suspend, where the kernel offers it; the values as above.", _POWER),
    Key("power.hibernate", "auto", "off", "Hibernate, HybridSleep and SuspendThenHibernate, where kernel and swap offer"
        " it; the values as above.", _POWER),
    Key("power.inhibit_delay_sec", 5, 5, "Seconds, from 0 to 3600, that shutdown and sleep wait for delay inhibitors.",
        most=3600),
)  # fmt: skip


class Config:
    """The values in force, by dotted name; `errors` counts what was wrong with the file, each logged."""

    __slots__ = ("_text", "errors", "values")

    def __init__(self, values: "dict[str, Value]", errors: int = 0, text: str = "") -> None:
        self.values = values
        self.errors = errors
        self._text = text

    def __getitem__(self, name: str) -> "Value":
        return self.values[name]

    def complain(self, name: str, problem: str) -> None:
        """Log what is wrong with a key, with its line in the file, and count it."""
        log.error(f"{PATH}:{_line_of(name, self._text)}: {name}: {problem}")
        self.errors += 1


def defaults(profile: str = "desktop") -> "dict[str, Value]":
    """Every key's value under a profile."""
    return {key.name: key.contract if profile == "contract" else key.default for key in KEYS}


def load(root: Root) -> Config:
    """Read p7.toml. What is wrong in it is logged with its line and counted, and the default stands in its place."""
    try:
        text = root.read(PATH)
    except FileNotFoundError:
        return Config(defaults())
    except OSError as error:
        log.error(f"{PATH}: {error.strerror}; the defaults apply")
        return Config(defaults(), 1)
    return parse(text)


def parse(text: str) -> Config:
    """The configuration that a p7.toml's text asks for."""
    if sets_nothing(text):
        return Config(defaults())  # the one that install lays out: it need not cost every boot tomllib and re
    import tomllib

    try:
        given = _flatten(tomllib.loads(text))
    except ValueError as error:  # TOMLDecodeError, or text that is no UTF-8
        log.error(f"{PATH}: {error}; the defaults apply")
        return Config(defaults(), 1)
    known = {key.name: key for key in KEYS}
    good: dict[str, Value] = {}
    settings = Config(good, text=text)
    for name, value in given.items():
        if name not in known:
            settings.complain(name, f"no such key, so it is ignored{meant(name, known)}")
        elif problem := known[name].problem(value):
            settings.complain(name, f"{problem}, not {_shown(value)}; its default applies")
        else:
            good[name] = value
    settings.values = {**defaults(str(good.get("profile", "desktop"))), **good}
    return settings


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def sets_nothing(text: str) -> bool:
    """Whether there are only comments and names of tables."""
    lines = filter(None, map(str.strip, text.splitlines()))
    return all(line.startswith("#") or (line[0] + line[-1] == "[]" and line[1:-1].isidentifier()) for line in lines)


def _flatten(table: "dict[str, object]", prefix: str = "") -> "dict[str, Value]":
    flat: dict[str, Value] = {}
    for name, value in table.items():
        flat.update(_flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value})  # type: ignore[dict-item]
    return flat


def _line_of(name: str, text: str) -> int:
    """The line where a key stands; tomllib does not tell, so the first that sets it, in its table or dotted."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            table = _plain(line.strip(" \t[").partition("]")[0]) + "."
        elif f"{name}.".startswith(f"{table}{_plain(line.partition('=')[0])}."):  # an inline table has its keys inside
            return number
    return 1


def _plain(key: str) -> str:
    """A dotted key without blanks and quotes."""
    return ".".join(part.strip(" \t\"'") for part in key.split("."))
