"""The words of pacman.conf's [options] that the seal wants, and those that break what it needs."""

from __future__ import annotations

from fnmatch import fnmatchcase

from p7.seal import rules
from p7.seal.package import WATCHED

WANTED = {
    "IgnorePkg": tuple(sorted(rules.SEALED)),
    "NoExtract": ("usr/lib/systemd/system/*", "usr/lib/systemd/user/*"),
}
"""An upgrade passes the sealed names by instead of being stopped by the guard; nothing here reads units."""
# The package of the watched libraries has to follow what needs it. A file that is not extracted triggers no hook and
# makes no user or folder; one that is not upgraded no longer is what the database says.
_FOLLOWING = ("systemd-libs",)
_NEEDED = (
    *("usr/lib/sysusers.d/p7.conf", "usr/lib/tmpfiles.d/p7.conf"),
    *(f"usr/lib/{soname}" for soname in sorted(WATCHED)),
    *rules.CORE,
)
_NEEDED_FOLDERS = ("usr/lib/sysusers.d/", "usr/lib/tmpfiles.d/")


def is_harmful(key: str, word: str) -> bool:
    """Whether a word of this option, a shell pattern, is one that the seal cannot live with."""
    if key == "IgnorePkg":
        return any(fnmatchcase(name, word) for name in _FOLLOWING)
    if key in ("NoExtract", "NoUpgrade"):
        # No path begins with the ! that takes a pattern back.
        return word.startswith(_NEEDED_FOLDERS) or any(fnmatchcase(path, word) for path in _NEEDED)
    return False


def harmless(line: str) -> str | None:
    """A line without its harmful words, "" if no word is left; None where it has none and may stay."""
    head, _, value = line.partition("=")
    words = value.split()
    kept = [word for word in words if not is_harmful(head.strip(), word)]
    if kept == words:
        return None
    return f"{head}= {' '.join(kept)}" if kept else ""


def is_wanted(line: str) -> bool:
    """Whether a line has nothing but words of WANTED."""
    key, _, value = line.partition("=")
    return set(value.split()) <= set(WANTED.get(key.strip(), ())) and bool(value.strip())
