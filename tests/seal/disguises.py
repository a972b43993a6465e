"""Attempts with an archive that is not where it seems, or not called what it seems; a harmless one of that name is."""

from __future__ import annotations

import http.server
import io
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.seal.attempts import Attempt, sync
from tests.seal.machine import SYSTEMD, Done, Machine

INFO = "pkgname = hello\npkgver = 1-1\narch = any\nsize = 0\nbuilddate = 1\n"

_AR_HEADER = 60


def downloaded(machine: Machine) -> None:
    """Have a harmless hello in a repository and in the cache."""
    sync(machine, machine.package("hello"))
    assert machine.pacman("-Sw", "hello").returncode == 0


def harmful(machine: Machine) -> Path:
    return machine.package("hello", files=dict(SYSTEMD))


def members(machine: Machine, *rows: tuple[str, str]) -> Path:
    """An archive of files that no makepkg would make."""
    path = machine.path / "hello-1-1-any.pkg.tar"
    with tarfile.open(path, "w") as tar:
        for name, text in rows:
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


class Renaming(http.server.BaseHTTPRequestHandler):
    """Answers each request with the server's `archive`, and a name of its own for it, or by way of another address."""

    def do_GET(self) -> None:
        if self.path.startswith("/from"):
            self.send_response(302)
            self.send_header("Location", "/hello-1-1-any.pkg.tar.zst")
            self.end_headers()
            return
        data = getattr(self.server, "archive").read_bytes()  # noqa: B009 - what serving() sets
        self.send_response(200)
        if self.path == "/named":
            self.send_header("Content-Disposition", 'attachment; filename="hello-9.pkg.tar.zst"')
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_words: object) -> None:
        pass


@contextmanager
def serving(archive: Path) -> Iterator[str]:
    """The address of a server on the loopback."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Renaming) as server:
        server.archive = archive  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _from(machine: Machine, path: str) -> Done:
    downloaded(machine)
    with serving(harmful(machine)) as address:
        return machine.pacman("-U", address + path)


def named_by_the_server(machine: Machine) -> Done:
    return _from(machine, "/named")


def redirected(machine: Machine) -> Done:
    return _from(machine, "/from")


def address_with_a_slash_behind_the_question_mark(machine: Machine) -> Done:
    return _from(machine, "/hello-1-1-any.pkg.tar.zst?a=b/c")


def standard_input(machine: Machine) -> Done:
    downloaded(machine)
    with harmful(machine).open() as file:
        return machine.pacman("-U", "/dev/stdin", stdin=file)


def absolute_link(machine: Machine) -> Done:
    downloaded(machine)
    link = machine.path / "link.pkg.tar.zst"
    link.symlink_to(harmful(machine))
    return machine.pacman("-U", link)


def two_names(machine: Machine) -> Done:
    downloaded(machine)
    rows = (".PKGINFO", f"pkgname = nobody\n{INFO}"), ("usr/bin/systemctl", "real")
    return machine.pacman("-U", members(machine, *rows))


def second_description(machine: Machine) -> Done:
    downloaded(machine)
    other = INFO.replace("hello", "nobody")
    rows = (".PKGINFO", INFO), ("./.PKGINFO", other), ("usr/bin/systemctl", "real")
    return machine.pacman("-U", members(machine, *rows))


def _described(machine: Machine, text: str) -> Done:
    return machine.pacman("-U", members(machine, (".PKGINFO", INFO + text), ("usr/bin/hello", "x")))


def provides_far_behind(machine: Machine) -> Done:
    return _described(machine, f"# {'x' * 500}\n" * 2200 + "provides = systemd=257\n")


def provides_before_a_zero_byte(machine: Machine) -> Done:
    return _described(machine, "provides = systemd\0=257\n")


def provides_with_a_description(machine: Machine) -> Done:
    return _described(machine, "provides = systemd: 257\n")


def file_name_behind_a_hole(machine: Machine) -> Done:
    """Two ends of a word in a database, which libalpm joins."""
    downloaded(machine)
    harmful(machine).rename(machine.path / "world/other.pkg.tar.zst")
    start = "%NAME%\nhello\n\n%VERSION%\n1-1\n\n%FILENAME%\nhello-1-1-any.pkg.tar.zst\n\n"
    described = machine.path / "hello-1-1/desc"
    described.parent.mkdir()
    with described.open("w") as file:
        file.write(f"{start:\n<4091}%FILE")  # a block of the file system
        file.seek(3 * 4096)
        file.write("NAME%\nother.pkg.tar.zst\n")
    database = machine.path / "world/world.db"
    tar = ["tar", "--sparse", "--hole-detection=raw", "-cf", database, "-C", machine.path, "hello-1-1/desc"]
    subprocess.run(tar, check=True)
    assert machine.pacman("-Syy").returncode == 0
    return machine.pacman("-S", "hello")


def two_formats(machine: Machine) -> Done:
    """A tar as old as V7's, with no magic number, whose first member is called as an ar archive begins."""
    archive = members(machine, (".PKGINFO", INFO), ("usr/bin/hello", "x"))
    rest = archive.read_bytes()
    rows = {".PKGINFO": INFO + "\n" * (len(INFO) % 2), "usr/bin/init": "real"}  # an ar member begins at an even place
    inside = "".join(f"{_ar_header(name, len(text))}{text}" for name, text in rows.items())
    padding = -(len(inside) + _AR_HEADER) % tarfile.BLOCKSIZE
    inside += _ar_header("rest", padding + len(rest))
    member = tarfile.TarInfo("!<arch>\n" + _ar_header("first", tarfile.BLOCKSIZE - 8 - _AR_HEADER))
    member.size = len(inside)
    header = bytearray(member.tobuf(tarfile.USTAR_FORMAT))
    header[257:] = bytes(tarfile.BLOCKSIZE - 257)  # the magic number, and what came with it
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    archive.write_bytes(bytes(header) + inside.encode() + bytes(padding) + rest)
    return machine.pacman("-U", archive)


