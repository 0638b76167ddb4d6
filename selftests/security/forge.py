# SPDX-License-Identifier: GPL-2.0
"""Packets that somebody in the underlay makes up, and what becomes of them.

	forge.py DUT OUT FOLDER SEED

As dual/cases.py: all of CASES in one process, which leaves in FOLDER/NAME what each
one says, with "done" or "failed" in its last line. What is there already is not
repeated: keys, versions, lengths and known peers (dual/cases.py), and errors that
quote what no device has sent (pmtu/errors.py).
"""

import json
import os
import random
import socket
import struct
import sys

sys.path[1:1] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), folder)
                 for folder in ("../dual", "../netlink")]

import cases  # noqa: E402
import leaks  # noqa: E402
import nhrp  # noqa: E402
from cases import DELIVERED, DUAL, delivers, dropped  # noqa: E402
from lab import (BOTH, ETH_P_IP, ETH_P_NHRP, KEY, V4, V6, Lab,  # noqa: E402
                 command, gre, sysctl)

from nhrp import check  # noqa: E402

from scapy.layers.inet import ICMP, IP, UDP  # noqa: E402
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6PacketTooBig,  # noqa: E402
                                ICMPv6TimeExceeded, IPv6)
from scapy.packet import Raw  # noqa: E402

CASES = []
MAPS = [(V4.there, V4.peer), (V6.there, V6.peer)]
# What IP itself drops, before any device of ours could see it.
NOBODY = ""


def case(function):
    CASES.append(function)
    return function


def spoofed(lab, outer, inner, source):
    """Fate of a packet with an outer source that is nobody's."""
    payload = inner.inner(lab.next_number())
    return lab.fate(outer.outer(gre(inner.proto, payload), source=source))


@case
def sources(lab):
    """Outer sources that no other host can have: whoever they are accepted from,
    nothing of them is delivered.
    """
    for accept in "any", "known":
        lab.device(*DUAL, "accept", accept, maps=MAPS)
        for inner in BOTH:
            for source in ("0.0.0.0", "127.0.0.1", "224.0.0.5", "239.1.1.1",
                           "255.255.255.255", V4.local, V4.other_local):
                check(f"{inner.name}, accept {accept}, from {source}",
                      spoofed(lab, V4, inner, source), ([], NOBODY))
            for source in ("::1", "ff02::5", "ff0e::1"):
                check(f"{inner.name}, accept {accept}, from {source}",
                      spoofed(lab, V6, inner, source), ([], NOBODY))
            # IPv6 itself lets these pass
            for source in "::", V6.local, "::ffff:192.0.2.2":
                check(f"{inner.name}, accept {accept}, from {source}",
                      spoofed(lab, V6, inner, source),
                      ([], dropped("rx_unknown_peer")))


@case
def destinations(lab):
    """GRE to groups and to everybody is no device's, whatever its address."""
    for options in DUAL, ("key", str(KEY)):
        lab.device(*options, maps=MAPS)
        for inner in BOTH:
            for outer, to in ((V4, "224.0.0.1"), (V4, "255.255.255.255"),
                              (V4, "192.0.2.255"), (V6, "ff02::1")):
                got, fate = lab.fate(outer.outer(
                    gre(inner.proto, inner.inner(lab.next_number())), to=to))
                check(f"{options}: {inner.name} to {to}",
                      (got, fate in (NOBODY, "pass")), ([], True))


@case
def inner_sources(lab):
    """What is inside is looked at by the overlay as any other packet is: with
    rp_filter there, what is not routed back by the device is dropped, and counted
    by IP (the device has delivered it).
    """
    lab.device(*DUAL, maps=MAPS)
    sysctl("net/ipv4/conf/mgre0/rp_filter", 1)
    lab.device_stack(True)
    for outer in BOTH:
        for source, arrives in (("10.4.0.2", True), ("192.0.2.77", False),
                                ("127.0.0.1", False), ("10.4.0.1", False),
                                ("0.0.0.0", False), ("224.0.0.1", False),
                                ("255.255.255.255", False)):
            packet = bytes(IP(src=source, dst=V4.here, ttl=64)
                           / UDP(sport=9, dport=9) / Raw(b"inner"))
            check(f"in {outer.name}, from {source}",
                  lab.reaches_socket(outer.outer(gre(ETH_P_IP, packet))),
                  arrives)
        for source, arrives in (("fd04::2", True), ("::1", False),
                                ("ff02::1", False)):
            packet = bytes(IPv6(src=source, dst=V6.here, hlim=64)
                           / UDP(sport=9, dport=9) / Raw(b"inner"))
            check(f"in {outer.name}, from {source}",
                  lab.reaches_socket(outer.outer(gre(V6.proto, packet))),
                  arrives)
    lab.device_stack(False)


