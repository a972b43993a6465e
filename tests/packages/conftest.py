"""The packages, made once a session by the commands of docs/packages.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packages.makepkg import Workshop, document_commands


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    made = Workshop()
    yield made
    made.close()


@pytest.fixture(scope="session")
def built(workshop: Workshop) -> Workshop:
    """The workshop after all of the document's commands, p7 in its static form."""
    done = workshop.shell("\n".join(document_commands("sh")), P7_FORM="static")
    assert done.returncode == 0, done.stdout + done.stderr
    return workshop


@pytest.fixture(scope="session")
def packages(built: Workshop) -> dict[str, Path]:
    """Name to archive."""
    return {path.name.rsplit("-", 3)[0]: path for path in built.packages.glob("*.pkg.tar.zst")}
