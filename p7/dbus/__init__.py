"""A D-Bus service on p7.loop: rows of members in, live objects out. Nothing of login1."""
