"""The whole benchmark, some minutes on a machine that does nothing else."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from p7.build import PROJECT
from tests.bench import artifacts, facts, measure, plot, report
from tests.bench.bars import DBUSMOCK, ELOGIND
from tests.bench.results import Results, to_json
from tests.bench.servers import P7

PAGE = Path(PROJECT, "docs/benchmarks.md")
RECORD = PAGE.with_suffix(".json")
FORMS = ("zipapp", "static", "frozen")
_ROUNDS, _CALLS, _CALL_ROUNDS, _FLOOD_SEC = 40, 2000, 20, 5


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
    p7, servers = built["zipapp"], [P7, *peers()]
    results: Results = {}
    for name, step in {
        "sizes": lambda: measure.sizes(built),
        "start-up": lambda: measure.start_up(built, _ROUNDS),
        "memory": lambda: measure.memory_at_start(built),
        "notifications": lambda: measure.notifications(p7, _FLOOD_SEC),
        "round trips": lambda: measure.round_trips(p7, servers, _CALLS, _CALL_ROUNDS),
        "throughput": lambda: measure.throughput(p7, servers),
        "endurance": lambda: measure.endurance(p7),
    }.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        results |= step()
    return results | measure.together(results)


def peers() -> list[str]:
    """The other login1 services that are to be had here."""
    needs = {
        ELOGIND: (bool(shutil.which("mmdebstrap")), "mmdebstrap"),
        DBUSMOCK: (Path("/usr/lib/python3/dist-packages/dbusmock").exists(), "python3-dbusmock"),
    }
    for name, (is_here, package) in needs.items():
        if not is_here:
            print(f"{name} is left out: apt-get install --no-install-recommends {package}", file=sys.stderr)
    return [name for name, (is_here, _) in needs.items() if is_here]
