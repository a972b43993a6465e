#!/bin/sh
# poweroff, reboot and halt of the initramfs. The system's would ask OpenRC's init, which does not run yet; dracut calls
# them where it gives up, and its init ending instead is a kernel panic.

sync
case ${0##*/} in
    reboot) keys="u b" ;;
    *) keys="u o" ;;
esac
# See admin-guide/sysrq.rst of the kernel: u mounts all read-only, b reboots, o powers off, a moment later.
for key in $keys; do
    echo "$key" > /proc/sysrq-trigger
done
sleep 60
