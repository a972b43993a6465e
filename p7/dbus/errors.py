"""Errors that travel: a name from the D-Bus specification or from login1's, and a line of text."""

_BUS = "org.freedesktop.DBus.Error."

ACCESS_DENIED = _BUS + "AccessDenied"
FAILED = _BUS + "Failed"
INCONSISTENT_MESSAGE = _BUS + "InconsistentMessage"
INVALID_ARGS = _BUS + "InvalidArgs"
LIMITS_EXCEEDED = _BUS + "LimitsExceeded"
NOT_SUPPORTED = _BUS + "NotSupported"
PROPERTY_READ_ONLY = _BUS + "PropertyReadOnly"
UNKNOWN_INTERFACE = _BUS + "UnknownInterface"
UNKNOWN_METHOD = _BUS + "UnknownMethod"
UNKNOWN_OBJECT = _BUS + "UnknownObject"
UNKNOWN_PROPERTY = _BUS + "UnknownProperty"


class DBusError(Exception):
    """What the caller gets instead of a reply."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name
        self.text = text
