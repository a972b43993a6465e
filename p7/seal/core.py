"""What of p7's package the seal protects, from rc/; an artifact has the list in this module's place."""

from p7.build import core

PATHS = core.paths()
