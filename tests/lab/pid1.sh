#!/bin/sh -e
# PID 1 of a boot until it becomes openrc-init. Runs in namespaces of its own; what it mounts dies with them.
# Its output is the boot's console, a file. Arguments: the overlay's lower folders, colon-separated; a work folder of the machine with log/ and root/ in it.
lower=$1
work=$2

mount -t tmpfs -o mode=755 p7-boot "$work/root"
cd "$work/root"
mkdir upper scratch new
mount -t overlay -o "lowerdir=$lower,upperdir=upper,workdir=scratch" p7-root new
cd new

# Sysctls outside net/ are the machine's own: no boot may change them.
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
if [ -e proc/sysrq-trigger ]; then
	mount --bind /dev/null proc/sysrq-trigger
fi

# Nor may one suspend it through /sys/power.
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys

mount -t tmpfs -o mode=755,nosuid dev dev
for node in null zero full random urandom tty; do
	touch "dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
# The kernel's log is the machine's own too.
for file in console kmsg; do
	touch "$work/log/$file" "dev/$file"
	mount --bind "$work/log/$file" "dev/$file"
done
mount --bind "$work/log" var/log

pivot_root . mnt
umount -l /mnt
cd /
if [ -e /lab/setup ]; then
	env -i PATH=/usr/sbin:/usr/bin sh -e /lab/setup
fi
init=/sbin/openrc-init
if [ -e /lab/init ]; then
	init=/lab/init
fi
# The clock and the modules are the machine's.
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=linux \
	setpriv --bounding-set=-sys_time,-sys_module $init
