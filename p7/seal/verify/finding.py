"""What is wrong, where, and what to do about it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Finding:
    """`path` is inside the root; `mend`, if there is one, puts it right, or raises OSError or Failure."""

    __slots__ = ("mend", "path", "remedy", "what")

    def __init__(self, path: str, what: str, remedy: str, mend: Callable[[], object] | None = None) -> None:
        self.path = path
        self.what = what
        self.remedy = remedy
        self.mend = mend
