"""A session opened by lainos-init, watched and closed by the broker, seen from its files and cgroups."""

import os
import signal
import time

from tests.chain.seat import SCOPE, Bridge, Seat, wait
from tests.lab.private import LAIN, PASSWD
from tests.need import need


def _opened(seat, **variables):
    login = seat.login(**variables)
    wait(lambda: "sleep" in seat.processes(), "the login's program runs in the scope")
    return login


def test_a_login_opens_the_session(seat):
    before = int(seat.session()["REALTIME"])
    login = _opened(seat, XDG_VTNR="7", GREETD_SOCK="/run/greetd.sock")
    session = seat.session()
    assert session["LEADER"] == str(login.pid)
    assert session["TYPE"] == "wayland"
    assert session["DESKTOP"] == "compositor"
    assert (session["TTY"], session["VTNR"]) == ("tty7", "7")
    assert session["SERVICE"] == "greetd"
    assert int(session["REALTIME"]) > before
    wait(lambda: seat.processes() == ["dbus-daemon", "sleep"], "what told the bus of the compositor is gone")
    assert seat.processes("/services") == ["dbus-daemon"]


def test_the_end_of_the_leader_closes_it(seat):
    empty = seat.session()
    login = _opened(seat, XDG_VTNR="7")
    login.kill()
    begun = time.monotonic()
    wait(lambda: "LEADER" not in seat.session(), "the session is reset")
    assert time.monotonic() - begun < 1
    wait(lambda: seat.processes() == [], "the bus has ended with the session")
    session = seat.session()
    del session["REALTIME"], empty["REALTIME"]
    assert session == empty
    assert seat.path(f"{SCOPE}/services").is_dir()


def test_what_the_user_left_running_lives_on_unless_p7_toml_says_no(p7):
    for toml, left in (("", ["sleep"]), ("[session]\nkill = true\n", [])):
        with Seat(p7, toml=toml) as seat:
            login = _opened(seat)
            join = f"echo 0 >{SCOPE}/cgroup.procs; exec setpriv --reuid={LAIN} --clear-groups sleep 50"
            seat.start(["sh", "-c", join])
            wait(lambda seat=seat: seat.processes().count("sleep") == 2, "a second process is in the scope")
            login.kill()
            wait(lambda seat=seat, left=left: seat.processes() == left, f"{left} is left")


def test_what_ignores_sigterm_is_killed(seat):
    login = _opened(seat)
    stubborn = (
        f"echo 0 >{SCOPE}/services/cgroup.procs; trap '' TERM; exec setpriv --reuid={LAIN} --clear-groups tail -f"
    )
    seat.start(["sh", "-c", stubborn])
    wait(lambda: "tail" in seat.processes("/services"), "the stubborn one runs")
    login.kill()
    wait(lambda: seat.processes() == [], "SIGKILL has ended it")


def test_a_login_that_comes_at_once_keeps_its_bus(seat):
    """Whatever is still to be killed of the session before is killed first."""
    first = _opened(seat)
    first.kill()
    wait(lambda: "LEADER" not in seat.session(), "the session is reset")
    _opened(seat)
    time.sleep(2.5)  # past the first session's SIGKILL
    wait(lambda: seat.processes() == ["dbus-daemon", "sleep"], "what told the bus of the compositor is gone")


def test_a_second_login_joins_and_inherits_the_session(seat):
    first = _opened(seat)
    second = seat.login()
    wait(lambda: seat.processes().count("sleep") == 2, "both run in the scope")
    assert seat.session()["LEADER"] == str(first.pid)
    assert seat.processes().count("dbus-daemon") == 1
    first.kill()
    wait(lambda: seat.session().get("LEADER") == str(second.pid), "the second leads")
    wait(lambda: seat.processes() == ["dbus-daemon", "sleep"], "what told the bus of the compositor is gone")
    second.kill()
    wait(lambda: seat.processes() == [] and "LEADER" not in seat.session(), "the session is closed")


