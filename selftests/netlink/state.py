# SPDX-License-Identifier: GPL-2.0
"""What requests do, what is told of it, and where; against a model."""

import errno
import ipaddress
import random
import time
from collections import Counter

import genl
import nhrp
from nhrp import (ADD, CACHED, CHANGE_NTF, CREATED, DEL_NTF, DYNAMIC,
                  EXPIRE_NTF, EXPIRES, FLAG_ALL, FLAG_SHORTCUT, FLAG_UNIQUE,
                  FLAG_USED, NEGATIVE, NEW_NTF, REPLACE, SET, STATIC, UPDATED,
                  USED, check, check_refused, mapping, prefix)

SEED = 2332
NBMAS = ["192.0.2.2", "192.0.2.3", "2001:db8:c::4"]
# Nested, touching and equal but for the length, in each family. The first ones
# of IPv6 begin as some of IPv4 do.
PREFIXES = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/24",
            "10.0.0.0/32", "10.0.0.1/32", "10.0.0.2/32", "10.0.0.2/31",
            "10.128.0.0/9", "10.255.255.255/32", "172.16.0.0/12",
            "255.255.255.254/32", "128.0.0.0/1",
            "::/0", "a00::/8", "a00:2::/32", "a00:2::/31", "2001:db8::/32",
            "2001:db8::/63", "2001:db8::/64", "2001:db8::/65",
            "2001:db8::/127", "2001:db8::/128", "2001:db8::1/128",
            "2001:db8:0:1::/64", "ffff::/16", "8000::/1"]
LOOKUPS = PREFIXES + ["10.0.0.3", "10.200.1.1", "9.9.9.9", "2001:db8::2",
                      "2001:db8:0:1::9", "a00:2::1", "1::1"]
PROTOCOLS = (4, 16, 255)


class Model:
    """The mappings that there should be, by device and prefix."""

    def __init__(self):
        self.entries = {}

    def select(self, ifindex=None, within=None, nbma=None, kind=None,
               protocol=None, flags=0):
        """Those that pass a filter, in the order of a dump."""
        chosen = [entry for entry in self.entries.values()
                  if (not ifindex or entry.ifindex == ifindex) and
                  (not within or inside(entry.dst, prefix(within))) and
                  (not nbma or str(entry.nbma) == nbma) and
                  (not kind or entry.type == kind) and
                  (not protocol or entry.protocol == protocol) and
                  entry.flags & flags == flags]
        return sorted(chosen, key=nhrp.key)

    def lookup(self, ifindex, address):
        """The longest match, among shortcuts if there is one; or None."""
        address = ipaddress.ip_address(address)
        covering = [entry for entry in self.entries.values()
                    if entry.ifindex == ifindex and address in entry.dst]
        return max(covering, key=lambda entry: (entry.flags & FLAG_SHORTCUT,
                                                entry.dst.prefixlen),
                   default=None)

    def peers(self, ifindex=None, nbma=None):
        counts = Counter((entry.ifindex, entry.nbma)
                         for entry in self.select(ifindex=ifindex, nbma=nbma)
                         if entry.nbma)
        return sorted((nhrp.Peer(*who, count) for who, count in counts.items()),
                      key=nhrp.peer_key)


def inside(dst, wide):
    return dst.version == wide.version and dst.subnet_of(wide)


def random_flags(rng):
    return sum(flag for flag in FLAG_ALL if rng.random() < 0.3) & ~FLAG_USED


def random_mapping(rng, devices):
    kind = rng.choice((STATIC, DYNAMIC, DYNAMIC, CACHED, CACHED, NEGATIVE))
    hold = rng.choice((None, 1000, 4294967295))
    entry = mapping(rng.choice(devices), rng.choice(PREFIXES), None, hold=hold,
                    protocol=rng.choice(PROTOCOLS))
    if kind == NEGATIVE:
        return entry
    return entry._replace(nbma=ipaddress.ip_address(rng.choice(NBMAS)),
                          type=kind, flags=random_flags(rng),
                          mtu=rng.choice((None, 68, 1400, 65535)),
                          preference=rng.choice((0, 1, 255)),
                          mark=rng.choice((0, 1, 0xffffffff)))


