#!/usr/bin/env python3
"""Build, install, show and test p7. `python3 build.py` makes dist/p7; `python3 build.py VERB --help` tells more."""

import importlib
import sys

# verb: the module and function that do it, and what it is for
VERBS = {
    "zipapp": ("p7.build.archive:build", "dist/p7, for the system's python3 (the default)"),
    "static": ("p7.build.static:build", "dist/p7-static, one ELF file for early boot"),
    "frozen": ("p7.build.frozen:build", "dist/p7-frozen, a PyInstaller one-file"),
    "mocks": ("p7.build.mocks:build", "dist/liblainos-*-mock.so.*, for a package's /usr/lib/lainos"),
    "install": ("p7.build.layout:install", "--destdir DIR [--static|--frozen]: what a package owns"),
    "uninstall": ("p7.build.layout:uninstall", "--destdir DIR: take exactly that away"),
    "demo": ("tests.lab.demo:main", "run the chain in private namespaces and show what applications see"),
    "boot": ("tests.lab.run:main", "boot a Debian tree with OpenRC and p7 in namespaces, as root"),
    "vm": ("tests.lab.vm_run:main", "boot that tree in QEMU, with a kernel, a screen and a keyboard"),
    "bench": ("tests.bench.run:main", "[--quick]: start-up, memory, D-Bus and sizes beside other programs"),
    "test": ("p7.build.testing:main", "everything, by pytest; arguments go to it"),
}


def main(argv: list[str]) -> int:
    """Run the verb that argv names."""
    verb, args = (argv[1], argv[2:]) if len(argv) > 1 else ("zipapp", [])
    if verb in ("-h", "--help"):
        print(__doc__, *(f"  {name:10} {text}" for name, (_, text) in VERBS.items()), sep="\n")
        return 0
    if verb not in VERBS:
        print(f"build.py: no such verb: {verb}; there are: {', '.join(VERBS)}", file=sys.stderr)
        return 2
    module, _, function = VERBS[verb][0].partition(":")
    status: int = getattr(importlib.import_module(module), function)(args)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv))
