# SPDX-License-Identifier: GPL-2.0
"""The family "nhrp": numbers, mappings, and what every test program shares."""

import errno
import ipaddress
import os
import signal
import socket
import struct
import sys
import traceback
from collections import namedtuple

import genl

MACHINE_IS_SLOW = os.environ.get("KSFT_MACHINE_SLOW") == "yes"

NEW, DEL, GET, FLUSH, PEER_GET = range(1, 6)
NEW_NTF, CHANGE_NTF, DEL_NTF, EXPIRE_NTF = range(6, 10)
BATCH, STATS_GET, RESOLVE_NTF = range(10, 13)
MCAST_NEW, MCAST_DEL, MCAST_GET = range(13, 16)

(IFINDEX, DST, PREFIXLEN, NBMA, TYPE, HOLD, PROTOCOL, EXPIRES, CREATED, UPDATED,
 USED, FLUSHED, PAD, FLAGS, MTU, PREFERENCE, MARK, ATTEMPTS,
 QUEUED) = range(1, 20)
PEER_IFINDEX, PEER_NBMA, PEER_MAPPINGS = range(1, 4)
PEER_TX_PACKETS = 7
BATCH_ADD, BATCH_REPLACE, BATCH_DEL, BATCH_IFINDEX = range(1, 5)
(RESOLVE_IFINDEX, RESOLVE_DST, RESOLVE_PREFIXLEN, RESOLVE_REASON,
 RESOLVE_ATTEMPT, RESOLVE_DESTINATION, RESOLVE_SOURCE, RESOLVE_NEXTHOP,
 RESOLVE_NBMA) = range(1, 10)
STATS_IFINDEX = 1
# In the order of their numbers, from 3 on.
STATS = ("mappings", "max_mappings", "peers", "incomplete", "negative", "hits",
         "misses", "upcalls", "queued", "released", "drop_negative",
         "drop_no_listener", "drop_loop", "drop_limit", "drop_overflow",
         "drop_evicted", "drop_unanswered", "drop_flushed")

STATIC, DYNAMIC, CACHED, INCOMPLETE, NEGATIVE = range(1, 6)
(FLAG_SHORTCUT, FLAG_UNIQUE, FLAG_MULTICAST, FLAG_NAT, FLAG_RESOLVE,
 FLAG_USED) = FLAG_ALL = [1 << bit for bit in range(6)]
REASON_MISS, REASON_RESOLVE, REASON_REFRESH = range(1, 4)
RTPROT_KERNEL = 2
RTPROT_STATIC = 4

ADD = genl.NLM_F_CREATE | genl.NLM_F_EXCL
REPLACE = genl.NLM_F_REPLACE
SET = genl.NLM_F_CREATE | genl.NLM_F_REPLACE

# What a mapping is made of, times apart.
Mapping = namedtuple("Mapping", "ifindex dst nbma type hold protocol flags mtu "
                                "preference mark")
Peer = namedtuple("Peer", "ifindex nbma mappings")
Resolve = namedtuple("Resolve", "ifindex dst reason attempt destination source "
                                "nexthop nbma")


def u8(value):
    return struct.pack("=B", value)


def u32(value):
    return struct.pack("=I", value)


def number(data):
    return int.from_bytes(data, sys.byteorder)


def address(text):
    return ipaddress.ip_address(text).packed


def prefix(text):
    return ipaddress.ip_network(text)


def mapping(ifindex, dst, nbma, kind=STATIC, hold=None, protocol=RTPROT_STATIC,
            flags=0, mtu=None, preference=0, mark=0):
    """A mapping; one without an NBMA address is negative."""
    return Mapping(ifindex, prefix(dst), nbma and ipaddress.ip_address(nbma),
                   kind if nbma else NEGATIVE, hold, protocol, flags, mtu,
                   preference, mark)


def key(entry):
    """The order in which mappings are dumped."""
    return (entry.ifindex, entry.dst.version, entry.dst.network_address,
            entry.dst.prefixlen)


def peer_key(peer):
    """The order in which peers are dumped."""
    return peer.ifindex, peer.nbma.version, peer.nbma


def dst_attrs(dst):
    """A prefix as attributes; a host goes without a length."""
    dst = prefix(dst)
    attrs = [(DST, dst.network_address.packed)]
    if dst.prefixlen != dst.max_prefixlen:
        attrs.append((PREFIXLEN, u8(dst.prefixlen)))
    return attrs


def mapping_attrs(entry):
    """A mapping as attributes; what is as it is by default goes without."""
    attrs = [(IFINDEX, u32(entry.ifindex))] + dst_attrs(entry.dst)
    if entry.nbma is not None:
        attrs.append((NBMA, entry.nbma.packed))
    attrs += [(TYPE, u8(entry.type)), (PROTOCOL, u8(entry.protocol))]
    if entry.hold is not None:
        attrs.append((HOLD, u32(entry.hold)))
    if entry.flags:
        attrs.append((FLAGS, u32(entry.flags)))
    if entry.mtu is not None:
        attrs.append((MTU, u32(entry.mtu)))
    if entry.preference:
        attrs.append((PREFERENCE, u8(entry.preference)))
    if entry.mark:
        attrs.append((MARK, u32(entry.mark)))
    return attrs


