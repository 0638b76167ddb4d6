# SPDX-License-Identifier: GPL-2.0
"""Dumps, flushes and writers at the same time."""

import errno
import ipaddress
import random
import struct
import time

import genl
import nhrp
from nhrp import (CACHED, DYNAMIC, FLAG_NAT, GET, IFINDEX, MACHINE_IS_SLOW,
                  NEGATIVE, PEER_GET, PEER_IFINDEX, REPLACE, SET, STATIC, check,
                  mapping, u32)

SOME = 2000
MANY = 20000 if MACHINE_IS_SLOW else 100000
MIXED = 5000 if MACHINE_IS_SLOW else 20000
DST_AT = 32     # of the address in a message of a dump: behind the headers,
NBMA_AT = 64    # the ifindex, the prefix length, type and protocol; see
                # check_layout()
FLUSHED = "192.0.2.2"   # the peer of what loaded() loads


def keys_from(first, count, step=1):
    base = int.from_bytes(nhrp.address(first), "big")
    return [struct.pack(">I", base + step * i) for i in range(count)]


def dsts(run):
    """The addresses that a dump gave, in order."""
    return [message.data[DST_AT:DST_AT + 4] for message in run.messages]


def check_layout(message):
    """Parsing by attribute is slow; that by offset must say the same."""
    attrs = dict(message.attrs())
    check("place of dst", message.data[DST_AT:DST_AT + 4], attrs[nhrp.DST])
    check("place of nbma", message.data[NBMA_AT:NBMA_AT + 4], attrs[nhrp.NBMA])


def loaded(name="mgre0", count=SOME, first="10.0.0.0", step=1):
    """A socket, the number of the device and the keys that it has now."""
    sock = nhrp.Nhrp()
    ifindex = nhrp.ifindex_of(name)
    sock.flush(ifindex=ifindex)
    keys = keys_from(first, count, step)
    nhrp.Bulk(sock, ifindex).load(keys)
    return sock, ifindex, keys


# ---- one change in the middle of a dump

def disturbed(what, change, cmd=GET, attrs=(), sock=None, flagged=True):
    """A dump of which one part was read when the change came.

    The kernel is one or two parts ahead of the reader, never at the end.
    """
    run = genl.Dump(sock, cmd, attrs)
    run.step()
    check(f"{what}: no flag before", run.intr, False)
    change()
    run.finish()
    check(f"{what}: flagged", run.intr, flagged)
    return run


def each_change():
    """Whatever changes while a dump runs, the dump is flagged."""
    sock, ifindex, keys = loaded()
    writer = nhrp.Nhrp()
    mine = set(keys)
    first, last = "9.0.0.0", "11.0.0.0"
    host = mapping(ifindex, first, "192.0.2.9")

    def expires():
        time.sleep(1.5)

    changes = (
        ("nothing", lambda: None),
        ("add in front", lambda: writer.set(host)),
        ("replace in front", lambda: writer.set(host, REPLACE)),
        ("delete in front", lambda: writer.delete(ifindex, first)),
        ("add behind", lambda: writer.set(mapping(ifindex, last, "192.0.2.9"))),
        ("flush", lambda: writer.flush(ifindex=ifindex, nbma="192.0.2.9")),
        ("lookup", lambda: writer.get(ifindex, "10.0.0.0")),
        ("empty flush", lambda: writer.flush(nbma="192.0.2.99")),
        ("other dump", lambda: writer.dump(within="10.0.0.0/28")))
    harmless = ("nothing", "lookup", "empty flush", "other dump")
    for what, change in changes:
        run = disturbed(what, change, sock=sock, flagged=what not in harmless)
        check(f"{what}: those that stayed",
              [dst for dst in dsts(run) if dst in mine], keys)
    writer.set(mapping(ifindex, first, "192.0.2.9", DYNAMIC, 1))
    disturbed("expiry", expires, sock=sock)
    sock.flush()


def each_peer_change():
    """The same of peers."""
    sock, ifindex, keys = loaded(count=0)
    writer = nhrp.Nhrp()
    bulk = nhrp.Bulk(sock, ifindex)
    for dst in keys_from("198.18.0.0", SOME):
        sock.sock.send(bulk.request(dst, nbma=dst))
    attrs = [(PEER_IFINDEX, u32(ifindex))]
    run = disturbed("nothing", lambda: None, PEER_GET, attrs, sock, False)
    check("peers", len(run.messages), SOME)
    check("order", dsts_of_peers(run), sorted(dsts_of_peers(run)))
    disturbed("add", lambda: writer.set(mapping(ifindex, "11.0.0.0",
                                                "198.51.100.1")),
              PEER_GET, attrs, sock)
    disturbed("delete", lambda: writer.delete(ifindex, "11.0.0.0"), PEER_GET,
              attrs, sock)
    sock.flush()


def dsts_of_peers(run):
    return [dict(message.attrs())[nhrp.PEER_NBMA] for message in run.messages]