def nest(outer, depth, end):
    """GRE to ourselves inside GRE to ourselves, from a peer."""
    packet = end
    for _ in range(depth):
        packet = outer.outer(gre(outer.proto if packet is not end else ETH_P_IP,
                                 packet))
    return packet


@case
def nested(lab):
    """A packet that is its own payload many times over is unpacked once for each
    header, by the stack and not on it, until it is nothing more. (The deepest that
    fits.)
    """
    lab.device(*DUAL, maps=MAPS)
    for outer in BOTH:
        overhead = outer.header + 8
        for depth in 2, 5, 1400 // overhead:
            before = lab.counters()
            inner, fate = lab.fate(nest(outer, depth,
                                        V4.inner(lab.next_number())))
            moved = lab.moved(before)
            check(f"{outer.name}, {depth} deep: packets taken",
                  moved.get("rx_packets", 0) - 1, depth)
            check(f"{outer.name}, {depth} deep: delivered", len(inner), depth)
            check(f"{outer.name}, {depth} deep", fate, f"rx_packets={depth}")


# ---- ICMP errors

ERRORS = {
    V4: lambda kind, mtu: {
        "big": ICMP(type=3, code=4, nexthopmtu=mtu),
        "unreachable": ICMP(type=3, code=1),
        "exceeded": ICMP(type=11, code=0)}[kind],
    V6: lambda kind, mtu: {
        "big": ICMPv6PacketTooBig(mtu=mtu),
        "unreachable": ICMPv6DestUnreach(code=3),
        "exceeded": ICMPv6TimeExceeded(code=0)}[kind],
}
KINDS = ("big", "unreachable", "exceeded")


def error(outer, kind, quote, mtu=1400):
    """An error for the device's host, from a router on the way."""
    head = (IP(src=outer.stranger, dst=outer.local, ttl=64) if outer is V4 else
            IPv6(src=outer.stranger, dst=outer.local, hlim=64))
    return bytes(head / ERRORS[outer](kind, mtu) / Raw(quote))


def sent_by_us(outer, inner_octets):
    """A packet as the device sends it to its peer."""
    return outer.outer(gre(ETH_P_IP, inner_octets), to=outer.peer,
                       source=outer.local)


def peer_state(outer):
    """Path MTU and errors of the peer; it is sent something first, for what the
    path carries is not looked up before.
    """
    version = outer
    with socket.socket(version.family, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"", (version.there, 9))
    shown = command(os.environ["NHRP"], "-j", "-s", "peer", "show", "dev", "mgre0",
                    "nbma", outer.peer)
    peer, = json.loads(shown)
    return (peer.get("pmtu"), peer["icmp_unreachable"], peer["icmp_prohibited"],
            peer["icmp_exceeded"])


def fence(lab):
    """All that was put in has been seen."""
    lab.fate(V4.outer(gre(ETH_P_IP, V4.inner(lab.next_number()))))


@case
def quotes_cut(lab):
    """Each kind of error, with a quotation of each length: until it holds the
    flags and the key of GRE, nobody could tell that it is about us.
    """
    for outer in BOTH:
        lab.device(*DUAL, maps=MAPS)
        quote = sent_by_us(outer, V4.inner(lab.next_number()))
        enough = outer.header + 8
        check(f"{outer.name}: at first", peer_state(outer), (1500, 0, 0, 0))
        for length in range(enough):
            for kind in KINDS:
                lab.put(error(outer, kind, quote[:length]))
        fence(lab)
        check(f"{outer.name}: too short", peer_state(outer), (1500, 0, 0, 0))
        for length in range(enough, len(quote) + 1):
            lab.put(error(outer, "unreachable", quote[:length]))
            lab.put(error(outer, "exceeded", quote[:length]))
        fence(lab)
        count = len(quote) + 1 - enough
        check(f"{outer.name}: long enough", peer_state(outer),
              (1500, count, 0, count))
        lab.put(error(outer, "big", quote[:enough]))
        fence(lab)
        check(f"{outer.name}: path MTU", peer_state(outer),
              (1400, count, 0, count))


