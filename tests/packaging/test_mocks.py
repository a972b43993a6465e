"""The mock libraries: the whole ABI of the real ones, answers that crash no caller, and never found by themselves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from p7 import identity
from p7.abi import elf, needs
from p7.build import PROJECT, mock_table, mocks
from p7.build.mock_table import DBUS, OWN, SYSTEMD, Mock
from tests.lab.packages import layer
from tests.lab.tree import tree
from tests.need import missing, need, need_root

VALUES = {"zero": 0, "one": 1, "minus_one": -1, "nodata": -61, "nosys": -38}
# What frees memory that it is given: the caller below gives it none.
_FREES = ("dbus_free", "dbus_realloc", "dbus_free_string_array")
_FOLDER = "usr/lib/x86_64-linux-gnu"
# Calls every function with pointers to zeros, and says of each what it returned and whether it wrote.
_CALLER = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
for name in sys.argv[2:]:
    buffers = [ctypes.create_string_buffer(256) for _ in range(6)]
    arguments = [None] * 6 if name in %r else [ctypes.byref(buffer) for buffer in buffers]
    result = getattr(library, name)(*arguments)
    print(name, result, any(any(buffer.raw) for buffer in buffers), flush=True)
"""
_DECLARATION = r"([a-zA-Z_][a-zA-Z_0-9 ]*?[ *]+)((?:sd|dbus)_[a-z0-9_]+) ?\(([^{}()]*(?:\([^()]*\))?[^{}()]*)\)"
# Not int, and no pointer, number or nothing: an enumeration whose values below 0 are none of its kinds.
_ENUMERATIONS = ("sd_json_variant_type", "sd_json_variant_type_from_string")
# An argument that is filled in, where it is no object of the library's.
_OUT = r"\*\*|\b(u?int\w*|unsigned|[ugp]id_t|size_t) ?\*"
# 0 says "none", and then nothing is filled in: sd_listen_fds_with_names(3), sd_watchdog_enabled(3).
_NONE = ("sd_listen_fds_with_names", "sd_watchdog_enabled")


