# SPDX-License-Identifier: GPL-2.0
"""A device under test whose underlay is a packet socket.

	namespace OUT		namespace DUT (this process lives in it)
	w0 -------------------- eth0 192.0.2.1/24   192.0.2.11/24
	02:00:00:00:00:02	     2001:db8::1/64 2001:db8::11/64
	no addresses		mgre0 10.4.0.1/24   fd04::1/64

What is put into w0 arrives from the underlay, what leaves the device is read
there. Nobody answers: the neighbours of eth0 are permanent, and their address is
not w0's. A packet goes in together with a good one, a fence, and when that has
come out of the device the fate of the first is decided: the process stays on one
CPU, and on one CPU packets keep their order.
"""

import array
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections import namedtuple

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../netlink"))

import genl  # noqa: E402

from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import GRE, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)
DEADLINE = 20
ETH_P_ALL = 3
ETH_P_IP = 0x0800
ETH_P_IPV6 = 0x86dd
ETH_P_NHRP = 0x2001
ETH_P_MPLS = 0x8847
SIOCETHTOOL = 0x8946
SO_RCVBUFFORCE = 33
KEY = 42
PORT = 9
NEAR_MAC = "02:00:00:00:00:01"
# Not w0's own, so that its stack lets it be.
FAR_MAC = "02:00:00:00:00:99"

# A received packet as the device gives it to the stack.
Inner = namedtuple("Inner", "proto data hatype nbma")
# One on the wire: outer header, and what follows GRE's.
Outer = namedtuple("Outer", "version source nbma tclass flags proto key data")


class V4:
    """IPv4 as underlay and as payload."""

    name = "IPv4"
    family = socket.AF_INET
    proto = ETH_P_IP
    local, other_local = "192.0.2.1", "192.0.2.11"
    peer, stranger = "192.0.2.2", "192.0.2.77"
    here, there = "10.4.0.1", "10.4.0.2"
    header = 20

    @classmethod
    def outer(cls, payload, to=None, tos=0, source=None):
        """An outer header around what GRE's header begins."""
        return bytes(IP(src=source or cls.peer, dst=to or cls.local, tos=tos,
                        ttl=64, id=1, proto=socket.IPPROTO_GRE) / Raw(payload))

    @classmethod
    def inner(cls, number, tos=0, length=0):
        """A datagram that carries a number, and length octets more."""
        return bytes(IP(src=cls.there, dst=cls.here, tos=tos, ttl=64)
                     / UDP(sport=PORT, dport=PORT)
                     / Raw(struct.pack("!I", number) + bytes(length)))

    @staticmethod
    def tos(data):
        """The DS field of a packet."""
        return data[1]


class V6:
    """The same of IPv6."""

    name = "IPv6"
    family = socket.AF_INET6
    proto = ETH_P_IPV6
    local, other_local = "2001:db8::1", "2001:db8::11"
    peer, stranger = "2001:db8::2", "2001:db8::77"
    here, there = "fd04::1", "fd04::2"
    header = 40

    @classmethod
    def outer(cls, payload, to=None, tos=0, source=None):
        return bytes(IPv6(src=source or cls.peer, dst=to or cls.local, tc=tos,
                          hlim=64, nh=socket.IPPROTO_GRE) / Raw(payload))

    @classmethod
    def inner(cls, number, tos=0, length=0):
        return bytes(IPv6(src=cls.there, dst=cls.here, tc=tos, hlim=64)
                     / UDP(sport=PORT, dport=PORT)
                     / Raw(struct.pack("!I", number) + bytes(length)))

    @staticmethod
    def tos(data):
        return struct.unpack("!H", data[:2])[0] >> 4 & 0xff


BOTH = (V4, V6)


def pairs():
    """Outer and inner family, all four."""
    return [(outer, inner) for outer in BOTH for inner in BOTH]


def packed(version, address):
    """The octets of an address."""
    return socket.inet_pton(version.family, address)


def gre(proto, payload, key=KEY, **fields):
    """A GRE header that scapy makes, with the payload."""
    if key is not None:
        fields.update(key_present=1, key=key)
    return bytes(GRE(proto=proto, **fields) / Raw(payload))


def gre_raw(word, proto, *options):
    """A GRE header with any bits and options in its first 16 bits."""
    return struct.pack("!HH", word, proto) + b"".join(
        struct.pack("!I", option) for option in options)


