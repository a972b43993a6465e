#!/bin/sh
# Become OpenRC's init, whatever the kernel's command line has lost. An init= that the root can run goes before it.
# dracut's init reads this file last of its cleanup hooks. Its own hand-over would follow: that tries /sbin/init where
# init= is lost or wrong, and passes on all that stands behind init=, so that openrc-init takes "quiet" for a runlevel.

command -v getarg > /dev/null || . /lib/dracut-lib.sh

# Whether the root has a program; a link with an absolute target leads into the root.
_protocol7_has() {
    local target
    [ -x "$NEWROOT$1" ] && return 0
    target=$(readlink "$NEWROOT$1") || return 1
    [ "${target#/}" != "$target" ] && [ -x "$NEWROOT$target" ]
}

# Set `init` to OpenRC's. False where another one is to start, which dracut finds. Stays while there is none at all.
_protocol7_find() {
    local asked
    asked=$(getarg init=)
    until [ -n "$asked" ] && _protocol7_has "$asked"; do
        [ -z "$asked" ] || warn "init=$asked: the root file system has no such program"
        init=/sbin/openrc-init
        _protocol7_has $init && return 0
        warn "The root file system has no $init"
        _protocol7_has /sbin/init && return 1
        emergency_shell -n protocol7 "Nor has it /sbin/init: there is nothing to start. Is root= the right one?" \
            "It is mounted on $NEWROOT. Leave this shell to try again."
        sleep 1
    done
    init=$asked
    [ "${init##*/}" = openrc-init ]
}

# The runlevel that is asked for behind init=, if the root has such a one.
_protocol7_runlevel() {
    local line word
    read -r line < /proc/cmdline
    case " $line" in *" init="*) line=" $line" ;; *) return ;; esac
    for word in ${line##* init=}; do
        if [ -d "$NEWROOT/etc/runlevels/$word" ]; then
            echo "$word"
            return
        fi
    done
}

_protocol7_hand_over() {
    local init runlevel stop
    _protocol7_find || return 0
    runlevel=$(_protocol7_runlevel)
    info "Handing over to $init $runlevel"

    # What dracut's init does between these hooks and its end, from 059 to 112.
    udevadm control --exit
    udevadm info --cleanup-db
    [ ! -h /dev/root ] || rm -f /dev/root
    wait_for_loginit
    if stop=$(getarg rd.break) && [ -z "$stop" ]; then
        emergency_shell -n switch_root "Break before switch_root"
    fi
    # OpenRC would have it without dracut's noexec. util-linux's switch_root moves it, busybox's does not.
    mount -o remount,exec /run
    [ ! -d "$NEWROOT/run" ] || mount --move /run "$NEWROOT/run"
    exec env -i HOME=/ TERM="${TERM:-linux}" PATH="$PATH" switch_root "$NEWROOT" "$init" ${runlevel:+"$runlevel"}
}

# A systemd in the initramfs hands over by itself.
[ -n "${DRACUT_SYSTEMD-}" ] || _protocol7_hand_over