def random_filter(rng, devices):
    """Any combination of filters, none of them included."""
    which = {}
    if rng.random() < 0.6:
        which["ifindex"] = rng.choice(devices)
    if rng.random() < 0.5:
        which["within"] = rng.choice(PREFIXES)
    if rng.random() < 0.4:
        which["nbma"] = rng.choice(NBMAS)
    if rng.random() < 0.3:
        which["kind"] = rng.choice((STATIC, DYNAMIC, CACHED, NEGATIVE))
    if rng.random() < 0.3:
        which["protocol"] = rng.choice(PROTOCOLS)
    if rng.random() < 0.3:
        which["flags"] = random_flags(rng)
    return which


def expected_error(model, entry, flags):
    old = model.entries.get((entry.ifindex, entry.dst))
    if not old:
        return None if flags & genl.NLM_F_CREATE else errno.ENOENT
    if flags & genl.NLM_F_EXCL or not flags & genl.NLM_F_REPLACE:
        return errno.EEXIST
    if old.type == STATIC and entry.type != STATIC:
        return errno.EBUSY
    if (old.flags & FLAG_UNIQUE and old.nbma != entry.nbma and
            (old.type == STATIC or entry.type != STATIC)):
        return errno.EADDRINUSE
    return None


def attempt(call, *args, **more):
    """The errno of a refusal, or None."""
    try:
        call(*args, **more)
    except genl.Refusal as refusal:
        return refusal.errno
    return None


def step_set(rng, sock, model, devices):
    entry = random_mapping(rng, devices)
    flags = rng.choice((ADD, ADD, genl.NLM_F_CREATE, REPLACE, SET, SET, 0))
    want = expected_error(model, entry, flags)
    check(f"set {entry}, flags {flags:#x}", attempt(sock.set, entry, flags),
          want)
    if want is None:
        model.entries[entry.ifindex, entry.dst] = entry


def step_delete(rng, sock, model, devices):
    where = rng.choice(devices), prefix(rng.choice(PREFIXES))
    want = None if model.entries.pop(where, None) else errno.ENOENT
    check(f"delete {where}", attempt(sock.delete, *where), want)


def step_flush(rng, sock, model, devices):
    which = random_filter(rng, devices)
    gone = model.select(**which)
    check(f"flushed of {which}", sock.flush(**which), len(gone))
    for entry in gone:
        del model.entries[entry.ifindex, entry.dst]


def step_lookup(rng, sock, model, devices):
    ifindex = rng.choice(devices)
    address = rng.choice(LOOKUPS).split("/")[0]
    want = model.lookup(ifindex, address)
    if want:
        check(f"lookup of {address}", sock.get(ifindex, address)[0], want)
    else:
        check(f"lookup of {address}", attempt(sock.get, ifindex, address),
              errno.ENOENT)


def compare(rng, sock, model, devices):
    for which in ({}, random_filter(rng, devices), random_filter(rng, devices)):
        check(f"dump of {which}", sock.dump(**which), model.select(**which))
    for which in ({}, {"ifindex": rng.choice(devices)},
                  {"nbma": rng.choice(NBMAS)},
                  {"ifindex": rng.choice(devices), "nbma": rng.choice(NBMAS)}):
        check(f"peers of {which}", sock.peers(**which), model.peers(**which))


def model():
    """Random requests on two devices do what they should, and only that."""
    rng = random.Random(SEED)
    sock = nhrp.Nhrp()
    sock.flush()
    devices = [nhrp.ifindex_of("mgre0"), nhrp.ifindex_of("mgre1")]
    model_of = Model()
    for _ in range(60):
        for _ in range(12):
            step_set(rng, sock, model_of, devices)
        step_delete(rng, sock, model_of, devices)
        step_lookup(rng, sock, model_of, devices)
        compare(rng, sock, model_of, devices)
        if nhrp.Failures.count:
            return
        if rng.random() < 0.5:
            step_flush(rng, sock, model_of, devices)
    check("flushed at the end", sock.flush(), len(model_of.entries))
    check("peers at the end", sock.peers(), [])


