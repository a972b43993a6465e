"""A new system, and Calamares finalizing it: without a screen, in namespaces of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from tests.lab.boot import Boot, until
from tests.lab.stage import REPO, Machine, enable, stage
from tests.lab.vm_image import RC as VM_RC
from tests.lab.vm_image import squash

LIVE = Path(__file__).with_name("live")
RC = REPO / "rc/calamares"
DIALOG = "Calamares will quit when the dialog closes"
"""The last line after a failure, for nobody closes it."""
GREETD = "etc/greetd/config.toml"
RUNLEVELS = {"sysinit": ["localmount"], "boot": ["hostname", "bootmisc", "rsyslog"], "default": ["agetty.tty1"]}
"""What a distribution has enabled before p7 is there."""


def new(layer: Path, machine: Machine) -> Path:
    """The layer of a system on which p7 is installed and nothing is set up: greetd's configuration is Debian's."""
    stage(layer, machine, RUNLEVELS)
    shutil.rmtree(layer / "etc/greetd")
    (layer / "lab/setup").unlink()
    return layer


@dataclass(frozen=True)
class Installation:
    """Calamares' exit status (negative: it had to be killed), what it said, and the layer of what is new."""

    status: int
    log: str
    layer: Path


def install(live: Sequence[Path], new: Sequence[Path], work: Path, seconds: float = 120) -> Installation:
    """Let Calamares of a live system finalize a new one, both given as layers; `work` is a folder of the caller's."""
    layer = work / "installed"
    layer.mkdir()
    systems = (":".join(map(str, layers)) for layers in (live, new))
    guard = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--net", "--fork", "--kill-child=KILL"]
    command = [*guard, "sh", LIVE / "install.sh", *systems, layer, LIVE, RC]
    lines = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        timer = Timer(seconds, process.kill)
        timer.start()
        for line in process.stdout:
            lines.append(line)
            if DIALOG in line:
                process.kill()
        timer.cancel()
    return Installation(process.returncode, "".join(lines), layer)


def with_terminal(installation: Installation, layer: Path) -> Path:
    """The layer for a boot in namespaces, which have no virtual terminal: greetd gets another one, and is told so."""
    shutil.copytree(LIVE / "terminal", layer)
    greetd = (installation.layer / GREETD).read_text()
    assert "vt = 1" in greetd
    (layer / GREETD).parent.mkdir()
    (layer / GREETD).write_text(greetd.replace("vt = 1", 'vt = "none"'))
    return layer


def type_in(boot: Boot, text: str) -> None:
    """Press keys at that terminal."""
    with boot.path("run/keys").open("w") as keys:
        keys.write(text)


def shows(boot: Boot, text: str) -> None:
    """Wait until it shows a text without blanks, and forget all that it showed."""
    screen = boot.path("var/log/greeter")
    until(lambda: text in screen.read_text(errors="replace"), 20, f"{text} on the terminal", screen.read_text)
    screen.write_text("")


def as_disk(installation: Installation, new: Path, work: Path) -> Path:
    """The same for a virtual machine, as the file system of a layer: it has devices, and greetd its own terminal."""
    layer = work / "layer"
    for source in (new, installation.layer):
        # What the installation took away is a whiteout, which takes a link's place.
        subprocess.run(["cp", "-a", "--remove-destination", f"{source}/.", layer], check=True)
    shutil.copytree(
        VM_RC, layer, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("greetd", "vm-setup")
    )
    for script in ("setup", "vm-setup"):
        (layer / "lab" / script).touch()  # the users are there
    enable(layer, "sysinit", "udev")
    squash(layer, work / "layer.squashfs")
    return work / "layer.squashfs"
