# SPDX-License-Identifier: GPL-2.0
"""Types, flags, values and prefixes of mappings, and what may replace what."""

import errno
import ipaddress
import itertools
import time

import genl
import nhrp
from nhrp import (ADD, CACHED, DYNAMIC, EXPIRE_NTF, FLAG_ALL, FLAG_SHORTCUT,
                  FLAG_UNIQUE, FLAG_USED, NEGATIVE, NEW_NTF, REPLACE, SET,
                  STATIC, USED, check, check_refused, mapping)

TYPES = (STATIC, DYNAMIC, CACHED, NEGATIVE)
HERE, THERE = "192.0.2.2", "192.0.2.3"
MAY_BE_ASKED = sum(FLAG_ALL) & ~FLAG_USED


def start():
    sock = nhrp.Nhrp()
    sock.flush()
    return sock, nhrp.ifindex_of("mgre0")


def shown(sock, listener, entry):
    """Lookup, dump and event say the same, and that is what was asked for."""
    address = entry.dst.network_address
    check(f"lookup of {entry}", sock.get(entry.ifindex, address)[0], entry)
    check(f"dump of {entry}", sock.dump(), [entry])
    check(f"event of {entry}", [told for _, told in listener.events()], [entry])


def round_trip():
    """What a request sets is shown, and is gone with the next one."""
    sock, ifindex = start()
    listener = nhrp.Nhrp().listen()
    plain = mapping(ifindex, "10.0.0.2", HERE, DYNAMIC)
    more = [{"flags": flag} for flag in FLAG_ALL if flag != FLAG_USED]
    more += [{"flags": MAY_BE_ASKED}]
    more += [{"mtu": mtu} for mtu in (68, 1400, 65535)]
    more += [{"preference": preference} for preference in (1, 128, 255)]
    more += [{"mark": mark} for mark in (1, 0x01020304, 0xffffffff)]
    more += [{"type": CACHED}, {"type": DYNAMIC}, {"protocol": 0},
             {"protocol": 255}, {"hold": 1000},
             {"nbma": ipaddress.ip_address("2001:db8:c::2")},
             {"dst": nhrp.prefix("2001:db8::/64")},
             {"flags": MAY_BE_ASKED, "mtu": 1400, "preference": 7, "mark": 9,
              "type": CACHED, "hold": 7200, "protocol": 16}]
    for change in more:
        entry = plain._replace(**change)
        sock.set(entry, SET)
        shown(sock, listener, entry)
        if entry.dst == plain.dst:
            sock.set(plain, REPLACE)
            shown(sock, listener, plain)
        sock.delete(ifindex, entry.dst)
        listener.events()


def plain_request():
    """A request that says no more than it must."""
    sock, ifindex = start()
    sock.request(nhrp.NEW, [(nhrp.IFINDEX, nhrp.u32(ifindex)),
                            (nhrp.DST, nhrp.address("10.0.0.2")),
                            (nhrp.NBMA, nhrp.address(HERE)),
                            (nhrp.FLAGS, nhrp.u32(0)),
                            (nhrp.PREFERENCE, nhrp.u8(0)),
                            (nhrp.MARK, nhrp.u32(0))], ADD)
    check("mapping", sock.dump(), [mapping(ifindex, "10.0.0.2", HERE)])
    sock.flush()


def negative():
    """A negative mapping has no peer, and hides what is less specific."""
    sock, ifindex = start()
    wide = mapping(ifindex, "10.0.0.0/24", HERE)
    gone = mapping(ifindex, "10.0.0.2", None, hold=1000, protocol=16)
    sock.set(wide)
    sock.set(gone)
    check("mappings", sock.dump(), [wide, gone])
    check("lookup", sock.get(ifindex, "10.0.0.2")[0], gone)
    check("lookup beside it", sock.get(ifindex, "10.0.0.3")[0], wide)
    check("peers", sock.peers(), [nhrp.Peer(ifindex, wide.nbma, 1)])
    check("negative ones", sock.dump(kind=NEGATIVE), [gone])
    check("those to the peer", sock.dump(nbma=HERE), [wide])
    sock.set(gone._replace(nbma=wide.nbma, type=CACHED), REPLACE)
    check("mappings of the peer", sock.mappings_of_peer(ifindex, HERE), 2)
    sock.set(gone, REPLACE)
    check("mappings of the peer", sock.mappings_of_peer(ifindex, HERE), 1)
    check("flushed", sock.flush(kind=NEGATIVE), 1)
    check("left", sock.dump(), [wide])
    sock.flush()


# ---- what may replace what

