"""The root side of lainos-dbus-bridge: a session socket, a closed set of verbs, and no D-Bus."""