def filter_attrs(ifindex=None, within=None, nbma=None, kind=None,
                 protocol=None, flags=None):
    attrs = [(IFINDEX, u32(ifindex))] if ifindex else []
    if within is not None:
        attrs += dst_attrs(within)
    if nbma is not None:
        attrs.append((NBMA, address(nbma)))
    if kind is not None:
        attrs.append((TYPE, u8(kind)))
    if protocol is not None:
        attrs.append((PROTOCOL, u8(protocol)))
    if flags is not None:
        attrs.append((FLAGS, u32(flags)))
    return attrs


def address_in(attrs, which):
    """An address among attributes, or None."""
    return ipaddress.ip_address(attrs[which]) if which in attrs else None


def number_in(attrs, which, absent=None):
    return number(attrs[which]) if which in attrs else absent


def parse_mapping(message):
    """The mapping that a message carries, and by attribute what the kernel adds
    to it: times, and how the resolution goes.
    """
    attrs = dict(message.attrs())
    dst = ipaddress.ip_network((ipaddress.ip_address(attrs[DST]),
                                number(attrs[PREFIXLEN])))
    more = {which: number(attrs[which])
            for which in (EXPIRES, CREATED, UPDATED, USED, ATTEMPTS, QUEUED)
            if which in attrs}
    return Mapping(number(attrs[IFINDEX]), dst, address_in(attrs, NBMA),
                   number(attrs[TYPE]), number_in(attrs, HOLD),
                   number(attrs[PROTOCOL]), number_in(attrs, FLAGS, 0),
                   number_in(attrs, MTU), number_in(attrs, PREFERENCE, 0),
                   number_in(attrs, MARK, 0)), more


def parse_resolve(message):
    attrs = dict(message.attrs())
    dst = ipaddress.ip_network((ipaddress.ip_address(attrs[RESOLVE_DST]),
                                number(attrs[RESOLVE_PREFIXLEN])))
    return Resolve(number(attrs[RESOLVE_IFINDEX]), dst,
                   number(attrs[RESOLVE_REASON]),
                   number(attrs[RESOLVE_ATTEMPT]),
                   *(address_in(attrs, which) for which in
                     (RESOLVE_DESTINATION, RESOLVE_SOURCE, RESOLVE_NEXTHOP,
                      RESOLVE_NBMA)))


def parse_stats(message):
    """All counters by name, and the device."""
    attrs = dict(message.attrs())
    stats = {name: number(attrs[which]) for which, name in enumerate(STATS, 3)}
    stats["ifindex"] = number(attrs[STATS_IFINDEX])
    return stats


def parse_peer(message):
    attrs = dict(message.attrs())
    return Peer(number(attrs[PEER_IFINDEX]),
                ipaddress.ip_address(attrs[PEER_NBMA]),
                number(attrs[PEER_MAPPINGS]))


class Nhrp(genl.Socket):
    """A socket of the family, with the requests that a user would make."""

    def __init__(self, netns=None, **more):
        if netns:
            genl.enter_netns(netns)
        super().__init__("nhrp", **more)

    def set(self, entry, flags=ADD):
        self.request(NEW, mapping_attrs(entry), flags)

    def delete(self, ifindex, dst):
        self.request(DEL, [(IFINDEX, u32(ifindex))] + dst_attrs(dst))

    def get(self, ifindex, addr):
        """The mapping of the longest match, and its times."""
        reply, = self.request(GET, [(IFINDEX, u32(ifindex)),
                                    (DST, address(addr))])
        return parse_mapping(reply)

    def flush(self, **which):
        reply, = self.request(FLUSH, filter_attrs(**which))
        return number(dict(reply.attrs())[FLUSHED])

    def begin_dump(self, **which):
        return genl.Dump(self, GET, filter_attrs(**which))

    def dump(self, **which):
        """All mappings that pass the filter; nothing may disturb it."""
        run = self.begin_dump(**which).finish()
        check("a quiet dump is not flagged", run.intr, False)
        return [parse_mapping(message)[0] for message in run.messages]

    def peers(self, ifindex=None, nbma=None):
        attrs = [(PEER_IFINDEX, u32(ifindex))] if ifindex else []
        if nbma is not None:
            attrs.append((PEER_NBMA, address(nbma)))
        run = genl.Dump(self, PEER_GET, attrs).finish()
        check("a quiet dump is not flagged", run.intr, False)
        return [parse_peer(message) for message in run.messages]

    def mappings_of_peer(self, ifindex, nbma):
        """Number of them, 0 if there is no such peer."""
        try:
            reply, = self.request(PEER_GET, [(PEER_IFINDEX, u32(ifindex)),
                                             (PEER_NBMA, address(nbma))])
        except genl.Refusal as refusal:
            check("refusal of a peer", refusal.errno, errno.ENOENT)
            return 0
        return parse_peer(reply).mappings

    def batch(self, *changes):
        """Changes in one message, each (BATCH_*, mapping)."""
        self.request(BATCH, [batch_attr(*change) for change in changes])

    def stats(self, ifindex):
        reply, = self.request(STATS_GET, [(STATS_IFINDEX, u32(ifindex))])
        return parse_stats(reply)

    def listen(self, group="mapping"):
        """Resolutions need somebody who is known to listen, see resolve-ntf."""
        if group == "resolve":
            self.sock.setsockopt(genl.SOL_NETLINK,
                                 genl.NETLINK_BROADCAST_ERROR, 1)
        self.join(group)
        return self

    def events(self):
        """What has been told so far, as (command, mapping)."""
        return [(message.cmd, parse_mapping(message)[0])
                for message in self.pending()]

    def resolves(self):
        """What has been asked for so far."""
        return [parse_resolve(message) for message in self.pending()]


