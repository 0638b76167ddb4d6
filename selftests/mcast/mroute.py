# SPDX-License-Identifier: GPL-2.0
"""Forward what a source sends to a group by the interface that it comes in by.

    mroute.py DEVICE SOURCE GROUP

As a PIM daemon has the kernel do on an NBMA interface. Says "ready" and waits.
"""

import signal
import socket
import struct
import sys

MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC = 200, 202, 204
VIFF_USE_IFINDEX = 8
MAXVIFS = 32


def main(device, source, group):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
    sock.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
    sock.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF, struct.pack(
        "=HBBIi4x", 0, VIFF_USE_IFINDEX, 1, 0, socket.if_nametoindex(device)))
    ttls = bytes([1] + [0] * (MAXVIFS - 1))
    sock.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC, struct.pack(
        "=4s4sH32s2xIIIi", socket.inet_aton(source), socket.inet_aton(group),
        0, ttls, 0, 0, 0, 0))
    print("ready", flush=True)
    signal.pause()


main(*sys.argv[1:])
