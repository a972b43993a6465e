"""The zipapp's program as the kernel starts it, run by a Python that tells what it imports."""

import subprocess

from tests.conftest import SYSTEM_PYTHON


def program(p7):
    """The Python program on p7's first line."""
    return p7.read_bytes().partition(b"\n")[0].partition(b" -ISc")[2].decode()


def command(p7, *arguments):
    """The command line that runs p7 and has every import printed on stderr."""
    return [SYSTEM_PYTHON, "-I", "-S", "-X", "importtime", "-c", program(p7), str(p7), *arguments]


def imports(stderr):
    """The names of what was imported, from the lines of -X importtime."""
    lines = [line for line in stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines} - {"imported package"}


def bare():
    """What a Python imports that does nothing."""
    command = [SYSTEM_PYTHON, "-I", "-S", "-X", "importtime", "-c", "pass"]
    return imports(subprocess.run(command, check=True, capture_output=True, text=True).stderr)
