"""`build.py bench`: measure p7 beside a bare interpreter and other programs, and write docs/benchmarks.*."""

from __future__ import annotations

import argparse
import os
import resource
import sys
from pathlib import Path

from p7.build import sources


def main(argv: list[str]) -> int:
    """0 when it ran; with --quick, when nothing regressed."""
    options = parse(argv)
    if os.geteuid() != 0:
        print("needs root: mounts, namespaces and cgroups are root's", file=sys.stderr)
        return 1
    sys.path += sources.wheels("clients")  # jeepney; it imports from the wheel as it is
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # an inhibitor is a descriptor here too
    from tests.bench import full, quick

    return quick.main(options.json) if options.quick else full.main(options.json)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="build.py bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="only see that no ratio is 1.5 times that of docs/benchmarks.json"
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the results there too")
    return parser.parse_args(argv)
