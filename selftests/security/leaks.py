# SPDX-License-Identifier: GPL-2.0
"""Nothing of the kernel's memory comes along with what it tells: padding is zero, and
no octets look like a kernel's address or like what the memory held before.

	leaks.py self			the comparison can fail
	leaks.py netlink|events|device DEV

forge.py does the same with redirects. The allocator is given memory full of POISON before each answer. Where the kernel
clears what it allocates (Debian's do) that is nothing; one for debugging does not.
"""

import array
import ctypes
import fcntl
import os
import socket
import struct
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../netlink"))

import genl  # noqa: E402
import nhrp  # noqa: E402
from nhrp import address, check, mapping, u32  # noqa: E402

POISON = b"\xa5\x5a\xc3\x3c"
LIBC = ctypes.CDLL(None, use_errno=True)
RTM_GETLINK, RTM_GETNEIGH = 18, 30
IFLA_ADDRESS, IFLA_BROADCAST, IFLA_LINKINFO = 1, 2, 18
IFLA_INFO_DATA = 2
SIOCGETTUNNEL, SIOCETHTOOL, SIOCGIFHWADDR = 0x89f0, 0x8946, 0x8927
ETHTOOL_GDRVINFO, ETHTOOL_GSTRINGS, ETHTOOL_GSTATS = 0x3, 0x1b, 0x1d
NLA_NESTED = 0x8000
HERE, THERE, LAST = "10.9.0.1", "10.9.0.2", "10.9.0.3"