def in_the_way(old, new, flags):
    """The errno of a refusal, and its text."""
    if not flags & genl.NLM_F_REPLACE:
        return errno.EEXIST, "prefix is mapped already"
    if old.type == STATIC and new.type != STATIC:
        return errno.EBUSY, "static mapping is not replaced by a learnt one"
    if (old.flags & FLAG_UNIQUE and new.nbma != old.nbma and
            (new.type != STATIC or old.type == STATIC)):
        return errno.EADDRINUSE, "prefix is unique to another NBMA address"
    return None


def of_type(ifindex, kind, nbma, flags):
    if kind == NEGATIVE:
        return mapping(ifindex, "10.0.0.2", None)
    return mapping(ifindex, "10.0.0.2", nbma, kind, flags=flags)


def replaced(sock, listener, old, new, flags):
    """One cell of the table: what new does to old."""
    what = f"{new} over {old}, flags {flags:#x}"
    sock.flush()
    sock.set(old)
    listener.events()
    refusal = in_the_way(old, new, flags)
    if refusal:
        check_refused(what, *refusal, sock.set, new, flags)
        check(f"{what}: told", listener.events(), [])
    else:
        sock.set(new, flags)
        check(f"{what}: told", listener.events(), [(nhrp.CHANGE_NTF, new)])
    check(f"{what}: left", sock.dump(), [old if refusal else new])


def precedence():
    """Each type over each other, unique or not, to the same NBMA address and to
    another, by each combination of flags.
    """
    sock, ifindex = start()
    listener = nhrp.Nhrp().listen()
    for old_kind, new_kind, unique, nbma, flags in itertools.product(
            TYPES, TYPES, (0, FLAG_UNIQUE), (HERE, THERE),
            (ADD, genl.NLM_F_CREATE, REPLACE, SET)):
        replaced(sock, listener, of_type(ifindex, old_kind, HERE, unique),
                 of_type(ifindex, new_kind, nbma, 0), flags)
    sock.flush()


def unique():
    """RFC 2332: who registered a prefix as unique keeps it, and no longer."""
    sock, ifindex = start()
    mine = mapping(ifindex, "10.0.0.2", HERE, DYNAMIC, 1000, flags=FLAG_UNIQUE)
    other = mine._replace(nbma=ipaddress.ip_address(THERE))
    sock.set(mine)
    for flags in (0, FLAG_UNIQUE):
        refusal = check_refused(
            "another NBMA address", errno.EADDRINUSE,
            "prefix is unique to another NBMA address", sock.set,
            other._replace(flags=flags), SET)
        check("attribute at fault", refusal.offset,
              offset_of(other._replace(flags=flags), nhrp.NBMA))
    check_refused("negative", errno.EADDRINUSE,
                  "prefix is unique to another NBMA address", sock.set,
                  mapping(ifindex, "10.0.0.2", None), SET)
    sock.set(mine._replace(hold=2000), REPLACE)
    check("registered again", sock.dump(), [mine._replace(hold=2000)])
    sock.set(other._replace(dst=nhrp.prefix("10.0.0.0/31")))
    sock.set(mine._replace(flags=0), REPLACE)
    sock.set(other, REPLACE)
    check("no longer unique", sock.get(ifindex, "10.0.0.2")[0], other)
    sock.set(mine._replace(type=STATIC, hold=None, flags=0), REPLACE)
    check("configured instead", sock.get(ifindex, "10.0.0.2")[0].type, STATIC)
    sock.delete(ifindex, "10.0.0.2")
    sock.set(mine._replace(hold=1))
    time.sleep(1.1)
    sock.set(other)
    check("after its end", sock.get(ifindex, "10.0.0.2")[0], other)
    sock.flush()


def offset_of(entry, which):
    """Where an attribute is in the request that sets a mapping."""
    pos = genl.HEADERS
    for kind, value in nhrp.mapping_attrs(entry):
        if kind == which:
            return pos
        pos += genl.NLATTR.size + genl.align(len(value))
    raise AssertionError(f"no attribute {which}")


# ---- prefixes

def nested(ifindex, address, family_bits, nbmas):
    """A mapping of each length over an address, the shortest first."""
    entries = []
    for bits in range(family_bits + 1):
        dst = ipaddress.ip_network((address, bits), strict=False)
        entries.append(mapping(ifindex, str(dst), next(nbmas)))
    return entries


