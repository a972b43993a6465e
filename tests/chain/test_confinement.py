"""What the facade may still do, and what the broker does not even know: the privilege split, tried from inside."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.chain.seat import Process
from tests.lab.private import LAINOS, Private


def _line(pid, key):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:] for line in lines if line.startswith(f"{key}:"))


def test_the_facade_holds_nothing(seat):
    facade = seat.bridge.facade
    assert _line(facade, "Uid") == [str(LAINOS)] * 4
    assert _line(facade, "Gid") == [str(LAINOS)] * 4
    assert _line(facade, "Groups") == []
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(_line(facade, name)[0], 16) == 0, name
    assert _line(facade, "NoNewPrivs") == ["1"]
    assert _line(facade, "Seccomp") == ["2"]


def test_the_broker_knows_no_d_bus(seat):
    """What a module that would speak it says of wrong bytes is in the facade's memory and not in the broker's."""
    assert _holds(seat.bridge.facade, b"padding that is not zero")
    assert not _holds(seat.bridge.outer, b"padding that is not zero")


def _holds(pid, text):
    """Whether a text is anywhere in a process's writable memory."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            area, access = line.split()[:2]
            if access.startswith("rw"):
                first, last = (int(number, 16) for number in area.split("-"))
                memory.seek(first)
                if text in memory.read(last - first):
                    return True
    return False


# Executes the rest of its arguments on a kernel without CONFIG_SECCOMP_FILTER, to all appearances.
NO_SECCOMP = """
import sys
sys.path.insert(0, sys.argv[1])
import errno, os, struct
from p7 import linux
number = 317 if os.uname().machine == "x86_64" else 277
code = ((0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | errno.EINVAL), (0x06, 0, 0, 0x7FFF0000))
linux.seccomp_filter(b"".join(struct.pack("<HBBI", *step) for step in code))
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_it_does_not_serve_without_its_filter(seat):
    seat.bridge.kill()
    seat.bridge.ended()
    bridge = Process(seat, [sys.executable, "-c", NO_SECCOMP, seat.p7, "lainos-dbus-bridge"])
    status, error = bridge.ended()
    assert status == 1
    assert "no seccomp filter: Invalid argument; the kernel needs CONFIG_SECCOMP_FILTER" in error


# An attacker's first moves, made where the facade is after it has confined itself. Each prints an errno or "done".
ATTACK = """
import sys
sys.path.insert(0, sys.argv[1])
import _socket, errno, fcntl, mmap, os
from p7.broker import privileges
from p7.root import SYSTEM
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
privileges.confine_identity(SYSTEM)
privileges.seccomp()

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

MOVES = dict(
    unix=lambda: _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM),
    read=lambda: os.open("/etc/passwd", os.O_RDONLY),
    inet=lambda: _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM),
    inet6=lambda: _socket.socket(_socket.AF_INET6, _socket.SOCK_DGRAM),
    netlink=lambda: _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW),
    write=lambda: os.open("/dev/null", os.O_WRONLY),
    readwrite=lambda: os.open("/dev/null", os.O_RDWR),
    create=lambda: os.open("/dev/shm/x", os.O_RDONLY | os.O_CREAT),
    truncate=lambda: os.open("/dev/null", os.O_RDONLY | os.O_TRUNC),
    unlink=lambda: os.unlink("/dev/shm/x"),
    mkdir=lambda: os.mkdir("/dev/shm/x"),
    rename=lambda: os.rename("/dev/shm/x", "/dev/shm/y"),
    chmod=lambda: os.chmod("/dev/shm", 0o777),
    fork=os.fork,
    execve=lambda: os.execv("/bin/true", ["true"]),
    kill=lambda: os.kill(os.getpid(), 0),
    setuid=lambda: os.setuid(0),
    memfd=lambda: os.memfd_create("x"),
    tiocsti=lambda: fcntl.ioctl(0, 0x5412, b"x"),
    ptrace=lambda: call(101 if os.uname().machine == "x86_64" else 117, 16, 1, 0, 0),
    limits=lambda: call(302 if os.uname().machine == "x86_64" else 261, 1, 7, 0, 0),
    executable=lambda: mmap.mmap(-1, 4096, prot=7),
)
for name, move in MOVES.items():
    try:
        move()
        print(name, "done")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
"""


def test_what_an_attacker_in_the_facade_could_do(p7):
    with Private() as machine:
        done = machine.run([sys.executable, "-c", ATTACK, str(p7)])
    moves = dict(line.split() for line in done.stdout.splitlines())
    assert {name for name, result in moves.items() if result == "done"} == {"unix", "read"}, done.stderr
    assert {result for name, result in moves.items() if result != "done"} == {"EPERM"}
    assert len(moves) == 22


def test_a_program_of_another_architecture_s_calls_is_killed(p7):
    """int 0x80 on x86-64 enters by the 32-bit table, where the numbers mean other calls."""
    if os.uname().machine != "x86_64":
        pytest.skip("only x86-64 has a second entry that a program can use at will")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import ctypes, mmap\n"
        "from p7.broker import privileges; from p7.root import SYSTEM\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(bytes.fromhex('b814000000cd80c3'))\n"  # mov eax, 20 (getpid); int 0x80; ret
        "address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "getpid = ctypes.CFUNCTYPE(ctypes.c_int)(address)\n"
        "assert getpid() > 0\n"
        "privileges.confine_identity(SYSTEM); privileges.seccomp(); print('confined', flush=True); getpid()\n"
        "print('alive')"
    )
    with Private() as machine:
        done = machine.run([sys.executable, "-c", code, str(p7)])
    if "confined" not in done.stdout:
        pytest.skip("this kernel has no 32-bit entry")
    assert done.stdout == "confined\n"
    assert done.returncode == 128 + signal.SIGSYS or done.returncode == -signal.SIGSYS
