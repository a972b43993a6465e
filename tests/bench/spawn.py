"""Starts programs in interleaved rounds and prints how long each took; it runs inside the namespaces.

    python3 -I -S spawn.py PLAN PATH...     prints {case: [[time, processor time] of each round]}

PLAN is JSON: {"rounds": N, "cases": {NAME: {"argv": [...], "until": UNTIL, "before": SHELL, "after": SHELL,
"environment": {...}}}}. UNTIL is "exit" (with status 0), "ready" (the newline on descriptor 3) or "answers"
(org.freedesktop.login1 has an owner on the system bus, and that has answered a call). "returns" is the time from the
first answer of pipewire-pulse's socket to the exit. `before` and `after` are not timed. One of PATHS has jeepney.
"""

import gc
import json
import os
import random
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
READY_FD = 3


def main() -> None:
    plan = json.loads(sys.argv[1])
    sys.path += sys.argv[2:]
    names = list(plan["cases"])
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    gc.disable()
    for _ in range(plan["rounds"]):
        random.shuffle(names)  # nobody always follows the same neighbour
        for name in names:
            samples[name].append(measure(plan["cases"][name]))
    json.dump(samples, sys.stdout)


def measure(case: dict) -> tuple[float, float]:
    """Milliseconds from the start of the case's program until what it waits for; and of processors, until its end."""
    _shell(case["before"])
    before = _processor_time()
    took = UNTIL[case["until"]](case["argv"], ENVIRONMENT | case["environment"])
    used = _processor_time() - before
    _shell(case["after"])
    return took * 1000, used * 1000


def until_exit(argv: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    _run(argv, environment)
    return time.perf_counter() - began


def until_ready(argv: list[str], environment: dict[str, str]) -> float:
    read_fd, write_fd = os.pipe()
    began = time.perf_counter()
    pid = _spawn(argv, environment, (os.POSIX_SPAWN_DUP2, write_fd, READY_FD))
    os.close(write_fd)
    said = os.read(read_fd, 1)
    took = time.perf_counter() - began
    os.close(read_fd)
    if said != b"\n":
        sys.exit(f"{argv}: never ready, status {_wait(pid)}")
    _end(pid)
    return took


def until_answers(argv: list[str], environment: dict[str, str]) -> float:
    from jeepney import DBusAddress, MatchRule, message_bus, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    rule = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
    rule.add_arg_condition(0, "org.freedesktop.login1")
    login1 = DBusAddress("/org/freedesktop/login1", "org.freedesktop.login1", "org.freedesktop.login1.Manager")
    with open_dbus_connection("unix:path=/run/dbus/system_bus_socket") as bus:
        bus.send_and_get_reply(message_bus.AddMatch(rule))
        with bus.filter(rule) as changes:
            began = time.perf_counter()
            pid = _spawn(argv, environment)
            bus.recv_until_filtered(changes, timeout=10)
            bus.send_and_get_reply(new_method_call(login1, "ListSeats"), timeout=10)
            took = time.perf_counter() - began
            _end(pid)
            bus.recv_until_filtered(changes, timeout=10)
    return took


def until_returns(argv: list[str], environment: dict[str, str]) -> float:
    pid = _spawn(argv, environment)
    while not _answers(environment["XDG_RUNTIME_DIR"] + "/pulse/native"):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            sys.exit(f"{argv}: no socket, status {_wait(pid)}")
        time.sleep(0.001)
    answered = time.perf_counter()
    if status := _wait(pid):
        sys.exit(f"{argv}: status {status}")
    return time.perf_counter() - answered


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


UNTIL: dict[str, Callable[[list[str], dict[str, str]], float]] = {
    "exit": until_exit,
    "ready": until_ready,
    "answers": until_answers,
    "returns": until_returns,
}


def _spawn(argv: list[str], environment: dict[str, str], *actions: tuple[int, int, int]) -> int:
    """Start it, with our own output out of its reach."""
    silent = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    return os.posix_spawn(argv[0], argv, environment, file_actions=[silent, *actions])


def _shell(script: str) -> None:
    if script:
        _run(["/bin/sh", "-ec", script], ENVIRONMENT)


def _run(argv: list[str], environment: dict[str, str]) -> None:
    status = _wait(_spawn(argv, environment))
    if status != 0:
        sys.exit(f"{argv}: status {status}")


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    _wait(pid)


def _processor_time() -> float:
    """Seconds, user's and system's, of all children waited for, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
