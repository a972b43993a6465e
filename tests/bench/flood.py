"""Sends notifications and prints how that went; it runs inside the namespaces, as an ordinary user.

    python3 -I -S flood.py COUNT RATE     prints {"seconds": of all, "sends": [microseconds of each]}

RATE is in messages a second; 0 is as fast as they are taken. A send waits while the receiver's queue is full, as
sd_notify(3)'s does.
"""

import gc
import json
import socket
import sys
import time


def main() -> None:
    count, rate = int(sys.argv[1]), int(sys.argv[2])
    gap = 1 / rate if rate else 0
    sends = []
    gc.disable()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect("/run/systemd/notify")
        began = time.perf_counter()
        for i in range(count):
            due = began + i * gap
            while (start := time.perf_counter()) < due:
                pass
            sender.send(b"STATUS=message %d" % i)
            sends.append(time.perf_counter() - start)
        seconds = time.perf_counter() - began
    json.dump({"seconds": seconds, "sends": [round(send * 1e6, 1) for send in sends]}, sys.stdout)


if __name__ == "__main__":
    main()
