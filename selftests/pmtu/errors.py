# SPDX-License-Identifier: GPL-2.0
"""ICMP errors of the underlay, made by hand: what is believed, what is counted, and
who is told.

pmtu.sh runs these on its topology. The router makes the errors: they quote a
packet that the hub's device could have sent to spoke 1, which carries a packet of
the host behind the hub or of the hub itself.
"""

import ipaddress
import json
import os
import socket
import struct
import sys
from collections import namedtuple

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../resolve"))

# It knows where the others are.
from lab import (Errors, IPPROTO_GRE, Namespace, V4, V6,  # noqa: E402
                 checksum, command, udp_packet)

import nhrp  # noqa: E402
from nhrp import check  # noqa: E402

KEY = 42
K = 0x2000
ETH = {4: 0x0800, 6: 0x86dd}
NHRP_PROTO = 0x2001
MTU = 1400
VERSIONS = {4: V4, 6: V6}
ERRORS = ("icmp_unreachable", "icmp_prohibited", "icmp_exceeded")
UNREACHABLE, PROHIBITED, EXCEEDED = range(3)

# Addresses of the topology, by family of the underlay; "own" is another address of
# the hub, "nobody" no peer.
Underlay = namedtuple("Underlay", "local router peer other own nobody proto")
UNDERLAY = {
    4: Underlay("192.0.2.2", "192.0.2.1", "198.51.100.2", "198.51.100.66",
                "10.9.104.1", "203.0.113.77", socket.IPPROTO_ICMP),
    6: Underlay("2001:db8:0::2", "2001:db8:0::1", "2001:db8:1::2",
                "2001:db8:2::2", "fd00:9:106::1", "2001:db8:77::1",
                socket.IPPROTO_ICMPV6)}

# Type and code of the errors that are counted, by family of the underlay. Who has
# no GRE (protocol or port unreachable) cannot be reached either.
COUNTED = {
    4: {(3, 0): UNREACHABLE, (3, 1): UNREACHABLE, (3, 2): UNREACHABLE,
        (3, 3): UNREACHABLE, (3, 6): UNREACHABLE, (3, 7): UNREACHABLE,
        (3, 8): UNREACHABLE, (3, 11): UNREACHABLE, (3, 12): UNREACHABLE,
        (3, 9): PROHIBITED, (3, 10): PROHIBITED, (3, 13): PROHIBITED,
        (11, 0): EXCEEDED},
    6: {(1, 0): UNREACHABLE, (1, 3): UNREACHABLE, (1, 4): UNREACHABLE,
        (4, 1): UNREACHABLE,
        (1, 1): PROHIBITED, (1, 5): PROHIBITED, (1, 6): PROHIBITED,
        (3, 0): EXCEEDED}}
# And of some that are not: source route failed, scope of the source, time of
# reassembly exceeded, parameter problem, and what is no error.
UNCOUNTED = {4: [(3, 5), (11, 1), (12, 0), (8, 0), (0, 0)],
             6: [(1, 2), (3, 1), (4, 0), (128, 0), (129, 0)]}
TOO_BIG = {4: (3, 4), 6: (2, 0)}
# Quotations for which the kernel itself makes an exception of the route, mgre or
# not and socket or not: of UDP (seen without the module), and icmpv6_err().
BELIEVED = ("protocol 17", "protocol 58")


def ip_header(source, destination, proto, length, offset=0, version=None):
    """An outer header, or that of an error; length is what follows."""
    source, destination = (ipaddress.ip_address(source),
                           ipaddress.ip_address(destination))
    ends = source.packed + destination.packed
    if source.version == 6:
        return struct.pack("!IHBB", (version or 6) << 28, length, proto,
                           64) + ends
    header = struct.pack("!BBHHHBBH", (version or 4) << 4 | 5, 0, 20 + length,
                         0, offset, 64, proto, 0) + ends
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:]


def padded_checksum(data):
    return checksum(data + bytes(len(data) % 2))


