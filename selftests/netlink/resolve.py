# SPDX-License-Identifier: GPL-2.0
"""What is asked for, how that shows, and how it is counted.

The packets are datagrams of this namespace. They leave by a dummy device, so
whatever is resolved has nobody at its end.

	wire0	10.9.0.1/16	2001:db8:9::1/64
	10.10.0.0/16 via 10.9.0.6	2001:db8:a::/48 via 2001:db8:9::6
	brim0	10.11.0.1/24, maxmappings 1
"""

import errno
import ipaddress
import socket
import time

import genl
import nhrp
from nhrp import (ATTEMPTS, CACHED, DEL_NTF, DYNAMIC, EXPIRE_NTF, EXPIRES,
                  FLAG_RESOLVE, FLAG_SHORTCUT, FLAG_USED, INCOMPLETE, NEGATIVE,
                  NEW_NTF, QUEUED, REASON_MISS, REASON_REFRESH, REASON_RESOLVE,
                  REPLACE, RTPROT_KERNEL, SET, STATS_GET, Resolve, check,
                  check_refused, mapping, packet, prefix)

OWN = "10.9.0.1", "2001:db8:9::1"
NBMA = "198.51.100.2"
GIVEN_UP = 30   # seconds that nobody is asked again
address = ipaddress.ip_address


def start(name="wire0", listening=True):
    """A socket, the device, and who listens to what is asked for."""
    sock = nhrp.Nhrp()
    sock.flush()
    asked = nhrp.Nhrp()
    if listening:
        asked.listen("resolve")
    return sock, nhrp.ifindex_of(name), asked


def incomplete(ifindex, dst):
    """What the kernel writes while it asks for an address."""
    return mapping(ifindex, dst, None,
                   protocol=RTPROT_KERNEL)._replace(type=INCOMPLETE)


def wait_for(what, count, more, seconds=10):
    """So many of what more() gives, or those that came by then."""
    got = more()
    deadline = time.monotonic() + seconds
    while len(got) < count and time.monotonic() < deadline:
        time.sleep(0.02)
        got += more()
    check(f"number of {what}", len(got), count)
    return got


class Difference:
    """Counters of a device from a moment on."""

    def __init__(self, sock, ifindex):
        self.sock = sock
        self.ifindex = ifindex
        self.first = sock.stats(ifindex)

    def check(self, what, **want):
        """Those that count events: these have grown so, the others have not."""
        now = self.sock.stats(self.ifindex)
        grown = {name: now[name] - self.first[name]
                 for name in nhrp.STATS[nhrp.STATS.index("hits"):]
                 if now[name] != self.first[name]}
        check(what, grown, want)


# ---- events

def event_attributes():
    """What is asked for a packet, by reason, family and route."""
    sock, ifindex, asked = start()
    wide = {4: mapping(ifindex, "10.9.0.0/16", NBMA, flags=FLAG_RESOLVE),
            6: mapping(ifindex, "2001:db8:9::/64", NBMA, flags=FLAG_RESOLVE)}
    for hop, to in (("10.9.0.5", "10.9.0.5"), ("10.9.0.6", "10.10.0.1"),
                    ("2001:db8:9::5", "2001:db8:9::5"),
                    ("2001:db8:9::6", "2001:db8:a::1")):
        hop, target = address(hop), address(to)
        own = address(OWN[hop.version == 6])
        packet(to)
        check(f"miss of {to}", asked.resolves(),
              [Resolve(ifindex, prefix(hop), REASON_MISS, 1, target, own, hop,
                       None)])
        sock.flush()
        sock.set(wide[hop.version])
        packet(to)
        check(f"{to} by a mapping with flag resolve", asked.resolves(),
              [Resolve(ifindex, prefix(hop), REASON_RESOLVE, 1, target, own,
                       hop, address(NBMA))])
        sock.flush()
        exact = mapping(ifindex, str(hop), NBMA, flags=FLAG_RESOLVE)
        sock.set(exact)
        packet(to)
        want = [] if hop == target else [
            Resolve(ifindex, prefix(target), REASON_RESOLVE, 1, target, own,
                    hop, address(NBMA))]
        check(f"{to} by a mapping of exactly the next hop", asked.resolves(),
              want)
        sock.flush()


