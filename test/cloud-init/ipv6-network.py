"""AWS's network as a machine sees it, for ipv6.test.ts. Run in the network's namespace:

    ipv6-network.py advertise             a router says that it is one (RFC 4861, 4.2)
    ipv6-network.py send ADDRESS SOURCE   what a DHCPv6 server's answer looks like to a firewall: port 547 to 546

and on the machine:

    ipv6-network.py receive               whose answers arrive on port 546 within two seconds
    ipv6-network.py log FILE              takes down what services tell the journal
"""

import select
import socket
import struct
import sys
import time

INTERFACE = "peer"


def advertise():
    router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(INTERFACE))
    # type 134; the kernel counts the sum; addresses by DHCPv6 (managed); a router for half an hour
    advertisement = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0x80, 1800, 0, 0)
    router.sendto(advertisement, ("ff02::1", 0, 0, socket.if_nametoindex(INTERFACE)))


def send(address, source):
    scope = socket.if_nametoindex(INTERFACE)
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.bind((source, 547, 0, scope if source.startswith("fe80") else 0))
    server.sendto(b"reply", (address, 546, 0, scope if address.startswith("fe80") else 0))


def receive():
    client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    client.bind(("::", 546))
    client.settimeout(2)
    print("listening", flush=True)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        try:
            print("from", client.recvfrom(100)[1][0].split("%")[0], flush=True)
        except TimeoutError:
            return


def log(file):
    journals = []
    # HAProxy looks for it inside its chroot
    for path in ("/dev/log", "/var/lib/haproxy/dev/log"):
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        journal.bind(path)
        journals.append(journal)
    with open(file, "wb", buffering=0) as lines:
        while True:
            for journal in select.select(journals, [], [])[0]:
                lines.write(journal.recv(65536) + b"\n")


{"advertise": advertise, "send": send, "receive": receive, "log": log}[sys.argv[1]](*sys.argv[2:])
