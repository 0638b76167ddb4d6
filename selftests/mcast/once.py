# SPDX-License-Identifier: GPL-2.0
"""Every destination of a capture gets each packet once and in order.

    once.py FILE DESTINATIONS PACKETS

The packets are ICMP echo requests in GRE with key in IPv4; those of one sender
have the sequence numbers 1 to PACKETS.
"""

import collections
import struct
import sys


def frames(path):
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    at = 24
    while at < len(data):
        size, = struct.unpack_from(order + "8xI", data, at)
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def main(path, destinations, packets):
    got = collections.defaultdict(list)
    for frame in frames(path):
        outer = frame[14:]
        icmp = outer[20 + 8 + 20:]
        got[outer[16:20]].append(struct.unpack_from("!H", icmp, 6)[0])
    wrong = [dst for dst, seqs in got.items()
             if seqs != list(range(1, packets + 1))]
    for dst in wrong[:5]:
        print(".".join(map(str, dst)), "got", got[dst])
    if len(got) != destinations:
        print(len(got), "destinations")
    return bool(wrong) or len(got) != destinations


sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
