"""How many lines a sender may log: by token bucket, told apart by who can make new pids, in a bounded table."""

from applets.lainos_notifyd.limit import BURST, RATE, SENDERS, Limiter, sender

LAIN, ROOT = 1000, 0


def _allowed(limiter, pid, uid, times):
    return sum(limiter.allows(pid, uid, now) for now in times)


def test_a_burst_and_then_the_rate():
    limiter = Limiter()
    assert _allowed(limiter, 7, LAIN, [5.0] * 1000) == BURST
    one_second = [5.0 + i / 10_000 for i in range(10_001)]
    assert abs(_allowed(limiter, 7, LAIN, one_second) - RATE) <= 1


def test_what_is_suppressed_is_counted_once_and_names_the_last():
    limiter = Limiter()
    for i in range(100):
        limiter.allows(i, LAIN, 1.0)
    assert limiter.take_suppressed() == [(100 - BURST, 99, LAIN)]
    assert limiter.take_suppressed() == []


def test_a_users_processes_share_and_roots_do_not():
    assert sender(1, LAIN) == sender(2, LAIN) != sender(1, 1001)
    assert sender(1, ROOT) != sender(2, ROOT)
    numbers = [sender(pid, uid) for pid in range(50) for uid in range(50) if uid or pid]
    assert -1 not in numbers


def test_one_flood_leaves_others_alone():
    limiter = Limiter()
    assert _allowed(limiter, 7, LAIN, [1.0] * 1000) == BURST
    assert limiter.allows(8, 104, 1.0)


def test_more_senders_than_the_table_holds_share_one_bucket():
    limiter = Limiter()
    passed = sum(limiter.allows(pid, ROOT, 1.0) for pid in range(1, 20_000))
    assert passed <= SENDERS + BURST
    assert limiter.allows(1, ROOT, 1.0)  # who came first keeps a bucket of its own
    assert sum(count for count, *_ in limiter.take_suppressed()) == 20_000 - 1 - passed


def test_idle_senders_make_room():
    limiter = Limiter()
    for pid in range(1, SENDERS + 1):
        limiter.allows(pid, ROOT, 1.0)
    later = 1.0 + BURST / RATE
    assert all(_allowed(limiter, 10_000 + i, ROOT, [later] * 5) == 5 for i in range(SENDERS))