def poison():
    """Slabs of the sizes of answers, and stacks, are left full of it."""
    pairs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for size in 40, 100, 200, 400, 900, 1800, 3500, 7500, 15000, 30000:
        # as many at once as neither the queue nor the buffer of a socket refuses
        for _ in range(4):
            pairs[0].send(POISON * (size // 4))
        for _ in range(4):
            pairs[1].recv(size)
    for sock in pairs:
        sock.close()


def looks_like_pointer(value):
    """The direct map, vmalloc and vmemmap, of four or five levels of page tables;
    the kernel's text and modules.
    """
    return (0xff11000000000000 <= value < 0xffffff0000000000 or
            0xffffffff80000000 <= value < 0xffffffffff000000)


def suspects(data):
    """What there is in it that should not be."""
    found = []
    if POISON in data:
        found.append("what was in the memory before")
    for at in range(0, len(data) - 7, 4):
        value, = struct.unpack_from("=Q", data, at)
        if looks_like_pointer(value):
            found.append(f"{value:#x} at {at}")
    return found


def paddings(data, nested=()):
    """Octets behind attributes, which must be zero: those that are not."""
    found = []
    pos = 0
    while pos + 4 <= len(data):
        length, kind = genl.NLATTR.unpack_from(data, pos)
        if length < 4 or pos + length > len(data):
            found.append(f"attribute of {length} at {pos}")
            break
        value = data[pos + 4:pos + length]
        if kind & NLA_NESTED or kind in nested:
            found += paddings(value)
        end = pos + genl.align(length)
        rest = data[pos + length:end]
        if any(rest):
            found.append(f"{rest.hex()} behind attribute {kind & 0x3fff}")
        pos = end
    if any(data[pos:]):
        found.append(f"{data[pos:].hex()} at the end")
    return found


def check_message(what, message):
    """One of the family: header, reserved field, and all of its attributes."""
    reserved = message.data[genl.NLMSGHDR.size + 2:genl.HEADERS]
    check(f"{what}: reserved field", reserved, bytes(2))
    body = message.data[genl.HEADERS:]
    check(f"{what}: padding", paddings(body), [])
    check(f"{what}: {body.hex()}", suspects(body), [])


def check_zero(what, data):
    check(what, data, bytes(len(data)))


# ---- the comparison itself

def self_test():
    good = genl.pack_attrs([(1, b"abc"), (2, u32(5))])
    check("good", paddings(good) + suspects(good), [])
    check("padding", len(paddings(good[:7] + b"x" + good[8:])), 1)
    check("nested padding", len(paddings(genl.pack_attrs(
        [(3 | NLA_NESTED, good[:7] + b"x" + good[8:])]))), 1)
    for value in (0xff240000087e4c80, 0xffff888004a1c000, 0xffffc90000123456,
                  0xffffea0000000040, 0xffffffff81000000, 0xffffffffc0123456):
        check(f"{value:#x}", len(suspects(struct.pack("=IQ", 1, value))), 1)
    for value in 0, 5, 0xffffffff, 0xffffffffffffffff, 0xc000020200000001:
        check(f"{value:#x}", suspects(struct.pack("=Q", value)), [])
    check("poison", suspects(b"xy" + POISON), ["what was in the memory before"])


# ---- the family

def start(dev):
    """A socket, and the device without anything."""
    sock = nhrp.Nhrp()
    index = nhrp.ifindex_of(dev)
    sock.flush(ifindex=index)
    members = genl.Dump(sock, nhrp.MCAST_GET, [(1, u32(index))]).finish()
    for message in members.messages:
        attrs = [attr for attr in message.attrs() if attr[0] <= 4]
        if any(number == 5 for number, _ in message.attrs()):
            sock.request(nhrp.MCAST_DEL, attrs)
    return sock, index


def all_kinds(sock, index):
    """Mappings with all there is, some with the least, IPv4 and IPv6."""
    sock.set(mapping(index, THERE, "192.0.2.2", flags=nhrp.FLAG_MULTICAST))
    sock.set(mapping(index, "10.9.8.0/21", "192.0.2.3", nhrp.DYNAMIC, 600, 7,
                     nhrp.FLAG_SHORTCUT | nhrp.FLAG_UNIQUE, 1400, 3, 9))
    sock.set(mapping(index, "2001:db8::/61", "2001:db8:f::1", nhrp.CACHED, 600))
    sock.set(mapping(index, "10.9.16.0/29", None, hold=60))
    for group, length, nbma in ((None, None, "192.0.2.4"),
                                ("239.1.0.0", 17, "192.0.2.4"),
                                ("ff0e::1", None, "2001:db8:f::2")):
        attrs = [(1, u32(index)), (4, address(nbma))]
        if group:
            attrs.append((2, address(group)))
        if length:
            attrs.append((3, nhrp.u8(length)))
        sock.request(nhrp.MCAST_NEW, attrs)


def netlink(dev):
    sock, index = start(dev)
    all_kinds(sock, index)
    nhrp.packet(THERE)
    listener = nhrp.Nhrp().listen("resolve")
    nhrp.packet(LAST)
    check("a packet waits", sock.stats(index)["incomplete"], 1)
    number = 0
    for what, command, single in (
            ("mapping", nhrp.GET, [[(1, u32(index)), (2, address(to))]
                                   for to in (THERE, LAST, "10.9.8.9", "10.9.16.1",
                                              "2001:db8::5")]),
            ("peer", nhrp.PEER_GET, [[(1, u32(index)), (2, address(nbma))]
                                     for nbma in ("192.0.2.2", "2001:db8:f::1")]),
            ("stats", nhrp.STATS_GET, [[(1, u32(index))]]),
            ("member", nhrp.MCAST_GET, [[(1, u32(index)),
                                         (4, address("192.0.2.4"))]])):
        for attrs in single:
            poison()
            for message in sock.request(command, attrs):
                check_message(f"one {what}", message)
                number += 1
        poison()
        run = genl.Dump(sock, command, [(1, u32(index))]).finish()
        for message in run.messages:
            check_message(f"{what} of a dump", message)
            number += 1
    poison()
    reply, = sock.request(nhrp.FLUSH, [(1, u32(index)),
                                       (nhrp.TYPE, nhrp.u8(nhrp.NEGATIVE))])
    check_message("flush", reply)
    check_refusals(sock, index)
    check("messages", number >= 20, True)
    listener.close()
    sock.flush(ifindex=index)


def check_refusals(sock, index):
    """What quotes a request, and says what is wrong with it."""
    for attrs in ([(1, u32(index)), (2, b"abc")], [(1, u32(index))], []):
        poison()
        seq = sock.send(nhrp.DEL, attrs)
        for message in sock.receive():
            check("refusal", (message.seq, message.type), (seq,
                                                           genl.NLMSG_ERROR))
            check("refusal: octets", suspects(message.data), [])


def events(dev):
    """Those of all groups."""
    sock, index = start(dev)
    listener = nhrp.Nhrp()
    for group in "mapping", "resolve", "redirect":
        listener.listen(group)
    poison()
    all_kinds(sock, index)
    sock.set(mapping(index, THERE, "192.0.2.5"), nhrp.SET)
    poison()
    nhrp.packet(LAST)
    sock.set(mapping(index, "10.9.0.4", "192.0.2.2", nhrp.CACHED, 1))
    poison()
    sock.delete(index, THERE)
    seen = set()
    while nhrp.EXPIRE_NTF not in seen:
        poison()
        for message in listener.receive():
            check_message("event", message)
            seen.add(message.cmd)
    check("commands", seen >= {nhrp.NEW_NTF, nhrp.CHANGE_NTF, nhrp.DEL_NTF,
                               nhrp.EXPIRE_NTF, nhrp.RESOLVE_NTF}, True)
    sock.flush(ifindex=index)


# ---- the device

def rtnl(kind, body):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.settimeout(30)
        poison()
        sock.send(genl.NLMSGHDR.pack(16 + len(body), kind, genl.NLM_F_REQUEST, 1,
                                     0) + body)
        return genl.Message(sock.recv(1 << 16)).data


def check_link(index):
    """What the device itself says in a message about links."""
    data = rtnl(RTM_GETLINK, struct.pack("=BBHiII", 0, 0, 0, index, 0, 0))
    found = [b"", b"", b""]
    for kind, value in genl.parse_attrs(data[32:]):
        if kind in (IFLA_ADDRESS, IFLA_BROADCAST):
            found[kind - 1] = value
        elif kind == IFLA_LINKINFO:
            check("link info: padding", paddings(value, (IFLA_INFO_DATA,)), [])
            check("link info", suspects(value), [])
            found[2] = dict(genl.parse_attrs(value))[IFLA_INFO_DATA]
    check("link: padding", paddings(data[32:]), [])
    check("address, broadcast", found[:2], [address("192.0.2.1"), bytes(4)])
    check("options", len(genl.parse_attrs(found[2])) >= 10, True)


def check_ioctls(dev):
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    name = dev.encode()

    def ask(number, data):
        data = array.array("B", data)
        poison()
        fcntl.ioctl(control, number,
                    struct.pack("16sP16x", name, data.buffer_info()[0]))
        return data.tobytes()

    parm = ask(SIOCGETTUNNEL, POISON * 13)
    check("tunnel: name", parm[:16], name.ljust(16, b"\0"))
    check("tunnel", suspects(parm), [])
    check("tunnel: rest of the header", (parm[34:36], parm[42:44]),
          (bytes(2), bytes(2)))
    for what, number, size in (("driver", ETHTOOL_GDRVINFO, 196),
                               ("counters", ETHTOOL_GSTATS, 8 + 8 * 64),
                               ("strings", ETHTOOL_GSTRINGS, 12 + 32 * 64)):
        data = ask(SIOCETHTOOL, struct.pack("=II", number, number == 0x1b)
                   .ljust(size, b"\0"))
        check(what, suspects(data), [])
        if what == "strings":
            count, = struct.unpack_from("=I", data, 8)
            check("strings: number", count >= 20, True)
            for at in range(count):
                text = data[12 + 32 * at:44 + 32 * at]
                check_zero(f"string {text}", text[text.index(b"\0"):])
    poison()
    data = fcntl.ioctl(control, SIOCGIFHWADDR, name.ljust(40, b"\0"))
    check("hardware address", data[18:22], address("192.0.2.1"))
    check_zero("hardware address: rest", data[22:32])


def link_address(function, sock, size, *args):
    """An address of a packet socket, as many octets as the kernel writes, in a
    room of POISON.
    """
    room = ctypes.create_string_buffer(POISON * 16, 64)
    length = ctypes.c_uint32(size)
    poison()
    if function(sock.fileno(), *args, room, ctypes.byref(length)) < 0:
        raise OSError(ctypes.get_errno(), "address")
    return room.raw, length.value


def check_packet_sockets(dev):
    """By both kinds, received and asked for: the 8 octets of sll_addr of which an
    address of IPv4 is 4.
    """
    for kind in socket.SOCK_RAW, socket.SOCK_DGRAM:
        with socket.socket(socket.AF_PACKET, kind, 0) as sock:
            sock.bind((dev, 3))
            nhrp.packet(THERE)
            data = ctypes.create_string_buffer(2000)
            raw, length = link_address(LIBC.recvfrom, sock, 64, data, 2000, 0)
            check("received: length", length, 20)
            check("received: address behind its length",
                  raw[12 + raw[11]:20], bytes(8 - raw[11]))
            check("received", suspects(raw[:20]), [])
            raw, length = link_address(LIBC.getsockname, sock, 64)
            check("own: length", (length, raw[11]), (16, 4))
            check("own: address", raw[12:16], address("192.0.2.1"))
            check("own", suspects(raw[:length]), [])


def device(dev):
    sock, index = start(dev)
    sock.set(mapping(index, THERE, "192.0.2.2"))
    check_link(index)
    check_ioctls(dev)
    check_packet_sockets(dev)
    sock.flush(ifindex=index)


if __name__ == "__main__":
    sys.argv[1] = {"self": "self_test"}.get(sys.argv[1], sys.argv[1])
    nhrp.main(globals())
