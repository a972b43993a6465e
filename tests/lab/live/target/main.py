"""In place of Calamares' modules partition and mount: the new system's root is /target."""

import libcalamares


def run():
    libcalamares.globalstorage.insert("rootMountPoint", "/target")
