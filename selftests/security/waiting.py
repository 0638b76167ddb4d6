# SPDX-License-Identifier: GPL-2.0
"""Packets that wait for an answer take no more memory than a device may have for
them, however many senders and addresses there are.

	waiting.py DEV			whose queues are long, with 10.9.0.1/24
"""

import os
import socket
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../netlink"))

import nhrp  # noqa: E402
from nhrp import check  # noqa: E402

ADDRESSES = range(2, 202)
# What a packet of this size takes is not twice that.
SIZE = 1400
LIMIT = 16 << 10


def slab():
    """KiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith("Slab:"))


def fill(sock, to):
    """As many as the buffer of its socket lets through."""
    sock.setblocking(False)
    try:
        for _ in range(200):
            sock.sendto(bytes(SIZE), (to, 9))
    except OSError as error:
        # others are told that theirs do not wait
        return not isinstance(error, BlockingIOError)
    return True


def main(dev):
    family = nhrp.Nhrp()
    index = nhrp.ifindex_of(dev)
    listener = nhrp.Nhrp().listen("resolve")
    senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
               for _ in ADDRESSES]
    before = slab()
    for sock, number in zip(senders, ADDRESSES):
        fill(sock, f"10.9.0.{number}")
    grown = slab() - before
    stats = family.stats(index)
    print(f"# {stats['queued']} packets waited, {grown} KiB of slab")
    check("some had no room", stats["drop_limit"] > 0, True)
    check(f"{grown} KiB are what there is to have",
          LIMIT // 2 <= grown <= LIMIT * 5 // 4, True)
    family.flush(ifindex=index)
    for sock in senders:
        sock.close()
    deadline = time.monotonic() + 60
    while slab() - before > LIMIT // 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    left = slab() - before
    check(f"{left} KiB are left", left <= LIMIT // 4, True)
    check("waiting", family.stats(index)["incomplete"], 0)
    listener.close()


if __name__ == "__main__":
    nhrp.run_case(main, *sys.argv[1:])
