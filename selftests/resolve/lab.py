# SPDX-License-Identifier: GPL-2.0
"""A device under test, what goes into it and what comes out of it.

	namespace OUT			namespace DUT
	h0 10.9.0.2/24 ---------------- lan0 10.9.0.1/24   mgre0 10.0.0.1/16
	   fd09::2/64			     fd09::1/64	         fd00::1/64
	w0 192.0.2.1/24 --------------- eth0 192.0.2.2/24

h0 is a host that the device under test forwards for. w0 is the underlay: what
arrives there is what has left the device, and behind it (203.0.113.0/24) all is
swallowed. resolve.sh makes the namespaces, every case a device of its own.
"""

import ctypes
import ipaddress
import os
import random
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
import nhrp  # noqa: E402
from nhrp import check  # noqa: E402

# Long enough for a machine four times as slow; nothing waits so long for
# something that is there.
DEADLINE = 20

ETH_P_IP = 0x0800
ETH_P_IPV6 = 0x86dd
IPPROTO_GRE = 47
SO_TIMESTAMPNS = 35
SO_MARK = 36
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
IP_MTU_DISCOVER = 10
IP_PMTUDISC_PROBE = 3
PORT = 9
KEY = 42

ICMP_ERRORS = {socket.IPPROTO_ICMP: (3, 11, 12),
               socket.IPPROTO_ICMPV6: (1, 2, 3, 4)}

# An inner packet; number is what its sender wrote in it. icmp, of an ICMP
# error, is (type, code, MTU, the packet that it is about).
Packet = namedtuple("Packet", "source destination length number icmp")
# One on the wire: where to, what, and when it came.
Outer = namedtuple("Outer", "nbma packet time")


class V4:
    """Addresses and numbers of IPv4 as payload."""

    family = socket.AF_INET
    bits = 32
    header = 20
    local = "10.0.0.1"
    host = "10.9.0.2"
    unreachable = (3, 1)
    too_big = (3, 4)
    icmp = socket.IPPROTO_ICMP
    all = "0.0.0.0/0"
    # That nothing but fences uses.
    fence = "10.0.254.254"

    @staticmethod
    def onlink(number):
        return f"10.0.{number >> 8}.{number & 255}"

    @staticmethod
    def gateway(number):
        return f"10.0.255.{number}"

    @staticmethod
    def behind(gateway, number=1):
        """A host of the network behind that gateway."""
        return f"10.{100 + gateway}.{number >> 8}.{number & 255}"


class V6:
    """The same of IPv6."""

    family = socket.AF_INET6
    bits = 128
    header = 40
    local = "fd00::1"
    host = "fd09::2"
    unreachable = (1, 3)
    too_big = (2, 0)
    icmp = socket.IPPROTO_ICMPV6
    all = "::/0"
    fence = "fd00::fe:fe"

    @staticmethod
    def onlink(number):
        return f"fd00::1:{number:x}"

    @staticmethod
    def gateway(number):
        return f"fd00::ff:{number:x}"

    @staticmethod
    def behind(gateway, number=1):
        return f"fd64:{gateway:x}::{number:x}"


VERSIONS = {"4": V4, "6": V6}
GATEWAYS = range(1, 5)


def nbma(number):
    return f"203.0.113.{number}"


HUB = nbma(1)
FENCE = nbma(254)


def net(address, length):
    """The prefix of that length that holds the address."""
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))


class Namespace:
    """Inside "with", sockets are opened in that namespace."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        genl.enter_netns(self.name)

    def __exit__(self, *_):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(self.home, genl.CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns back")
        os.close(self.home)


def command(*words, text=None):
    """Run a program, which must succeed. Return what it prints."""
    done = subprocess.run(words, input=text, text=True, capture_output=True,
                          check=False)
    if done.returncode:
        raise AssertionError(f"{words}: {done.stderr}")
    return done.stdout


def until(condition, seconds=DEADLINE):
    """Wait for it. Return whether it came."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


# ---- packets

