"""dist/p7-static and dist/p7-frozen themselves, and what the programs that they start see of them."""

import os
import re
import subprocess

import pytest

from p7.build import PROJECT
from tests.conftest import SYSTEM_PYTHON
from tests.lab.private import LAIN, Private
from tests.need import need, need_root

SIZE_LIMIT = {"static": 8_000_000, "frozen": 10_000_000}


@pytest.mark.parametrize("form", SIZE_LIMIT)
def test_it_is_one_small_file(build, form):
    artifact = build(form)
    assert artifact.read_bytes().startswith(b"\x7fELF")
    assert artifact.stat().st_size < SIZE_LIMIT[form]


@pytest.mark.parametrize("form", SIZE_LIMIT)
def test_the_same_sources_give_the_same_bytes(build, form, tmp_path):
    environment = {**os.environ, "P7_DIST": str(tmp_path), "PYTHONHASHSEED": "1", "LC_ALL": "C"}
    subprocess.run([SYSTEM_PYTHON, "build.py", form], cwd=PROJECT, env=environment, check=True)
    assert (tmp_path / f"p7-{form}").read_bytes() == build(form).read_bytes()


def test_static_needs_libc_and_libm_only(build):
    output = subprocess.run(
        [need("readelf", "binutils"), "-dW", build("static")], check=True, capture_output=True, text=True
    ).stdout
    assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", output)) == {"libc.so.6", "libm.so.6"}


def test_static_says_which_package_is_missing(tmp_path):
    code = """
import sys, sysconfig
sys.path.insert(0, sys.argv[1])
from p7.build import static
sysconfig.get_config_vars()["LIBRARY"] = "nonesuch.a"
static.link("/nonexistent", "/nonexistent")
"""
    done = subprocess.run([SYSTEM_PYTHON, "-c", code, PROJECT], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"build.py: no /.*/nonesuch.a: apt-get install libpython3\.\d+-dev .*\n", done.stderr)


@pytest.fixture
def narrow():
    """A machine whose TMPDIR, /mnt, is the one place that can be written to, and /tmp and the rest cannot."""
    need_root("it mounts")
    with Private() as machine:
        for folder in ("/tmp", "/var/tmp"):
            machine.run(["mount", "-t", "tmpfs", "-o", "ro", "none", folder])
        yield machine


# What cannot be written to, or not run from, is said in one line with its reason; the status is the launcher's.
@pytest.mark.parametrize(
    ("options", "said"),
    [("noexec", "failed to map segment from shared object"), ("ro", "Could not create temporary directory!")],
)
def test_frozen_says_that_it_cannot_unpack(build, narrow, options, said):
    frozen = build("frozen").read_bytes()
    program = narrow.path("/run/p7-frozen")
    program.write_bytes(frozen)
    program.chmod(0o755)
    script = f"mount -t tmpfs -o {options} none /mnt; cd /; mount -o remount,bind,ro /; TMPDIR=/mnt exec /run/p7-frozen"
    done = narrow.run(["sh", "-ec", script])
    assert done.returncode in (127, 255)
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


_SHOW = """#!/bin/sh
tr '\\0' '\\n' </proc/self/environ >"$HOME/environ"
ls -l /proc/self/fd >"$HOME/descriptors"
"""


@pytest.fixture
def home():
    """A machine, the user's home in it, and /run/bin/pipewire, which notes there what it was given."""
    need_root("it becomes another user")
    with Private() as machine:
        home = machine.path("/run/lain")
        home.mkdir()
        os.chown(home, LAIN, LAIN)
        passwd = machine.path("/etc/passwd")
        passwd.write_text(passwd.read_text().replace("/home/lain", "/run/lain"))
        program = machine.path("/run/bin/pipewire")
        program.parent.mkdir()
        program.write_text(_SHOW)
        program.chmod(0o755)
        yield machine, home


VARIABLES = {"P7_COMPOSITOR": "/run/bin/pipewire", "PATH": "/run/bin:/usr/bin:/bin", "HOME": "/run/lain"}
VARIABLES["XDG_RUNTIME_DIR"] = "/run/user/1000"


@pytest.mark.parametrize("own", [{}, {"LD_LIBRARY_PATH": "/opt/own"}])
@pytest.mark.parametrize("applet", ["lainos-init", "lainos-audio-init"])
def test_what_it_starts_sees_no_trace_of_it(artifact, home, applet, own):
    machine, folder = home
    machine.run([artifact, "lainos-ghost-units"])
    given = {**VARIABLES, **own}
    done = machine.run(["env", "-i", *(f"{name}={value}" for name, value in given.items()), artifact, applet], LAIN)
    assert (folder / "environ").exists(), done.stderr
    environ = dict(line.split("=", 1) for line in (folder / "environ").read_text().splitlines())
    if applet == "lainos-audio-init":
        assert environ == given
    else:
        assert environ["XDG_SESSION_ID"] == "1"
        assert not [name for name in environ if name.startswith(("LD_", "_", "PYTHON", "LC_CTYPE"))]
    assert artifact.name not in (folder / "descriptors").read_text()
