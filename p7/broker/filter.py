"""The facade's seccomp filter (seccomp(2)) as classic BPF: it names what a D-Bus service in Python needs, no more.

All else fails with EPERM: execve, fork, ptrace, mount, kill, bpf, io_uring, and whatever a kernel adds later. The
filter is built for the architecture it runs on; a call made through another one's entry kills the process.
"""

import os
import struct

from p7 import Failure

# Name, number on x86_64, number on aarch64 (asm/unistd.h); "-" where an architecture has no such call.
ALLOWED = """
read 0 63            write 1 64           readv 19 65          writev 20 66         pread64 17 67
close 3 57           close_range 436 436  dup 32 23            fcntl 72 25          lseek 8 62
pipe2 293 59         eventfd2 290 19      epoll_create1 291 20 epoll_ctl 233 21     epoll_wait 232 -
epoll_pwait 281 22   poll 7 -             ppoll 271 73
connect 42 203       sendto 44 206        recvfrom 45 207      sendmsg 46 211       recvmsg 47 212
shutdown 48 210      getsockname 51 204   getpeername 52 205   setsockopt 54 208    getsockopt 55 209
fstat 5 80           stat 4 -             lstat 6 -            newfstatat 262 79    statx 332 291
access 21 -          faccessat 269 48     faccessat2 439 439   readlink 89 -        readlinkat 267 78
getdents64 217 61    getcwd 79 17         statfs 137 43        fstatfs 138 44
munmap 11 215        brk 12 214           mremap 25 216        madvise 28 233       membarrier 324 283
futex 202 98         set_robust_list 273 99                    rseq 334 293         sched_yield 24 124
sched_getaffinity 204 123                 getrandom 318 278    uname 63 160         sysinfo 99 179
getpid 39 172        getppid 110 173      gettid 186 178       getuid 102 174       geteuid 107 175
getgid 104 176       getegid 108 177      getgroups 115 158    getrusage 98 165     pidfd_open 434 434
clock_gettime 228 113                     clock_getres 229 114 clock_nanosleep 230 115
gettimeofday 96 169  time 201 -           nanosleep 35 101
rt_sigaction 13 134  rt_sigprocmask 14 135                     rt_sigreturn 15 139  sigaltstack 131 132
restart_syscall 219 128                   exit 60 93           exit_group 231 94
"""

_AF_UNIX = 1  # a D-Bus connection, and syslog's
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_PROT_EXEC = 4
# isatty() and setblocking() make these; the one to keep out is TIOCSTI, which types into a terminal
_TCGETS, _FIONBIO, _FIOCLEX = 0x5401, 0x5421, 0x5451

# Name, numbers, the argument looked at, and either the values it may have or the bits it must not have.
CHECKED: tuple[tuple[str, str, str, int, tuple[int, ...], int], ...] = (
    ("socket", "41", "198", 0, (_AF_UNIX,), 0),
    ("socketpair", "53", "199", 0, (_AF_UNIX,), 0),
    ("openat", "257", "56", 2, (), _WRITING),
    ("open", "2", "-", 1, (), _WRITING),
    ("mmap", "9", "222", 2, (), _PROT_EXEC),  # nothing is loaded any more once the filter stands
    ("mprotect", "10", "226", 2, (), _PROT_EXEC),
    ("ioctl", "16", "29", 1, (_TCGETS, _FIONBIO, _FIOCLEX), 0),
    ("prlimit64", "302", "261", 0, (0,), 0),  # its own limits only
)

# linux/audit.h; column of the tables above
_ARCHES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# linux/bpf_common.h: load a word of struct seccomp_data, compare, test bits, return
_LOAD, _EQUAL, _BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_NR, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # SECCOMP_RET_*; 1 is EPERM


def program(machine: str) -> bytes:
    """The filter for an architecture, as os.uname() names it: an array of struct sock_filter."""
    if machine not in _ARCHES:
        raise Failure(f"there is no seccomp filter for {machine}: p7 runs on {' and '.join(_ARCHES)}")
    audit, column = _ARCHES[machine]
    code = _op(_LOAD, _ARCH) + _op(_EQUAL, audit, 1, 0) + _op(_RETURN, _KILL) + _op(_LOAD, _NR)
    for number in _numbers(column):
        code += _op(_EQUAL, number, 0, 1) + _op(_RETURN, _ALLOW)
    for _name, *numbers, argument, values, bits in CHECKED:
        if numbers[column] != "-":
            test = _test(argument, values, bits)
            code += _op(_EQUAL, int(numbers[column]), 0, len(test) // 8) + test
    return code + _op(_RETURN, _DENY)


def _numbers(column: int) -> list[int]:
    words = ALLOWED.split()
    return [int(word) for word in words[1 + column :: 3] if word != "-"]


def _test(argument: int, values: tuple[int, ...], bits: int) -> bytes:
    """Allow or deny by an argument's low word: every argument looked at is an int or a set of low bits."""
    code = _op(_LOAD, _ARGUMENTS + 8 * argument)
    if not values:
        return code + _op(_BITS, bits, 1, 0) + _op(_RETURN, _ALLOW) + _op(_RETURN, _DENY)
    for value in values:
        code += _op(_EQUAL, value, 0, 1) + _op(_RETURN, _ALLOW)
    return code + _op(_RETURN, _DENY)


def _op(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, k)
