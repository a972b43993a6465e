"""The licences of what an artifact has inside, as the machine that built it has them."""

import glob

from p7.build import frozen, sources

# form: what it has inside besides p7 and click
INSIDE = {
    "zipapp": (),
    "static": ("python", "zlib"),
    "frozen": ("python", "zlib", "expat", "libffi", "pyinstaller"),
}
# Debian's place, then Arch's.
_PLACES = {
    "python": ("/usr/lib/python3.*/LICENSE.txt", "/usr/share/licenses/python/LICENSE*"),
    "zlib": ("/usr/share/doc/zlib1g/copyright", "/usr/share/licenses/zlib/LICENSE*"),
    "expat": ("/usr/share/doc/libexpat1/copyright", "/usr/share/licenses/expat/*"),
    "libffi": ("/usr/share/doc/libffi[0-9]/copyright", "/usr/share/licenses/libffi/LICENSE*"),
}


def libraries() -> dict[str, bytes]:
    """Name to licence, of the libraries that every form has in it."""
    texts = {path: data for path, data in sources.libraries().items() if ".dist-info/" in path}
    return {path.split("-")[0]: data for path, data in texts.items()}


def text(name: str) -> bytes:
    """The licence of one of INSIDE. Raises FileNotFoundError where it is in none of its places."""
    places = (f"{frozen.packages()}/pyinstaller-*/**/COPYING.txt",) if name == "pyinstaller" else _PLACES[name]
    for path in sorted(path for place in places for path in glob.glob(place, recursive=True)):
        with open(path, "rb") as file:
            return file.read()
    raise FileNotFoundError(f"the licence of {name}, which is inside, is not here: {' or '.join(places)}")
