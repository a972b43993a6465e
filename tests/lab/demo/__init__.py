"""`build.py demo`: run p7's chain in namespaces of its own and show, as a table, what an application sees.

Nothing of the machine is touched: /run, /dev, /etc/passwd, the system bus and the cgroups are the demo's, and end with
it. It needs python3, dbus-daemon and util-linux. As an ordinary user it runs in a user namespace; what takes a second
user id there, as p7's daemons do, needs root, or newuidmap and a range in /etc/subuid.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from p7.build import DIST, PROJECT, contents

SETTINGS = {
    "kernel.unprivileged_userns_clone": "0",
    "user.max_user_namespaces": "0",
    "kernel.apparmor_restrict_unprivileged_userns": "1",
}
"""What denies user namespaces to an ordinary user, each with the value that does it."""


def main(args: list[str]) -> int:
    """0 if every answer was as it should be, 1 if one was not or nothing could be asked."""
    parser = argparse.ArgumentParser(prog="build.py demo", description=__doc__.partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="leave a shell in the session before all of it ends")
    options = parser.parse_args(args)
    problem = missing_tool() or denied()
    if problem:
        print(f"build.py demo: {problem}", file=sys.stderr)
        return 1
    contents.artifact("zipapp")
    with own_cgroup() as cgroup:
        return run(cgroup, options.keep)


def missing_tool() -> str:
    """What is not here, and what brings it; or an empty string."""
    for tool, package in {"dbus-daemon": "dbus-daemon (Debian) or dbus (Arch)", "unshare": "util-linux"}.items():
        if shutil.which(tool) is None:
            return f"{tool} is not here: install {package}"
    return ""


def denied() -> str:
    """Why this user gets no namespaces here; or an empty string."""
    done = subprocess.run([*unshare(), "true"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    for name, value in SETTINGS.items():
        path = Path("/proc/sys", name.replace(".", "/"))
        if path.exists() and path.read_text().strip() == value:
            return f"user namespaces are denied, {name} = {value}: run this as root, or change that setting"
    return f"namespaces are denied ({done.stderr.strip()}): run this as root, outside a container"


def unshare() -> list[str]:
    """The beginning of a command line that gives the rest its own namespaces, and ends it with this program."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--ipc", "--uts", "--net"]
    if os.geteuid() == 0:
        return command
    command += ["--user", "--map-root-user"]
    # newuidmap, where there is a range for this user, gives all the user ids that the chain needs.
    everyone = [*command, "--map-auto"]
    return (
        everyone if subprocess.run([*everyone, "true"], capture_output=True, check=False).returncode == 0 else command
    )


def run(cgroup: Path | None, keep: bool) -> int:
    """Run the machine in its namespaces; its exit status."""
    command = [*unshare(), *(["--cgroup"] if cgroup else []), sys.executable, "-m", "tests.lab.demo.machine"]
    command += [os.path.join(DIST, "p7"), *(["--cgroups"] if cgroup else []), *(["--keep"] if keep else [])]

    def join() -> None:
        if cgroup is not None:
            (cgroup / "cgroup.procs").write_text("0")

    return subprocess.run(command, cwd=PROJECT, preexec_fn=join, check=False).returncode


@contextmanager
def own_cgroup() -> Iterator[Path | None]:
    """A new cgroup below our own, taken away at the end; None where there is no cgroup2 or we may not make one."""
    try:
        folder = Path(mkdtemp(prefix="p7-demo-", dir=current_cgroup()))
    except OSError:
        yield None
        return
    try:
        yield folder
    finally:
        for path, _, _ in os.walk(folder, topdown=False):
            os.rmdir(path)


def current_cgroup() -> str:
    """The folder of the cgroup2 hierarchy that we are in. Raises FileNotFoundError where none is mounted."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    folder = next((folder for _, folder, kind, *_ in mounts if kind == "cgroup2"), None)
    if folder is None:
        raise FileNotFoundError("no cgroup2 is mounted")
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return folder + next(line[3:] for line in lines if line.startswith("0::"))
