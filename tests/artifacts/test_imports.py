"""The import budget: what a start without arguments may load. Collections alone costs a quarter of a bare start."""

import subprocess

import pytest

from p7.dispatch import APPLETS
from tests.artifacts.program import bare, command, imports, program
from tests.conftest import SYSTEM_PYTHON
from tests.lab.private import LAIN, Private
from tests.need import need_root

# os and what it is made of: libpython has them all inside.
LIGHT = {"_collections_abc", "_stat", "errno", "genericpath", "os", "posixpath", "stat", "sys", "time"}
SERVING = {"_socket", "gc", "select"}
EXTRA = {
    "lainos-audio-init": SERVING,
    "lainos-dbus-bridge": SERVING | {"_struct", "struct"},
    "lainos-init": SERVING,
    "lainos-net-init": SERVING,
    "lainos-notifyd": SERVING,
}


def foreign(names):
    """The modules that are neither p7's own nor there in any Python."""
    return {name for name in names if name.partition(".")[0] not in ("p7", "applets")} - bare()


def loaded_by_importing(p7, module):
    """What the zipapp's Python loads for `import module`."""
    text = program(p7).replace("from p7.dispatch import start;start(a)", f"import p7.dispatch,{module}")
    run = [SYSTEM_PYTHON, "-I", "-S", "-X", "importtime", "-c", text, p7]
    return foreign(imports(subprocess.run(run, check=True, capture_output=True, text=True).stderr))


@pytest.mark.parametrize("name", APPLETS)
def test_an_applets_imports_are_light(p7, name):
    module = "applets." + name.replace("-", "_")
    assert loaded_by_importing(p7, module) - LIGHT - EXTRA.get(name, set()) == set()


def test_the_facade_s_imports_are_light(p7):
    names = loaded_by_importing(p7, "p7.login1.facade")
    assert names - LIGHT - EXTRA["lainos-dbus-bridge"] == set()


@pytest.mark.parametrize(
    "name", ["cgroup-delegate", "lainos-ghost-units", "lainos-net-init", "lainos-audio-init", "lainos-init"]
)
def test_a_run_is_as_light(p7, name):
    need_root("it has a /run of its own")
    uid = LAIN if name in ("lainos-audio-init", "lainos-init") else 0
    with Private(cgroups="unified") as machine:
        if uid:
            machine.run([p7, "lainos-ghost-units"])
        done = machine.run(command(p7, name), uid=uid)
    # _ctypes mounts XDG_RUNTIME_DIR, once a boot
    assert foreign(imports(done.stderr)) - LIGHT - EXTRA.get(name, set()) - {"_ctypes"} == set()
    assert f"applets.{name.replace('-', '_')}" in done.stderr


def test_a_daemon_is_as_light(p7):
    need_root("it has a /run of its own")
    with Private() as machine:
        run = command(p7, "lainos-notifyd", "--ready-fd", "1")
        daemon = machine.start(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert daemon.stdout.readline() == "\n"
    # the codec escapes what senders put into the log
    extra = {"_ctypes", "encodings.unicode_escape"}
    assert foreign(imports(daemon.stderr.read())) - LIGHT - SERVING - extra == set()
