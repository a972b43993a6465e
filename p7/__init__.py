"""p7: what software that expects systemd needs, on an OpenRC system that has none."""

VERSION = "0.1.0"


class Failure(Exception):
    """A step that cannot go on.

    The text is one line for the person at the keyboard: what, which path, what to do about it. `status` is the exit
    status that p7.dispatch gives the process.
    """

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status