def one_peer():
    """A peer by its address: what it says without traffic."""
    sock = nhrp.Nhrp()
    ifindex = nhrp.ifindex_of("mgre0")
    for host in (2, 3, 4):
        sock.set(mapping(ifindex, f"10.0.0.{host}", "192.0.2.2"))
    for count in (3, 2, 1):
        check("mappings of the peer",
              sock.mappings_of_peer(ifindex, "192.0.2.2"), count)
        sock.delete(ifindex, f"10.0.0.{count + 1}")
    check("peers", sock.peers(), [])


# ---- times

def check_times(times, hold, since):
    """Times of a mapping that was written `since` milliseconds ago or less."""
    slack = 1050  # ages are to the second, and clock ticks are rounded
    check("not used", USED in times, False)
    if not (0 <= times[UPDATED] <= since + slack and
            times[UPDATED] <= times[CREATED]):
        check(f"times {times}", "not so", f"written within {since} ms")
    if hold is None:
        check("no end", EXPIRES in times, False)
        return
    left = hold * 1000 - times[UPDATED]
    if abs(times[EXPIRES] - left) > slack:
        check(f"times {times}", times[EXPIRES], f"about {left}")


def times():
    """Holding time and ages: counted from the request, and only forward."""
    sock = nhrp.Nhrp()
    ifindex = nhrp.ifindex_of("mgre0")
    for hold in (1000, 4294967295, None):
        sock.set(mapping(ifindex, "10.0.0.2", "192.0.2.2", DYNAMIC, hold), SET)
        began = time.monotonic()
        last = None
        for _ in range(20):
            now = sock.get(ifindex, "10.0.0.2")[1]
            check_times(now, hold, (time.monotonic() - began) * 1000 + 1000)
            if last:
                check("ages grow", now[CREATED] >= last[CREATED] and
                      now[UPDATED] >= last[UPDATED], True)
            if last and hold:
                check("the rest shrinks", now[EXPIRES] <= last[EXPIRES], True)
            last = now
    first = sock.get(ifindex, "10.0.0.2")[1]
    time.sleep(2)
    sock.set(mapping(ifindex, "10.0.0.2", "192.0.2.3", DYNAMIC, 1000), REPLACE)
    after = sock.get(ifindex, "10.0.0.2")[1]
    check("a replacement is of the same creation",
          after[CREATED] >= first[CREATED] + 1000, True)
    check("a replacement is of another update",
          after[UPDATED] < after[CREATED], True)
    sock.flush()


# ---- events

def wait_events(listener, count, seconds=10):
    """So many events, or those that came by then."""
    deadline = time.monotonic() + seconds
    got = listener.events()
    while len(got) < count and time.monotonic() < deadline:
        time.sleep(0.02)
        got += listener.events()
    return got


def events():
    """Each change is told, once, in order, with the state that it led to."""
    sock = nhrp.Nhrp()
    sock.flush()
    listener = nhrp.Nhrp().listen()
    ifindex = nhrp.ifindex_of("mgre0")
    host = mapping(ifindex, "10.0.0.2", "192.0.2.2")
    moved = mapping(ifindex, "10.0.0.2", "192.0.2.3", STATIC, 1000, 16)
    wide = mapping(ifindex, "10.1.0.0/16", "192.0.2.3", DYNAMIC, 1000)
    last = mapping(ifindex, "10.2.0.0", "192.0.2.4")

    sock.set(host)
    sock.set(wide)
    sock.set(moved, REPLACE)
    sock.set(moved, SET)
    sock.delete(ifindex, "10.1.0.0/16")
    sock.set(last)
    sock.set(wide)
    sock.flush(nbma="192.0.2.3")
    sock.flush()
    check("events", listener.events(),
          [(NEW_NTF, host), (NEW_NTF, wide), (CHANGE_NTF, moved),
           (CHANGE_NTF, moved), (DEL_NTF, wide), (NEW_NTF, last),
           (NEW_NTF, wide), (DEL_NTF, moved), (DEL_NTF, wide),
           (DEL_NTF, last)])


def event_messages():
    """A notification is a message of the kernel: no port, no request."""
    sock = nhrp.Nhrp()
    listener = nhrp.Nhrp().listen()
    ifindex = nhrp.ifindex_of("mgre0")
    sock.set(mapping(ifindex, "10.0.0.2", "192.0.2.2", DYNAMIC, 1000))
    message, = listener.pending()
    check("header", (message.type, message.flags, message.seq, message.port),
          (sock.family, 0, 0, 0))
    check_times(nhrp.parse_mapping(message)[1], 1000, 1000)
    sock.flush()


