"""What a notification says in one line, whatever the bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applets.lainos_notifyd.message import describe
from p7 import log


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"READY=1", "READY"),
        (b"READY=1\nSTATUS=Listening on [::]:22\nMAINPID=812\n", "READY, MAINPID 812, STATUS 'Listening on [::]:22'"),
        (b"RELOADING=1\nMONOTONIC_USEC=123456", "RELOADING"),
        (b"STOPPING=1", "STOPPING"),
        (b"ERRNO=13", "ERRNO 13 (Permission denied)"),
        (b"BUSERROR=org.freedesktop.DBus.Error.TimedOut", "BUSERROR 'org.freedesktop.DBus.Error.TimedOut'"),
        (b"WATCHDOG=1", "WATCHDOG"),
        (b"WATCHDOG=trigger", "WATCHDOG 'trigger'"),
        (b"EXTEND_TIMEOUT_USEC=5000000", "EXTEND_TIMEOUT_USEC 5000000"),
        (b"READY=0", "READY 0"),
        (b"FDSTORE=1\nFDNAME=x", "FDSTORE, but no descriptor is kept"),
        (b"STATUS=first\nSTATUS=second", "STATUS 'first'"),
        (b"STATUS=caf\xc3\xa9 \xff", "STATUS 'café \ufffd'"),
        (b"STATUS=two\0", "STATUS 'two'"),
        (b"READY=1\nX_OWN=1\nnonsense", "READY, and 2 unknown fields"),
        (b"", "not a notification, 0 bytes"),
        (b"\0\xff\n\n", "not a notification, 4 bytes"),
        (b"BARRIER=1\nFDPOLL=0", ""),
    ],
)
def test_the_line(data, line):
    assert describe(data)[1] == line


@pytest.mark.parametrize(
    ("data", "priority"),
    [
        (b"READY=1", log.INFO),
        (b"ERRNO=0", log.INFO),
        (b"ERRNO=2\nSTOPPING=1", log.WARNING),
        (b"BUSERROR=x", log.WARNING),
        (b"VARLINKERROR=x", log.WARNING),
        (b"WATCHDOG=trigger", log.WARNING),
        (b"WATCHDOG=1", log.DEBUG),
        (b"WATCHDOG=1\nSTATUS=alive", log.INFO),
    ],
)
def test_the_priority(data, priority):
    assert describe(data)[0] == priority


def test_a_message_that_was_cut_says_so():
    assert describe(b"STATUS=long", True)[1] == "STATUS 'long', cut after 11 bytes"


@given(st.binary(max_size=300) | st.text().map(lambda text: b"STATUS=" + text.encode("utf-8", "surrogatepass")))
def test_any_bytes_make_one_printable_line(data):
    assert describe(data)[1].isprintable()
