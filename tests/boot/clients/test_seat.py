"""libseat and Xorg, which ask for the session's devices: they are refused and go on without."""

from __future__ import annotations

from tests.lab.boot import Boot
from tests.lab.inside import RUNTIME_DIR, ask, seen
from tests.lab.session import behind, in_session, output, says

REFUSAL = "seatd gives out the devices of this seat"
CLIENT = "python3 /opt/lab/libseat_client.py"


def test_libseat_takes_seatd(booted: Boot) -> None:
    text = says(booted, f"unset LIBSEAT_BACKEND; {CLIENT}")
    assert "Seat opened with backend 'seatd'" in text


def test_libseat_falls_back_past_login1(booted: Boot) -> None:
    """With no seatd: it asks login1, is refused, and becomes a seatd itself, here for a seat without terminals."""
    text = says(booted, f"unset LIBSEAT_BACKEND; SEATD_SOCK=/nonexistent SEATD_VTBOUND=0 {CLIENT}")
    assert f"Could not take control of session: {REFUSAL}" in text
    assert "Backend 'logind' failed to open seat, skipping" in text
    assert "Seat opened with backend 'builtin'" in text
    assert "seat0: enabled" in text


def test_libseat_held_to_login1_tells_why_not(booted: Boot) -> None:
    code, text = in_session(booted, f"LIBSEAT_BACKEND=logind {CLIENT}")
    assert code == 1 and REFUSAL in text and "no seat: Operation not supported" in text


def test_xorg_goes_on_without_login1(booted: Boot) -> None:
    log = f"{RUNTIME_DIR}/Xorg.log"
    behind(booted, f"Xorg :9 -config /opt/lab/dummy.conf -keeptty -logfile {log}")
    seen(booted, "env", "DISPLAY=:9", "xdpyinfo", timeout=20)
    said = [line.partition("] ")[2] for line in output(booted, log).splitlines() if "systemd-logind" in line]
    assert said == [f"(EE) systemd-logind: TakeControl failed: {REFUSAL}"]
    ask(booted, "pkill", "--exact", "Xorg")
