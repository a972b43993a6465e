"""Every form where little is as usual: closed descriptors, no environment, early boot; and what others see of it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.lab.private import Private
from tests.need import need_root

NOTIFYD = "lainos-notifyd"


@pytest.fixture
def machine():
    need_root("it has a /run of its own")
    with Private() as machine:
        yield machine


def wait_for(condition, what):
    for _ in range(200):
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come in two seconds")


def processes(machine, name):
    """The pids inside whose program's name is `name`."""
    found = []
    for folder in machine.path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text() == name[:15] + "\n" and os.readlink(folder / "exe"):
                found.append(folder)
        except OSError:
            pass  # it has ended: PID 1 in there, a sleep, reaps nobody
    return found


def serve(machine, *program):
    """Start notifyd; returns its process, which is nsenter, and the daemon's pid out here, once it is ready."""
    process = machine.start([*program, "--ready-fd", "1"], stdout=subprocess.PIPE)
    assert process.stdout.readline() == "\n"
    return process, int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_become_dev_null(artifact, machine, closed):
    machine.start(["sh", "-c", f'exec "$@" {closed}', "sh", artifact, NOTIFYD])
    wait_for(machine.path("/run/systemd/notify").is_socket, "the socket")
    daemon = processes(machine, artifact.name)[-1]
    opened = [os.readlink(daemon / "fd" / str(fd)) for fd in range(3)]
    numbers = [number for number, sign in enumerate(("<&-", ">&-", "2>&-")) if sign in closed.split()]
    assert [opened[number] for number in numbers] == ["/dev/null"] * len(numbers)


# Root read-only, nothing of what a program may hope for; /run is there, but nothing runs from it.
_EARLY = """
mount -t tmpfs none /mnt
cp "$1" /mnt/p7
for folder in /tmp /var/tmp /root /home; do mount -t tmpfs -o ro,mode=0 none $folder; done
mount -o remount,noexec /run
mount -o remount,bind,ro /
umount -l /proc
umask 077
cd /
exec env -i /mnt/p7 lainos-ghost-units <&- >&- 2>&-
"""


@pytest.mark.parametrize("form", ["zipapp", "static"])
def test_early_boot(build, machine, form):
    done = machine.run(["sh", "-ec", _EARLY, "sh", build(form)])
    assert done.returncode == 0
    session = machine.path("/run/systemd/sessions/1")
    assert "UID=1000" in session.read_text()
    assert session.stat().st_mode & 0o777 == 0o644
    assert machine.path("/run/systemd").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("locale", [{}, {"LC_ALL": "C"}, {"LANG": "xx_XX.ISO-8859-1"}, {"LC_ALL": "C.UTF-8"}])
def test_arguments_are_bytes_in_any_locale(artifact, locale):
    done = subprocess.run([artifact, b"na\xefve\xc3\xab"], env=locale, capture_output=True, check=False, timeout=20)
    assert done.returncode == 127
    assert done.stderr.startswith(b"p7: no applet named 'na")
    assert done.stderr.count(b"\n") == 1


@pytest.fixture
def link(artifact):
    """A link with the applet's name where the daemon's own user may reach it."""
    path = artifact.parent / NOTIFYD
    path.unlink(missing_ok=True)
    path.symlink_to(artifact)
    return path


def test_the_kernel_knows_it_by_the_name_of_the_link(artifact, machine, link):
    _, pid = serve(machine, link)
    daemon = Path(f"/proc/{pid}")
    assert (daemon / "comm").read_text() == NOTIFYD[:15] + "\n"
    arguments = (daemon / "cmdline").read_bytes().split(b"\0")
    assert os.fsencode(link) in arguments
    if artifact.name == "p7-static":
        assert arguments[0] == os.fsencode(link)
        assert os.readlink(daemon / "exe") == str(artifact)
        assert len(processes(machine, NOTIFYD)) == 1


def test_two_daemons_share_the_static_form_s_pages(build, machine):
    static = build("static")
    with Private() as other:
        pids = [serve(each, static, NOTIFYD)[1] for each in (machine, other)]
        shared, alone = read_only_pages(pids[0], static)
    assert shared > 2000  # code and bytecode
    assert alone < 100  # what the linker writes to before it is read-only


def read_only_pages(pid, path):
    """Kilobytes of a file, mapped not to be written to, that other processes have too, and that only this one has."""
    total = {"Shared": 0, "Private": 0}
    counts = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():  # proc_pid_smaps(5)
        words = line.split()
        kind, _, state = words[0].partition("_")
        if "-" in words[0]:
            counts = words[-1] == str(path) and "w" not in words[1]
        elif counts and kind in total and state in ("Clean:", "Dirty:"):  # dirty is what is not on the disk yet
            total[kind] += int(words[1])
    return total["Shared"], total["Private"]


def test_a_daemon_killed_leaves_nothing_running(machine, link):
    _, pid = serve(machine, link)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not processes(machine, NOTIFYD), "the end of all its processes")


def test_a_daemon_ends_on_sigterm(machine, link):
    process, pid = serve(machine, link)
    os.kill(pid, signal.SIGTERM)
    assert process.wait(2) == 0
    assert not processes(machine, NOTIFYD)
