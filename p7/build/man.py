"""Man pages, made from what --help prints and from p7.config.KEYS: what p7 says of itself is written down once."""

import os
import re
import sys
import textwrap
import time

from p7 import VERSION, config, dispatch
from p7.build import PROJECT, example, sources, version

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

_STATUSES = {
    "0": "All is done.",
    "1": "A step failed; each one that did was logged.",
    "2": "The command line is wrong, or P7_SESSION_TYPE in the environment is; or lainos-net-init could do nothing.",
    "77": "The applet must be run as root, or must not be.",
    "126": "The program to run was found and could not be executed.",
    "127": "No such applet, or the program to run was not found.",
    "130": "Interrupted from the keyboard.",
}
_CONFIG = {config.PATH: "The configuration, p7.toml(5)."}
_PACMAN_CONF = {"/etc/pacman.conf": "pacman's, with the files that it includes."}
# page: what it reads or makes, for those with a file worth knowing
_FILES = {
    "cgroup-delegate": {
        **_CONFIG,
        "/etc/rc.conf.d/p7.conf": "Sets rc_cgroup_mode to unified.",
        "/sys/fs/cgroup/user.slice/user-UID.slice": "The user's part of the tree.",
    },
    "lainos-audio-init": {"XDG_RUNTIME_DIR/lainos/NAME.log": "What each daemon says."},
    "lainos-dbus-bridge": {
        **_CONFIG,
        "/run/lainos/session": "The socket on which lainos-init opens the session.",
        "/usr/share/dbus-1/system.d/org.freedesktop.login1.conf": "Lets the user lainos own the name.",
    },
    "lainos-ghost-units": {**_CONFIG, "/run/systemd": "What it makes, with /run/user/UID."},
    "lainos-init": {
        **_CONFIG,
        "/etc/environment": "Variables of every session.",
        "~/.config/lainos/session.env": "Those of this user's.",
    },
    "lainos-net-init": {
        "/usr/lib/lainos/sysctl.d/50-p7.conf": "The parameters, as p7 has them.",
        "/etc/lainos/sysctl.d/*.conf": "The administrator's.",
    },
    "lainos-notifyd": {
        "/run/systemd/notify": "The socket.",
        "/etc/rc.conf.d/p7-notify.conf": "Tells services of it.",
    },
    "p7-finalize": {
        **_CONFIG,
        "/etc/lainos/finalize.toml": "The lists.",
        "/usr/share/lainos/greetd.toml": "What becomes /etc/greetd/config.toml.",
        "/usr/lib/lainos/iwd/main.conf": "What becomes /etc/iwd/main.conf.",
    },
    "p7-seal-conf": {
        **_PACMAN_CONF,
        "/usr/share/lainos/pacman/*.conf": "Repositories to name, of the package lainos-repositories.",
    },
    "p7-seal-guard": {
        "/usr/share/libalpm/hooks/00-p7-guard.hook": "Before packages come.",
        "/usr/share/libalpm/hooks/00-p7-guard-remove.hook": "Before packages go, with `--remove`.",
        "/run/lainos/unsealed": "What to let through. Root's, and only root may write it.",
    },
    "p7-seal-verify": {
        **_PACMAN_CONF,
        "/usr/share/libalpm/hooks/zz-p7-verify.hook": "After each transaction.",
        "/var/lib/pacman/local/*/mtree": "What pacman recorded of p7's files.",
    },
}
_SEAL = {"p7-finalize": 8, "p7-seal-conf": 8, "p7-seal-guard": 8, "p7-seal-verify": 8}
# page: the others that have to do with it, besides p7 and p7.toml
_RELATED = {"p7-abi": {"p7-seal-guard": 8}, **{page: {**_SEAL, "pacman.conf": 5, "alpm-hooks": 5} for page in _SEAL}}
_P7_TOML = """\
The configuration of p7, in TOML. A missing file, table or key means the default. What is wrong in the file is logged
with its line, and the default applies in its place. Services read the file when they start, `lainos-init` at each
login.

A key is named here with its table: `power.suspend` is the key `suspend` in the table `[power]`."""


def pages() -> dict[str, str]:
    """Path below man/ to troff source, for every applet, p7 and p7.toml."""
    sys.path[:0] = [path for path in sources.wheels() if path not in sys.path]
    from p7 import cli

    made = {"man1/p7.1": _program(cli.program_command()), "man5/p7.toml.5": _config()}
    for name in (*dispatch.APPLETS, *dispatch.TOOLS):
        page, section = _place(name)
        made[f"man{section}/{page}.{section}"] = _applet(page, cli.applet_command(name, dispatch.load(name)), section)
    return made


def aliases() -> dict[str, str]:
    """Path below man/ to the page, in the same folder, that it is another name of."""
    made = {}
    for alias, name in dispatch.ALIASES.items():
        _, section = _place(name)
        made[f"man{section}/{alias}.{section}"] = f"{name}.{section}"
    return made


def _place(name: str) -> tuple[str, int]:
    """The page of an applet or tool, and the section it is in."""
    section = 8 if dispatch.load(name).PRIVILEGE == "root" else 1
    return f"p7-{name}" if name in dispatch.TOOLS else name, section