def event_messages():
    """An event is a message of the kernel. One for a packet, not for each."""
    _, _, asked = start()
    packet("10.9.0.5")
    packet("10.9.0.5")
    message, = asked.pending()
    check("header", (message.type, message.flags, message.seq, message.port,
                     message.cmd), (asked.family, 0, 0, 0, nhrp.RESOLVE_NTF))
    asked.flush()


def refresh():
    """A mapping that is used in the last third of its time is asked for, once;
    one that is not used is not.
    """
    sock, ifindex, asked = start()
    used = mapping(ifindex, "10.9.2.0/24", NBMA, DYNAMIC, 3)
    sock.set(used)
    sock.set(mapping(ifindex, "10.9.3.0/24", NBMA, DYNAMIC, 3))
    packet("10.9.2.2")
    packet("10.9.3.3")
    check("too early", asked.resolves(), [])
    while sock.get(ifindex, "10.9.2.2")[1][EXPIRES] > 990:
        time.sleep(0.02)
    for _ in range(3):
        packet("10.9.2.2")
    check("asked", asked.resolves(),
          [Resolve(ifindex, used.dst, REASON_REFRESH, 1, None, None, None,
                   address(NBMA))])
    sock.set(used, REPLACE)
    packet("10.9.2.2")
    check("refreshed", asked.resolves(), [])
    sock.flush()


def listeners(here, there):
    """Only who listens where the device is makes packets wait."""
    genl.enter_netns(here)
    sock, ifindex, _ = start(listening=False)
    elsewhere = nhrp.Nhrp(there).listen("resolve")
    genl.enter_netns(here)
    grown = Difference(sock, ifindex)
    packet("10.9.0.5")
    grown.check("nobody here", misses=1, drop_no_listener=1)
    check("incomplete ones", sock.dump(), [])
    asked = nhrp.Nhrp(here).listen("resolve")
    packet("10.9.0.5")
    check("asked here", len(asked.resolves()), 1)
    check("asked there", elsewhere.resolves(), [])
    sock.flush()


# ---- incomplete entries

def shown():
    """Incomplete entries come last in a dump, and pass filters of their own."""
    sock, ifindex, _ = start()
    here = mapping(ifindex, "10.9.9.0/24", NBMA)
    six = mapping(ifindex, "2001:db8::/64", NBMA)
    other = mapping(nhrp.ifindex_of("brim0"), "10.0.0.2", NBMA)
    for entry in (here, six, other):
        sock.set(entry)
    for to in ("10.9.0.5", "10.9.0.4", "2001:db8:9::5", "10.10.0.1",
               "10.9.0.5"):
        packet(to)
    asking = [incomplete(ifindex, dst) for dst in
              ("10.9.0.4", "10.9.0.5", "10.9.0.6", "2001:db8:9::5")]
    mine = [here, six] + asking
    check("dump", sock.dump(), mine + [other])
    check("of the device", sock.dump(ifindex=ifindex), mine)
    for what, which, want in (
            ("type", {"kind": INCOMPLETE}, asking),
            ("protocol", {"protocol": RTPROT_KERNEL}, asking),
            ("prefix", {"within": "10.9.0.4/31"}, asking[:2]),
            ("host", {"within": "10.9.0.6"}, asking[2:3]),
            ("family", {"within": "::/0"}, [six, asking[3]]),
            ("nbma", {"nbma": NBMA, "ifindex": ifindex}, [here, six]),
            ("flags", {"flags": FLAG_USED}, [])):
        check(f"filter {what}", sock.dump(**which), want)
    entry, more = sock.get(ifindex, "10.9.0.5")
    check("lookup", entry, asking[1])
    check("of the resolution", {which: more.get(which)
                                for which in (ATTEMPTS, QUEUED)},
          {ATTEMPTS: 1, QUEUED: 2})
    stats = sock.stats(ifindex)
    check("counted", (stats["mappings"], stats["incomplete"]), (2, 4))
    sock.flush()


