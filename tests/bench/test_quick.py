"""`build.py bench --quick` finds nothing that has become 1.5 times slower or larger than docs/benchmarks.json says."""

import json
import re
import subprocess
import sys

from p7.build import PROJECT
from tests.bench.results import CALL_WORK, WORK, Key, from_json
from tests.need import need, need_root


def test_no_regression(tmp_path):
    need_root("namespaces and cgroups")
    need("dbus-daemon", "dbus-daemon")
    file = tmp_path / "results.json"
    command = [sys.executable, "build.py", "bench", "--quick", "--json", str(file)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    ratios = re.search(r"^(\d+) ratios compared, 0 wrong$", done.stdout, re.MULTILINE)
    assert ratios, done.stdout
    assert int(ratios[1]) > 30
    results = from_json(json.loads(file.read_text())["results"])
    assert results[Key(WORK, "lainos-dbus-bridge, to answering", "zipapp")].count > 4
    assert results[Key(CALL_WORK, "ListSeats", "p7")].best > 1