def event_expiry():
    """The end of a holding time is told, in the order of the ends."""
    sock = nhrp.Nhrp()
    listener = nhrp.Nhrp().listen()
    ifindex = nhrp.ifindex_of("mgre0")
    long = mapping(ifindex, "10.0.0.2", "192.0.2.2", DYNAMIC, 2)
    short = mapping(ifindex, "10.0.0.3", "192.0.2.2", STATIC, 1)
    kept = mapping(ifindex, "10.0.0.4", "192.0.2.2", DYNAMIC, 1)
    for entry in (long, short, kept):
        sock.set(entry)
    kept = kept._replace(hold=None)
    sock.set(kept, REPLACE)
    began = time.monotonic()
    got = wait_events(listener, 6)
    check("expiry is not early", time.monotonic() - began >= 1.5, True)
    check("events", got, [(NEW_NTF, long), (NEW_NTF, short),
                          (NEW_NTF, kept._replace(hold=1)),
                          (CHANGE_NTF, kept), (EXPIRE_NTF, short),
                          (EXPIRE_NTF, long)])
    check("mappings", sock.dump(), [kept])
    sock.flush()


def event_device():
    """A device that goes is told once, by rtnetlink, and not by mapping."""
    nhrp.run("ip link add gone0 type mgre key 77")
    sock = nhrp.Nhrp()
    for host in range(2, 9):
        sock.set(mapping(nhrp.ifindex_of("gone0"), f"10.0.0.{host}",
                         f"192.0.2.{host}"))
    listener = nhrp.Nhrp().listen()
    nhrp.run("ip link del gone0")
    check("events", listener.events(), [])
    check("mappings", sock.dump(), [])


# ---- namespaces

def netns(here, there):
    """A socket sees the devices of its netns, be their numbers the same."""
    socks = {}
    listeners = {}
    for name in (here, there):
        socks[name] = nhrp.Nhrp(name)
        listeners[name] = nhrp.Nhrp(name).listen()
    ifindex = nhrp.ifindex_of("same0")  # the same number in both
    for name, nbma in ((here, "192.0.2.2"), (there, "192.0.2.3")):
        entry = mapping(ifindex, "10.0.0.2", nbma)
        socks[name].set(entry)
        check(f"mappings of {name}", socks[name].dump(), [entry])
        check(f"lookup in {name}", socks[name].get(ifindex, "10.0.0.2")[0],
              entry)
        check(f"peers of {name}", [str(peer.nbma) for peer in
                                   socks[name].peers()], [nbma])
    check("flushed", socks[here].flush(), 1)
    check("left in the other", len(socks[there].dump()), 1)
    for name, count in ((here, 2), (there, 1)):
        check(f"events of {name}", len(listeners[name].events()), count)
    socks[there].flush()


def moved(here, there):
    """A device that moves takes its mappings along, and answers there only."""
    first, second = nhrp.Nhrp(here), nhrp.Nhrp(there)
    heard, told = nhrp.Nhrp(here).listen(), nhrp.Nhrp(there).listen()
    genl.enter_netns(here)
    nhrp.run("ip link add move0 type mgre key 78")
    old = nhrp.ifindex_of("move0")
    first.set(mapping(old, "10.0.0.2", "192.0.2.2"))
    nhrp.run(f"ip link set move0 netns {there}")
    genl.enter_netns(there)
    new = nhrp.ifindex_of("move0")

    check("mappings left behind", first.dump(), [])
    check_refused("lookup where it was", errno.ENODEV, "no such device",
                  first.get, old, "10.0.0.2")
    entry = mapping(new, "10.0.0.2", "192.0.2.2")
    check("mappings that came", second.dump(ifindex=new), [entry])
    check("events until then", [cmd for cmd, _ in heard.events()], [NEW_NTF])
    told.events()
    second.delete(new, "10.0.0.2")
    check("events where it is", told.events(), [(DEL_NTF, entry)])
    check("events where it was", heard.events(), [])
    nhrp.run("ip link del move0")


if __name__ == "__main__":
    nhrp.main(globals())