def command(*words, text=None):
    """Run a program, which must succeed. Return what it prints."""
    done = subprocess.run(words, input=text, text=True, capture_output=True,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}{text or ''}")
    return done.stdout


def sysctl(name, value):
    """Write one of this namespace."""
    with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
        file.write(str(value))


class Lab:
    """The two ends of the underlay, and mgre0 at one of them."""

    def __init__(self, dut, out):
        os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
        genl.enter_netns(out)
        self.wire = self._packet_socket("w0", socket.SOCK_RAW)
        genl.enter_netns(dut)
        self.control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        # What no device of ours takes gets here.
        self.passing = [socket.socket(version.family, socket.SOCK_RAW,
                                      socket.IPPROTO_GRE) for version in BOTH]
        # What is delivered ends here, without an ICMP error.
        self.sink = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.sink.bind(("::", PORT))
        self.inner = None
        self.number = 0
        self.names = []
        self.fence = None

    @staticmethod
    def _packet_socket(dev, kind):
        sock = socket.socket(socket.AF_PACKET, kind, 0)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        sock.bind((dev, ETH_P_ALL))
        return sock

    def device(self, *options, maps=()):
        """mgre0 anew; maps are (prefix, NBMA address)."""
        if self.inner:
            self.inner.close()
            self.inner = None
            command("ip", "link", "del", "mgre0")
        command("ip", "-batch", "-", text=f"""
            link add mgre0 type mgre {' '.join(options)}
            link set mgre0 up
            addr add {V4.here}/24 dev mgre0
            addr add {V6.here}/64 dev mgre0 nodad
            """)
        self.inner = self._packet_socket("mgre0", socket.SOCK_DGRAM)
        self.names = self._counter_names()
        self.map(*maps)
        key = int(options[options.index("key") + 1]) \
            if "key" in options else None
        version = V6 if "local" in options and V4.local not in options else V4
        self.fence = lambda number: version.outer(
            gre(ETH_P_IP, V4.inner(number), key))

    @staticmethod
    def map(*maps):
        """Mappings of the device."""
        if maps:
            command(os.environ["NHRP"], "-batch", "-", text="".join(
                f"map replace {prefix} nbma {nbma} dev mgre0\n"
                for prefix, nbma in maps))

    @staticmethod
    def unmap(prefix):
        """Take one mapping back."""
        command(os.environ["NHRP"], "map", "del", prefix, "dev", "mgre0")

    # ---- counters

    def _ethtool(self, request):
        request = array.array("B", request)
        fcntl.ioctl(self.control, SIOCETHTOOL, struct.pack(
            "16sP16x", b"mgre0", request.buffer_info()[0]))
        return request.tobytes()

    def _counter_names(self):
        # ETHTOOL_GSSET_INFO and ETHTOOL_GSTRINGS of ETH_SS_STATS
        count = struct.unpack("=IIQI", self._ethtool(
            struct.pack("=IIQI", 0x37, 0, 1 << 1, 0)))[3]
        names = self._ethtool(struct.pack("=III", 0x1b, 1, count)
                              + bytes(32 * count))[12:]
        return [names[32 * i:32 * i + 32].rstrip(b"\0").decode()
                for i in range(count)]

    def counters(self):
        """All of the device: ethtool -S, and what ip -s link sums up."""
        count = len(self.names)
        stats = self._ethtool(struct.pack("=II", 0x1d, count) + bytes(8 * count))
        counters = dict(zip(self.names, struct.unpack(f"={count}Q", stats[8:])))
        with open("/proc/net/dev", encoding="ascii") as file:
            line = next(line for line in file if "mgre0:" in line)
        words = [int(word) for word in line.split(":")[1].split()]
        # The stack's own multicast (MLD) comes when it likes.
        groups = counters.pop("tx_multicast")
        counters.update(rx_packets=words[1], rx_bad=words[2] + words[3],
                        tx_packets=words[9],
                        tx_bad=words[10] + words[11] - groups)
        return counters

    # ---- packets

    def put(self, *packets):
        """They arrive from the underlay."""
        for packet in packets:
            proto = ETH_P_IP if packet[0] >> 4 == 4 else ETH_P_IPV6
            self.put_frame(proto, packet)

    def put_frame(self, proto, packet):
        """The same of any EtherType."""
        self.wire.send(bytes(Ether(src=FAR_MAC, dst=NEAR_MAC, type=proto))
                       + packet)

    def next_number(self):
        """One that no packet had before."""
        self.number += 1
        return self.number

    def _inner_packets(self):
        packets = []
        while select.select([self.inner], [], [], 0)[0]:
            packet = self._link_receive()
            if packet:
                packets.append(packet)
        return packets

    def _passed(self):
        passed = 0
        for sock in self.passing:
            while select.select([sock], [], [], 0)[0]:
                sock.recv(1 << 16)
                passed += 1
        return passed

    def _until_fence(self, mark):
        deadline = time.monotonic() + DEADLINE
        packets = []
        while True:
            packets += self._inner_packets()
            rest = [packet for packet in packets
                    if not packet.data.endswith(mark)]
            if len(rest) < len(packets):
                return rest
            left = deadline - time.monotonic()
            if left < 0:
                raise RuntimeError("a good packet does not arrive; counters: "
                                   f"{self.moved({})}")
            select.select([self.inner], [], [], left)

    def moved(self, before):
        """What has counted since."""
        return {name: value - before.get(name, 0)
                for name, value in self.counters().items()
                if value != before.get(name, 0)}

    def fate(self, *packets):
        """What becomes of packets from the underlay, which are one packet to
        the device: what it delivers, and what counts or "pass".
        """
        number = self.next_number()
        self._inner_packets()
        self._passed()
        before = self.counters()
        self.put(*packets, self.fence(number))
        inner = self._until_fence(struct.pack("!I", number))
        moved = self.moved(before)
        moved["rx_packets"] -= 1
        words = [f"{name}={count}" if count != 1 else name
                 for name, count in sorted(moved.items()) if count]
        words += ["pass"] * self._passed()
        return inner, " ".join(words)

    def _read_wire(self, version, packet):
        start = version.header
        flags, proto = struct.unpack("!HH", packet[start:start + 4])
        options = packet[start + 4:]
        if flags & 0x8000:
            options = options[4:]
        key = None
        if flags & 0x2000:
            key, = struct.unpack("!I", options[:4])
            options = options[4:]
        source, nbma = (packet[12:16], packet[16:20]) if version is V4 else \
            (packet[8:24], packet[24:40])
        return Outer(version, socket.inet_ntop(version.family, source),
                     socket.inet_ntop(version.family, nbma),
                     version.tos(packet), flags, proto, key, options)

    def sent(self, seconds=DEADLINE):
        """The next GRE packet that leaves; None after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([self.wire], [], [], left)[0]:
                return None
            data, (_, proto, kind, _, _) = self.wire.recvfrom(1 << 16)
            if kind == socket.PACKET_OUTGOING:
                continue
            for version, at in ((V4, 9), (V6, 6)):
                if proto == version.proto and \
                        data[14 + at] == socket.IPPROTO_GRE:
                    return self._read_wire(version, data[14:])

    def _link_receive(self):
        """What comes in; None if it goes out. Python reads 8 octets of a
        link-layer address.
        """
        data = ctypes.create_string_buffer(1 << 16)
        source = ctypes.create_string_buffer(64)
        length = ctypes.c_uint32(len(source))
        got = LIBC.recvfrom(self.inner.fileno(), data, len(data), 0, source,
                            ctypes.byref(length))
        if got < 0:
            raise OSError(ctypes.get_errno(), "recvfrom")
        _, proto, _, hatype, kind, size = struct.unpack("=HHiHBB",
                                                        source.raw[:12])
        if kind == socket.PACKET_OUTGOING:
            return None
        return Inner(socket.ntohs(proto), data.raw[:got], hatype,
                     source.raw[12:12 + size])

    def link_send(self, proto, nbma, data):
        """By a packet socket, to a link-layer address of any length: python's
        own sendto() takes 8 octets of it.
        """
        address = struct.pack("=HHiHBB", socket.AF_PACKET, socket.htons(proto),
                              socket.if_nametoindex("mgre0"), 0, 0,
                              len(nbma)) + nbma
        if LIBC.sendto(self.inner.fileno(), data, len(data), 0,
                       address.ljust(20, b"\0"), max(20, len(address))) < 0:
            raise OSError(ctypes.get_errno(), "sendto")
