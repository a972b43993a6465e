"""pacman's hooks: p7's that another file of the same name takes the place of, and any that libalpm cannot read.

Source: alpm-hooks(5), and libalpm's hook.c: of two files of a name, the one in the later HookDir counts; one without a
trigger is a hook that does nothing, which is how a link to /dev/null masks; one that is wrong stops every transaction.
"""

from __future__ import annotations

import os
import shlex

from p7.root import Root
from p7.seal import rules
from p7.seal.settings import SYSTEM_HOOKS, Settings
from p7.seal.verify.finding import Finding

_VALUES = {
    ("Trigger", "Operation"): ("Install", "Upgrade", "Remove"),
    ("Trigger", "Type"): ("Package", "Path", "File"),
    ("Trigger", "Target"): (),
    ("Action", "Description"): (),
    ("Action", "When"): ("PreTransaction", "PostTransaction"),
    ("Action", "Exec"): (),
    ("Action", "Depends"): (),
}
_FLAGS = ("AbortOnFail", "NeedsTargets")


def check(settings: Settings) -> list[Finding]:
    """Masked and replaced hooks of p7's, then files that are no hooks."""
    root = settings.root
    found = []
    for i, folder in enumerate(settings.hook_folders):
        for path in _files(root, folder):
            problem = _problem(root, path)
            own = f"{SYSTEM_HOOKS.removeprefix('/')}/{os.path.basename(path)}" in rules.CORE and i > 0
            if problem:
                text = f"pacman cannot read it: {problem}"
                found.append(Finding(settings.inside(path), text, "mend it or move it away"))
            elif own:
                found.append(_in_place_of_ours(settings, path))
    return found


def _in_place_of_ours(settings: Settings, path: str) -> Finding:
    place = settings.root.path(path)
    masks = not _lines(settings.root, path)
    what = "it masks p7's hook of this name" if masks else "it takes the place of p7's hook of this name"
    mend = (lambda: os.unlink(place)) if os.path.islink(place) and masks else None
    return Finding(settings.inside(path), what, "remove it", mend)


def _files(root: Root, folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(root.path(folder)))
    except OSError:
        return []
    paths = [f"{folder}/{name}" for name in names if name.endswith(".hook")]
    return [path for path in paths if not os.path.isdir(root.path(path))]


def _lines(root: Root, path: str) -> list[str]:
    """What is in a file beyond blank lines and comments. A link to a device has nothing, whatever it leads to here."""
    place = root.path(path)
    if os.path.islink(place) and os.readlink(place) == "/dev/null":
        return []
    lines = (line.strip() for line in root.read(path).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _problem(root: Root, path: str) -> str:
    """Why libalpm would refuse a file; empty if it would not."""
    try:
        lines = _lines(root, path)
    except OSError as error:
        return error.strerror or "it cannot be opened"
    section, seen = "", []
    for line in lines:
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            if section not in ("Trigger", "Action"):
                return f"there is no section [{section}]"
            seen.append((section, "", ""))
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if problem := _wrong(section, key, value, bool(equals)):
            return problem
        seen.append((section, key, value))
    return _incomplete(seen)


def _wrong(section: str, key: str, value: str, has_value: bool) -> str:
    if section == "Action" and key in _FLAGS:
        return ""
    if (section, key) not in _VALUES:
        return f"{key} means nothing {f'in [{section}]' if section else 'before a section'}"
    if not has_value or not value:
        return f"{key} has no value"
    values = _VALUES[section, key]
    if values and value not in values:
        return f"{key} is {value}, and must be one of {' '.join(values)}"
    return "Exec ends within a quotation" if key == "Exec" and not _ends(value) else ""


def _ends(command: str) -> bool:
    """Whether a command's quotations all do."""
    try:
        return bool(shlex.split(command))
    except ValueError:
        return False


def _incomplete(seen: list[tuple[str, str, str]]) -> str:
    """What a hook with a trigger lacks."""
    triggers: list[set[str]] = []
    action = set()
    for section, key, _ in seen:
        if section == "Trigger":
            triggers.append(set()) if not key else triggers[-1].add(key)
        else:
            action.add(key)
    for keys in triggers:
        if lacking := [key for key in ("Operation", "Type", "Target") if key not in keys]:
            return f"a [Trigger] has no {lacking[0]}"
    lacking = [key for key in ("When", "Exec") if key not in action] if triggers else []
    return f"[Action] has no {lacking[0]}" if lacking else ""
