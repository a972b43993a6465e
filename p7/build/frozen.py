"""dist/p7-frozen: PyInstaller's one-file form, for where there is no static libpython."""

import os
import subprocess
import sys
import tempfile

from p7.build import PROJECT, is_packer, no_arguments, output, pack, sources, venv
from p7.build.archive import write_program


def build(args: list[str]) -> int:
    """Write dist/p7-frozen, with the system's own Python and its shared libpython."""
    no_arguments("frozen", (__doc__ or "").partition("\n\n")[0], args)
    sources.libraries()  # by this Python, which may have a pip that the system's lacks
    if not is_packer():
        return pack("frozen")
    path = output("p7-frozen")
    with tempfile.TemporaryDirectory() as folder:
        command = [_python(), "-m", "PyInstaller", "--log-level=ERROR", "--noconfirm", f"--workpath={folder}"]
        command += [f"--distpath={folder}", os.path.join(PROJECT, "p7/build/frozen.spec")]
        # The same hash seed gives the same bytes.
        environment = {
            **os.environ,
            "PYTHONHASHSEED": "0",
            "PYTHONNODEBUGRANGES": "1",
            "PYINSTALLER_CONFIG_DIR": folder,
        }
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{done.stderr}build.py: PyInstaller failed; it needs binutils, and Python's shared library")
        with open(os.path.join(folder, "p7-frozen"), "rb") as file:
            write_program(path, file.read())
    print(f"{path}: {os.path.getsize(path) / 1e6:.1f} MB")
    return 0


def packages() -> str:
    """The folder that PyInstaller is installed in."""
    command = [_python(), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _python() -> str:
    return venv.python("frozen", sources.project()["optional-dependencies"]["frozen"])
