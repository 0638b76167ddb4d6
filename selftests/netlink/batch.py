# SPDX-License-Identifier: GPL-2.0
"""Many changes in one message: in order, up to the first that is refused."""

import errno
import ipaddress
import time

import genl
import nhrp
from nhrp import (BATCH, BATCH_ADD, BATCH_DEL, BATCH_IFINDEX, BATCH_REPLACE,
                  CHANGE_NTF, DEL_NTF, DST, DYNAMIC, FLAG_UNIQUE, FLAGS,
                  IFINDEX, MTU, NBMA, NEW_NTF, PREFIXLEN, TYPE, address, batch_attr, check,
                  check_refused, mapping, u8, u32)


def start():
    sock = nhrp.Nhrp()
    sock.flush()
    return sock, nhrp.Nhrp().listen(), nhrp.ifindex_of("mgre0")


def order():
    """Changes of all kinds take effect, and are told, in their order."""
    sock, listener, ifindex = start()
    first = mapping(ifindex, "10.0.0.2", "192.0.2.2", DYNAMIC, 1000)
    moved = first._replace(nbma=ipaddress.ip_address("192.0.2.3"))
    wide = mapping(ifindex, "2001:db8::/32", "192.0.2.4", flags=FLAG_UNIQUE)
    gone = mapping(ifindex, "10.0.0.9", None, hold=60)
    sock.batch((BATCH_ADD, first), (BATCH_REPLACE, moved), (BATCH_ADD, wide),
               (BATCH_DEL, first), (BATCH_ADD, first), (BATCH_REPLACE, gone),
               (BATCH_REPLACE, moved), (BATCH_DEL, wide))
    check("mappings", sock.dump(), [moved, gone])
    check("events", listener.events(),
          [(NEW_NTF, first), (CHANGE_NTF, moved), (NEW_NTF, wide),
           (DEL_NTF, moved), (NEW_NTF, first), (NEW_NTF, gone),
           (CHANGE_NTF, moved), (DEL_NTF, wide)])
    check("peers", [str(peer.nbma) for peer in sock.peers()], ["192.0.2.3"])
    sock.flush()


def devices():
    """One message may change several devices, in turns."""
    sock, _, low = start()
    high = nhrp.ifindex_of("mgre1")
    entries = [mapping((low, high)[turn % 2], f"10.0.0.{turn}", "192.0.2.2")
               for turn in range(1, 9)]
    sock.batch(*((BATCH_ADD, entry) for entry in entries))
    check("mappings", sock.dump(), sorted(entries, key=nhrp.key))
    sock.batch(*((BATCH_DEL, entry) for entry in entries))
    check("left", sock.dump(), [])


def without_device(which, entry):
    """A change that leaves the device to the message."""
    which, _ = batch_attr(which, entry)
    attrs = [(DST, address(str(entry.dst.network_address)))]
    if which & ~genl.NLA_F_NESTED != BATCH_DEL:
        attrs.append((NBMA, address(str(entry.nbma))))
    return which, genl.pack_attrs(attrs)


def common_device():
    """The message names the device of the changes that do not."""
    sock, _, low = start()
    high = nhrp.ifindex_of("mgre1")
    first, second = (mapping(low, f"10.0.0.{host}", "192.0.2.2")
                     for host in (1, 2))
    other = mapping(high, "10.0.0.1", "192.0.2.2")
    common = (BATCH_IFINDEX, u32(low))
    # Wherever it stands, also behind them.
    sock.request(BATCH, [without_device(BATCH_ADD, first),
                         batch_attr(BATCH_ADD, other), common,
                         without_device(BATCH_ADD, second)])
    check("mappings", sock.dump(), [first, second, other])
    sock.request(BATCH, [common, without_device(BATCH_DEL, first)])
    check("left", sock.dump(), [second, other])
    check_refused("no device at all", errno.EINVAL, "device is missing",
                  sock.request, BATCH, [without_device(BATCH_ADD, first)])
    changes = [batch_attr(BATCH_ADD, first), without_device(BATCH_ADD, second)]
    refusal = check_refused("no such device", errno.ENODEV, "no such device",
                            sock.request, BATCH,
                            changes + [(BATCH_IFINDEX, u32(999999))])
    if refusal:
        blamed("no such device", refusal, changes, 1, None)
    check("done before it", sock.dump(), [first, second, other])
    sock.flush()


def empty():
    """No changes: nothing to refuse."""
    sock, listener, _ = start()
    sock.batch()
    check("mappings", sock.dump(), [])
    check("events", listener.events(), [])


# ---- refusals

def offset_of(changes, number, which):
    """Where in the message an attribute of a change is."""
    pos = genl.HEADERS
    for _, nest in changes[:number]:
        pos += genl.NLATTR.size + genl.align(len(nest))
    pos += genl.NLATTR.size
    for kind, value in genl.parse_attrs(changes[number][1]):
        if kind == which:
            return pos
        pos += genl.NLATTR.size + genl.align(len(value))
    raise AssertionError(f"no attribute {which}")


