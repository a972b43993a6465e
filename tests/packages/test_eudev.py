"""eudev's PKGBUILD on a stand-in for its source, which cannot be had here: the files that its Makefile.am's install."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packages.makepkg import Workshop, info, listing

_OPTIONS = ("prefix=/usr", "sbindir=/usr/bin", "sysconfdir=/etc", "with-rootlibexecdir=/usr/lib/udev", "disable-static")
_CONFIGURE = f"""#!/bin/sh
for option in {" ".join(_OPTIONS)}; do
	case " $* " in *" --$option "*) ;; *) echo "not told --$option" >&2; exit 1 ;; esac
done
"""
_FILES = """
usr/bin/udevd usr/bin/udevadm usr/lib/udev/ata_id usr/lib/udev/rules.d/50-udev-default.rules etc/udev/udev.conf
usr/lib/udev/hwdb.d/20-OUI.hwdb usr/share/pkgconfig/udev.pc usr/share/man/man8/udevadm.8
""".split()
_LIBUDEV = """
usr/lib/libudev.so.1.6.3 usr/lib/libudev.so usr/lib/libudev.la usr/lib/pkgconfig/libudev.pc usr/include/libudev.h
""".split()
_MAKEFILE = """\
all:
	mkdir -p src/udev; printf '#!/bin/sh\\necho 251\\n' > src/udev/udevadm; chmod +x src/udev/udevadm
install:
	for file in {files}; do install -D src/udev/udevadm $(DESTDIR)/$$file; done
"""


def source(workshop: Workshop, name: str, files: list[str]) -> Path:
    """A copy of the package's folder with an archive of stand-ins in place of the release."""
    folder = workshop.path / name
    shutil.copytree(workshop.folder("eudev"), folder)
    release = folder / "eudev-3.2.14"
    release.mkdir()
    (release / "configure").write_text(_CONFIGURE)
    (release / "configure").chmod(0o755)
    (release / "Makefile").write_text(_MAKEFILE.format(files=" ".join(files)))
    subprocess.run(["tar", "-czf", f"{release}.tar.gz", "-C", folder, release.name], check=True)
    workshop.give(folder)
    return folder


def test_libudev_is_left_to_systemd_libs(workshop: Workshop) -> None:
    made = workshop.make(source(workshop, "whole", _FILES + _LIBUDEV), "--skipchecksums")
    expected = [path.replace("udevadm.8", "udevadm.8.gz") for path in _FILES]
    assert listing(made) == sorted(expected)
    assert info(made)["provides"] == ["udev=3.2.14"]
    assert not {"conflict", "replaces"} & info(made).keys()


def test_a_libudev_in_a_place_nobody_thought_of_is_no_package(workshop: Workshop) -> None:
    folder = source(workshop, "astray", [*_FILES, "usr/lib/udev/libudev.so.1"])
    with pytest.raises(AssertionError, match=r"libudev is still in the package: ./usr/lib/udev/libudev.so.1"):
        workshop.make(folder, "--skipchecksums")