class Forger:
    """Makes errors in the router, and looks at what they have done in the hub."""

    def __init__(self, inner, outer, tool, *namespaces):
        self.hub, self.router, self.host = namespaces
        self.inner, self.outer = int(inner), int(outer)
        self.tool = tool
        self.net = UNDERLAY[self.outer]
        # What is sent here arrives in order only if it is sent by one CPU.
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
        family = socket.AF_INET if self.outer == 4 else socket.AF_INET6
        with Namespace(self.router):
            self.raw = socket.socket(family, socket.SOCK_RAW,
                                     socket.IPPROTO_RAW)
            self.answers = socket.socket(family, socket.SOCK_RAW,
                                         self.net.proto)
        self.answers.settimeout(20)
        self.pings = 0
        with Namespace(self.hub):
            self.sender = socket.socket(VERSIONS[self.inner].family,
                                        socket.SOCK_DGRAM)

    # ---- packets

    def overlay(self, number):
        """An address of the overlay; 1 is the hub, 2 spoke 1."""
        if self.inner == 4:
            return f"10.10{self.outer}.0.{number}"
        return f"fd00:10{self.outer}::{number:x}"

    def host_address(self):
        if self.inner == 4:
            return f"10.9.10{self.outer}.2"
        return f"fd00:9:10{self.outer}::2"

    def payload(self, source=None, to=2):
        """A datagram of the overlay; its number is that of its destination."""
        return udp_packet(source or self.host_address(), self.overlay(to), to)

    def gre(self, payload, key=KEY, flags=K, proto=None):
        header = struct.pack("!HH", flags, proto or ETH[self.inner])
        if flags & K:
            header += struct.pack("!I", key)
        return header + payload

    def quote(self, gre=None, source=None, to=None, proto=IPPROTO_GRE, **more):
        """The packet that an error is about."""
        gre = gre or self.gre(self.payload())
        return ip_header(source or self.net.local, to or self.net.peer, proto,
                         len(gre), **more) + gre

    def icmp(self, kind, quote, rest=0, damage=0):
        """An ICMP packet for the hub; rest is what is between checksum and quote."""
        icmp = struct.pack("!BBHI", *kind, 0, rest) + quote
        pseudo = b""
        if self.outer == 6:
            pseudo = (ipaddress.ip_address(self.net.router).packed +
                      ipaddress.ip_address(self.net.local).packed +
                      struct.pack("!II", len(icmp), self.net.proto))
        total = padded_checksum(pseudo + icmp) ^ damage
        icmp = icmp[:2] + struct.pack("!H", total) + icmp[4:]
        return ip_header(self.net.router, self.net.local, self.net.proto,
                         len(icmp)) + icmp

    def send(self, packet):
        self.raw.sendto(packet, (self.net.local, 0))

    def error(self, kind, quote, **more):
        self.send(self.icmp(kind, quote, **more))

    def too_big(self, quote, mtu=MTU, **more):
        self.error(TOO_BIG[self.outer], quote, rest=mtu, **more)

    def fence(self):
        """Return when the hub has got all that was sent."""
        self.pings += 1
        request, reply, skip = (8, 0, 20) if self.outer == 4 else (128, 129, 0)
        number = os.getpid() << 16 & 0xffffffff | self.pings
        self.send(self.icmp((request, 0), b"fence", rest=number))
        while True:
            data = self.answers.recv(4096)[skip:]
            if data[0] == reply and struct.unpack_from("!I", data, 4)[0] == number:
                return

    # ---- what they have done

    def peers(self):
        """What the hub says of its peers, by NBMA address, all in one. Each is
        sent something, for what the path carries is not looked up before.
        """
        self.fence()
        for number in 2, 3:
            self.sender.sendto(b"", (self.overlay(number), 9))
        shown = command(self.tool, "-n", self.hub, "-j", "-s", "peer", "show",
                        "dev", f"mgre{self.outer}")
        return {peer["nbma"]: (peer.get("pmtu"),
                               tuple(peer.get(key) for key in ERRORS))
                for peer in json.loads(shown)}

    def expect(self, what, pmtu=1500, errors=(0, 0, 0)):
        """Spoke 1 is so, spoke 2 as on the first day."""
        peers = self.peers()
        return (check(what, peers[str(ipaddress.ip_address(self.net.peer))],
                      (pmtu, errors)) and
                check(f"{what}: the other peer",
                      peers[str(ipaddress.ip_address(self.net.other))],
                      (1500, (0, 0, 0))))


