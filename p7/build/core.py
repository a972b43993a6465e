"""What of p7's package the seal protects: the programs and whatever of rc/ runs or decides what may run."""

import glob
import os

from p7 import dispatch
from p7.build import PROJECT

# Not what is an administrator's to change, nor what is only read by people.
_KINDS = ("etc/init.d/", "usr/lib/", "usr/share/dbus-1/", "usr/share/libalpm/")


def paths() -> tuple[str, ...]:
    """Paths below /, sorted."""
    folder = os.path.join(PROJECT, "rc")
    found = {name for kind in _KINDS for name in glob.glob(f"{kind}**", root_dir=folder, recursive=True)}
    files = {name for name in found if os.path.isfile(os.path.join(folder, name))}
    return tuple(sorted({"usr/bin/p7", *(f"usr/bin/{name}" for name in dispatch.LINKS), *files}))


def module() -> bytes:
    """The source of p7.seal.core as it is packed, where there is no rc/ to look at."""
    rows = "".join(f"    {path!r},\n" for path in paths())
    return f'"""What of p7\'s package the seal protects."""\n\nPATHS = (\n{rows})\n'.encode()
