"""The image that dracut makes with p7's modules: what is in it, and that it hands over to OpenRC.

The hand-over is the real one, of dracut's own init from its last hooks on, without the devices and the mounting that
come before: tests/vm has those.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.boot import Boot, until
from tests.lab.checks import services_started
from tests.lab.dracut import dracut_layers, unpacked_image
from tests.lab.stage import Machine

VERSIONS = {"trixie": "106", "bookworm": "059", "sid": "newest"}
ROOT = "BOOT_IMAGE=/vmlinuz root=live:LABEL=P7_LIVE"
TOOLS = "env mount readlink rm sleep switch_root sync udevadm poweroff reboot halt losetup blkid".split()
INIT = "ln -s openrc-init /usr/sbin/other-init; ln -s /usr/sbin/other-init /usr/sbin/init"
Layers = list[Path]


@pytest.fixture(scope="module", params=VERSIONS, ids=VERSIONS.get)
def image(request: pytest.FixtureRequest, machine_layers: Layers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer that has one version's image unpacked."""
    try:
        dracut = dracut_layers(machine_layers[0], request.param)
    except subprocess.CalledProcessError as error:
        if request.param != "sid":
            raise
        pytest.skip(f"Debian sid, which moves, cannot be had today: {error}")
    return unpacked_image(tmp_path_factory.mktemp("image") / "layer", dracut)


@pytest.fixture(scope="module")
def machine_layers(layers: Callable[[Machine], Layers]) -> Layers:
    return layers(Machine())


@contextmanager
def through(image: Path, layers: Layers, work: Path, words: str, prepare: str = "") -> Iterator[Boot]:
    """A boot through the image, with these words on the kernel's command line and the root prepared by a shell."""
    lab = work / "case/lab"
    lab.mkdir(parents=True)
    (lab / "cmdline").write_text(f"{ROOT} {words}\n")
    (lab / "prepare").write_text(prepare)
    with Boot([work / "case", image, *layers]) as boot:
        yield boot


def init(boot: Boot) -> list[str]:
    """PID 1's command line, once the initramfs is left."""
    words = [""]

    def left() -> bool:
        try:
            words[:] = Path(f"/proc/{boot.pid1()}/cmdline").read_text().split("\0")[:-1]
        except (OSError, ValueError):
            return False
        return words[:1] != [] and "/sbin/" in words[0] and not words[0].endswith("/switch_root")

    until(left, 10, "an init runs", boot.console)
    return words


def test_nothing_of_systemd_is_in_it_and_all_that_hooks_call_is(image: Path) -> None:
    listing = (image / "lab/listing").read_text()
    modules = set(re.findall(r"^[a-z0-9-]+$", listing, re.MULTILINE))
    assert modules >= {"protocol7", "protocol7-live", "dmsquash-live", "base", "udev-rules"}
    assert not [name for name in modules if "systemd" in name or "dbus" in name]
    paths = set(re.findall(r"^[-l](?:\S+ +){8}(\S+)", listing, re.MULTILINE))
    programs = {path.rpartition("/")[2] for path in paths if "/bin/" in path or "/sbin/" in path}
    assert programs >= set(TOOLS)
    # systemd-udevd is what Debian has for udevd; its library comes with it.
    theirs = [path for path in paths if re.search(r"systemd|dbus|journal", path) and not path.endswith(".so")]
    assert {path for path in theirs if not re.search(r"/libsystemd-shared|conf$|/systemd-udevd$", path)} == set()


def test_what_the_command_line_lost_stands_in_no_way(image: Path, machine_layers: Layers, tmp_path: Path) -> None:
    with through(image, machine_layers, tmp_path, "quiet splash") as boot:
        boot.wait_runlevel("default")
        services_started(boot)
        assert init(boot) == ["/sbin/openrc-init"]
        assert "invalid runlevel" not in boot.console()
        # What OpenRC would have mounted can run programs; dracut's cannot.
        mounts = boot.path("proc/1/mounts").read_text().splitlines()
        (run,) = [line.split()[3] for line in mounts if line.split()[1] == "/run"]
        assert {"nosuid", "nodev"} <= set(run.split(",")) and "noexec" not in run
        environ = boot.path("proc/1/environ").read_text().split("\0")
        assert sorted(row.partition("=")[0] for row in environ if row) == ["HOME", "PATH", "TERM"]


@pytest.mark.parametrize(
    ("words", "prepare", "command", "said"),
    [
        ("init=/sbin/openrc-init quiet single", "", ["/sbin/openrc-init"], ""),
        ("init=/usr/sbin/openrc-init quiet recovery", "", ["/usr/sbin/openrc-init", "recovery"], ""),
        ("init=/sbin/opernc-init quiet", "", ["/sbin/openrc-init"], "opernc-init: the root file system has no"),
        ("init=/usr/lib/systemd/systemd rd.distroinit=/x", INIT, ["/sbin/openrc-init"], "the root file system has no"),
        ("quiet init=/sbin/init", INIT, ["/sbin/init"], ""),
        ("quiet", f"{INIT}; mv /sbin/openrc-init /sbin/other-init", ["/sbin/init"], "has no /sbin/openrc-init"),
    ],
    ids=["init", "runlevel", "misspelt", "systemds", "another", "only_another"],
)
def test_the_right_init_starts(
    image: Path, machine_layers: Layers, tmp_path: Path, words: str, prepare: str, command: list[str], said: str
) -> None:
    with through(image, machine_layers, tmp_path, words, prepare) as boot:
        assert init(boot) == command
        console = boot.console()
        assert said in console if said else "Warning" not in console


def test_no_init_at_all_is_said_and_can_be_mended(image: Path, machine_layers: Layers, tmp_path: Path) -> None:
    prepare = "mv /usr/sbin/openrc-init /usr/sbin/away"
    # The shell that dracut offers ends at once on /dev/null.
    with through(image, machine_layers, tmp_path, "quiet rd.ctty=null", prepare) as boot:
        until(lambda: boot.console().count("there is nothing to start") > 1, 20, "it is said again", boot.console)
        console = boot.console()
        assert "The root file system has no /sbin/openrc-init" in console
        assert "Is root= the right one? It is mounted on /sysroot." in console
        boot.path("sysroot/usr/sbin/away").rename(boot.path("sysroot/usr/sbin/openrc-init"))
        assert init(boot) == ["/sbin/openrc-init"]