class Told(Errors):
    """Errors that one hears in the overlay, each as (type, code, packet)."""

    def __init__(self, forger, namespace):
        self.prefixes = ("10.10", "fd00:10")
        self.forger = forger
        with Namespace(namespace):
            super().__init__(VERSIONS[forger.inner])

    def _read(self):
        # the hub hears the errors of the underlay, too
        return [(kind, code, packet) for kind, code, _, packet in super()._read()
                if packet.destination.startswith(self.prefixes)]

    def check(self, what, want, *numbers):
        """Of what was sent, these are told of; the last one of all is among them."""
        got = self.take_when(lambda: any(
            self.number(item) == numbers[-1] for item in self.items))
        check(what, [(kind, code, self.number(item))
                     for item in got for kind, code in [item[:2]]],
              [(*want, number) for number in numbers])

    @staticmethod
    def number(item):
        """As in Forger.payload(), from the address: it may be all there is."""
        return int(ipaddress.ip_address(item[2].destination)) & 0xff


# ---- cases

def variants(forger):
    """Quotations that are none of a packet of ours, each with its name."""
    net, gre, payload = forger.net, forger.gre, forger.payload()
    head = 20 if forger.outer == 4 else 40
    whole = forger.quote()

    yield "other key", forger.quote(gre(payload, key=43))
    yield "key 0", forger.quote(gre(payload, key=0))
    yield "no key", forger.quote(gre(payload, flags=0))
    yield "other address of ours", forger.quote(source=net.own)
    yield "source is the peer", forger.quote(source=net.peer, to=net.local)
    yield "foreign source", forger.quote(source=net.nobody)
    yield "no peer", forger.quote(to=net.nobody)
    for proto in 4, 6, 17, 41, 50, 58:
        yield f"protocol {proto}", forger.quote(proto=proto)
    yield "GRE version 1", forger.quote(gre(payload, flags=K | 1))
    yield "GRE version 7", forger.quote(gre(payload, flags=K | 7))
    yield "GRE with routing", forger.quote(gre(payload, flags=K | 0x4000))
    yield "other IP version", forger.quote(version=10 - forger.outer)
    for length in 0, 1, 4, head - 1, head, head + 1, head + 4, head + 7:
        yield f"cut after {length} octets", whole[:length]
    if forger.outer == 4:
        yield "later fragment", forger.quote(offset=100)
        yield "header of 4 words", b"\x44" + whole[1:]
        yield "header of 15 words, cut", b"\x4f" + whole[1:24]
    else:
        for number, name in (0, "hop by hop"), (60, "destination"), (43, "routing"):
            yield f"{name} options, cut", forger.quote(
                struct.pack("!BB", IPPROTO_GRE, 255) + bytes(20), proto=number)
        # which we do not send
        yield "destination options", forger.quote(
            struct.pack("!BBBBI", IPPROTO_GRE, 0, 1, 4, 0) + gre(payload),
            proto=60)
        yield "later fragment", forger.quote(
            struct.pack("!BBHI", IPPROTO_GRE, 0, 801, 7) +
            gre(payload), proto=44)


def forged(*args):
    """Errors about packets that are not ours do nothing, good ones do."""
    forger = Forger(*args)
    unreachable = min(COUNTED[forger.outer])
    forger.expect("at first")
    for name, quote in variants(forger):
        if name not in BELIEVED:
            forger.too_big(quote)
            if not forger.expect(f"{name}: too big"):
                return
        forger.error(unreachable, quote)
        if not forger.expect(f"{name}: unreachable"):
            return

    forger.too_big(forger.quote(), damage=1)
    forger.error(unreachable, forger.quote(), damage=0x100)
    forger.expect("bad checksum")
    if forger.outer == 6:
        forger.too_big(forger.quote(), mtu=1279)
        forger.expect("MTU below 1280")
    forger.too_big(forger.quote(), mtu=1500)
    forger.too_big(forger.quote(), mtu=9000)
    forger.expect("MTU that is nothing new")

    head = 20 if forger.outer == 4 else 40
    forger.too_big(forger.quote())
    forger.expect("good one", MTU)
    # RFC 792 gives 8 octets behind the header, which is all there is to know
    forger.too_big(forger.quote()[:head + 8], MTU - 10)
    forger.expect("the least that is quoted", MTU - 10)
    if forger.outer == 6:
        forger.too_big(forger.quote(
            struct.pack("!BBHI", IPPROTO_GRE, 0, 1, 7) +
            forger.gre(forger.payload()), proto=44), MTU - 20)
        forger.expect("first fragment", MTU - 20)
    forger.too_big(forger.quote(), MTU)
    least = MTU - 10 if forger.outer == 4 else MTU - 20
    forger.expect("greater than known", least)
    forger.error(unreachable, forger.quote())
    forger.expect("unreachable", least, (1, 0, 0))