def bounds_of(changes, number):
    """Where in the message a change begins, and ends."""
    begin = genl.HEADERS + sum(genl.NLATTR.size + genl.align(len(nest))
                               for _, nest in changes[:number])
    return begin, begin + genl.NLATTR.size + len(changes[number][1])


def blamed(what, refusal, changes, number, which):
    """The refusal points at the attribute, or if which is None at none of
    another change.
    """
    if which is not None:
        check(f"{what}: attribute at fault", refusal.offset,
              offset_of(changes, number, which))
        return
    begin, end = bounds_of(changes, number)
    check(f"{what}: change at fault",
          refusal.offset is not None and begin <= refusal.offset < end, True)


def refused_ones(ifindex):
    """Sound changes that what is there refuses."""
    full = nhrp.ifindex_of("full0")
    there = mapping(ifindex, "10.1.0.2", "192.0.2.2")
    mine = mapping(ifindex, "10.1.0.3", "192.0.2.2", DYNAMIC, 60,
                   flags=FLAG_UNIQUE)
    more = mapping(full, "10.1.0.9", "192.0.2.2")
    return (
        ("there", (BATCH_ADD, there), errno.EEXIST, "prefix is mapped already",
         DST),
        ("not there", (BATCH_DEL, there._replace(
            dst=nhrp.prefix("10.1.0.0/31"))), errno.ENOENT,
         "no mapping of this prefix", DST),
        ("static", (BATCH_REPLACE, there._replace(type=DYNAMIC)), errno.EBUSY,
         "static mapping is not replaced by a learnt one", DST),
        ("unique", (BATCH_REPLACE, mine._replace(
            nbma=ipaddress.ip_address("192.0.2.9"))), errno.EADDRINUSE,
         "prefix is unique to another NBMA address", NBMA),
        ("full", (BATCH_REPLACE, more), errno.ENOSPC,
         "maxmappings of the device reached", None),
        ("no device", (BATCH_ADD, there._replace(ifindex=999999)),
         errno.ENODEV, "no such device", IFINDEX),
        ("no cache", (BATCH_DEL, there._replace(
            ifindex=nhrp.ifindex_of("lo"))), errno.EOPNOTSUPP,
         "device has no NHRP cache", IFINDEX))


def stops():
    """What is before a refused change is done, what is behind it is not."""
    sock, listener, ifindex = start()
    full = nhrp.ifindex_of("full0")
    base = [mapping(ifindex, "10.1.0.2", "192.0.2.2"),
            mapping(ifindex, "10.1.0.3", "192.0.2.2", DYNAMIC, 60,
                    flags=FLAG_UNIQUE),
            mapping(full, "10.1.0.2", "192.0.2.2"),
            mapping(full, "10.1.0.3", "192.0.2.2")]
    others = [mapping(ifindex, f"10.0.0.{host}", "192.0.2.3")
              for host in range(1, 6)]
    for what, change, error, text, at in refused_ones(ifindex):
        for before in (0, 1, len(others)):
            name = f"{what}, {before} before it"
            sock.flush()
            sock.batch(*((BATCH_ADD, entry) for entry in base))
            listener.events()
            changes = [(BATCH_ADD, entry) for entry in others]
            changes.insert(before, change)
            refusal = check_refused(name, error, text, sock.batch, *changes)
            blamed(name, refusal, [batch_attr(*each) for each in changes],
                   before, at)
            check(f"{name}: done", sock.dump(), sorted(
                base + others[:before], key=nhrp.key))
            check(f"{name}: told", listener.events(),
                  [(NEW_NTF, entry) for entry in others[:before]])
    sock.flush()


def ill_formed(ifindex):
    """Changes that no attribute of which can be as it is: what, the kind of
    change, its attributes, errno, attribute at fault.
    """
    where = [(IFINDEX, u32(ifindex)), (DST, address("10.0.0.99"))]
    nbma = (NBMA, address("192.0.2.9"))
    return (
        ("no type", BATCH_ADD, where + [nbma, (TYPE, u8(0))], errno.ERANGE,
         TYPE),
        ("mtu", BATCH_REPLACE, where + [nbma, (MTU, u32(67))], errno.ERANGE,
         MTU),
        ("flags", BATCH_ADD, where + [nbma, (FLAGS, u32(64))], errno.EINVAL,
         FLAGS),
        ("length", BATCH_ADD, where + [nbma, (MTU, b"\1")], errno.EINVAL, MTU),
        ("unknown", BATCH_DEL, where + [(63, u32(1))], errno.EINVAL, 63),
        ("ifindex 0", BATCH_DEL, [(IFINDEX, u32(0))] + where[1:], errno.ERANGE,
         IFINDEX),
        ("129 bits", BATCH_DEL, where + [(PREFIXLEN, u8(129))], errno.ERANGE,
         PREFIXLEN))