def _ar_header(name: str, size: int) -> str:
    """_AR_HEADER bytes (ar(5))."""
    return f"{name:16}{0:<12}{0:<6}{0:<6}{100644:<8}{size:<10}`\n"


def other_cache(machine: Machine) -> Done:
    """pacman takes the file that CacheDir has, though --cachedir names another folder."""
    text = machine.config.read_text().replace("[options]", f"[options]\nCacheDir = {machine.path}/cache")
    machine.config.write_text(text)
    downloaded(machine)
    (machine.path / "cache").mkdir()
    machine.repository("extra", machine.package("hello", "2-1", dict(SYSTEMD)), machine.package("other"))
    assert machine.pacman("-Sy").returncode == 0
    (machine.path / "extra/hello-2-1-any.pkg.tar.zst").rename(machine.path / "cache/hello-2-1-any.pkg.tar.zst")
    return machine.pacman("-S", "extra/hello", "other")


def repository_in_brackets(machine: Machine) -> Done:
    downloaded(machine)
    machine.repository("[extra]", machine.package("hello", "2-1", dict(SYSTEMD)), machine.package("other"))
    assert machine.pacman("-Sy").returncode == 0
    return machine.pacman("-S", "[extra]/hello", "other")


def database_behind_a_link(machine: Machine) -> Done:
    """One that leads out of the hook's root."""
    downloaded(machine)
    machine.repository("extra", machine.package("hello", "2-1", dict(SYSTEMD)))
    assert machine.pacman("-Sy").returncode == 0
    database = machine.root / "var/lib/pacman/sync/extra.db"
    database.rename(machine.path / "extra.db")
    database.symlink_to(machine.path / "extra.db")
    return machine.pacman("-S", "extra/hello", "extra/hello")


def mask(machine: Machine) -> Done:
    """Of the guard and of what would tell of that, with no script."""
    names = ("00-p7-guard.hook", "zz-p7-verify.hook")
    return machine.pacman(
        "-U", machine.package("foreign", files={f"etc/hooks/{name}": "-> /dev/null" for name in names})
    )


BRINGS = "it brings usr/bin/systemctl, which is systemd's"
DISGUISES: dict[Attempt, str] = {
    named_by_the_server: BRINGS,
    redirected: BRINGS,
    address_with_a_slash_behind_the_question_mark: BRINGS,
    standard_input: "/dev/stdin cannot be found, so nobody can tell what is in it",
    absolute_link: BRINGS,
    two_names: "hello-1-1-any.pkg.tar cannot be read: it has no .PKGINFO with one name",
    second_description: "hello-1-1-any.pkg.tar cannot be read: it has a second .PKGINFO, or one by another path",
    provides_far_behind: "hello-1-1-any.pkg.tar cannot be read: its .PKGINFO is too long, or no text",
    provides_before_a_zero_byte: "hello-1-1-any.pkg.tar cannot be read: its .PKGINFO is too long, or no text",
    provides_with_a_description: "it provides or replaces systemd and brings usr/bin/hello, as no dummy does",
    file_name_behind_a_hole: "world.db cannot be read: hello-1-1/desc is no text",
    two_formats: "it brings usr/bin/init, and that is no link to openrc-init",
    other_cache: BRINGS,
    repository_in_brackets: BRINGS,
    database_behind_a_link: "extra.db cannot be read: it is a link to ",
    mask: "it brings etc/hooks/00-p7-guard.hook, which would stand for p7's hook of this name",
}

# It does not find what it downloaded by these addresses itself.
_LOST = (named_by_the_server, redirected, address_with_a_slash_behind_the_question_mark)
DISGUISES_ON_7 = {attempt: why for attempt, why in DISGUISES.items() if attempt not in _LOST}
