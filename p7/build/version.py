"""What an artifact says of its version: of a release p7.VERSION, of any other checkout the next one's and the commit.

Source: PEP 440. A release is a tarball, which has no .git, or a checkout of its tag, vVERSION, with nothing changed.
"""

import functools
import os
import subprocess

from p7 import VERSION
from p7.build import PROJECT

# Twelve digits, or how many it takes would depend on what else a clone has. A package may be built by another user than
# the checkout's, to whom git says nothing without safe.directory.
_DESCRIBE = "-c safe.directory=* describe --tags --long --always --abbrev=12 --dirty=.dirty".split()


@functools.cache
def current() -> str:
    """As `0.1.0`, `0.1.1.dev0+g0123456789ab`, or with `.dirty` behind that; without git, VERSION."""
    if not os.path.lexists(os.path.join(PROJECT, ".git")):
        return VERSION  # and whatever repository it was unpacked in is not asked
    command = ["git", "-C", PROJECT, *_DESCRIBE, f"--match=v{VERSION}"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return VERSION
    if told.startswith(f"v{VERSION}-0-") and not told.endswith(".dirty"):
        return VERSION
    head, _, last = VERSION.rpartition(".")
    return f"{head}.{int(last) + 1}.dev0+g{told.rpartition('-g')[2]}"


def module(source: bytes) -> bytes:
    """The source of p7/__init__.py as it is packed."""
    return source.replace(f'"{VERSION}"'.encode(), f'"{current()}"'.encode())
