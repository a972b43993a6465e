"""org.freedesktop.login1 for one user, one session, one seat: rows of members, and the functions that answer."""
