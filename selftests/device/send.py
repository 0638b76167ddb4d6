#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Send octets that no well-behaved program would.

	send.py gre ADDRESS HEX [COUNT [TOS]]
	send.py ll DEV ETHERTYPE NBMA HEX [COUNT]

gre: as IP protocol 47 behind an outer header of the kernel, with a DS field.
ll: by a packet socket, to an NBMA address, "-" for none.
"""

import ctypes
import os
import socket
import struct
import sys


def send_gre(to, octets, count=1, tos=0):
    """Octets are everything behind the outer IP header."""
    v6 = ":" in to
    sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,
                         socket.SOCK_RAW, socket.IPPROTO_GRE)
    if v6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    for _ in range(count):
        sock.sendto(octets, (to, 0))


def nbma_octets(nbma):
    """As the link-layer address has them."""
    if nbma == "-":
        return b""
    family = socket.AF_INET6 if ":" in nbma else socket.AF_INET
    return socket.inet_pton(family, nbma)


def send_ll(dev, ethertype, nbma, octets, count=1):
    """Python's own sockaddr_ll has no room for the 16 octets of IPv6."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    lladdr = nbma_octets(nbma)
    addr = struct.pack("=HHiHBB", socket.AF_PACKET, socket.htons(ethertype),
                       socket.if_nametoindex(dev), 0, 0, len(lladdr))
    addr += lladdr.ljust(16, b"\0")
    libc = ctypes.CDLL(None, use_errno=True)
    for _ in range(count):
        if libc.sendto(sock.fileno(), octets, len(octets), 0, addr,
                       len(addr)) < 0:
            sys.exit(f"sendto: {os.strerror(ctypes.get_errno())}")


def main(kind, *args):
    """Arguments as above."""
    if kind == "gre":
        to, octets, *rest = args
        send_gre(to, bytes.fromhex(octets), *(int(n, 0) for n in rest))
    else:
        dev, ethertype, nbma, octets, *rest = args
        send_ll(dev, int(ethertype, 0), nbma, bytes.fromhex(octets),
                *(int(n, 0) for n in rest))


main(*sys.argv[1:])