def ill_advised(ifindex):
    """Changes whose attributes do not go together, likewise."""
    where = [(IFINDEX, u32(ifindex)), (DST, address("10.0.0.99"))]
    nbma = (NBMA, address("192.0.2.9"))
    return (
        ("size of dst", BATCH_ADD, [where[0], (DST, bytes(5)), nbma],
         errno.EINVAL, DST),
        ("host bits", BATCH_ADD, where + [(PREFIXLEN, u8(24)), nbma],
         errno.EINVAL, DST),
        ("33 bits", BATCH_DEL, where + [(PREFIXLEN, u8(33))], errno.EINVAL,
         PREFIXLEN),
        ("no device", BATCH_ADD, [where[1], nbma], errno.EINVAL, None),
        ("no dst", BATCH_DEL, [where[0]], errno.EINVAL, None),
        ("no nbma", BATCH_REPLACE, where, errno.EINVAL, None),
        ("empty", BATCH_ADD, [], errno.EINVAL, None),
        ("incomplete", BATCH_ADD, where + [nbma, (TYPE, u8(4))], errno.EINVAL,
         TYPE),
        ("used", BATCH_ADD, where + [nbma, (FLAGS, u32(32))], errno.EINVAL,
         FLAGS),
        ("del with nbma", BATCH_DEL, where + [nbma], errno.EINVAL, NBMA),
        ("del with type", BATCH_DEL, where + [(TYPE, u8(1))], errno.EINVAL,
         TYPE),
        ("del with mtu", BATCH_DEL, where + [(MTU, u32(1400))], errno.EINVAL,
         MTU))


def check_bad(sock, listener, ifindex, bad, done):
    """The change is refused in each place of a batch of three; done tells how
    many are carried out.
    """
    what, which, attrs, error, at = bad
    sound = [mapping(ifindex, f"10.0.0.{host}", "192.0.2.2") for host in (2, 3)]
    for place in range(3):
        changes = [batch_attr(BATCH_ADD, entry) for entry in sound]
        changes.insert(place, (which | genl.NLA_F_NESTED,
                               genl.pack_attrs(attrs)))
        name = f"{what} at {place}"
        try:
            sock.request(BATCH, changes)
        except genl.Refusal as refusal:
            check(f"{name}: errno", refusal.errno, error)
            check(f"{name}: has text", bool(refusal.text), True)
            blamed(name, refusal, changes, place, at)
        else:
            check(name, "done", "refused")
        check(f"{name}: told", listener.events(),
              [(NEW_NTF, entry) for entry in sound[:done(place)]])
        check(f"{name}: done", sock.flush(), done(place))
        listener.events()


def malformed():
    """A malformed change refuses all, those before it as well; one whose
    attributes do not go together stops the batch.
    """
    sock, listener, ifindex = start()
    for bad in ill_formed(ifindex):
        check_bad(sock, listener, ifindex, bad, lambda place: 0)
    for bad in ill_advised(ifindex):
        check_bad(sock, listener, ifindex, bad, lambda place: place)


def malformed_messages():
    """Messages that are no batch."""
    sock, listener, ifindex = start()
    nest = genl.pack_attrs([(IFINDEX, u32(ifindex)), (DST, address("10.0.0.2")),
                            (NBMA, address("192.0.2.2"))])
    good = BATCH_ADD | genl.NLA_F_NESTED, nest
    nested = genl.NLA_F_NESTED
    for what, changes, more in (
            ("change that does not nest", [good, (BATCH_ADD, nest)], {}),
            ("unknown change", [good, (5 | nested, nest)], {}),
            ("device that nests", [good, (BATCH_IFINDEX | nested, nest)], {}),
            ("change of number 0", [good, (0 | nested, nest)], {}),
            ("change cut off", [good, (BATCH_ADD | nested, nest[:-6])], {}),
            ("octets behind", [good], {"tail": b"\1\2\3\0"}),
            ("attribute of a mapping", [good, (IFINDEX, u32(ifindex))], {})):
        try:
            sock.request(BATCH, changes, **more)
        except genl.Refusal as refusal:
            check(f"{what}: errno", refusal.errno, errno.EINVAL)
        else:
            check(what, "done", "refused")
        check(f"{what}: done", sock.flush(), 0)
        check(f"{what}: told", listener.events(), [])


def thousand():
    """A message as large as they get, and one request for each instead."""
    sock, _, ifindex = start()
    entries = [mapping(ifindex, str(ipaddress.ip_address(0x0a000000 + number)),
                       "192.0.2.2") for number in range(1000)]
    for which, want in ((BATCH_ADD, entries), (BATCH_REPLACE, entries),
                        (BATCH_DEL, [])):
        message = [batch_attr(which, entry) for entry in entries]
        began = time.monotonic()
        sock.request(BATCH, message)
        print(f"# 1000 of {which}: {(time.monotonic() - began) * 1000:.0f} ms")
        check("mappings", sock.dump(), want)
    sock.flush()


if __name__ == "__main__":
    nhrp.main(globals())
