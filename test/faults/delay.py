"""Holds each packet that is queued (NFQUEUE) for some milliseconds, then lets it go: what netem does where the kernel has it.

Usage: delay.py MILLISECONDS QUEUE     (ends after a minute, so that no machine stays slow)
"""

import socket
import struct
import sys
import time
from collections import deque

NFNL_SUBSYS_QUEUE, MESSAGE, VERDICT, CONFIG = 3, 0, 1, 2
ACCEPT = 1
# linux/netfilter/nfnetlink_queue.h
CONFIG_COMMAND, CONFIG_PARAMETERS, CONFIG_LENGTH = 1, 2, 3
PACKET_HEADER, VERDICT_HEADER = 1, 2


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def message(kind: int, queue: int, *attributes: bytes) -> bytes:
    body = struct.pack("=BBH", 0, 0, socket.htons(queue)) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), (NFNL_SUBSYS_QUEUE << 8) | kind, 1, 0, 0) + body


def packet_ids(data: bytes) -> list[int]:
    found = []
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        if kind == (NFNL_SUBSYS_QUEUE << 8) | MESSAGE:
            at = 20
            while at + 4 <= length:
                size, name = struct.unpack_from("=HH", data, at)
                if name == PACKET_HEADER:
                    found.append(struct.unpack_from(">I", data, at + 4)[0])
                at += (size + 3) & ~3
        data = data[(length + 3) & ~3 :]
    return found


# linux/netlink.h; Python has no name for it
NETLINK_NETFILTER = 12


def main() -> None:
    delay, queue = float(sys.argv[1]) / 1000, int(sys.argv[2])
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    link.bind((0, 0))
    link.send(message(CONFIG, queue, attribute(CONFIG_COMMAND, struct.pack(">BBH", 1, 0, socket.AF_INET))))
    link.send(message(CONFIG, queue, attribute(CONFIG_PARAMETERS, struct.pack(">IB", 0, 1))))
    link.send(message(CONFIG, queue, attribute(CONFIG_LENGTH, struct.pack(">I", 10000))))
    print("ready", flush=True)
    held: deque[tuple[float, int]] = deque()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        link.settimeout(max(0.001, held[0][0] - time.monotonic()) if held else 1)
        try:
            due = time.monotonic() + delay
            held.extend((due, each) for each in packet_ids(link.recv(1 << 16)))
        except TimeoutError:
            pass
        except OSError:  # the kernel dropped some because we were too slow
            pass
        while held and held[0][0] <= time.monotonic():
            link.send(message(VERDICT, queue, attribute(VERDICT_HEADER, struct.pack(">II", ACCEPT, held.popleft()[1]))))


main()
