"""`python -m tests.bus.asker ADDRESS SESSION PATH`: ask every question of tests.bus.questions, write pickled answers.

A program of its own, for it runs in the pid namespace of the service asked: the bus must know the caller's pid.
"""

from __future__ import annotations

import pickle
import sys

from tests.bus import questions
from tests.bus.client import Client


def main(address: str, session: str, path: str) -> None:
    clients = {uid: Client(address, uid) for uid in (questions.ROOT, questions.LAIN, questions.STRANGER)}
    answers = [question.ask(clients[question.uid], session, path) for question in questions.ALL]
    pickle.dump(answers, sys.stdout.buffer)


if __name__ == "__main__":
    main(*sys.argv[1:])
