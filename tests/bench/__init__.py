"""`build.py bench`: p7's times, memory and sizes, beside a bare interpreter's and other programs', in one run.

run.py        the verb
cases.py      start-up: what is started, and how often
spawn.py      the loop that starts programs and takes the time; runs inside the namespaces
notify.py     lainos-notifyd under load; flood.py is its sender
memory.py     what the resident processes keep
servers.py    p7's bridge, elogind and python-dbusmock, on a bus each; bus.py asks them
stats.py rows.py   medians, ratios, bars
report.py plot.py  docs/benchmarks.md, .json and .svg
"""
