"""`build.py bench`: p7's times, memory and sizes, beside a bare interpreter's and other programs', in one run.

run.py full.py quick.py     the verb, its long and its short form
measure.py                  a function a section of the report
cases.py startup.py         start-up: what is started, and where
spawn.py                    the loop that starts it and takes the time; runs inside the namespaces
notify.py daemon.py         lainos-notifyd under load; flood.py is its sender
memory.py                   what the resident processes keep
servers.py                  p7's bridge, elogind and python-dbusmock, on a bus each; bus.py and wire.py ask them
boot.py                     real boots, with and without p7
stats.py results.py bars.py quartiles, ratios, what they must be
report.py plot.py facts.py  docs/benchmarks.md, .json and .svg
"""
