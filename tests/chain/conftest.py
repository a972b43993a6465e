"""The machine that most tests here share the shape of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chain.seat import Seat
from tests.chain.sound import Session


@pytest.fixture
def seat(p7: Path) -> Iterator[Seat]:
    """All that comes before a login, with the zipapp."""
    with Seat(p7) as seat:
        yield seat


@pytest.fixture
def session(p7: Path) -> Iterator[Session]:
    """What lainos-audio-init finds, with the zipapp."""
    with Session(p7) as session:
        yield session
