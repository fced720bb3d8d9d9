"""A service's sign of life to systemd, which kills and restarts a service that gives none for its WatchdogSec."""

import os
import socket


def alive() -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            # an address that begins with @ is an abstract one (sd_notify(3))
            notify.sendto(b"WATCHDOG=1", address.replace("@", "\0", 1) if address.startswith("@") else address)
