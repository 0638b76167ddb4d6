# SPDX-License-Identifier: GPL-2.0
"""What the device takes from packets made by hand, and what it makes of them.

	cases.py DUT OUT FOLDER

Runs all of CASES in one process, for scapy takes its time to start, and leaves
in FOLDER/NAME what each one says, with "done" or "failed" in its last line.
"""

import contextlib
import io
import os
import socket
import struct
import sys
import traceback

from lab import (BOTH, ETH_P_IP, ETH_P_MPLS, ETH_P_NHRP, KEY, V4, V6, Lab,
                 command, gre, gre_raw, packed, pairs, sysctl)

import nhrp
from nhrp import check

from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, fragment
from scapy.layers.inet6 import (HBHOptUnknown, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                fragment6)
from scapy.packet import Raw

LOCALS = ("local", V4.local, "local", V6.local)
DUAL = LOCALS + ("key", str(KEY))
DELIVERED = "rx_packets"
CHECKSUM, ROUTING, HAS_KEY, SEQUENCE = 0x8000, 0x4000, 0x2000, 0x1000
NOT_IP = 0x1234

CASES = []


def case(function):
    """One that the script asks for by its name."""
    CASES.append(function)
    return function


def dropped(counter):
    """A drop is in its own counter and in one field of ip -s link."""
    return " ".join(sorted([counter, "rx_bad"]))


def good(lab, outer, inner, **fields):
    """A packet that is to be delivered."""
    return outer.outer(gre(inner.proto, inner.inner(lab.next_number()),
                           **fields))


def delivers(lab, what, *packets, payload=None):
    """They arrive as one packet, that one if it is given."""
    inner, fate = lab.fate(*packets)
    check(what, fate, DELIVERED)
    if payload is not None:
        check(f"{what}: payload", [packet.data for packet in inner], [payload])
    return inner


# ---- ECN

# RFC 6040, figure 4: inner, outer -> what is delivered. Not-ECT, ECT(1), ECT(0)
# and CE are 0 to 3.
NOT_ECT, ECT_1, ECT_0, CE = range(4)
ECN = {
    (NOT_ECT, NOT_ECT): NOT_ECT, (NOT_ECT, ECT_0): NOT_ECT,
    (NOT_ECT, ECT_1): NOT_ECT, (NOT_ECT, CE): None,
    (ECT_0, NOT_ECT): ECT_0, (ECT_0, ECT_0): ECT_0,
    (ECT_0, ECT_1): ECT_1, (ECT_0, CE): CE,
    (ECT_1, NOT_ECT): ECT_1, (ECT_1, ECT_0): ECT_1,
    (ECT_1, ECT_1): ECT_1, (ECT_1, CE): CE,
    (CE, NOT_ECT): CE, (CE, ECT_0): CE, (CE, ECT_1): CE, (CE, CE): CE,
}


@case
def ecn(lab):
    """All codepoints in all pairs; the rest of the DS field is left alone."""
    lab.device(*DUAL)
    for outer, inner in pairs():
        for (within, around), want in ECN.items():
            what = f"{inner.name} {within} in {outer.name} {around}"
            payload = inner.inner(lab.next_number(), tos=0xb8 | within)
            got, fate = lab.fate(outer.outer(gre(inner.proto, payload),
                                             tos=0x28 | around))
            if want is None:
                check(what, (fate, got), (dropped("rx_ecn"), []))
                continue
            check(what, (fate, [inner.tos(packet.data) for packet in got]),
                  (DELIVERED, [0xb8 | want]))


# ---- checksum

def flipped(packet, at):
    """One bit of it is wrong."""
    return packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1:]


@case
def checksum(lab):
    """What is there is verified, whether the device sends any or not."""
    for option in "nocsum", "csum":
        lab.device(*DUAL, option)
        for outer, inner in pairs():
            what = f"{option}, {inner.name} in {outer.name}"
            payload = inner.inner(lab.next_number(), length=3)
            delivers(lab, f"{what}: none",
                     outer.outer(gre(inner.proto, payload)), payload=payload)
            for more in {}, {"seqnum_present": 1, "seqence_number": 9}:
                packet = gre(inner.proto, payload, chksum_present=1, **more)
                delivers(lab, f"{what}: good", outer.outer(packet),
                         payload=payload)
                # checksum, the reserved field behind it, inner header, payload
                for at in 5, 7, 24, len(packet) - 1:
                    check(f"{what}: octet {at} wrong",
                          lab.fate(outer.outer(flipped(packet, at))),
                          ([], dropped("rx_checksum")))


