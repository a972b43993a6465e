#!/bin/bash
# The image of a live medium: root=live:LABEL=... or live:/dev/..., an overlay in memory, then OpenRC.

# called by dracut
check() {
    if [[ $hostonly ]]; then
        derror "protocol7-live: a live medium starts on any machine; call dracut with --no-hostonly"
        return 1
    fi
    # Only where it is asked for: --add protocol7-live.
    return 255
}

# called by dracut
depends() {
    echo protocol7 dmsquash-live
}