def batch_attr(which, entry):
    """One change of a batch. That of BATCH_DEL needs no more than a prefix."""
    attrs = mapping_attrs(entry)
    if which == BATCH_DEL:
        attrs = [attr for attr in attrs if attr[0] in (IFINDEX, DST, PREFIXLEN)]
    return which | genl.NLA_F_NESTED, genl.pack_attrs(attrs)


class Bulk:
    """Many host mappings of one device, as requests of one fixed form."""

    FORM = struct.Struct("=IHHII" "BBH" "HHI" "HH4s" "HH4s")

    def __init__(self, sock, ifindex, nbma="192.0.2.2"):
        self.sock = sock
        self.ifindex = ifindex
        self.nbma = address(nbma)

    def request(self, dst, flags=SET, nbma=None):
        return self.FORM.pack(self.FORM.size, self.sock.family,
                              genl.NLM_F_REQUEST | flags, 0, 0, NEW, 1, 0,
                              8, IFINDEX, self.ifindex, 8, DST, dst,
                              8, NBMA, nbma or self.nbma)

    def load(self, keys):
        """Add them all. Only refusals would be answered; there are none."""
        for start in range(0, len(keys), 1000):
            self.sock.sock.send(b"".join(
                self.request(dst, ADD) for dst in keys[start:start + 1000]))
        check("no mapping of the load is refused", self.sock.pending(), [])


def ifindex_of(name):
    return socket.if_nametoindex(name)


def packet(to, source=None):
    """One datagram. Its socket ends with it: no error comes back later."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        if source:
            sock.bind((source, 0))
        sock.sendto(b"packet", (to, 9))


def run(command):
    """A command of the shell, which must succeed."""
    status = os.waitstatus_to_exitcode(os.system(command))
    check(f"status of {command}", status, 0)


class Failures:
    count = 0


def check(what, got, want):
    """Compare; a difference is told and counted, and the test goes on."""
    if got == want:
        return True
    Failures.count += 1
    print(f"{what}:")
    if isinstance(got, list) and isinstance(want, list):
        at = next((i for i, pair in enumerate(zip(got, want))
                   if pair[0] != pair[1]), min(len(got), len(want)))
        print(f"  {len(got)} of {len(want)}, they differ from number {at} on")
        got, want = got[at:at + 5], want[at:at + 5]
    print(f"  got  {got}\n  want {want}")
    return False


class Child:
    """A process of its own: for privileges, which do not come back, and for
    work at the same time.
    """

    def __init__(self, function, *args):
        self.what = function.__name__
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            Failures.count = 0
            run_case(function, *args)

    def _judge(self, status):
        check(f"status of {self.what}", os.waitstatus_to_exitcode(status), 0)

    def wait(self):
        self._judge(os.waitpid(self.pid, 0)[1])

    def ended(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self._judge(status)
        return bool(pid)

    def stop(self):
        os.kill(self.pid, signal.SIGINT)
        self.wait()


def check_refused(what, error, text, call, *args, **more):
    """The call must be refused with this errno and text."""
    try:
        call(*args, **more)
    except genl.Refusal as refusal:
        check(what, (refusal.errno, refusal.text), (error, text))
        return refusal
    check(what, "done", f"refused with errno {error}")
    return None


def run_case(function, *args):
    """Run it and end the process, with the verdict as its status."""
    try:
        function(*args)
    except KeyboardInterrupt:
        pass    # stopped by its parent, see Child
    except Exception:  # whatever it is, the test has failed and says why
        traceback.print_exc(file=sys.stdout)
        Failures.count += 1
    sys.stdout.flush()
    os._exit(1 if Failures.count else 0)


def main(cases):
    """Run the function that the first argument names, on the others."""
    run_case(cases[sys.argv[1]], *sys.argv[2:])