def codes(*args):
    """Each code is counted as what it is."""
    forger = Forger(*args)
    errors = [0, 0, 0]
    for kind, which in COUNTED[forger.outer].items():
        forger.error(kind, forger.quote())
        errors[which] += 1
        forger.expect(f"type and code {kind}", 1500, tuple(errors))
    for kind in UNCOUNTED[forger.outer]:
        forger.error(kind, forger.quote())
        forger.expect(f"type and code {kind}", 1500, tuple(errors))


def untold(forger):
    """GRE packets whose senders are not to be told."""
    gre, host = forger.gre, forger.host_address()
    version = VERSIONS[forger.inner]
    payload = forger.payload(to=100)
    # no error about an error
    error = bytes([*version.unreachable]) + bytes(6) + payload
    yield gre(ip_header(host, forger.overlay(101), version.icmp,
                        len(error)) + error)
    yield gre(payload, proto=NHRP_PROTO)
    yield gre(payload, proto=ETH[10 - forger.inner])
    yield gre(payload, proto=0x0806)
    yield gre(payload, proto=0x6558)
    if forger.inner == 4:
        yield gre(ip_header(host, forger.overlay(102), 17, 100, offset=100) +
                  bytes(100))
        for source in "0.0.0.0", "127.0.0.1", "224.0.0.5", "255.255.255.255":
            yield gre(forger.payload(source, to=103))
    else:
        for source in "::", "::1", "ff02::5":
            yield gre(forger.payload(source, to=103))


def passed_on(*args):
    """Whoever has sent the payload is told, at home and behind us."""
    forger = Forger(*args)
    want = VERSIONS[forger.inner].unreachable
    counted = COUNTED[forger.outer]
    uncounted = UNCOUNTED[forger.outer]
    for namespace, source in ((forger.hub, forger.overlay(1)),
                              (forger.host, None)):
        told = Told(forger, namespace)
        for number, kind in enumerate(counted, 10):
            forger.error(kind, forger.quote(forger.gre(
                forger.payload(source, number))))
        last = 10 + len(counted) - 1
        told.check(f"in {namespace}", want, *range(10, last + 1))
        # and of these nobody
        for number, kind in enumerate(uncounted, 50):
            forger.error(kind, forger.quote(forger.gre(
                forger.payload(source, number))))
        forger.too_big(forger.quote(forger.gre(forger.payload(source, 90))))
        for gre in untold(forger):
            forger.error(min(counted), forger.quote(gre))
        forger.error(min(counted), forger.quote(forger.gre(
            forger.payload(source, 91))))
        told.check(f"in {namespace}, of what it is not", want, 91)
    # All that quote a packet of ours are counted, whoever is told.
    errors = [0, 0, 0]
    for which in counted.values():
        errors[which] += 2
    errors[counted[min(counted)]] += 2 * (1 + len(list(untold(forger))))
    forger.expect("counted", MTU, tuple(errors))


def cut_short(*args):
    """A quotation must hold the header of the payload and 8 octets of it to be
    passed on. It is counted in any case.
    """
    forger = Forger(*args)
    told = Told(forger, forger.host)
    want = VERSIONS[forger.inner].unreachable
    kind = min(COUNTED[forger.outer])
    outer = 8 + (20 if forger.outer == 4 else 40)
    header = 20 if forger.inner == 4 else 40
    lengths = [0, 1, header - 1, header, header + 7]
    for number, length in enumerate(lengths, 10):
        quote = forger.quote(forger.gre(forger.payload(to=number)))
        forger.error(kind, quote[:outer + length])
    quote = forger.quote(forger.gre(forger.payload(to=20)))
    forger.error(kind, quote[:outer + header + 8])
    told.check("told", want, 20)
    forger.expect("counted", 1500, (len(lengths) + 1, 0, 0))


nhrp.main(globals())