def other_device():
    """A dump of all devices is flagged whichever of them changes."""
    sock, low, _ = loaded("mgre0")
    _, high, _ = loaded("mgre1")
    writer = nhrp.Nhrp()
    for ifindex in (low, high):
        for host in ("9.0.0.0", "11.0.0.0"):
            disturbed(f"add {host} on {ifindex}",
                      lambda: writer.set(mapping(ifindex, host, "192.0.2.9")),
                      sock=sock)
    only = [(IFINDEX, u32(low))]
    disturbed("another device than the filter's",
              lambda: writer.delete(high, "9.0.0.0"), GET, only, sock, False)
    sock.flush()


# ---- a device that goes

def timed(command):
    """Run it. It must not wait for a reader that sleeps."""
    began = time.monotonic()
    nhrp.run(command)
    took = time.monotonic() - began
    check(f"{command}: not held up ({took:.1f} s)", took < 8, True)


def unread(what, command, **which):
    """A dump that nobody reads while its device goes: ends, and is flagged."""
    sock, ifindex, keys = loaded("gone0")
    attrs = [(IFINDEX, u32(ifindex))] if which.get("ifindex") else []
    run = genl.Dump(sock, GET, attrs)
    run.step()
    timed(command)
    try:
        run.finish()
        intr = run.intr
    except genl.Refusal as refusal:
        # Where the request named the device, there is no such device now.
        check(f"{what}: errno", refusal.errno, errno.ENODEV if attrs else 0)
        intr = True
    check(f"{what}: flagged", intr, True)
    check(f"{what}: less than all", len(run.messages) < len(keys), True)
    check(f"{what}: as far as it came", dsts(run), keys[:len(run.messages)])
    check(f"{what}: the socket works on",
          any(entry.ifindex == ifindex for entry in sock.dump()), False)


def device_deleted():
    for which in ({}, {"ifindex": True}):
        nhrp.run("ip link add gone0 type mgre key 77")
        unread(f"deleted, {which}", "ip link del gone0", **which)


def other_device_deleted():
    """Numbers of changes must not make up for a device that is gone."""
    sock, _, _ = loaded()
    for changes in range(4):
        nhrp.run("ip link add gone0 type mgre key 77")
        entry = mapping(nhrp.ifindex_of("gone0"), "10.0.0.2", "192.0.2.2")
        for _ in range(changes):
            sock.set(entry, SET)
        disturbed(f"device with {changes} changes deleted",
                  lambda: nhrp.run("ip link del gone0"), sock=sock)
    sock.flush()


def device_moved(there):
    for which in ({}, {"ifindex": True}):
        nhrp.run("ip link add gone0 type mgre key 77")
        unread(f"moved, {which}", f"ip link set gone0 netns {there}", **which)
        nhrp.run(f"ip -n {there} link del gone0")


# ---- a hundred thousand

def write_random(ifindex, untouched, tokens, seed):
    """Add, replace and delete around the untouched ones; move the tokens.

    The tokens are the first and the last mapping of the device. Both are set to
    the same NBMA address, always the first one first: the state of a moment has
    them equal or the first one ahead by 1.
    """
    rng = random.Random(seed)
    sock = nhrp.Nhrp()
    bulk = nhrp.Bulk(sock, ifindex)
    turn = 0
    while True:
        turn += 1
        nbma = struct.pack(">I", 0x0a000000 + turn)
        for token in tokens:
            sock.sock.send(bulk.request(token, SET, nbma))
        for _ in range(50):
            number, = struct.unpack(">I", rng.choice(untouched))
            near = str(ipaddress.ip_address(number + 1))
            try:
                if rng.random() < 0.6:
                    sock.set(mapping(ifindex, near, "192.0.2.77"), SET)
                else:
                    sock.delete(ifindex, near)
            except genl.Refusal as refusal:
                check("refusal of a deletion", refusal.errno, errno.ENOENT)
        if turn % 4 == 0:
            time.sleep(rng.random())


def mixed_entry(ifindex, number):
    """Types, flags, owners and families in turns of different lengths."""
    base = 0x0a000000 if number % 3 else 0x2001 << 112
    dst = ipaddress.ip_address(base + number)
    kind = (STATIC, DYNAMIC, CACHED, NEGATIVE)[number % 4]
    return mapping(ifindex, str(dst), None if kind == NEGATIVE else FLUSHED,
                   kind, protocol=(4, 16)[number % 7 == 0],
                   flags=FLAG_NAT * (kind != NEGATIVE and number % 5 == 0))


