"""The artifacts that are measured, built afresh for each run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from p7.build import PROJECT

FILES = {"zipapp": "p7", "static": "p7-static", "frozen": "p7-frozen"}


@contextmanager
def built(forms: Sequence[str]) -> Iterator[dict[str, Path]]:
    """Form to artifact, in a folder that everybody may read. A form that cannot be built is left out, and said."""
    with TemporaryDirectory(prefix="p7-bench-") as folder:
        os.chmod(folder, 0o755)
        for form in forms:
            command = [sys.executable, "build.py", form]
            environment = {**os.environ, "P7_DIST": folder}
            subprocess.run(command, cwd=PROJECT, env=environment, check=False, stdout=sys.stderr)
        paths = {form: Path(folder, FILES[form]) for form in forms}
        yield {form: path for form, path in paths.items() if path.exists()}