@pytest.fixture(scope="module", params=["here", "trixie", "sid"])
def system(request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """A folder of libraries and one of headers: this machine's, Debian 13's, and the newest."""
    if request.param == "here":
        return Path("/", _FOLDER), Path("/usr/include")
    need_root("a Debian tree is made as root")
    need("mmdebstrap", "mmdebstrap")
    headers = layer("libsystemd-dev", "libdbus-1-dev", suite=request.param)
    found = [folder / _FOLDER for folder in (headers, tree()) if (folder / _FOLDER / SYSTEMD.real).exists()]
    return found[0], headers / "usr/include"


@pytest.fixture(scope="module")
def made(system: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the mocks of a system's libraries."""
    need("cc", "gcc libc6-dev")
    folder = tmp_path_factory.mktemp("mocks")
    for mock in mock_table.MOCKS:
        mocks.make(mock, real(mock, system), str(folder / mock.soname))
    return folder


def real(mock: Mock, system: tuple[Path, Path]) -> elf.Elf:
    library = needs.load(str(system[0] / mock.real))
    assert library is not None
    return library


def declarations(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Return type, name and arguments of each function that the headers declare."""
    headers = [*sorted((folder / "systemd").glob("sd-*.h")), folder / "dbus-1.0/dbus/dbus.h"]
    flags = [f"-I{folder}", f"-I{folder}/dbus-1.0", f"-I{folder.parent}/lib/x86_64-linux-gnu/dbus-1.0/include"]
    source = "".join(f'#include "{header}"\n' for header in headers)
    done = subprocess.run(["gcc", "-E", "-P", *flags, "-"], input=source, capture_output=True, text=True, check=True)
    for statement in " ".join(done.stdout.split()).split(";"):
        match = re.search(_DECLARATION, statement.rpartition("}")[2])
        if match and not re.search(r"\b(typedef|static|inline)\b", match[1]):
            yield match[1].removeprefix("extern ").strip(), match[2], match[3]


@pytest.mark.parametrize("mock", mock_table.MOCKS, ids=lambda mock: mock.soname)
def test_no_symbol_and_no_version_is_lost_or_added(p7: Path, system: tuple[Path, Path], made: Path, mock: Mock) -> None:
    paths = system[0] / mock.real, made / mock.soname
    for pair in (paths, paths[::-1]):
        done = subprocess.run([p7, "abi", "diff", *pair], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    made_elf = needs.load(str(paths[1]))
    assert made_elf is not None
    assert (made_elf.soname, made_elf.needed) == (mock.soname, ["libc.so.6"])
    assert made_elf.nodes == real(mock, system).nodes


def test_the_headers_allow_each_answer(system: tuple[Path, Path]) -> None:
    """What an ELF file cannot tell: a status below 0 is no pointer, and what says yes has set what it says yes to."""
    if not (system[1] / "systemd").is_dir() or not (system[1] / "dbus-1.0").is_dir():
        missing("libsystemd's or libdbus's headers are not here", "apt-get install libsystemd-dev libdbus-1-dev")
    wrong, seen = [], 0
    for kind, name, arguments in declarations(system[1]):
        mock = SYSTEMD if name.startswith("sd_") else DBUS
        answer = mock.answer(name)
        seen += 1
        if answer == OWN or name in _ENUMERATIONS:
            continue
        is_status = kind == "int" and mock is SYSTEMD
        if not is_status and answer in ("nodata", "nosys"):
            wrong.append(f"{kind} {name} answers {answer}")
        outs = [out for out in arguments.split(",") if re.search(_OUT, out) and "const" not in out]
        if is_status and answer in ("zero", "one") and outs and name not in _NONE:
            wrong.append(f"{name} answers {answer} and leaves {outs[0]}")
        if "DBusError" in arguments and "valid" not in name:
            wrong.append(f"{name} takes an error and sets none")
    assert seen > 800
    assert wrong == []


@pytest.mark.parametrize("mock", mock_table.MOCKS, ids=lambda mock: mock.soname)
def test_every_function_answers_as_the_table_says_and_touches_nothing_else(made: Path, mock: Mock) -> None:
    library = needs.load(str(made / mock.soname))
    assert library is not None
    names = sorted({name for name, _ in library.defined} - library.variables)
    command = [sys.executable, "-c", _CALLER % (_FREES,), made / mock.soname, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, len(rows)) == (0, len(names)), f"{rows[-1]} was the last that came back; {done.stderr}"
    for name, result, wrote in rows:
        if (answer := mock.answer(name)) != OWN:
            assert (int(result), wrote) == (VALUES[answer], "False"), name
    assert {"True", "False"} == {row[2] for row in rows}


def preloaded(library: Path, *command: object) -> subprocess.CompletedProcess[str]:
    """A program that has the mock's symbols before the real library's, all of them looked up at its start."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LD_PRELOAD": str(library), "LD_BIND_NOW": "1"}
    return subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, check=False, timeout=20
    )


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `build.py mocks` makes on this machine."""
    folder = tmp_path_factory.mktemp("here")
    run_build(folder)
    return folder


def run_build(folder: Path) -> None:
    need("cc", "gcc libc6-dev")
    command = [sys.executable, "build.py", "mocks"]
    subprocess.run(command, cwd=PROJECT, env={**os.environ, "P7_DIST": str(folder)}, check=True, capture_output=True)


def test_ps_shows_the_static_identity(here: Path) -> None:
    """procps asks libsystemd about each process."""
    ps = need("ps", "procps")
    done = preloaded(here / SYSTEMD.soname, ps, "-o", "lsession=,ouid=,seat=,unit=,machine=", "-p", "1")
    expected = [identity.SESSION_ID, str(identity.FIRST_UID), identity.SEAT_ID, "-", "-"]
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, expected, "")


def test_dbus_send_is_told_why_there_is_no_bus(here: Path) -> None:
    send = need("dbus-send", "dbus-bin")
    done = preloaded(here / DBUS.soname, send, "--system", "--dest=org.example.Name", "/", "org.example.Name.Call")
    reason = "This libdbus is inert: it reaches no bus"
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr


_PROGRAM = """
#include <stdio.h>
int sd_notify(int, const char *), sd_booted(void), sd_bus_open_system(void **), sd_uid_get_state(unsigned, char **);
int sd_session_get_tty(const char *, char **), sd_journal_print(int, const char *, ...), sd_seat_can_tty(const char *);
void *sd_bus_unref(void *);
int main(void) {
    void *bus = &bus;
    char *state = "unset", *tty = "unset";
    int opened = sd_bus_open_system(&bus), known = sd_uid_get_state(%d, &state), found = sd_session_get_tty("1", &tty);
    printf("%%d %%d %%d %%d %%d ", sd_notify(0, "READY=1"), sd_booted(), opened, bus == (void *)&bus, known);
    printf("%%s %%d %%s %%d %%d %%p\\n", state, found, tty, sd_journal_print(6, "x"), sd_seat_can_tty("seat0"),
           sd_bus_unref(NULL));
}
"""


def test_a_program_built_for_the_real_library_gets_the_answers(here: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    command = ["cc", "-x", "c", "-", "-x", "none", f"-l:{SYSTEMD.real}", "-o", str(program)]
    subprocess.run(command, input=_PROGRAM % identity.FIRST_UID, text=True, check=True)
    wants = needs.load(str(program))
    assert wants is not None and len(wants.wants[SYSTEMD.real]) == 2, "it asks for versions"
    done = preloaded(here / SYSTEMD.soname, program)
    expected = f"0 0 {VALUES['nosys']} 1 0 {identity.STATE} {VALUES['nodata']} unset 0 1 (nil)\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


def test_data_has_the_real_ones_value(here: Path) -> None:
    """Its address stands in every sd-bus table, and its value is compared."""
    name = "sd_bus_object_vtable_format"
    source = f"import ctypes, sys; print(ctypes.c_uint.in_dll(ctypes.CDLL(sys.argv[1]), {name!r}).value)"
    values = {
        subprocess.run([sys.executable, "-c", source, path], capture_output=True, text=True, check=True).stdout
        for path in (SYSTEMD.real, here / SYSTEMD.soname)
    }
    assert len(values) == 1


def test_the_same_library_makes_the_same_bytes(here: Path, tmp_path: Path) -> None:
    run_build(tmp_path)
    for mock in mock_table.MOCKS:
        assert (tmp_path / mock.soname).read_bytes() == (here / mock.soname).read_bytes()


_VERSIONED = """
int old(void) { return 1; }
int new(void) { return 2; }
int limit = 3;
__asm__(".symver old, sd_odd@NODE_1");
__asm__(".symver new, sd_odd@@NODE_2");
"""


def versioned(folder: Path, nodes: str) -> Path:
    """A library with two versions of a function, and what else the version script lets out."""
    (folder / "map").write_text(nodes)
    path = folder / "versioned"
    flags = ["-shared", "-fPIC", f"-Wl,--version-script={folder}/map", "-o", str(path)]
    subprocess.run(["cc", "-x", "c", "-", *flags], input=_VERSIONED, text=True, check=True)
    return path


def test_two_versions_of_a_function_are_refused(here: Path, tmp_path: Path) -> None:
    library = needs.load(str(versioned(tmp_path, "NODE_1 {}; NODE_2 { global: sd_odd; local: *; };")))
    assert library is not None
    assert library.hidden == {("sd_odd", "NODE_1")}
    with pytest.raises(SystemExit, match=r"sd_odd@NODE_[12] is in only one of it and libsystemd\.so\.0"):
        mocks.make(SYSTEMD, library, str(tmp_path / "mock"))


def test_data_that_nobody_gave_a_value_is_refused(here: Path, tmp_path: Path) -> None:
    library = needs.load(str(versioned(tmp_path, "NODE_1 {}; NODE_2 { global: limit; local: *; };")))
    assert library is not None
    with pytest.raises(SystemExit, match=r"limit is no function, and mock_table\.py has no value for it"):
        mocks.make(SYSTEMD, library, str(tmp_path / "mock"))


def test_ldconfig_never_offers_them(here: Path, tmp_path: Path) -> None:
    """In /usr/lib/lainos they are in no cache; and a folder that is in ld.so.conf offers no real soname of theirs."""
    ldconfig = need("ldconfig", "libc-bin")
    folder = tmp_path / "usr/lib/lainos"
    folder.mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    for mock in mock_table.MOCKS:
        (folder / mock.soname).write_bytes((here / mock.soname).read_bytes())
    for conf, found in (("/usr/lib\n", set()), ("/usr/lib/lainos\n", {mock.soname for mock in mock_table.MOCKS})):
        (tmp_path / "etc/ld.so.conf").write_text(conf)
        subprocess.run([ldconfig, "-r", tmp_path, "-f", "/etc/ld.so.conf"], check=True)
        done = subprocess.run([ldconfig, "-r", tmp_path, "-p"], capture_output=True, text=True, check=True)
        assert set(re.findall(r"^\t(\S+) ", done.stdout, re.MULTILINE)) == found
    assert sorted(path.name for path in folder.iterdir()) == sorted(mock.soname for mock in mock_table.MOCKS)