# ---- GRE header

@case
def header_bits(lab):
    """RFC 2784, 2.3 and 2.3.1: bits 1, 4 and 5 refuse, 6 to 12 are nothing."""
    lab.device(*DUAL)
    for outer in BOTH:
        for bit in range(6, 13):
            word = HAS_KEY | 0x8000 >> bit
            delivers(lab, f"{outer.name}: bit {bit}", outer.outer(
                gre_raw(word, ETH_P_IP, KEY) + V4.inner(lab.next_number())))
        delivers(lab, f"{outer.name}: bits 6 to 12", outer.outer(
            gre_raw(HAS_KEY | 0x03f8, ETH_P_IP, KEY)
            + V4.inner(lab.next_number())))
        for bit in 1, 4, 5:
            word = HAS_KEY | 0x8000 >> bit
            packet = gre_raw(word, ETH_P_IP, KEY) + V4.inner(1)
            check(f"{outer.name}: bit {bit}", lab.fate(outer.outer(packet)),
                  ([], dropped("rx_flags")))
            packet = gre_raw(word, ETH_P_IP, KEY + 1) + V4.inner(1)
            check(f"{outer.name}: bit {bit}, other key",
                  lab.fate(outer.outer(packet)), ([], "pass"))


@case
def header_versions(lab):
    """Version 0 alone is taken; what PPTP sends is the kernel's."""
    lab.device(*DUAL)
    for outer in BOTH:
        for version in range(1, 8):
            for proto in ETH_P_IP, 0x880b:
                packet = gre_raw(HAS_KEY | version, proto, KEY) + V4.inner(1)
                check(f"{outer.name}: version {version}, type {proto:#06x}",
                      lab.fate(outer.outer(packet)),
                      ([], "pass" if (version, proto) == (1, 0x880b)
                       else dropped("rx_version")))
            packet = gre_raw(HAS_KEY | version, ETH_P_IP, KEY + 1)
            check(f"{outer.name}: version {version}, other key",
                  lab.fate(outer.outer(packet + V4.inner(1))), ([], "pass"))
            packet = gre_raw(HAS_KEY | version, ETH_P_IP, KEY)
            check(f"{outer.name}: version {version}, not to us",
                  lab.fate(outer.outer(packet + V4.inner(1),
                                       to=outer.other_local)), ([], "pass"))


@case
def header_options(lab):
    """Key and sequence number in any combination, with a checksum or not."""
    lab.device(*DUAL)
    for outer, inner in pairs():
        what = f"{inner.name} in {outer.name}"
        payload = inner.inner(lab.next_number())
        # No order is kept: the second number is below the first.
        for number in 7, 1:
            for summed in 0, 1:
                packet = gre(inner.proto, payload, chksum_present=summed,
                             seqnum_present=1, seqence_number=number)
                delivers(lab, f"{what}: number {number}, checksum {summed}",
                         outer.outer(packet), payload=payload)
        for key in None, KEY + 1, 0:
            for summed in 0, 1:
                packet = gre(inner.proto, payload, key, chksum_present=summed)
                check(f"{what}: key {key}", lab.fate(outer.outer(packet)),
                      ([], "pass"))
        for proto in 0x6558, 0x88be, 0x22eb:
            check(f"{what}: type {proto:#06x}",
                  lab.fate(outer.outer(gre(proto, payload))), ([], "pass"))