def mixed():
    """Dumps and flushes of some among mappings of all kinds."""
    sock = nhrp.Nhrp(timeout=120)
    sock.flush()
    ifindex = nhrp.ifindex_of("mgre0")
    entries = [mixed_entry(ifindex, number) for number in range(MIXED)]
    began = time.monotonic()
    for start in range(0, MIXED, 500):
        sock.batch(*((nhrp.BATCH_ADD, entry)
                     for entry in entries[start:start + 500]))
    print(f"# loaded in {time.monotonic() - began:.1f} s")
    entries.sort(key=nhrp.key)
    for which, passes in (
            ({}, lambda entry: True),
            ({"kind": CACHED}, lambda entry: entry.type == CACHED),
            ({"protocol": 16}, lambda entry: entry.protocol == 16),
            ({"flags": FLAG_NAT}, lambda entry: entry.flags),
            ({"kind": NEGATIVE, "within": "::/0"},
             lambda entry: entry.type == NEGATIVE and entry.dst.version == 6)):
        run = sock.begin_dump(ifindex=ifindex, **which).finish()
        check(f"{which}: flagged", run.intr, False)
        check(f"{which}: mappings", [whole_dst(message) for message in
                                     run.messages],
              [entry.dst.network_address.packed for entry in entries
               if passes(entry)])
    gone = [entry for entry in entries if entry.flags or entry.type == CACHED]
    check("flushed with a flag", sock.flush(flags=FLAG_NAT),
          sum(1 for entry in entries if entry.flags))
    check("flushed of a type", sock.flush(kind=CACHED),
          sum(1 for entry in entries
              if entry.type == CACHED and not entry.flags))
    check("left", sock.flush(), MIXED - len(gone))


def whole_dst(message):
    size, = struct.unpack_from("=H", message.data, DST_AT - 4)
    return message.data[DST_AT:DST_AT + size - 4]


def nbma_of(message):
    return int.from_bytes(message.data[NBMA_AT:NBMA_AT + 4], "big")


def check_moment(run):
    """A dump without the flag is the state of a moment."""
    ahead = nbma_of(run.messages[0]) - nbma_of(run.messages[-1])
    check("tokens of a dump that is not flagged", ahead in (0, 1), True)


def check_dump(run, keys, tokens):
    """All untouched ones, once each and in order, and nothing else torn."""
    got = dsts(run)
    mine = set(keys)
    check_layout(run.messages[0])
    check("those that stayed", [dst for dst in got if dst in mine] == keys,
          True)
    check("order, and nothing twice",
          all(a < b for a, b in zip(got, got[1:])), True)
    check("tokens", (got[0], got[-1]), tokens)
    if not run.intr:
        check_moment(run)


def dumps(sock, ifindex, keys, seconds):
    """Dump again and again while a writer is at work. Return how many dumps
    there were, and how many of them were flagged.
    """
    tokens = (nhrp.address("9.0.0.0"), nhrp.address("11.0.0.0"))
    for token in tokens:
        sock.sock.send(nhrp.Bulk(sock, ifindex).request(token, SET))
    run = sock.begin_dump(ifindex=ifindex).finish()
    check("quiet: flagged", run.intr, False)
    check("quiet: mappings", dsts(run) == [tokens[0]] + keys + [tokens[1]],
          True)

    child = nhrp.Child(write_random, ifindex, keys, tokens, 2332)
    count = flagged = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline or count < 2:
        run = sock.begin_dump(ifindex=ifindex).finish()
        check_dump(run, keys, tokens)
        flagged += run.intr
        count += 1
    child.stop()

    run = sock.begin_dump(ifindex=ifindex).finish()
    check("quiet again: flagged", run.intr, False)
    check_dump(run, keys, tokens)
    print(f"# {count} dumps, {flagged} flagged")
    check("some dumps were flagged", flagged > 0, True)
    return count, flagged


def moments():
    """A device so small that many a dump falls between two changes."""
    sock, ifindex, keys = loaded(step=2)
    count, flagged = dumps(sock, ifindex, keys, 5)
    check("some dumps were not flagged", flagged < count, True)
    sock.flush()


def writers():
    """Dumps of many mappings while a writer adds, replaces and deletes."""
    began = time.monotonic()
    sock, ifindex, keys = loaded(count=MANY, step=2)
    print(f"# loaded in {time.monotonic() - began:.1f} s")
    dumps(sock, ifindex, keys, 6)


def writes_while_flushing(sock, ifindex):
    """Flush the many. Return how many writes were done when some of them had
    gone, and some were still to go.
    """
    child = nhrp.Child(flush, ifindex)
    count = 0
    halfway = False
    while not child.ended():
        was_halfway = halfway
        sock.set(mapping(ifindex, "9.1.1.1", "192.0.2.99"), SET)
        halfway = 0 < sock.mappings_of_peer(ifindex, FLUSHED) < MANY
        count += was_halfway and halfway
    print(f"# {count} writes while the flush was halfway")
    check("what was flushed", sock.dump(nbma=FLUSHED), [])
    check("what was not", [str(entry.dst) for entry in
                           sock.dump(nbma="192.0.2.99")], ["9.1.1.1/32"])
    return count


def flush(ifindex):
    check("flushed", nhrp.Nhrp(timeout=120).flush(ifindex=ifindex,
                                                  nbma=FLUSHED), MANY)


def flush_many():
    """Others write to a device while it is flushed.

    A host that is short of CPUs may not let the writer run in that time. Once
    is enough: a flush that keeps the lock shows nobody that it is halfway.
    """
    for _ in range(5):
        sock, ifindex, _ = loaded(count=MANY)
        if writes_while_flushing(sock, ifindex):
            break
    else:
        check("others wrote meanwhile", False, True)
    sock.flush()


if __name__ == "__main__":
    nhrp.main(globals())
