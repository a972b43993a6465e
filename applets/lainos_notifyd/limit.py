"""How many lines a sender may have in the log: a token bucket each, in a table that cannot be made to grow."""

RATE, BURST, SENDERS = 100.0, 10.0, 256

_CROWD = -1  # the bucket that all share who find the table full; no sender() has this number


def sender(pid: int, uid: int) -> int:
    """Who is limited together: a user, who could otherwise have a new pid for each line; but root's daemons apart."""
    return uid if uid else -2 - pid


class Bucket:
    """Lines in store, as of `when`; `suppressed` counts those refused, and `pid` and `uid` are the last one's."""

    __slots__ = ("lines", "pid", "suppressed", "uid", "when")

    def __init__(self, now: float) -> None:
        self.lines = BURST
        self.when = now
        self.suppressed = self.pid = self.uid = 0

    def is_idle(self, now: float) -> bool:
        """Whether a new bucket would serve its sender just as well."""
        return not self.suppressed and self.lines + (now - self.when) * RATE >= BURST


class Limiter:
    """RATE lines a second for each sender and BURST at once. Times are in seconds of any steady clock."""

    __slots__ = ("_buckets", "_swept")

    def __init__(self) -> None:
        self._buckets: dict[int, Bucket] = {}
        self._swept = 0.0

    def allows(self, pid: int, uid: int, now: float) -> bool:
        """Take one line from the sender's bucket; False, and counted, if there is none."""
        bucket = self._buckets.get(sender(pid, uid)) or self._add(sender(pid, uid), now)
        bucket.lines = min(BURST, bucket.lines + (now - bucket.when) * RATE)
        bucket.when = now
        if bucket.lines >= 1:
            bucket.lines -= 1
            return True
        bucket.suppressed += 1
        bucket.pid, bucket.uid = pid, uid
        return False

    def take_suppressed(self) -> list[tuple[int, int, int]]:
        """How many lines were refused since the last call, and the last one's pid and uid, for each sender."""
        found = []
        for bucket in self._buckets.values():
            if bucket.suppressed:
                found.append((bucket.suppressed, bucket.pid, bucket.uid))
                bucket.suppressed = 0
        return found

    def _add(self, key: int, now: float) -> Bucket:
        if len(self._buckets) >= SENDERS:
            self._sweep(now)
        if len(self._buckets) >= SENDERS:
            key = _CROWD
        return self._buckets.setdefault(key, Bucket(now))

    def _sweep(self, now: float) -> None:
        """Forget who is idle; not more often than buckets can fill, or a crowd would make every line cost a sweep."""
        if now - self._swept >= BURST / RATE:
            self._swept = now
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_idle(now)}
