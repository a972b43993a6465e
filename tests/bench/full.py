"""The whole benchmark, some minutes on a machine that does nothing else."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from p7.build import PROJECT
from tests.bench import artifacts, facts, measure, plot, report
from tests.bench.bars import DBUSMOCK, DESKTOP, ELOGIND, NAMESPACES, QEMU
from tests.bench.results import Results, to_json
from tests.bench.servers import P7

PAGE = Path(PROJECT, "docs/benchmarks.md")
RECORD = PAGE.with_suffix(".json")
FORMS = ("zipapp", "static", "frozen")
# What is measured only where it is installed: files, and the packages that have them.
_TREE = {"/usr/bin/mmdebstrap": "mmdebstrap"}
_DBUSMOCK = {"/usr/lib/python3/dist-packages/dbusmock": "python3-dbusmock"}
_QEMU = {**_TREE, "/usr/bin/qemu-system-x86_64": "qemu-system-x86", "/usr/bin/mksquashfs": "squashfs-tools"}
# Of the clock that counts instructions one is enough: two differ by a thousandth.
_BOOTS = {NAMESPACES: 5, QEMU: 1, DESKTOP: 1}
_ROUNDS, _CALLS, _CALL_ROUNDS, _FLOOD_SEC = 40, 2000, 20, 5
_WORK_CALLS, _WORK_ROUNDS = 100, 40
_GUARD_ROUNDS = 8
_SOUND_ROUNDS = 3


def main(json_file: Path | None) -> int:
    """Measure, and write docs/benchmarks.md, .json and .svg. 0; what is not installed is left out."""
    with artifacts.built(FORMS) as built:
        results = measured(built)
    about = facts.facts()
    text = json.dumps({"facts": about, "results": to_json(results)}, indent=1) + "\n"
    for path in (RECORD, json_file):
        if path is not None:
            path.write_text(text)
    PAGE.write_text(report.markdown(about, results))
    PAGE.with_suffix(".svg").write_text(plot.svg(results))
    print(report.console(results))
    return 0


def measured(built: dict[str, Path]) -> Results:
    """Every section."""
    p7, servers = built["zipapp"], [P7, *_installed({ELOGIND: _TREE, DBUSMOCK: _DBUSMOCK})]
    kinds = {kind: _BOOTS[kind] for kind in _installed({NAMESPACES: _TREE, QEMU: _QEMU, DESKTOP: _QEMU})}
    results: Results = {}
    for name, step in {
        "sizes": lambda: measure.sizes(built),
        "start-up": lambda: measure.start_up(built, _ROUNDS),
        "sound": lambda: measure.sound(built, _SOUND_ROUNDS),
        "memory": lambda: measure.memory_at_start(built),
        "notifications": lambda: measure.notifications(p7, _FLOOD_SEC),
        "round trips": lambda: measure.round_trips(p7, servers, _CALLS, _CALL_ROUNDS),
        "processor time of calls": lambda: measure.call_work(p7, _WORK_CALLS, _WORK_ROUNDS),
        "throughput": lambda: measure.throughput(p7, servers),
        "endurance": lambda: measure.endurance(p7),
        "pacman's guard": lambda: measure.guards(built, _GUARD_ROUNDS),
        "boots": lambda: measure.boots(kinds),
    }.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        results |= step()
    return results | measure.together(results)


def _installed(needs: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The names whose files are all here; for the others the packages that bring them are named."""
    found = []
    for name, files in needs.items():
        if missing := {package for file, package in files.items() if not Path(file).exists()}:
            packages = " ".join(sorted(missing))
            print(f"{name} is left out: apt-get install --no-install-recommends {packages}", file=sys.stderr)
        else:
            found.append(name)
    return found
