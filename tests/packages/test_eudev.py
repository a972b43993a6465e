"""eudev's PKGBUILD on a stand-in for its source, which cannot be had here.

Its configure takes upstream's options and no others; make installs one file of each kind where upstream's Makefile.am's
put it, by what configure was told.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packages.makepkg import Workshop, info, listing

_WITH = ("rootprefix", "rootlibdir", "rootlibexecdir", "rootrundir")
_ENABLE = (
    *("split-usr", "programs", "blkid", "selinux", "manpages", "kmod", "hwdb", "rule-generator", "mtd_probe"),
    *("shared", "static"),
)
"""The options of upstream's configure.ac at 3.2.12, and libtool's. The real one only warns of others."""
_CONFIGURE = f"""#!/bin/sh -e
for option; do
	case ${{option%%=*}} in
		--prefix | --bindir | --sbindir | --sysconfdir | --libdir) echo "${{option#--}}" ;;
		{" | ".join(f"--with-{name}" for name in _WITH)}) echo "${{option#--with-}}" ;;
		{" | ".join(f"--enable-{name}" for name in _ENABLE)}) echo "${{option#--enable-}}=yes" ;;
		{" | ".join(f"--disable-{name}" for name in _ENABLE)}) echo "${{option#--disable-}}=no" ;;
		*) echo "unrecognized: $option" >&2; exit 1 ;;
	esac
done >config.mk
"""
_MAKEFILE = """\
hwdb = yes
manpages = no
kmod = yes
include config.mk
udevconfdir = $(sysconfdir)/udev
share = $(prefix)/share
FILES = $(bindir)/udevadm $(sbindir)/udevd $(rootlibexecdir)/ata_id $(rootlibexecdir)/rules.d/50-udev-default.rules \\
	$(udevconfdir)/udev.conf $(share)/pkgconfig/udev.pc $(libdir)/pkgconfig/libudev.pc $(prefix)/include/libudev.h \\
	$(rootlibdir)/libudev.la $(rootlibdir)/libudev.so.1.6.3 $(rootlibdir)/libudev.so.1 $(rootlibdir)/libudev.so \\
	{astray}
ifneq ($(static),no)
FILES += $(rootlibdir)/libudev.a
endif
ifeq ($(hwdb),yes)
FILES += $(udevconfdir)/hwdb.d/20-OUI.hwdb
endif
ifeq ($(manpages),yes)
FILES += $(share)/man/man5/udev.conf.5 $(share)/man/man7/udev.7 $(share)/man/man8/udevadm.8 $(share)/man/man8/udevd.8
endif
all:
	mkdir -p src/udev; printf '#!/bin/sh\\necho 251\\n' > src/udev/udevadm; chmod +x src/udev/udevadm
install:
	for file in $(FILES); do install -D src/udev/udevadm $(DESTDIR)/$$file; done
"""
_EXPECTED = """
etc/udev/udev.conf usr/bin/udevadm usr/bin/udevd usr/lib/udev/ata_id usr/lib/udev/hwdb.d/20-OUI.hwdb
usr/lib/udev/rules.d/50-udev-default.rules usr/share/man/man5/udev.conf.5.gz usr/share/man/man7/udev.7.gz
usr/share/man/man8/udevadm.8.gz usr/share/man/man8/udevd.8.gz usr/share/pkgconfig/udev.pc
""".split()


def source(workshop: Workshop, name: str, astray: str = "") -> Path:
    """A copy of the package's folder with an archive of stand-ins in place of the release."""
    folder = workshop.path / name
    shutil.copytree(workshop.folder("eudev"), folder)
    release = folder / "eudev-3.2.14"
    release.mkdir()
    (release / "configure").write_text(_CONFIGURE)
    (release / "configure").chmod(0o755)
    (release / "Makefile").write_text(_MAKEFILE.replace("{astray}", astray))
    subprocess.run(["tar", "-czf", f"{release}.tar.gz", "-C", folder, release.name], check=True)
    workshop.give(folder)
    return folder


def test_libudev_is_left_to_systemd_libs(workshop: Workshop) -> None:
    made = workshop.make(source(workshop, "whole"), "--skipchecksums")
    assert listing(made) == _EXPECTED
    assert info(made)["provides"] == ["udev=3.2.14"]
    assert not {"conflict", "replaces"} & info(made).keys()


def test_a_libudev_in_a_place_nobody_thought_of_is_no_package(workshop: Workshop) -> None:
    folder = source(workshop, "astray", "$(rootlibexecdir)/libudev.so.1")
    with pytest.raises(AssertionError, match=r"libudev is still in the package: ./usr/lib/udev/libudev.so.1"):
        workshop.make(folder, "--skipchecksums")