def prefixes():
    """Every length of both families at once, to NBMA addresses of both."""
    sock, ifindex = start()
    nbmas = itertools.cycle((HERE, "2001:db8:c::2", THERE))
    four = nested(ifindex, "10.255.170.85", 32, nbmas)
    six = nested(ifindex, "2001:db8:ffff:0:aaaa:5555:ff00:1", 128, nbmas)
    for entry in four[::2] + six[::2] + four[1::2][::-1] + six[1::2][::-1]:
        sock.set(entry)
    check("mappings", sock.dump(), four + six)
    for family in (four, six):
        host = family[-1].dst.network_address
        bits = len(family) - 1
        for length in range(bits):
            # The first bit that the next longer prefix would have otherwise.
            near = type(host)(int(host) ^ 1 << bits - length - 1)
            check(f"lookup of {near}", sock.get(ifindex, near)[0],
                  family[length])
        for entry in family[:0:-1]:
            check(f"lookup of {host}", sock.get(ifindex, host)[0], entry)
            sock.delete(ifindex, entry.dst)
        check(f"lookup of {host}", sock.get(ifindex, host)[0], family[0])
        sock.delete(ifindex, family[0].dst)
        check_refused(f"lookup of {host}", errno.ENOENT,
                      "no mapping matches this address", sock.get, ifindex,
                      host)
    check("left", sock.dump(), [])


# ---- the end of a holding time

def gone(sock, ifindex, address):
    try:
        sock.get(ifindex, address)
    except genl.Refusal as refusal:
        check("refusal of a lookup", refusal.errno, errno.ENOENT)
        return True
    return False


def expired():
    """From the end of its holding time on a mapping is not there, whether the
    sweep has come by or not.
    """
    sock, ifindex = start()
    short = mapping(ifindex, "10.0.0.2", HERE, DYNAMIC, 1, flags=FLAG_SHORTCUT)
    wide = mapping(ifindex, "10.0.0.0/24", THERE)
    for what, after in (
            ("lookup", lambda: check("lookup", sock.get(ifindex, "10.0.0.2")[0],
                                     wide)),
            ("dump", lambda: check("dump", sock.dump(), [wide])),
            ("flush", lambda: check("flush", sock.flush(nbma=HERE), 0)),
            ("delete", lambda: check_refused(
                "delete", errno.ENOENT, "no mapping of this prefix",
                sock.delete, ifindex, "10.0.0.2")),
            ("replace", lambda: check_refused(
                "replace", errno.ENOENT, "no mapping of this prefix to replace",
                sock.set, short, REPLACE)),
            ("add", lambda: sock.set(short))):
        sock.flush()
        began = time.monotonic()
        sock.set(short)
        while not gone(sock, ifindex, "10.0.0.2"):
            pass
        check(f"{what}: lives to its end", time.monotonic() - began > 0.99,
              True)
        sock.set(wide)
        after()
    sock.flush()


def expiry_of_each_type():
    """Each type ends with its holding time, and is told."""
    sock, ifindex = start()
    listener = nhrp.Nhrp().listen()
    entries = [mapping(ifindex, f"10.0.0.{kind}",
                       None if kind == NEGATIVE else HERE, kind, 1)
               for kind in TYPES]
    for entry in entries:
        sock.set(entry)
    told = []
    deadline = time.monotonic() + 10
    while len(told) < 8 and time.monotonic() < deadline:
        time.sleep(0.02)
        told += listener.events()
    check("events", told, [(NEW_NTF, entry) for entry in entries] +
          [(EXPIRE_NTF, entry) for entry in entries])
    check("peers", sock.peers(), [])
    sock.flush()


# ---- use

def used():
    """A packet marks the mapping that it uses, and no other."""
    sock = nhrp.Nhrp()
    sock.flush()
    ifindex = nhrp.ifindex_of("wire0")
    taken = mapping(ifindex, "10.9.0.2", "198.51.100.2", DYNAMIC, 1000)
    other = mapping(ifindex, "10.9.0.0/16", "198.51.100.3")
    sock.set(taken)
    sock.set(other)
    check("before", sock.dump(flags=FLAG_USED), [])
    nhrp.packet("10.9.0.2")
    now, times = sock.get(ifindex, "10.9.0.2")
    check("mapping", now, taken._replace(flags=FLAG_USED))
    check("time", times.get(USED, -1) in range(0, 2001, 1000), True)
    check("those used", sock.dump(flags=FLAG_USED), [now])
    check("the other", USED in sock.get(ifindex, "10.9.0.3")[1], False)
    sock.set(taken, REPLACE)
    check("replaced", sock.get(ifindex, "10.9.0.2")[0], now)
    check("flushed", sock.flush(flags=FLAG_USED), 1)
    check("left", sock.dump(), [other])
    sock.flush()


if __name__ == "__main__":
    nhrp.main(globals())
