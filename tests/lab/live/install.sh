#!/bin/sh -e
# Runs in mount, pid and network namespaces of its own: Calamares on a live system finalizes a new one, both overlays.
# Arguments: the live system's lower folders and the new one's, each colon-separated; a folder for what is changed in
# the new one; this folder; p7's rc/calamares.
mount --make-rprivate /
mount -t tmpfs -o mode=755 p7-install /mnt
cd /mnt
mkdir live live-upper live-work target-upper target-work
mount -t overlay -o "lowerdir=$1,upperdir=live-upper,workdir=live-work" live live
mkdir -p live/target live/etc/calamares/modules live/opt/lab/modules
mount -t overlay -o "lowerdir=$2,upperdir=target-upper,workdir=target-work" target live/target
for root in live live/target; do
	mount -t proc proc "$root/proc"
	mount -t tmpfs -o mode=755 dev "$root/dev"
	for node in null zero full random urandom; do
		touch "$root/dev/$node"
		mount --bind "/dev/$node" "$root/dev/$node"
	done
done
cp "$4/settings.conf" live/etc/calamares
cp "$5/shellprocess-final.conf" live/etc/calamares/modules
cp -r "$4/target" live/opt/lab/modules

# What the packages' hooks and Calamares' module users have done by now.
chroot live/target systemd-sysusers
chroot live/target groupadd --system wheel
chroot live/target useradd --create-home --shell /bin/bash --uid 1000 --groups wheel lain
echo lain:wired | chroot live/target chpasswd

status=0
env -i PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 QT_QPA_PLATFORM=offscreen QT_QUICK_BACKEND=software XDG_RUNTIME_DIR=/tmp \
	chroot live calamares -d || status=$?
cp -a target-upper/. "$3"
exit "$status"
