"""What build.py does; left out of every artifact. It lives here because the project's top level is fixed."""

import os

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIST = os.environ.get("P7_DIST") or os.path.join(PROJECT, "dist")


def cache(*parts: str) -> str:
    """A folder below the user's cache, made if missing (XDG basedir-spec)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "p7", *parts)
    os.makedirs(path, exist_ok=True)
    return path