def removed():
    """Del and flush take them as well, and what waits with them."""
    sock, ifindex, asked = start()
    told = nhrp.Nhrp().listen()
    grown = Difference(sock, ifindex)
    for host in (4, 5, 6, 7):
        packet(f"10.9.0.{host}")
    sock.delete(ifindex, "10.9.0.4")
    check_refused("once more", errno.ENOENT, "no mapping of this prefix",
                  sock.delete, ifindex, "10.9.0.4")
    check_refused("the prefix over it", errno.ENOENT,
                  "no mapping of this prefix", sock.delete, ifindex,
                  "10.9.0.4/31")
    check("left", len(sock.dump(kind=INCOMPLETE)), 3)
    check("flushed", sock.flush(within="10.9.0.6/31"), 2)
    check("flushed static ones", sock.flush(kind=nhrp.STATIC), 0)
    check("left", sock.dump(), [incomplete(ifindex, "10.9.0.5")])
    check("flushed", sock.flush(kind=INCOMPLETE), 1)
    check("told of incomplete ones", told.events(), [])
    grown.check("counted", misses=4, upcalls=4, queued=4, drop_flushed=4)
    check("number", sock.stats(ifindex)["incomplete"], 0)
    packet("10.9.0.4")
    check("asked anew", asked.resolves()[-1].attempt, 1)
    sock.flush()


def answered():
    """Whatever request answers, the entry is gone and what waits goes on."""
    sock, ifindex, listener = start()
    told = nhrp.Nhrp().listen()
    host = mapping(ifindex, "10.9.0.5", NBMA, CACHED, 1000)
    batch = nhrp.BATCH_ADD, host
    answers = (
        ("add", lambda: sock.set(host), host),
        ("set", lambda: sock.set(host, SET), host),
        ("batch", lambda: sock.batch(batch), host),
        ("prefix", lambda: sock.set(host._replace(dst=prefix("10.9.0.0/24"))),
         host._replace(dst=prefix("10.9.0.0/24"))),
        ("everything", lambda: sock.set(host._replace(dst=prefix("0.0.0.0/0"))),
         host._replace(dst=prefix("0.0.0.0/0"))),
        ("negative", lambda: sock.set(mapping(ifindex, "10.9.0.5", None,
                                              hold=60)),
         mapping(ifindex, "10.9.0.5", None, hold=60)))
    for what, answer, want in answers:
        grown = Difference(sock, ifindex)
        for _ in range(3):
            packet("10.9.0.5")
        check(f"{what}: incomplete", sock.dump(),
              [incomplete(ifindex, "10.9.0.5")])
        told.events()
        answer()
        went_on = {} if want.nbma else {"drop_negative": 3}
        grown.check(what, misses=3, upcalls=1, queued=3, released=3, hits=3,
                    **went_on)
        check(f"{what}: told", told.events(), [(NEW_NTF, want)])
        left = [entry._replace(flags=entry.flags & ~FLAG_USED)
                for entry in sock.dump()]
        check(f"{what}: left", left, [want])
        check(f"{what}: asked for", len(listener.resolves()), 1)
        sock.flush()


def full_device():
    """What the kernel asks for does not count; a full device asks as well."""
    sock, ifindex, asked = start("brim0")
    sock.set(mapping(ifindex, "10.11.0.2", NBMA))
    for host in (5, 6, 7):
        packet(f"10.11.0.{host}")
    check("asked", len(asked.resolves()), 3)
    check("mappings", len(sock.dump(ifindex=ifindex)), 4)
    check("counted", (sock.stats(ifindex)["mappings"],
                      sock.stats(ifindex)["incomplete"]), (1, 3))
    answer = mapping(ifindex, "10.11.0.5", NBMA)
    check_refused("answer", errno.ENOSPC, "maxmappings of the device reached",
                  sock.set, answer)
    sock.delete(ifindex, "10.11.0.2")
    sock.set(answer)
    check("answered", sock.stats(ifindex)["incomplete"], 2)
    sock.flush()


def second(time_taken):
    """Of a timer, which is not early, but for a tick, and late on a busy host."""
    return int(time_taken + 0.05)