def parse_ip(data):
    """An IPv4 or IPv6 packet without options."""
    address = ipaddress.ip_address
    if data[0] >> 4 == 4:
        start, proto, length = 20, data[9], struct.unpack_from("!H", data, 2)[0]
        source, destination = address(data[12:16]), address(data[16:20])
    else:
        start, proto = 40, data[6]
        length = 40 + struct.unpack_from("!H", data, 4)[0]
        source, destination = address(data[8:24]), address(data[24:40])
    number = icmp = None
    if proto == socket.IPPROTO_UDP and len(data) >= start + 12:
        number, = struct.unpack_from("!I", data, start + 8)
    elif proto in ICMP_ERRORS:
        icmp = parse_icmp(proto, data[start:])
    return Packet(str(source), str(destination), length, number, icmp)


def parse_icmp(proto, data):
    """An ICMP error, or None."""
    if len(data) < 28 or data[0] not in ICMP_ERRORS[proto]:
        return None
    mtu, = struct.unpack_from("!I", data, 4)
    return data[0], data[1], mtu, parse_ip(data[8:])


def checksum(data):
    words = struct.unpack(f"!{len(data) // 2}H", data)
    total = sum(words)
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return 0xffff - total


def udp_packet(source, destination, number):
    """A packet as it is on the wire, in IPv4 without a checksum of UDP."""
    source, destination = (ipaddress.ip_address(source),
                           ipaddress.ip_address(destination))
    payload = struct.pack("!I", number)
    udp = struct.pack("!HHHH", PORT, PORT, 8 + len(payload), 0) + payload
    ends = source.packed + destination.packed
    if source.version == 6:
        pseudo = ends + struct.pack("!II", len(udp), socket.IPPROTO_UDP)
        udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp)) + udp[8:]
        return struct.pack("!IHBB", 6 << 28, len(udp), socket.IPPROTO_UDP,
                           64) + ends + udp
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64,
                         socket.IPPROTO_UDP, 0) + ends
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + udp


# ---- what arrives

class Inbox:
    """What a socket has got so far."""

    def __init__(self, sock):
        self.sock = sock
        self.items = []
        if hasattr(sock, "setblocking"):
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)

    def _read(self):
        """What has arrived, as a list."""
        raise NotImplementedError

    def poll(self, seconds=0):
        """Read what is there, or comes within that time."""
        fd = getattr(self.sock, "sock", self.sock)
        if select.select([fd], [], [], max(seconds, 0))[0]:
            self.items += self._read()
        return self.items

    def take(self, count=1, seconds=DEADLINE):
        """As soon as there are so many, all that there are."""
        return self.take_when(lambda: len(self.items) >= count, seconds)

    def take_when(self, condition, seconds=DEADLINE):
        deadline = time.monotonic() + seconds
        self.poll()
        while not condition():
            left = deadline - time.monotonic()
            if left < 0:
                break
            self.poll(left)
        items, self.items = self.items, []
        return items


class Wire(Inbox):
    """GRE packets that arrive at the other end of the underlay."""

    def __init__(self, dev):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                             socket.htons(ETH_P_IP))
        sock.bind((dev, ETH_P_IP))
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        super().__init__(sock)

    @staticmethod
    def _parse(data, when):
        if data[9] != IPPROTO_GRE:
            return []
        start = 20 + (8 if data[20] & 0x20 else 4)
        to = str(ipaddress.ip_address(data[16:20]))
        return [Outer(to, parse_ip(data[start:]), when)]

    def _read(self):
        items = []
        try:
            while True:
                data, more, _, _ = self.sock.recvmsg(1 << 16, 64)
                seconds, nanoseconds = struct.unpack("=qq", more[0][2])
                items += self._parse(data, seconds + nanoseconds / 1e9)
        except BlockingIOError:
            return items


class Errors(Inbox):
    """ICMP errors that a host gets, as icmp of Packet."""

    def __init__(self, version):
        self.version = version
        super().__init__(socket.socket(version.family, socket.SOCK_RAW,
                                       version.icmp))

    def _read(self):
        items = []
        try:
            while True:
                data = self.sock.recv(1 << 16)
                if self.version is V4:
                    data = data[20:]
                items.append(parse_icmp(self.version.icmp, data))
        except BlockingIOError:
            return [item for item in items if item]


