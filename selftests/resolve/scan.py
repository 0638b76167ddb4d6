# SPDX-License-Identifier: GPL-2.0
"""A scan of unknown destinations, and a resolver that knows none of them."""

import socket
import struct
import sys
import time

# It knows where the others are.
from lab import ETH_P_IP, Namespace, checksum, udp_packet

import genl
import nhrp

FIRST = int.from_bytes(socket.inet_aton("10.64.0.0"), "big")
# The rest of a second between looks is the scanner's.
LOOK = 0.25
HOLD = 10


def slab():
    """KiB of slab, of which packets that wait are a part."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("Slab:"):
                return int(line.split()[1])
    raise ValueError("no slab")


def scan(scanner, hub, hub_mac, count):
    """Send them all. Print the most that was kept meanwhile, as
    "incomplete negative mappings slab seconds"; slab is KiB more than before.
    """
    count = int(count)
    with Namespace(hub):
        sock = nhrp.Nhrp()
        ifindex = nhrp.ifindex_of("mgre0")
    with Namespace(scanner):
        out = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        out.bind(("scan0", ETH_P_IP))
    to = ("scan0", ETH_P_IP, 0, 0, bytes.fromhex(hub_mac.replace(":", "")))

    packet = bytearray(udp_packet("10.9.0.2", "10.64.0.0", 0))
    packet[10:12] = bytes(2)
    packet[16:20] = bytes(4)
    base = 0xffff - checksum(bytes(packet[:20]))
    peak = [0, 0, 0, 0]
    before = slab()
    began = look = time.monotonic()
    for address in range(FIRST, FIRST + count):
        total = base + (address >> 16) + (address & 0xffff)
        total = (total & 0xffff) + (total >> 16)
        struct.pack_into("!H", packet, 10,
                         0xffff - ((total & 0xffff) + (total >> 16)))
        struct.pack_into("!I", packet, 16, address)
        out.sendto(packet, to)
        if not address & 63 and time.monotonic() > look:
            stats = sock.stats(ifindex)
            now = [stats[name] for name in ("incomplete", "negative",
                                            "mappings")]
            peak = list(map(max, peak, now + [slab() - before]))
            look = time.monotonic() + LOOK
    print(*peak, round(time.monotonic() - began))


def refuse_all(hub):
    """Answer every question with a negative mapping, until it is killed."""
    with Namespace(hub):
        sock = nhrp.Nhrp().listen("resolve")
        writer = nhrp.Nhrp()
    sock.sock.settimeout(None)
    print("listening", flush=True)
    while True:
        requests = b""
        try:
            for message in sock.receive():
                requests += answer(writer.family, dict(message.attrs()))
        except OSError:     # ENOBUFS: what was lost is asked for again
            continue
        writer.sock.send(requests)


def answer(family, attrs):
    body = genl.pack_attrs([
        (nhrp.IFINDEX, attrs[nhrp.RESOLVE_IFINDEX]),
        (nhrp.DST, attrs[nhrp.RESOLVE_DST]),
        (nhrp.TYPE, nhrp.u8(nhrp.NEGATIVE)), (nhrp.HOLD, nhrp.u32(HOLD))])
    return (genl.NLMSGHDR.pack(genl.HEADERS + len(body), family,
                               genl.NLM_F_REQUEST | nhrp.SET, 0, 0) +
            genl.GENLMSGHDR.pack(nhrp.NEW, 1, 0) + body)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