@case
def quotes_nonsense(lab):
    """Our headers around anything: it is counted, for the headers are ours, and
    nothing comes of what is inside.
    """
    rand = random.Random(lab.seed)
    lab.device(*DUAL, maps=MAPS)
    for outer in BOTH:
        pmtu = peer_state(outer)[0]
        for _ in range(100):
            inside = rand.randbytes(rand.randrange(100))
            if rand.randrange(2) and inside:
                # begins like IP
                inside = bytes([rand.choice((0x45, 0x4f, 0x44, 0x60))]) \
                    + inside[1:]
            packet = gre(rand.choice((ETH_P_IP, V6.proto, ETH_P_NHRP, 0x8847,
                                      0x88be)), inside)
            lab.put(error(outer, "unreachable",
                          outer.outer(packet, to=outer.peer,
                                      source=outer.local)))
        fence(lab)
        check(f"{outer.name}: counted", peer_state(outer), (pmtu, 100, 0, 0))
        delivers(lab, f"{outer.name}: and on", cases.good(lab, outer, V4))


@case
def quotes_not_ours(lab):
    """What quotes another key, source, destination or protocol, all at once and
    of each kind, with and without protect.
    """
    for protect in "noprotect", "protect":
        lab.device(*DUAL, maps=MAPS)
        command("ip", "link", "change", "mgre0", "type", "mgre", protect)
        for outer in BOTH:
            inner = V4.inner(lab.next_number())
            quotes = [
                outer.outer(gre(ETH_P_IP, inner, key), to=outer.peer,
                            source=outer.local) for key in (KEY + 1, 0, None)]
            quotes += [outer.outer(gre(ETH_P_IP, inner), to=to, source=source)
                       for to, source in ((outer.stranger, outer.local),
                                          (outer.local, outer.local),
                                          (outer.peer, outer.other_local),
                                          (outer.peer, outer.stranger),
                                          (outer.local, outer.peer))]
            if protect == "protect":
                # not even what looks like ours: it never left in clear
                quotes.append(sent_by_us(outer, inner))
            for quote in quotes:
                for kind in KINDS:
                    lab.put(error(outer, kind, quote))
            # of a device with protect nothing is delivered that could tell
            lab.ping_fence()
            shown = command(os.environ["NHRP"], "-j", "-s", "peer", "show",
                            "dev", "mgre0", "nbma", outer.peer)
            peer, = json.loads(shown)
            check(f"{outer.name}, {protect}",
                  (peer.get("pmtu", 1500), peer["icmp_unreachable"],
                   peer["icmp_prohibited"], peer["icmp_exceeded"]),
                  (1500, 0, 0, 0))


# ---- what is told of packets

@case
def redirects_told(lab):
    """The packet that an event quotes is padded with zeros."""
    lab.device(*DUAL, "redirect", maps=MAPS + [("10.4.0.3", V4.stranger)])
    listener = nhrp.Nhrp(timeout=20).listen("redirect")
    lengths = [28 + more for more in range(0, 12)] + [127, 128, 129, 600]
    for number, length in enumerate(lengths):
        packet = bytes(IP(src=f"10.4.0.{100 + number}", dst="10.4.0.3", ttl=64)
                       / UDP(sport=9, dport=9) / Raw(bytes(length - 28)))
        leaks.poison()
        lab.put(V4.outer(gre(ETH_P_IP, packet)))
        message, = listener.receive()
        leaks.check_message(f"redirect of {length} octets", message)
        check("octets quoted", max(len(value) for _, value in message.attrs()),
              min(length, 128))
    listener.close()


class Bench(Lab):
    """A lab whose packets may go on to a socket."""

    def __init__(self, seed, *namespaces):
        super().__init__(*namespaces)
        self.seed = seed

    def device_stack(self, used):
        """Whether reaches_socket() may be asked: the sink has nothing old."""
        self.sink.setblocking(not used)
        while used:
            try:
                self.sink.recv(1 << 16)
            except BlockingIOError:
                break

    def reaches_socket(self, packet):
        """Does its payload "inner" get to a socket?"""
        self.fate(packet)
        got = []
        while True:
            try:
                got.append(self.sink.recv(1 << 16))
            except BlockingIOError:
                return b"inner" in got

    def ping_fence(self):
        """A neighbour's ping is answered: what came before it has been seen."""
        number = self.next_number()
        self.put(bytes(IP(src=V4.peer, dst=V4.local, ttl=64)
                       / ICMP(type=8, id=7, seq=number & 0xffff)))
        while True:
            data = self.wire.recv(1 << 16)[14:]
            if data[:1] == b"\x45" and data[9] == 1 and data[20] == 0 and \
                    struct.unpack_from("!HH", data, 24) == (7, number & 0xffff):
                return


def main(dut, out, folder, seed):
    lab = Bench(seed, dut, out)
    for function in CASES:
        path = os.path.join(folder, function.__name__)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(cases.run(function, lab))
        os.rename(f"{path}.new", path)


if __name__ == "__main__":
    main(*sys.argv[1:])