def test_ten_logins_leave_nothing(seat):
    descriptors = _descriptors(seat)
    for _ in range(10):
        login = _opened(seat)
        login.kill()
        wait(lambda: seat.processes() == [] and "LEADER" not in seat.session(), "the session is closed")
    assert _descriptors(seat) == descriptors
    below = [path.name for path in seat.path(SCOPE).rglob("*") if path.is_dir()]
    assert below == ["services"]
    assert seat.mounts().count("/run/user/1000") == 1


def _descriptors(seat):
    return seat.run(["ls", f"/proc/{seat.bridge.pid}/fd"]).stdout.split()


def test_a_killed_bridge_finds_the_session_again(seat):
    login = _opened(seat, XDG_VTNR="7")
    session = seat.session()
    seat.bridge.kill()
    seat.bridge.ended()
    seat.bridge = seat.start_bridge()
    assert seat.session() == session
    login.kill()
    wait(lambda: "LEADER" not in seat.session() and seat.processes() == [], "the session is closed")


def _restart(seat, meanwhile=lambda: None):
    seat.bridge.kill()
    seat.bridge.ended()
    meanwhile()
    seat.bridge = seat.start_bridge()


def test_a_killed_bridge_finds_every_login_again(p7):
    """The first to end takes neither the other nor its bus along."""
    with Seat(p7, toml="[session]\nkill = true\n") as seat:
        mine = seat.make_vt(8, LAIN)
        first = _opened(seat)
        second = seat.login(XDG_VTNR="8")
        wait(lambda: seat.processes().count("sleep") == 2, "both run in the scope")
        _restart(seat)
        assert seat.path("/run/lainos/members").stat().st_mode & 0o777 == 0o600
        first.kill()
        wait(lambda: seat.session().get("LEADER") == str(second.pid), "the second leads")
        assert (seat.session()["TYPE"], seat.session()["VTNR"]) == ("wayland", "8")
        time.sleep(0.5)  # SIGTERM would have ended either
        assert seat.processes() == ["dbus-daemon", "sleep"]
        assert seat.owner(mine) == LAIN
        second.kill()
        wait(lambda: seat.processes() == [] and "LEADER" not in seat.session(), "the session is closed")
        assert seat.owner(mine) == 0


def test_one_of_two_logins_that_left_while_the_bridge_was_away(seat):
    mine = seat.make_vt(7, LAIN)
    first = _opened(seat, XDG_VTNR="7")
    second = seat.login()
    wait(lambda: seat.processes().count("sleep") == 2, "both run in the scope")
    _restart(seat, first.kill)
    assert seat.session()["LEADER"] == str(second.pid)
    assert "VTNR" not in seat.session()
    assert seat.owner(mine) == 0
    wait(lambda: seat.processes() == ["dbus-daemon", "sleep"], "the bus is the second's")


def test_a_leader_number_that_is_another_process_of_the_session_now(seat):
    login = _opened(seat)
    pid = login.pid

    def reuse():
        login.kill()
        wait(lambda: "sleep" not in seat.processes(), "its number is free")
        take = f"echo 0 >{SCOPE}/cgroup.procs; echo {pid - 1} >/proc/sys/kernel/ns_last_pid; tail -f /dev/null & wait"
        seat.start(["sh", "-c", take])
        wait(lambda: seat.run(["ps", "-o", "comm=", "-p", str(pid)]).stdout == "tail\n", "another has it")

    _restart(seat, reuse)
    wait(lambda: "LEADER" not in seat.session(), "it is not taken for the leader")
    assert "tail" in seat.processes()


def test_a_leader_that_left_while_the_bridge_was_away(seat):
    login = _opened(seat)
    seat.bridge.kill()
    seat.bridge.ended()
    login.kill()
    assert seat.session()["LEADER"]
    seat.bridge = seat.start_bridge()
    wait(lambda: "LEADER" not in seat.session() and seat.processes() == [], "the session is closed")


def _fill(seat):
    seat.run(["dd", "if=/dev/zero", "of=/run/full", "bs=4k"])


