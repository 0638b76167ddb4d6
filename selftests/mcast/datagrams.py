# SPDX-License-Identifier: GPL-2.0
"""Send the lines of a file to a group as datagrams, the second half by GSO.

    datagrams.py SOURCE GROUP PORT FILE

The lines are of one length. TTL 7, DS field 0xb8.
"""

import socket
import sys

UDP_SEGMENT = 103
AT_ONCE = 8


def main(source, group, port, path):
    with open(path, "rb") as file:
        lines = file.readlines()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                    socket.inet_aton(source))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 7)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xb8)
    half = len(lines) // 2
    for line in lines[:half]:
        sock.sendto(line, (group, int(port)))
    sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(lines[0]))
    for start in range(half, len(lines), AT_ONCE):
        sock.sendto(b"".join(lines[start:start + AT_ONCE]), (group, int(port)))


main(*sys.argv[1:])