class Events(Inbox):
    """Events of a group of the family, each as parse() says, with the time."""

    def __init__(self, group, parse):
        self.parse = parse
        sock = nhrp.Nhrp()
        sock.join(group, 1 << 24)
        super().__init__(sock)

    def _read(self):
        now = time.monotonic()
        return [(now, self.parse(message)) for message in self.sock.pending()]

    def close(self):
        self.sock.close()


class Resolver(Events):
    """Resolutions that are asked for."""

    def __init__(self):
        super().__init__("resolve", nhrp.parse_resolve)


class Changes(Events):
    """What is told of mappings, as (command, mapping)."""

    def __init__(self):
        super().__init__("mapping", lambda message: (
            message.cmd, nhrp.parse_mapping(message)[0]))


class Host:
    """One who sends, and is told of errors."""

    def __init__(self, version, address):
        self.version = version
        self.address = address
        self.errors = Errors(version)
        self.sock = socket.socket(version.family, socket.SOCK_DGRAM)
        # Packets that wait count against it.
        self.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 26)
        # DF, and no look at what the kernel believes of the path
        if version is V4:
            self.sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER,
                                 IP_PMTUDISC_PROBE)
        else:
            self.sock.setsockopt(socket.IPPROTO_IPV6, 23, IP_PMTUDISC_PROBE)

    def send(self, to, *numbers, length=0):
        """Packets with these numbers; length is that of the whole packet."""
        for number in numbers:
            payload = struct.pack("!I", number)
            payload += bytes(max(0, length - self.version.header - 12))
            self.sock.sendto(payload, (to, PORT))

    def mark(self, mark):
        self.sock.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)


# ---- the device

