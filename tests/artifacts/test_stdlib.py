"""The list of standard library modules in the static and the frozen form: complete, and nothing on it unused."""

import subprocess
import zipfile

import pytest

from p7.build import stdlib
from p7.dispatch import APPLETS
from tests.artifacts.program import bare, command, imports, program
from tests.conftest import SYSTEM_PYTHON

_CLOSURE = "import sys;sys.path.insert(0,'.');from p7.build import stdlib;print(*(m.name for m in stdlib.closure()))"
_ALL = "[__import__(name) for name in a[1:]]"


@pytest.fixture(scope="module")
def listed():
    """The list as the system's Python makes it, whose library is the one that is packed."""
    output = subprocess.run([SYSTEM_PYTHON, "-c", _CLOSURE], check=True, capture_output=True, text=True).stdout
    return set(output.split())


@pytest.fixture(scope="module")
def used(p7, tmp_path_factory):
    """What the zipapp imports when every module of it is imported and every applet asked for help and wrongly used."""
    root = tmp_path_factory.mktemp("root")
    (root / "etc/lainos").mkdir(parents=True)
    (root / "etc/lainos/p7.toml").write_text('"unprintable\\u001b" = 1\n')
    runs = [command(p7, *arguments) for name in APPLETS for arguments in ([name, "--help"], [name, "--rot"])]
    runs.append(command(p7, "lainos-ghost-units", "--dry-run", "--root", str(root)))
    names = [name for name in zipfile.ZipFile(p7).namelist() if name.endswith(".py") and "__main__" not in name]
    modules = [name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names]
    every = program(p7).replace("from p7.dispatch import start;start(a)", _ALL)
    runs.append([SYSTEM_PYTHON, "-I", "-S", "-X", "importtime", "-c", every, str(p7), *modules])
    output = [subprocess.run(run, capture_output=True, text=True, check=False, timeout=60).stderr for run in runs]
    return {name for text in output for name in imports(text)}


def test_all_that_is_used_is_listed(listed, used):
    packed = {name for name in used if name.partition(".")[0] in ("p7", "applets", "click")}
    behind_absent = {"_bz2", "_compression", "_lzma"}
    assert used - packed - listed - bare() == stdlib.ABSENT.keys() | behind_absent


def test_all_that_is_listed_is_used(listed, used):
    # What is imported before -X importtime begins, and a second name of one module.
    early = {"_frozen_importlib", "_imp", "_thread", "_warnings", "_weakref", "builtins", "collections.abc", "sys"}
    assert listed - used - bare() - early == set()


def test_what_is_left_out_is_named_somewhere(listed):
    assert stdlib.named() - listed == stdlib.UNUSED.keys()
