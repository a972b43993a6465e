"""What a notification says, in one line for people. The keys are those of sd_notify(3)."""

import os

from p7 import log

# The keys that are shown, in the order of the line; free text last, so that nothing of ours follows it.
_SHOWN = (
    "READY RELOADING STOPPING WATCHDOG MAINPID ERRNO EXIT_STATUS WATCHDOG_USEC EXTEND_TIMEOUT_USEC RESTART_RESET"
    " NOTIFYACCESS FDSTORE FDSTOREREMOVE BUSERROR VARLINKERROR STATUS"
).split()
# What only goes with another key, or asks for what receiving the message has done already.
_SILENT = ("MONOTONIC_USEC", "FDNAME", "FDPOLL", "MAINPIDFD", "MAINPIDFDID", "BARRIER")
_KNOWN = frozenset((*_SHOWN, *_SILENT))


def describe(data: bytes, is_cut: bool = False) -> tuple[int, str]:
    """The syslog priority and the line for a datagram; the line is empty where there is nothing to tell.

    Lines that are no KEY=VALUE and keys that nobody knows are counted; of a key given twice the first counts.
    """
    fields, others = _parse(data)
    said = [_phrase(key, fields[key]) for key in _SHOWN if key in fields]
    if not fields:
        said.append(f"not a notification, {len(data)} bytes")
    elif others:
        said.append(f"and {others} unknown fields")
    if is_cut:
        said.append(f"cut after {len(data)} bytes")
    return _priority(fields), ", ".join(said)


def _parse(data: bytes) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    others = 0
    for line in data.rstrip(b"\0").split(b"\n"):
        name, separator, value = line.partition(b"=")
        key = name.decode("latin-1")
        if separator and key in _KNOWN:
            fields.setdefault(key, value.decode("utf-8", "replace"))
        elif line:
            others += 1
    return fields, others


def _phrase(key: str, value: str) -> str:
    if key == "FDSTORE":
        return "FDSTORE, but no descriptor is kept"
    if key == "ERRNO" and value.isdecimal() and len(value) < 5:
        return f"ERRNO {value} ({os.strerror(int(value))})"
    if value == "1" and key in ("READY", "RELOADING", "STOPPING", "WATCHDOG", "RESTART_RESET"):
        return key
    return f"{key} {value}" if value.isdecimal() else f"{key} {value!r}"


def _priority(fields: dict[str, str]) -> int:
    if fields.get("ERRNO", "0") != "0" or fields.get("WATCHDOG") == "trigger":
        return log.WARNING
    if "BUSERROR" in fields or "VARLINKERROR" in fields:
        return log.WARNING
    return log.DEBUG if fields == {"WATCHDOG": "1"} else log.INFO
