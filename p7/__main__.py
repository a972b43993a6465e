"""`python3 -m p7`, for work on the source tree; the artifacts start p7.dispatch themselves."""

import sys

from p7 import dispatch

dispatch.start(sys.argv)
