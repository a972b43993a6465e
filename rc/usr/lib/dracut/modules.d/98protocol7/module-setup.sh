#!/bin/bash
# The hand-over to OpenRC, in the image of an installed system as in that of a live medium.

# called by dracut
check() {
    require_binaries openrc-init || return 1
    return 0
}

# called by dracut
depends() {
    echo base
}

# called by dracut
install() {
    local name
    inst_multiple env mount readlink rm sleep switch_root sync udevadm
    inst_hook cleanup 99 "$moddir/hand-over.sh"
    for name in poweroff reboot halt; do
        inst_script "$moddir/power.sh" "/usr/sbin/$name"
    done
}
