# SPDX-License-Identifier: GPL-2.0
"""Data in large packets from one namespace to another, which must arrive unharmed.

	traffic.py FROM TO ADDRESS...

By TCP, and by UDP with segmentation left to the device (UDP_SEGMENT), to each
address, which is one of TO's.
"""

import os
import socket
import struct
import sys
import threading

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../netlink"))

import genl  # noqa: E402

PORT = 5001
DEADLINE = 30
SO_RCVBUFFORCE = 33
UDP_SEGMENT = 103
SEGMENT = 1200
SEGMENTS = 50


def family(address):
    """Of an address as text."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def receiver(kind, address):
    """A socket that is bound to the address."""
    sock = socket.socket(family(address), kind)
    sock.settimeout(DEADLINE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
    sock.bind((address, PORT))
    return sock


def sender(kind, address):
    """A socket that is connected there."""
    sock = socket.socket(family(address), kind)
    sock.settimeout(DEADLINE)
    sock.connect((address, PORT))
    return sock


def stream(listener, address, data):
    """TCP. Return what is wrong, if anything."""
    out = sender(socket.SOCK_STREAM, address)
    got = bytearray()

    def receive():
        sock, _ = listener.accept()
        sock.settimeout(DEADLINE)
        while piece := sock.recv(1 << 18):
            got.extend(piece)
        sock.close()

    thread = threading.Thread(target=receive)
    thread.start()
    out.sendall(data)
    out.close()
    thread.join()
    return None if got == data else f"{len(got)} octets, not the same"


def datagrams(inbox, address, data):
    """UDP, many datagrams in one packet; each of them has its number."""
    out = sender(socket.SOCK_DGRAM, address)
    out.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, SEGMENT)
    for turn in range(4):
        pieces = [struct.pack("!HH", turn, i) + data[SEGMENT * i + 4:
                                                     SEGMENT * (i + 1)]
                  for i in range(SEGMENTS)]
        out.send(b"".join(pieces))
        got = sorted(inbox.recv(1 << 16) for _ in pieces)
        if got != pieces:
            return f"turn {turn}: not the same"
    out.close()
    return None


def main(here, there, *addresses):
    """Everything to all of them."""
    data = os.urandom(1 << 20)
    genl.enter_netns(there)
    listeners = [receiver(socket.SOCK_STREAM, address)
                 for address in addresses]
    inboxes = [receiver(socket.SOCK_DGRAM, address) for address in addresses]
    genl.enter_netns(here)
    status = 0
    for address, listener, inbox in zip(addresses, listeners, inboxes):
        listener.listen(1)
        for what, function, sock in (("TCP", stream, listener),
                                     ("UDP", datagrams, inbox)):
            try:
                wrong = function(sock, address, data)
            except OSError as error:
                wrong = error
            if wrong:
                print(f"{what} to {address}: {wrong}")
                status = 1
    # A thread may wait for what never comes.
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
