"""A short run for CI: fails where something has become 1.5 times slower or larger, against its base, than recorded."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench import artifacts, bars, measure
from tests.bench.full import RECORD
from tests.bench.results import SIZE, Results, from_json, to_json

FORMS = ("zipapp", "static")
_ATTEMPTS = 3
_ROUNDS, _CALLS, _CALL_ROUNDS = 8, 100, 20
_GUARD_ROUNDS = 4


def main(json_file: Path | None) -> int:
    """1 where a regression was there at each attempt, so is not the machine's noise, or a size is over its bar."""
    recorded = from_json(json.loads(RECORD.read_text())["results"])
    with artifacts.built(FORMS) as built:
        results = measured(built)
        for _ in range(_ATTEMPTS - 1):
            if bars.regressions(results, recorded):
                results = best_of(results, measured(built))
    if json_file:
        json_file.write_text(json.dumps({"results": to_json(results)}, indent=1) + "\n")
    return show(results, recorded)


def measured(built: dict[str, Path]) -> Results:
    """What is compared, in a few seconds."""
    return (
        measure.sizes(built)
        | measure.start_up(built, _ROUNDS)
        | measure.memory_at_start(built)
        | measure.call_work(built["zipapp"], _CALLS, _CALL_ROUNDS)
        | measure.guards(built, _GUARD_ROUNDS)
    )


def best_of(first: Results, second: Results) -> Results:
    """For each result the one with the less disturbed round."""
    return {key: min(first[key], second[key], key=lambda summary: summary.best) for key in first}


def show(results: Results, recorded: Results) -> int:
    """Print what is wrong; the exit status."""
    wrong = [
        f"{key.section}: {key.row} {key.column}: {now:.2f} times its base, recorded are {before:.2f}"
        for key, now, before in bars.regressions(results, recorded)
    ]
    for bar in bars.BARS:
        value = bar.value(results) if bar.key.section == SIZE else None
        if value is not None and not bar.is_met(value):
            wrong.append(f"{bar.what}: {value:.2f}, the bar is {bar.limit}")
    print(*wrong, f"{len(bars.compared(results, recorded))} ratios compared, {len(wrong)} wrong", sep="\n")
    return 1 if wrong else 0