def unanswered():
    """Asked for at 0, 1, 3 and 7 s; negative at 8 s, for 30 s."""
    sock, ifindex, asked = start()
    told = nhrp.Nhrp().listen()
    grown = Difference(sock, ifindex)
    began = time.monotonic()
    for to in ("10.9.0.5", "10.9.0.5", "2001:db8:9::5"):
        packet(to)
    attempts = {4: [], 6: []}
    while time.monotonic() - began < 7.7:
        for event in asked.resolves():
            attempts[event.dst.version].append(
                (event.attempt, second(time.monotonic() - began)))
        time.sleep(0.05)
    for version in (4, 6):
        check(f"attempts of IPv{version}", attempts[version],
              [(1, 0), (2, 1), (3, 3), (4, 7)])
    check("attempts shown", sock.get(ifindex, "10.9.0.5")[1][ATTEMPTS], 4)
    check("told so far", told.events(), [])
    given_up = [mapping(ifindex, dst, None, hold=GIVEN_UP,
                        protocol=RTPROT_KERNEL)
                for dst in ("10.9.0.5", "2001:db8:9::5")]
    check("told", sorted(wait_for("events", 2, told.events), key=by_dst),
          [(NEW_NTF, entry) for entry in given_up])
    check("given up after", second(time.monotonic() - began), 8)
    check("dump", sock.dump(), given_up)
    check("negative ones", sock.dump(kind=NEGATIVE), given_up)
    check("incomplete ones", sock.dump(kind=INCOMPLETE), [])
    packet("10.9.0.5")
    grown.check("counted", misses=4, upcalls=8, queued=3, drop_unanswered=3,
                drop_negative=1)
    stats = sock.stats(ifindex)
    check("numbers", (stats["mappings"], stats["incomplete"],
                      stats["negative"]), (0, 0, 2))
    left = sock.get(ifindex, "10.9.0.5")[1][EXPIRES]
    check("time left", GIVEN_UP - 2 < left / 1000 <= GIVEN_UP, True)
    check("asked again", asked.resolves(), [])
    sock.set(mapping(ifindex, "2001:db8:9::5", NBMA))
    told.events()
    gone = wait_for("events", 1, told.events, 40)
    check("told of the end", gone, [(EXPIRE_NTF, given_up[0])])
    check("ended after", 37 <= time.monotonic() - began < 41, True)
    check("left", [str(entry.dst) for entry in sock.dump()],
          ["2001:db8:9::5/128"])
    sock.flush()


def by_dst(event):
    return nhrp.key(event[1])


def given_up_removed():
    """A negative entry of the kernel is deleted as others are, and told."""
    sock, ifindex, _ = start()
    told = nhrp.Nhrp().listen()
    hosts = 4, 5, 6, 8
    for host in hosts:
        packet(f"10.9.0.{host}")
    wait_for("events", len(hosts), told.events)
    given_up = [mapping(ifindex, f"10.9.0.{host}", None, hold=GIVEN_UP,
                        protocol=RTPROT_KERNEL) for host in hosts]
    check("dump", sock.dump(), given_up)
    sock.delete(ifindex, "10.9.0.4")
    check("flushed", sock.flush(kind=NEGATIVE, within="10.9.0.5"), 1)
    check("told", told.events(), [(DEL_NTF, entry) for entry in given_up[:2]])
    wide = mapping(ifindex, "10.9.0.8/31", NBMA)
    sock.set(wide)
    check("told of what is answered with others", sorted(told.events()),
          sorted([(DEL_NTF, given_up[3]), (NEW_NTF, wide)]))
    own = mapping(ifindex, "10.9.0.6", None, hold=60)
    sock.set(own)
    check("told of what is replaced", told.events(), [(NEW_NTF, own)])
    check("replaced", sock.dump(), [own, wide])
    sock.flush()


# ---- a listener that is too slow

def overrun():
    """A listener that lost events is told, and finds in a dump what they were.
    """
    sock, ifindex, asked = start()
    asked.sock.setsockopt(socket.SOL_SOCKET, genl.SO_RCVBUFFORCE, 4096)
    hosts = [f"10.9.1.{host}" for host in range(1, 201)]
    for host in hosts:
        packet(host)
    try:
        asked.receive()
    except OSError as error:
        check("told", error.errno, errno.ENOBUFS)
    else:
        check("told", "nothing", "ENOBUFS")
    check("dump", sock.dump(kind=INCOMPLETE),
          [incomplete(ifindex, host) for host in hosts])
    asked.pending()
    packet("10.9.1.201")
    check("works on", len(asked.resolves()), 1)
    sock.flush()