def test_a_login_on_a_full_run_is_published_later(p7):
    with Seat(p7, run_options="size=512k") as seat:
        _fill(seat)
        login = _opened(seat)
        assert "LEADER" not in seat.session()
        seat.path("/run/full").unlink()
        wait(lambda: seat.session().get("LEADER") == str(login.pid), "the login is published")
        _restart(seat)
        assert seat.session()["LEADER"] == str(login.pid)


def test_a_login_that_could_not_be_written_down_keeps_its_bus(p7):
    """Nothing tells the next bridge whose the processes in the scope are, so it waits for the last."""
    with Seat(p7, run_options="size=512k") as seat:
        _opened(seat).kill()  # what was written of an earlier one says nothing of this
        wait(lambda: seat.processes() == [] and "LEADER" not in seat.session(), "the session is closed")
        _fill(seat)
        stranger = _opened(seat)
        _restart(seat, seat.path("/run/full").unlink)
        known = seat.login()
        wait(lambda: seat.session().get("LEADER") == str(known.pid), "the one after leads")
        known.kill()
        wait(lambda: "LEADER" not in seat.session(), "nobody leads")
        time.sleep(0.5)  # SIGTERM would have ended either
        assert seat.processes() == ["dbus-daemon", "sleep"]
        stranger.kill()
        wait(lambda: seat.processes() == [], "the bus has ended with the session")


def test_a_leader_number_that_is_another_process_now(seat):
    """Only what runs in the scope can be the leader."""
    seat.bridge.kill(signal.SIGTERM)
    seat.bridge.ended()
    text = seat.path("/run/systemd/sessions/1").read_text()
    seat.path("/run/systemd/sessions/1").write_text(f"{text}LEADER=1\n")
    seat.bridge = seat.start_bridge()
    wait(lambda: "LEADER" not in seat.session(), "process 1 is not taken for the leader")
    assert seat.run(["true"]).returncode == 0


def test_a_terminal_the_login_does_not_run_on_stays_root_s(seat):
    path = seat.make_vt(7)
    _opened(seat, XDG_VTNR="7")
    assert seat.owner(path) == 0


def test_the_terminal_is_given_back(seat):
    """Also one that a broker before this one gave."""
    mine, foreign = seat.make_vt(7, LAIN), seat.make_vt(8, LAIN)
    login = _opened(seat, XDG_VTNR="7")
    login.kill()
    wait(lambda: seat.owner(mine) == 0, "the terminal is root's again")
    assert seat.owner(foreign) == LAIN


def test_a_user_made_after_boot_becomes_the_user_at_first_login(p7):
    with Seat(p7, passwd=PASSWD.partition("lain:x")[0]) as seat:
        assert not seat.path("/run/user/1000").exists()
        seat.put("/etc/passwd", PASSWD)
        _opened(seat)
        assert seat.session()["USER"] == "lain"
        assert seat.path("/run/systemd/users/1000").exists()
        assert "/run/user/1000 tmpfs" in seat.mounts()
        assert seat.owner("/run/user/1000") == LAIN


def test_without_cgroup2_the_session_is_opened_all_the_same(p7):
    with Seat(p7, cgroups="legacy") as seat:
        login = seat.login()
        wait(lambda: seat.session().get("LEADER") == str(login.pid), "the session is open")
        login.kill()
        wait(lambda: "LEADER" not in seat.session(), "the session is closed")


def test_an_end_asked_for_before_the_broker_has_its_loop_is_an_orderly_one(seat):
    need("strace", "strace")
    seat.bridge.kill(signal.SIGTERM)
    assert seat.bridge.ended()[0] == 0
    late = ["strace", "--trace=epoll_create1", "--inject=epoll_create1:delay_enter=500ms", "--output=/run/trace"]
    traced = Bridge(seat, late)  # the broker is strace's child; the facade, which says that it is ready, not traced
    os.kill(traced.facade, signal.SIGTERM)
    assert traced.ended()[0] == 0
    assert "DELAYED" in seat.path("/run/trace").read_text()
    seat.bridge = seat.start_bridge()
