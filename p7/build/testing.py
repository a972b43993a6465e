"""`build.py test`: pytest with the pinned tools of pyproject.toml; tests/conftest.py builds what they test."""

import subprocess

from p7.build import PROJECT, sources, venv


def main(args: list[str]) -> int:
    """Run pytest with these arguments and return its status; its summary is the last line."""
    project = sources.project()
    groups = project["optional-dependencies"]
    requirements = [*project["dependencies"], *groups["clients"], *groups["test"]]
    command = [venv.python("test", requirements), "-m", "pytest", *args]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode
