"""The seccomp filter: its numbers against the kernel's headers, and what it decides, call by call."""

import re
import struct
from pathlib import Path

import pytest

from p7 import Failure
from p7.broker import filter
from tests.need import missing

# Where Debian's linux-libc-dev has them; aarch64 uses the generic table.
HEADERS = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, EPERM, KILL = 0x7FFF0000, 0x00050001, 0x80000000


def _numbers(machine):
    path = Path(HEADERS[machine])
    if not path.exists():
        missing(f"{path} is not here", "apt-get install -y --no-install-recommends linux-libc-dev")
    rows = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)$", path.read_text(), re.MULTILINE)
    return {name.replace("fstatat", "newfstatat") if name == "fstatat" else name: number for name, number in rows}


@pytest.mark.parametrize(("column", "machine"), list(enumerate(HEADERS)))
def test_every_number_is_the_kernel_s(column, machine):
    numbers = _numbers(machine)
    words = filter.ALLOWED.split()
    rows = [*zip(words[::3], words[1::3], words[2::3], strict=True), *(row[:3] for row in filter.CHECKED)]
    assert {row[0]: row[1 + column] for row in rows} == {row[0]: numbers.get(row[0], "-") for row in rows}


def _decide(machine, number, *arguments, audit=None):
    """Run the program, as the kernel would, on a struct seccomp_data."""
    data = struct.pack("=iIQ6Q", number, audit or AUDIT[machine], 0, *[*arguments, 0, 0, 0, 0, 0, 0][:6])
    code = [struct.unpack_from("<HBBI", filter.program(machine), i) for i in range(0, len(filter.program(machine)), 8)]
    at, word = 0, 0
    while True:
        operation, if_true, if_false, k = code[at]
        at += 1
        if operation == 0x20:
            (word,) = struct.unpack_from("<I", data, k)
        elif operation in (0x15, 0x45):
            at += if_true if (word == k if operation == 0x15 else word & k) else if_false
        else:
            assert operation == 0x06
            return k


@pytest.mark.parametrize(
    ("number", "arguments", "decision"),
    [
        (0, (), ALLOW),  # read
        (231, (0,), ALLOW),  # exit_group
        (41, (1, 1), ALLOW),  # socket, AF_UNIX
        (41, (2, 1), EPERM),  # AF_INET
        (41, (0x1_0000_0002, 1), EPERM),
        (41, (16, 3), EPERM),  # AF_NETLINK
        (257, (0, 0, 0o2000000), ALLOW),  # openat, O_CLOEXEC
        (257, (0, 0, 1), EPERM),
        (257, (0, 0, 2), EPERM),
        (257, (0, 0, 0o100), EPERM),
        (257, (0, 0, 0o1000), EPERM),
        (9, (0, 4096, 3), ALLOW),  # mmap, read and write
        (9, (0, 4096, 5), EPERM),  # and execute
        (16, (0, 0x5401), ALLOW),  # ioctl, TCGETS
        (16, (0, 0x5412), EPERM),  # TIOCSTI
        (302, (0, 7), ALLOW),  # prlimit64 of itself
        (302, (1, 7), EPERM),
        (59, (), EPERM),  # execve
        (57, (), EPERM),  # fork
        (56, (), EPERM),  # clone
        (435, (), EPERM),  # clone3
        (62, (), EPERM),  # kill
        (101, (), EPERM),  # ptrace
        (165, (), EPERM),  # mount
        (437, (), EPERM),  # openat2, whose flags lie in memory
        (425, (), EPERM),  # io_uring_setup
        (321, (), EPERM),  # bpf
        (9999, (), EPERM),  # not thought of yet
        (0x40000000, (), EPERM),  # read by x32's table
    ],
)
def test_what_is_decided_on_x86_64(number, arguments, decision):
    assert _decide("x86_64", number, *arguments) == decision


def test_a_call_by_another_architecture_s_table_kills():
    assert _decide("x86_64", 0, audit=0x40000003) == KILL
    assert _decide("aarch64", 63, audit=AUDIT["x86_64"]) == KILL
    assert _decide("aarch64", 63) == ALLOW
    assert _decide("aarch64", 198, 2) == EPERM


def test_an_unknown_machine_is_named():
    with pytest.raises(Failure, match="no seccomp filter for riscv64"):
        filter.program("riscv64")
