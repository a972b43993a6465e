"""The demo's rows, as the client writes them and the reader sees them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

OK, WRONG, ROOT, ABSENT = "ok", "WRONG", "needs root", "not here"


@dataclass
class Row:
    """One question and its answer; `state` is one of OK, WRONG, ROOT, ABSENT."""

    group: str
    question: str
    state: str
    answer: str = ""

    def fields(self) -> dict[str, str]:
        return asdict(self)


def show(rows: list[Row]) -> int:
    """Print them, group by group. 1 if one is WRONG."""
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            print(f"\n{group}")
        print(f"  {row.state:10}  {row.question:36}  {row.answer}".rstrip())
    return 1 if any(row.state == WRONG for row in rows) else 0
