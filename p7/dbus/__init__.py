"""A D-Bus service on jeepney's types and p7.loop: rows of members in, live objects out. Nothing of login1."""