def _applet(name: str, command: "click.Command", section: int) -> str:
    summary, _, description = (command.help or "").partition("\n\n")
    files = [("FILES", _items(_FILES[name]))] if name in _FILES else []
    return _page(
        name,
        section,
        summary,
        _synopsis(command),
        ("DESCRIPTION", _prose(description)),
        _options(command),
        ("EXIT STATUS", ".BR p7 (1)\nlists what all applets have in common.\n"),
        *files,
        ("SEE ALSO", _references(_related(name))),
    )


def _related(name: str) -> dict[str, int]:
    """The pages that a page leads to, with their sections."""
    pages = {"p7": 1, **({"p7.toml": 5} if config.PATH in _FILES.get(name, ()) else {}), **_RELATED.get(name, {})}
    return {page: section for page, section in pages.items() if page != name}


def _program(command: "click.Command") -> str:
    from p7 import menu

    pages = dict(map(_place, (*dispatch.APPLETS, *dispatch.TOOLS)))
    summary, _, description = (command.help or "").partition("\n\n")
    return _page(
        "p7",
        1,
        summary,
        ("SYNOPSIS", ".B p7\n[OPTIONS] [DIR]\n.br\n.B p7\nNAME [OPTIONS]\n"),
        ("DESCRIPTION", _prose(description)),
        ("APPLETS", _items({name: f"{menu.summary(name)}." for name in (*dispatch.APPLETS, *dispatch.TOOLS)})),
        _options(command),
        ("EXIT STATUS", _items(_STATUSES)),
        ("FILES", _items(_CONFIG)),
        ("SEE ALSO", _references({**pages, "p7.toml": 5, "loginctl": 1, "openrc": 8})),
    )


def _config() -> str:
    keys = {f"{key.name} = {example.literal(key.default)}": _about(key) for key in config.KEYS}
    return _page(
        "p7.toml",
        5,
        "The configuration of p7.",
        ("SYNOPSIS", f".B {_text(config.PATH)}\n"),
        ("DESCRIPTION", _prose(_P7_TOML)),
        ("KEYS", "Each with its default.\n" + _items(keys)),
        ("EXAMPLE", '.EX\nprofile = "contract"\n\n[power]\nsuspend = "auto"\n.EE\n'),
        ("SEE ALSO", ".BR p7 (1)\n"),
    )


def _about(key: config.Key) -> str:
    text = key.text
    if key.choices:
        text += f" One of: {', '.join(example.choices(key))}."
    if key.contract != key.default and key.name != "profile":
        text += f' With `profile = "contract"`: {example.literal(key.contract)}.'
    return text


def _page(name: str, section: int, summary: str, *parts: tuple[str, str]) -> str:
    """A page in man(7)."""
    head = f'.TH {name.upper()} {section} {_date()} "p7 {version.current()}" "p7 manual"\n'
    head += f".SH NAME\n{_text(name)} \\- {_text(_phrase(summary))}\n"
    return head + "".join(f".SH {title}\n{body}" for title, body in parts)


def _phrase(sentence: str) -> str:
    return sentence[:1].lower() + " ".join(sentence[1:].split()).rstrip(".")


def _synopsis(command: "click.Command") -> tuple[str, str]:
    pieces = command.collect_usage_pieces(_context(command))
    return "SYNOPSIS", f".B {_text(f'{command.name}')}\n{_text(' '.join(pieces))}\n"


def _options(command: "click.Command") -> tuple[str, str]:
    context = _context(command)
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    # An argument has no text of its own: the description speaks of it.
    return "OPTIONS", _items({term: text for term, text in filter(None, records) if text})


def _context(command: "click.Command") -> "click.Context":
    import click

    return click.Context(command, info_name=command.name)


def _items(pairs: dict[str, str]) -> str:
    return "".join(f".TP\n.B {_text(term)}\n{_lines(text)}" for term, text in pairs.items())


def _references(pages: dict[str, int]) -> str:
    return ",\n".join(f".BR {_text(page)} ({section})" for page, section in pages.items()) + "\n"


def _prose(text: str) -> str:
    """Paragraphs; blank lines between them in the source."""
    return ".PP\n".join(_lines(part) for part in text.split("\n\n") if part.strip())


def _lines(text: str) -> str:
    """Filled text; a line that begins with a dot would be a request."""
    lines = textwrap.wrap(_text(text), 79, break_long_words=False, break_on_hyphens=False)
    return "".join(f"\\&{line}\n" if line.startswith(".") else f"{line}\n" for line in lines)


def _text(text: str) -> str:
    """Plain text as troff input; `code` becomes bold, a hyphen stays one that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace('"', "\\(dq")
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)


def _date() -> str:
    """SOURCE_DATE_EPOCH's day, or the one on which CHANGELOG.md has this version: never the day of the build."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        return time.strftime("%Y-%m-%d", time.gmtime(int(epoch)))
    with open(os.path.join(PROJECT, "CHANGELOG.md"), encoding="utf-8") as file:
        return next(line.split()[-1] for line in file if line.startswith(f"## {VERSION} "))
