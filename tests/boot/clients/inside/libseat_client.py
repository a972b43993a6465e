"""Open the seat through libseat, as a compositor does; print what libseat says on the way and how it ended.

Its backend is the environment's LIBSEAT_BACKEND, or seatd, logind and builtin in that order (libseat.h).
"""

from __future__ import annotations

import os
import sys
from ctypes import CDLL, CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_void_p, get_errno

_DEBUG = 3
_HANDLER = CFUNCTYPE(None, c_void_p, c_void_p)


class Listener(Structure):
    """struct libseat_seat_listener: called when the seat is given and when it is taken away."""

    _fields_ = [("enable_seat", _HANDLER), ("disable_seat", _HANDLER)]


def main() -> int:
    libseat = CDLL("libseat.so.1", use_errno=True)
    libseat.libseat_open_seat.argtypes = [POINTER(Listener), c_void_p]
    libseat.libseat_open_seat.restype = c_void_p
    libseat.libseat_dispatch.argtypes = [c_void_p, c_int]
    libseat.libseat_seat_name.argtypes = [c_void_p]
    libseat.libseat_seat_name.restype = c_char_p
    libseat.libseat_close_seat.argtypes = [c_void_p]
    libseat.libseat_set_log_level(_DEBUG)
    enabled = []
    listener = Listener(_HANDLER(lambda *_: enabled.append(True)), _HANDLER(lambda *_: None))
    seat = libseat.libseat_open_seat(byref(listener), None)
    if not seat:
        print(f"no seat: {os.strerror(get_errno())}")
        return 1
    while not enabled and libseat.libseat_dispatch(seat, 2000) > 0:
        pass
    print(f"{libseat.libseat_seat_name(seat).decode()}: {'enabled' if enabled else 'not enabled'}")
    libseat.libseat_close_seat(seat)
    return 0


if __name__ == "__main__":
    sys.exit(main())