# ---- counters

def stats():
    """Counters of one device, and of all."""
    sock, ifindex, _ = start(listening=False)
    for dst, nbma in (("10.9.0.2", NBMA), ("10.9.0.3", NBMA),
                      ("10.9.7.0/24", "198.51.100.3"),
                      ("2001:db8::/64", "2001:db8:c::2"), ("10.9.0.4", None)):
        sock.set(mapping(ifindex, dst, nbma))
    now = sock.stats(ifindex)
    check("numbers", [now[name] for name in
                      ("ifindex", "mappings", "max_mappings", "peers",
                       "incomplete", "negative")],
          [ifindex, 5, 1 << 20, 3, 0, 0])
    grown = Difference(sock, ifindex)
    for to in ("10.9.0.2", "10.9.7.1", "10.9.0.4", "10.9.0.5"):
        packet(to)
    grown.check("packets", hits=3, misses=1, drop_negative=1,
                drop_no_listener=1)

    run = genl.Dump(sock, STATS_GET).finish()
    every = [nhrp.parse_stats(message) for message in run.messages]
    names = ("mgre0", "mgre1", "six0", "full0", "same0", "wire0", "brim0")
    check("devices", [one["ifindex"] for one in every],
          sorted(nhrp.ifindex_of(name) for name in names))
    check("a quiet dump is not flagged", run.intr, False)
    for one in every:
        check("dump and request agree", one, sock.stats(one["ifindex"]))
    run = genl.Dump(sock, STATS_GET, [(nhrp.STATS_IFINDEX,
                                       nhrp.u32(ifindex))]).finish()
    check("dump of one", [nhrp.parse_stats(message)
                          for message in run.messages],
          [sock.stats(ifindex)])
    check("limit", sock.stats(nhrp.ifindex_of("full0"))["max_mappings"], 2)
    sock.flush()
    now = sock.stats(ifindex)
    check("after a flush", (now["mappings"], now["peers"]), (0, 0))


def shortcut():
    """A shortcut goes before the next hop, and lookup tells what packets do."""
    sock, ifindex, _ = start(listening=False)
    hop = mapping(ifindex, "10.9.0.6", NBMA)
    cut = mapping(ifindex, "10.10.1.0/24", "198.51.100.3", CACHED,
                  flags=FLAG_SHORTCUT)
    plain = cut._replace(dst=prefix("10.10.2.0/24"), flags=0)
    for entry in (hop, cut, plain):
        sock.set(entry)
    for to, want in (("10.10.1.1", cut), ("10.10.2.1", hop),
                     ("10.10.3.1", hop)):
        sock.set(hop, REPLACE)
        before = {peer: count(sock, ifindex, peer)
                  for peer in (NBMA, "198.51.100.3")}
        packet(to)
        grown = [peer for peer, number in before.items()
                 if count(sock, ifindex, peer) != number]
        check(f"{to} went to", grown, [str(want.nbma)])
    check("lookup", str(sock.get(ifindex, "10.10.1.1")[0].dst), "10.10.1.0/24")
    sock.flush()


def count(sock, ifindex, nbma):
    """Packets that went to a peer."""
    reply, = sock.request(nhrp.PEER_GET, [
        (nhrp.PEER_IFINDEX, nhrp.u32(ifindex)),
        (nhrp.PEER_NBMA, nhrp.address(nbma))])
    return nhrp.number(dict(reply.attrs())[nhrp.PEER_TX_PACKETS])


def listen():
    """For as long as it runs, somebody listens, and does not answer."""
    sock = nhrp.Nhrp(timeout=None).listen("resolve")
    print("listening", flush=True)
    while True:
        try:
            sock.receive()
        except OSError as error:
            check("error", error.errno, errno.ENOBUFS)


if __name__ == "__main__":
    nhrp.main(globals())