class Lab:
    """A new device under test, and all that is around it."""

    def __init__(self, dut, out, version, *options, listen=True):
        self.dut, self.out = dut, out
        # Packets that this process sends keep their order on one CPU.
        os.sched_setaffinity(0, [random.choice(list(os.sched_getaffinity(0)))])
        self.version = version = VERSIONS.get(version, version)
        self.fences = 0
        self.asked = 0
        with Namespace(dut):
            self.nhrp = nhrp.Nhrp()
        self.device(*options)
        # Only now: what the last device has left is not of interest.
        with Namespace(out):
            self.wire = Wire("w0")
            self.host = Host(version, version.host)
        with Namespace(dut):
            self.local = Host(version, version.local)
        self.resolver = self.listen() if listen else None
        self.add(version.fence, FENCE)

    def device(self, *options):
        batch = ["link add mgre0 type mgre local 192.0.2.2 key "
                 f"{KEY} ttl 64 {' '.join(options)}"]
        self.ip("link del mgre0", force=True)
        self.ip(*batch)
        self.addresses(self.dut)
        with Namespace(self.dut):
            self.ifindex = nhrp.ifindex_of("mgre0")

    @staticmethod
    def addresses(namespace):
        """Addresses and routes, and the device up."""
        batch = ["addr replace 10.0.0.1/16 dev mgre0",
                 "addr replace fd00::1/64 dev mgre0",
                 "link set mgre0 up"]
        for gateway in GATEWAYS:
            for version, length in (V4, 16), (V6, 32):
                batch.append(f"route replace {net(version.behind(gateway), length)}"
                             f" via {version.gateway(gateway)} dev mgre0")
        command("ip", "-n", namespace, "-batch", "-", text="\n".join(batch))

    def ip(self, *lines, force=False):
        words = ["ip"] + (["-force"] if force else [])
        try:
            command(*words, "-n", self.dut, "-batch", "-",
                    text="\n".join(lines))
        except AssertionError:
            if not force:
                raise

    def listen(self):
        with Namespace(self.dut):
            return Resolver()

    def watch(self):
        with Namespace(self.dut):
            return Changes()

    # ---- the cache

    def mapping(self, dst, to=None, **more):
        return nhrp.mapping(self.ifindex, dst, to, **more)

    def add(self, dst, to=None, flags=0, **more):
        """Map a prefix; to nothing, as negative, if there is no "to"."""
        self.nhrp.set(self.mapping(dst, to, flags=flags, **more))

    def replace(self, dst, to=None, flags=0, **more):
        self.nhrp.set(self.mapping(dst, to, flags=flags, **more), nhrp.SET)

    def delete(self, dst):
        self.nhrp.delete(self.ifindex, dst)

    def flush(self, **which):
        return self.nhrp.flush(ifindex=self.ifindex, **which)

    def get(self, address):
        """What the data path would choose; None if there is nothing."""
        try:
            return self.nhrp.get(self.ifindex, address)[0]
        except genl.Refusal:
            return None

    def dump(self, **which):
        """Mappings and what the kernel adds, as (mapping, more)."""
        run = genl.Dump(self.nhrp, nhrp.GET,
                        nhrp.filter_attrs(ifindex=self.ifindex, **which))
        return [nhrp.parse_mapping(message)
                for message in run.finish().messages]

    def pending(self):
        """What is being resolved, as {address: (attempts, queued)}."""
        return {str(entry.dst.network_address):
                (more.get(nhrp.ATTEMPTS), more.get(nhrp.QUEUED))
                for entry, more in self.dump(kind=nhrp.INCOMPLETE)}

    def refused(self):
        """What the kernel has given up to resolve."""
        return [str(entry.dst.network_address)
                for entry, _ in self.dump(kind=nhrp.NEGATIVE,
                                          protocol=nhrp.RTPROT_KERNEL)]

    def stats(self):
        return self.nhrp.stats(self.ifindex)

    def moved(self, before, **want):
        """The counters have moved by this since then, all others not."""
        after = self.stats()
        gauges = ("ifindex", "mappings", "max_mappings", "peers", "incomplete",
                  "negative")
        got = {name: after[name] - before[name] for name in after
               if name not in gauges and after[name] != before[name]}
        check("counters", got, {name: by for name, by in want.items() if by})

    # ---- checks

    def question(self, dst, destination=None, host=None, attempt=1,
                 reason=nhrp.REASON_MISS, nexthop=None, flows=None):
        """A resolution as it should be asked for."""
        address = ipaddress.ip_address
        host = host or self.local
        return nhrp.Resolve(self.ifindex, nhrp.prefix(dst), reason, attempt,
                            address(destination or dst), address(host.address),
                            address(nexthop or dst), flows and address(flows))

    def asks(self, what, *want):
        """These are asked for, in this order, and no more so far."""
        got = self.resolver.take(len(want))
        return check(what, [event for _, event in got], list(want))

    def asks_nothing(self, what):
        """What has been asked for since, shown by a question behind it."""
        self.asked += 1
        to = self.version.onlink(60000 + self.asked)
        self.local.send(to, 0)
        return self.asks(f"{what}: asked for", self.question(to))

    def sent(self, what, *want, count=None):
        """(NBMA address, number) of what has arrived on the wire: count of
        them, or as many as are wanted, and a fence behind shows no more.
        """
        count = len(want) if count is None else count
        early = self.wire.take(count)
        self.fence()
        late = self.wire.take_when(self._fenced)
        got = [(outer.nbma, outer.packet.number) for outer in early + late
               if outer.nbma != FENCE]
        return check(f"{what}: sent", got, list(want))

    def _fenced(self):
        return any(outer.nbma == FENCE for outer in self.wire.items)

    def fence(self):
        self.fences += 1
        self.local.send(self.version.fence, 0)

    def told(self, what, host, *numbers):
        """ICMP host unreachable about the packets with these numbers."""
        got = [(*error[:2], error[3].number)
               for error in host.errors.take(len(numbers))]
        want = [(*self.version.unreachable, number) for number in numbers]
        return check(f"{what}: told", got, want)

    def inject(self, packet, source=HUB):
        """The underlay delivers a payload packet."""
        proto = ETH_P_IPV6 if packet[0] >> 4 == 6 else ETH_P_IP
        header = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(packet), 0, 0, 64,
                             IPPROTO_GRE, 0)
        header += socket.inet_aton(source) + socket.inet_aton("192.0.2.2")
        gre = struct.pack("!HHI", 0x2000, proto, KEY)
        with Namespace(self.out):
            with socket.socket(socket.AF_INET, socket.SOCK_RAW,
                               socket.IPPROTO_RAW) as sock:
                sock.sendto(header + gre + packet, ("192.0.2.2", 0))