@case
def header_truncated(lab):
    """Cut at each octet of the header, and of what must be there behind it."""
    lab.device(*DUAL)
    for outer in BOTH:
        for word in (HAS_KEY, HAS_KEY | SEQUENCE, CHECKSUM | HAS_KEY,
                     CHECKSUM | HAS_KEY | SEQUENCE):
            options = bin(word >> 12).count("1")
            header = gre_raw(word, ETH_P_IP, *[KEY] * options)
            for length in range(len(header)):
                check(f"{outer.name}: {length} octets of {header.hex()}",
                      lab.fate(outer.outer(header[:length])),
                      ([], dropped("rx_header")))
        for inner in BOTH:
            packet = gre(inner.proto, inner.inner(1))
            for length in range(8, 8 + inner.header):
                check(f"{inner.name} in {outer.name}: {length} octets",
                      lab.fate(outer.outer(packet[:length])),
                      ([], dropped("rx_truncated")))
    # To an address of no device it is nobody's.
    for outer in BOTH:
        check(f"{outer.name}: not to us",
              lab.fate(outer.outer(gre_raw(HAS_KEY, ETH_P_IP),
                                   to=outer.other_local)), ([], "pass"))


@case
def extension_headers(lab):
    """In front of GRE, as ip6_gre puts them there, and in fragments."""
    lab.device(*DUAL)
    limit = [HBHOptUnknown(otype=4, optdata=b"\4")]
    outer = IPv6(src=V6.peer, dst=V6.local, hlim=64)
    nh = socket.IPPROTO_GRE
    options = IPv6ExtHdrDestOpt(nh=nh, options=limit)
    before = IPv6ExtHdrDestOpt(nh=44, options=limit)
    hops = IPv6ExtHdrHopByHop(nh=60, options=limit)
    for inner, summed in ((inner, summed) for inner in BOTH for summed in (0, 1)):
        payload = inner.inner(lab.next_number())
        packet = Raw(gre(inner.proto, payload, chksum_present=summed))
        for name, headers in (
                ("destination options", outer / options),
                ("hop-by-hop options", outer / hops / options),
                ("one fragment", outer / IPv6ExtHdrFragment(nh=nh, id=7)),
                ("one fragment of options",
                 outer / IPv6ExtHdrFragment(nh=60, id=8) / options),
                ("one fragment behind options",
                 outer / before / IPv6ExtHdrFragment(nh=nh, id=9))):
            delivers(lab, f"{inner.name}: {name}", bytes(headers / packet),
                     payload=payload)
        payload = inner.inner(lab.next_number(), length=1500)
        packet = Raw(gre(inner.proto, payload, chksum_present=summed))
        for name, headers in (
                ("fragments", outer / IPv6ExtHdrFragment(nh=nh)),
                ("fragments of options",
                 outer / IPv6ExtHdrFragment(nh=60) / options),
                # as ip6_gre does it
                ("fragments behind options",
                 outer / before / IPv6ExtHdrFragment(nh=nh))):
            pieces = [bytes(piece)
                      for piece in fragment6(headers / packet, 1280)]
            check(f"{inner.name}: {name}", len(pieces), 2)
            delivers(lab, f"{inner.name}: {name}", *pieces, payload=payload)
            delivers(lab, f"{inner.name}: {name}, in reverse",
                     *reversed(pieces), payload=payload)
        whole = IP(src=V4.peer, dst=V4.local, id=lab.next_number(),
                   proto=nh) / packet
        delivers(lab, f"{inner.name}: fragments of IPv4",
                 *[bytes(piece) for piece in fragment(whole, 600)],
                 payload=payload)


# ---- which packets are its own

@case
def local_none(lab):
    """Any local address of both families; the source is the route's."""
    lab.device("key", str(KEY), maps=[(V4.there, V4.peer), (V6.there, V6.peer)])
    for outer, inner in pairs():
        for to in outer.local, outer.other_local:
            payload = inner.inner(lab.next_number())
            delivers(lab, f"{inner.name} to {to}",
                     outer.outer(gre(inner.proto, payload), to=to),
                     payload=payload)
    for inner in BOTH:
        send(inner)
        packet = lab.sent()
        check(f"{inner.name} sent",
              (packet.version, packet.source, packet.nbma, packet.proto),
              (inner, inner.local, inner.peer, inner.proto))


def send(inner):
    """The stack sends a datagram to what is mapped."""
    with socket.socket(inner.family, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"datagram", (inner.there, 9))


