"""A system bus as distributions configure it, less the user that it drops to and the services it starts."""

from pathlib import Path

from p7.build import PROJECT

SOCKET = "/run/dbus/system_bus_socket"
POLICY = Path(PROJECT, "rc/usr/share/dbus-1/system.d/org.freedesktop.login1.conf")
# The default context is that of the distribution's system.conf; what it includes of /etc would need the machine's.
_CONFIG = """\
<busconfig>
  <type>system</type>
  {listen}
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>{policy}</include>
  {more}
</busconfig>
"""


def config(*sockets: str, policy: str | Path = POLICY, more: str = "") -> str:
    """dbus-daemon's configuration (dbus-daemon(1)) with p7's own policy, listening on SOCKET and on other paths."""
    listen = "".join(f"<listen>unix:path={path}</listen>" for path in (SOCKET, *sockets))
    return _CONFIG.format(listen=listen, policy=policy, more=more)
