"""p7: what software that expects systemd needs, on an OpenRC system that has none."""

VERSION = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Failure(Exception):
    """A step that cannot go on.

    The text is one line for the person at the keyboard: what, which path, what to do about it. `status` is the exit
    status that p7.dispatch gives the process.
    """

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


def meant(name: str, names: "Iterable[str]") -> str:
    """`; did you mean 'NAME'?` for a misspelt one of `names`, else an empty string."""
    from difflib import get_close_matches  # and with it collections and re: for who has made a mistake

    return "".join(f"; did you mean {close!r}?" for close in get_close_matches(name, names, 1, 0.7))
