"""`python -m tests.bus.asker ADDRESS SESSION PATH UID...`: ask each of them's questions, write pickled answers.

A program of its own, for it runs in the pid namespace of the service asked, and perhaps in the session's cgroup: who
asks is what the answers are about.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from tests.bus import questions
from tests.bus.client import Client
from tests.lab.boot import joined

REPO = Path(__file__).parents[2]


def ask(address: str, session: str, path: str, pid: int, scope: Path) -> dict[str, tuple[str, object]]:
    """The answers by question, asked of the service in `pid`'s namespace: lain's from within the session's scope."""
    command = ["nsenter", f"--target={pid}", "--pid", "--", sys.executable, "-m", "tests.bus.asker", address]
    outside = [*command, session, path, str(questions.ROOT), str(questions.STRANGER)]
    answers = {}
    for argv in (joined(scope, [*command, session, path, str(questions.LAIN)]), outside):
        done = subprocess.run(argv, cwd=REPO, stdout=subprocess.PIPE, check=True, timeout=60)
        answers.update(pickle.loads(done.stdout))
    return answers


def main(address: str, session: str, path: str, *uids: str) -> None:
    clients = {int(uid): Client(address, int(uid)) for uid in uids}
    mine = [question for question in questions.ALL if question.uid in clients]
    answers = {str(question): question.ask(clients[question.uid], session, path) for question in mine}
    pickle.dump(answers, sys.stdout.buffer)


if __name__ == "__main__":
    main(*sys.argv[1:])
