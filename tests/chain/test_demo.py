"""`build.py demo`, as root and as an ordinary user: what it shows, how it says no, and that it leaves nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from p7.build import PROJECT, SYSTEM_PYTHON, sources
from tests.lab.boot import cgroup2, until
from tests.lab.demo import SETTINGS
from tests.need import missing, need, need_root

NOBODY = 54321
DEMO = [SYSTEM_PYTHON, "build.py", "demo"]
# Runs in a user namespace of root's making, whose limits are its own: the machine's stay. The first sh has lost its
# capabilities by being executed before it had a user id; the second has it.
DENY = 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --reuid=$0 --regid=$0 --clear-groups "$@"'
WAIT = 'read _; exec sh -ec "$@"'


@pytest.fixture
def environment(p7: Path) -> Iterator[dict[str, str]]:
    """With an artifact and a cache that an ordinary user may use, too."""
    need_root("user ids")
    need("dbus-daemon", "dbus-daemon")
    # Not pytest's own folder, which is 0700.
    with tempfile.TemporaryDirectory(prefix="p7-for-nobody-") as home:
        dist, wheels = Path(home, "dist"), Path(home, "cache/p7/wheels")
        dist.mkdir()
        wheels.mkdir(parents=True)
        shutil.copy(p7, dist)
        for wheel in (*sources.wheels(), *sources.wheels("clients")):
            shutil.copy(wheel, wheels)
        subprocess.run(["chown", "-R", str(NOBODY), home], check=True)
        yield {**os.environ, "P7_DIST": str(dist), "XDG_CACHE_HOME": f"{home}/cache", "HOME": home}


def run(command: list[str], environment: dict[str, str], text: str = "") -> subprocess.CompletedProcess[str]:
    """Run it to the end in bounded time, with `text` for its input."""
    return subprocess.run(
        command, cwd=PROJECT, env=environment, input=text, capture_output=True, text=True, timeout=60, check=False
    )


def as_nobody(command: list[str]) -> list[str]:
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]


def states(output: str) -> dict[str, str]:
    """Question to state, of the table's rows."""
    rows = [line for line in output.splitlines() if line.startswith("  ")]
    return {line[14:50].strip(): line[2:12].strip() for line in rows}


def leftovers() -> set[str]:
    """What a demo might leave: cgroups, mounts, processes."""
    found = {str(path) for path in cgroup2().glob("p7-demo-*")}
    found |= {line for line in Path("/proc/self/mounts").read_text().splitlines() if "p7-demo" in line}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"p7-demo" in path.read_bytes():
                found.add(str(path))
        except OSError:
            pass
    return found


def test_root_sees_every_answer_right_and_nothing_is_left(environment: dict[str, str]) -> None:
    before, run_before, began = leftovers(), sorted(os.listdir("/run")), time.monotonic()
    done = run(DEMO, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    found = states(done.stdout)
    if found["sd_uid_get_state(1000)"] == "not here":
        missing("libsystemd.so.0 is not here", "apt-get install -y --no-install-recommends libsystemd0")
    assert set(found.values()) == {"ok"}, done.stdout
    assert len(found) == 18
    assert time.monotonic() - began < 20
    assert (leftovers(), sorted(os.listdir("/run"))) == (before, run_before)


def test_an_ordinary_user_sees_what_one_user_id_can_show(environment: dict[str, str]) -> None:
    before = leftovers()
    probe = run(as_nobody(["unshare", "--user", "--map-root-user", "true"]), environment)
    if probe.returncode:
        missing("ordinary users get no user namespaces here", "see sysctl " + ", ".join(SETTINGS))
    done = run(as_nobody(DEMO), environment)
    assert done.returncode == 0, done.stdout + done.stderr
    found = states(done.stdout)
    assert "WRONG" not in found.values(), done.stdout
    assert {question for question, state in found.items() if state == "ok"} >= {
        'sd_session_get_uid("1")',
        'sd_session_get_seat("1")',
        "sd_uid_get_state(1000)",
    }
    for question in ('Inhibit("sleep"); BlockInhibited', "Session Leader", "READY=1, then a barrier"):
        assert found[question] == "needs root"
    assert "rows need root" in done.stdout
    assert leftovers() == before


def test_where_namespaces_are_denied_it_names_the_setting(environment: dict[str, str]) -> None:
    limit = Path("/proc/sys/user/max_user_namespaces")
    before = limit.read_text()
    command = ["unshare", "--user", "sh", "-ec", WAIT, "sh", DENY, str(NOBODY), *DEMO]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=-1, stdout=-1, stderr=subprocess.PIPE, text=True
    )
    own = os.readlink("/proc/self/ns/user")
    until(lambda: os.readlink(f"/proc/{process.pid}/ns/user") != own, 5, "it has a user namespace")
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{process.pid}/{name}").write_text(f"0 0 1\n{NOBODY} {NOBODY} 1\n")
    output, errors = process.communicate("\n", timeout=60)
    setting = "user namespaces are denied, user.max_user_namespaces = 0"
    assert (process.returncode, output) == (1, "")
    assert errors == f"build.py demo: {setting}: run this as root, or change that setting\n"
    assert limit.read_text() == before


def test_keep_leaves_a_shell_in_the_session(environment: dict[str, str]) -> None:
    done = run([*DEMO, "--keep"], environment, "id -un; echo $XDG_SESSION_ID; cat /proc/self/cgroup; exit 7\n")
    assert done.returncode == 0, done.stdout + done.stderr
    shell = done.stderr.partition("A shell of the session")[2]
    assert "lain\n" in shell
    assert "0::/user.slice/user-1000.slice/session-1.scope\n" in shell


def test_without_dbus_daemon_it_says_what_to_install(environment: dict[str, str], tmp_path: Path) -> None:
    for tool in ("python3", "unshare"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    done = run(DEMO, {**environment, "PATH": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr == "build.py demo: dbus-daemon is not here: install dbus-daemon (Debian) or dbus (Arch)\n"