@case
def other_family(lab):
    """A device with one local address leaves the other family alone."""
    for own, other in (V4, V6), (V6, V4):
        lab.device("local", own.local, "key", str(KEY))
        for inner in BOTH:
            delivers(lab, f"{inner.name} in {own.name}", good(lab, own, inner))
            check(f"{inner.name} in {other.name}",
                  lab.fate(good(lab, other, inner)), ([], "pass"))
            check(f"{inner.name} in {own.name}, not to us",
                  lab.fate(own.outer(gre(inner.proto, inner.inner(1)),
                                     to=own.other_local)), ([], "pass"))


@case
def accept_known(lab):
    """Payload of peers alone, NHRP of everybody."""
    lab.device(*DUAL, "accept", "known",
               maps=[(V4.there, V4.peer), (V6.there, V6.peer)])
    for outer, inner in pairs():
        what = f"{inner.name} in {outer.name}"
        delivers(lab, f"{what}: peer", good(lab, outer, inner))
        check(f"{what}: stranger",
              lab.fate(outer.outer(gre(inner.proto, inner.inner(1)),
                                   source=outer.stranger)),
              ([], dropped("rx_unknown_peer")))
    for outer in BOTH:
        check(f"{outer.name}: other protocol of a stranger",
              lab.fate(outer.outer(gre(NOT_IP, bytes(60)),
                                   source=outer.stranger)),
              ([], dropped("rx_unknown_peer")))
        delivers(lab, f"{outer.name}: NHRP of a stranger",
                 outer.outer(gre(ETH_P_NHRP, bytes(60)), source=outer.stranger))
    lab.device(*DUAL, "accept", "any")
    for outer, inner in pairs():
        delivers(lab, f"{inner.name} in {outer.name}: stranger, any",
                 outer.outer(gre(inner.proto, inner.inner(lab.next_number())),
                             source=outer.stranger))


# ---- the link-layer header

def link_layer(lab, outer, hatype, unmapped):
    """To and from NBMA addresses of one family, of whatever protocol."""
    for proto in ETH_P_NHRP, NOT_IP:
        for nbma in outer.peer, outer.stranger:
            what = f"{outer.name}: {proto:#06x}, {nbma}"
            data = f"{proto} to {nbma}".encode()
            before = lab.counters()
            lab.link_send(proto, packed(outer, nbma), data)
            packet = lab.sent()
            check(what, packet and (packet.source, packet.nbma, packet.proto,
                                    packet.key, packet.data),
                  (outer.local, nbma, proto, KEY, data))
            check(f"{what} counts", lab.moved(before), {"tx_packets": 1})
            data = data.ljust(60)
            inner = delivers(lab, f"{what}: received",
                             outer.outer(gre(proto, data), source=nbma))
            check(f"{what}: from", [tuple(packet) for packet in inner],
                  [(proto, data, hatype, packed(outer, nbma))])
        before = lab.counters()
        lab.link_send(proto, bytes(unmapped), b"nowhere")
        check(f"{outer.name}: {proto:#06x} to zero", lab.moved(before),
              {"tx_protocol": 1, "tx_bad": 1})
    # The address wins over the mapping, but zero is none.
    for inner in BOTH:
        for nbma, to in ((packed(outer, outer.stranger), outer.stranger),
                         (bytes(unmapped), outer.peer),
                         (packed(outer, outer.local), outer.peer)):
            lab.link_send(inner.proto, nbma, turned(inner, lab.next_number()))
            packet = lab.sent()
            check(f"{inner.name} to {nbma.hex()}",
                  packet and (packet.nbma, packet.proto), (to, inner.proto))


def turned(inner, number):
    """A packet as this side sends it."""
    packet = inner.inner(number)
    start, half = (12, 4) if inner is V4 else (8, 16)
    middle, end = start + half, start + 2 * half
    return packet[:start] + packet[middle:end] + packet[start:middle] + \
        packet[end:]


