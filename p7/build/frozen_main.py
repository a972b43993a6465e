"""Where p7 starts in the frozen form: PyInstaller's launcher is its parent and set variables for it."""

import os
import sys

from p7 import dispatch, proc


def _restore_environment() -> None:
    """Take back what the launcher set: nothing that p7 starts may load p7's libraries or take itself for p7."""
    original = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if original is not None:
        os.environ["LD_LIBRARY_PATH"] = original
    for name in list(os.environ):
        if name.startswith(("_PYI_", "_MEI")):
            del os.environ[name]


_restore_environment()
proc.end_with_launcher()
dispatch.start(sys.argv)
