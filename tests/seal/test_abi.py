"""p7 abi, held against readelf on this machine's libraries, and on what gcc makes."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path

import pytest

from p7.abi import elf
from tests.need import need
from tests.seal import cc

SONAME = "libsystemd.so.0"
OLD = {"LIBSYSTEMD_209": ["sd_listen_fds", "sd_notify"], "LIBSYSTEMD_246": ["sd_journal_open_namespace"]}


def abi(p7: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [p7, "abi", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A libsystemd, in a folder that --root can name."""
    (tmp_path / "usr/lib").mkdir(parents=True)
    return cc.library(tmp_path / "usr/lib" / SONAME, SONAME, OLD)


@pytest.mark.parametrize("name", ["libc.so.6", "libz.so.1", "libstdc++.so.6", "libcap.so.2"])
def test_it_shows_what_readelf_shows(p7: Path, name: str) -> None:
    path = next((path for path in Path("/usr/lib").glob(f"*/{name}")), None) or next(Path("/lib").glob(f"*/{name}"))
    shown = abi(p7, "show", path).stdout.split()
    assert len(shown) > 20
    assert set(shown) == _readelf(path)


def _readelf(path: Path) -> set[str]:
    readelf = need("readelf", "binutils")
    lines = subprocess.run([readelf, "-W", "--dyn-syms", path], capture_output=True, text=True, check=True).stdout
    pattern = r"^ *\d+: \w+ +\w+ +\w+ +(?:GLOBAL|WEAK|UNIQUE) +\w+ +(?!UND|ABS)\S+ +(\S+)$"
    return set(re.findall(pattern, lines, re.MULTILINE))


def test_it_tells_what_is_lost_and_what_is_new(p7: Path, old: Path, tmp_path: Path) -> None:
    new = {"LIBSYSTEMD_209": ["sd_notify"], "LIBSYSTEMD_257": ["sd_json_ref"], "LIBSYSTEMD_246": OLD["LIBSYSTEMD_246"]}
    other = cc.library(tmp_path / "new", SONAME, new)
    done = abi(p7, "diff", old, other)
    lines = "-sd_listen_fds@LIBSYSTEMD_209\n+sd_json_ref@LIBSYSTEMD_257\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, lines, "")
    assert json.loads(abi(p7, "diff", "--json", other, old).stdout) == {
        "lost": ["sd_json_ref@LIBSYSTEMD_257"],
        "added": ["sd_listen_fds@LIBSYSTEMD_209"],
    }
    done = abi(p7, "diff", old, old)
    assert (done.returncode, done.stdout) == (0, "")
    assert abi(p7, "diff", old).returncode == 2


def test_it_names_the_node_and_the_symbol_that_a_program_misses(p7: Path, old: Path, tmp_path: Path) -> None:
    program = cc.program(tmp_path / "program", ["sd_notify", "sd_journal_open_namespace"], old)
    done = abi(p7, "check", "--root", tmp_path, program)
    need_line = f"{program}: needs {SONAME}: LIBSYSTEMD_209 LIBSYSTEMD_246\n"
    assert need_line in done.stdout
    assert "not in lib" not in done.stdout

    without = cc.library(tmp_path / "without", SONAME, {"LIBSYSTEMD_209": ["sd_listen_fds"]})
    done = abi(p7, "check", "--root", tmp_path, program, without)
    assert done.returncode == 1
    assert f"{program}: not in {SONAME}: node LIBSYSTEMD_246\n" in done.stdout
    assert f"{program}: not in {SONAME}: sd_notify@LIBSYSTEMD_209\n" in done.stdout
    rows = json.loads(abi(p7, "check", "--json", "--root", tmp_path, program, without).stdout)[str(program)]
    assert rows[0]["missing"] == ["node LIBSYSTEMD_246", "sd_notify@LIBSYSTEMD_209"]


def test_a_library_that_is_not_there_is_said_to_be(p7: Path, old: Path, tmp_path: Path) -> None:
    program = cc.program(tmp_path / "program", ["sd_notify"], old)
    old.unlink()
    done = abi(p7, "check", "--root", tmp_path, program)
    assert done.returncode == 1
    assert f"{program}: {SONAME} is not installed\n" in done.stdout


def test_without_section_headers_it_is_read_by_the_hash_table(p7: Path, old: Path, tmp_path: Path) -> None:
    data = bytearray(old.read_bytes())
    data[40:48] = bytes(8)  # e_shoff
    bare = tmp_path / "bare"
    bare.write_bytes(data)
    assert abi(p7, "show", bare).stdout == abi(p7, "show", old).stdout != ""


def test_what_is_no_elf_is_one_line(p7: Path, tmp_path: Path) -> None:
    for name, data in {
        "empty": b"",
        "text": b"#!/bin/sh\n",
        "magic": elf.MAGIC,
        "class": elf.MAGIC + bytes(60),
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        done = abi(p7, "show", path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert done.stderr.startswith(f"abi: {path}: ")
    assert abi(p7, "show", tmp_path / "nonesuch").stderr == f"abi: {tmp_path}/nonesuch: No such file or directory\n"


def test_damage_is_an_error_and_no_crash(old: Path) -> None:
    data = old.read_bytes()
    damaged = [data[:size] for size in range(0, len(data), 97)]
    chance = random.Random(7)
    for _ in range(1500):
        copy = bytearray(data)
        for _ in range(4):
            copy[chance.randrange(0x1000)] = chance.choice((0, 1, 0x7F, 0xFF))  # headers and dynamic tables
        damaged.append(bytes(copy))
    outcomes = {_outcome(copy) for copy in damaged}
    assert outcomes == {"read", "bad"}


def _outcome(data: bytes) -> str:
    try:
        elf.parse(data)
    except elf.BadElf:
        return "bad"
    return "read"