@case
def packet_socket(lab):
    """Link-layer addresses are NBMA addresses, of 4 octets or of 16."""
    for outer, hatype, length in (V4, 778, 4), (V6, 823, 16):
        lab.device("local", outer.local, "key", str(KEY),
                   maps=[(V4.there, outer.peer), (V6.there, outer.peer)])
        link_layer(lab, outer, hatype, length)
    lab.device(*DUAL, maps=[(V4.there, V4.peer), (V6.there, V4.peer)])
    link_layer(lab, V4, 778, 4)
    # A dual device's 4 octets cannot hold an IPv6 address.
    for proto in ETH_P_NHRP, NOT_IP:
        inner = delivers(lab, f"{proto:#06x} over IPv6",
                         V6.outer(gre(proto, bytes(60))))
        check("from", [(packet.proto, packet.hatype, packet.nbma)
                       for packet in inner], [(proto, 778, bytes(4))])


# ---- MPLS

def switch(lab, what, version, nbma):
    """A labelled packet from eth0 leaves by the device to that address."""
    payload = bytes(IP(src="10.7.0.7", dst="10.8.0.8", ttl=9)
                    / Raw(struct.pack("!I", lab.next_number())))
    before = lab.counters()
    lab.put_frame(ETH_P_MPLS, bytes(MPLS(label=200, s=1, ttl=33)) + payload)
    packet = lab.sent()
    want = (version, version.local, nbma, ETH_P_MPLS,
            bytes(MPLS(label=100, s=1, ttl=32)) + payload)
    check(what, packet and (packet.version, packet.source, packet.nbma,
                            packet.proto, packet.data), want)
    if not packet:
        print(lab.moved(before))


def labels():
    """Packets with label 200 go out by mgre0 with label 100."""
    sysctl("net/mpls/platform_labels", 1000)
    for dev in "eth0", "mgre0":
        sysctl(f"net/mpls/conf/{dev}/input", 1)
    command("ip", "-f", "mpls", "route", "replace", "200", "as", "100", "via",
            "inet", V4.there, "dev", "mgre0")


def lladdr(version, address):
    """As the ip command takes it: 16 octets only as an Ethernet address."""
    return address if version is V4 else packed(version, address).hex(":")


@case
def switched(lab):
    """A label-switched packet has no route that says its next hop."""
    if not os.path.exists("/proc/sys/net/mpls"):
        print("skip: the kernel has no mpls_router")
        return
    lab.device(*DUAL, maps=[("0.0.0.0/0", V4.peer), ("::/0", V6.peer)])
    labels()
    switch(lab, "cache", V4, V4.peer)
    lab.map(("0.0.0.0/0", V6.stranger))
    switch(lab, "cache, other family", V6, V6.stranger)
    lab.unmap("0.0.0.0/0")
    switch(lab, "cache, mapping of ::/0", V6, V6.peer)
    for version, options in (V4, DUAL), (V6, ("local", V6.local, "key",
                                             str(KEY))):
        lab.device(*options, "resolver", "neigh",
                   maps=[("0.0.0.0/0", version.peer)])
        labels()
        switch(lab, f"{version.name}: no neighbour, cache", version,
               version.peer)
        command("ip", "neigh", "replace", V4.there, "lladdr",
                lladdr(version, version.stranger), "dev", "mgre0", "nud",
                "permanent")
        switch(lab, f"{version.name}: neighbour", version, version.stranger)
    for outer in BOTH:
        lab.device(*DUAL)
        packet = bytes(MPLS(label=300, s=1, ttl=9)) + V4.inner(1)
        inner = delivers(lab, f"MPLS in {outer.name}",
                         outer.outer(gre(ETH_P_MPLS, packet)))
        check(f"MPLS in {outer.name}", [got[:2] for got in inner],
              [(ETH_P_MPLS, packet)])


def run(function, lab):
    """Its output, with the verdict."""
    output = io.StringIO()
    before = nhrp.Failures.count
    with contextlib.redirect_stdout(output):
        try:
            function(lab)
        except Exception:  # pylint: disable=broad-except
            print(traceback.format_exc())
            nhrp.Failures.count += 1
    verdict = "failed" if nhrp.Failures.count > before else "done"
    return f"{output.getvalue()}{verdict}\n"


def main(dut, out, folder):
    """All of them, one after the other."""
    lab = Lab(dut, out)
    for function in CASES:
        path = os.path.join(folder, function.__name__)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            file.write(run(function, lab))
        os.rename(f"{path}.new", path)


if __name__ == "__main__":
    main(*sys.argv[1:])
