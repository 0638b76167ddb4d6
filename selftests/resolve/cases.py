# SPDX-License-Identifier: GPL-2.0
"""Resolution as packets and the listener see it: what does not need to wait."""

import os
import time

# It knows where the others are.
from lab import (FENCE, HUB, Lab, Namespace, Resolver, V4, V6, command, nbma,
                 net, udp_packet, until)

import nhrp
from nhrp import (CACHED, FLAG_RESOLVE, FLAG_SHORTCUT, INCOMPLETE, NEGATIVE,
                  MACHINE_IS_SLOW, REASON_RESOLVE, RTPROT_KERNEL, check)

PEER = nbma(2)
OTHER = nbma(3)


def no_listener(*where):
    """Unreachable at once, and nothing is kept."""
    lab = Lab(*where, listen=False)
    version = lab.version
    before = lab.stats()
    lab.local.send(version.onlink(5), 1)
    lab.local.send(version.behind(1), 2)
    lab.told("made here", lab.local, 1, 2)
    lab.host.send(version.onlink(6), 3)
    lab.host.send(version.behind(2), 4)
    lab.told("forwarded", lab.host, 3, 4)
    lab.moved(before, misses=4, drop_no_listener=4)
    check("incomplete", lab.stats()["incomplete"], 0)
    check("dump", len(lab.dump()), 1)
    # One who comes later is not asked about them.
    lab.resolver = lab.listen()
    lab.asks_nothing("before the listener came")
    lab.sent("to nobody")


def question(*where):
    """One for each destination, with all that it says."""
    lab = Lab(*where)
    version, local, host = lab.version, lab.local, lab.host
    before = lab.stats()
    onlink, behind = version.onlink(5), version.behind(1)
    local.send(onlink, *range(5))
    lab.asks("on the link", lab.question(onlink))
    local.send(behind, *range(3))
    host.send(version.behind(1, 7), *range(3))
    gateway = version.gateway(1)
    lab.asks("behind a gateway", lab.question(gateway, behind))
    host.send(version.onlink(6), 0)
    lab.asks("forwarded", lab.question(version.onlink(6), host=host))
    other = version.behind(2, 9)
    host.send(other, 0, 1)
    lab.asks("forwarded, behind a gateway",
             lab.question(version.gateway(2), other, host=host))

    want = {onlink: (1, 5), gateway: (1, 6), version.onlink(6): (1, 1),
            version.gateway(2): (1, 2)}
    check("waiting", lab.pending(), want)
    check("number of them", lab.stats()["incomplete"], 4)
    lab.moved(before, misses=14, upcalls=4, queued=14)
    want = lab.mapping(onlink, protocol=RTPROT_KERNEL)._replace(type=INCOMPLETE)
    check("get", lab.get(onlink), want)
    check("get, behind a gateway", lab.get(behind), None)
    lab.asks_nothing("twice")
    lab.sent("without an answer")



def queue(*where):
    """The newest wait, and go in order once the answer is there."""
    lab = Lab(*where)
    version = lab.version
    before = lab.stats()
    to = version.behind(1)
    lab.local.send(to, *range(21))
    check("waiting", lab.pending(), {version.gateway(1): (1, 16)})
    lab.add(version.gateway(1), PEER, kind=CACHED)
    lab.local.send(to, 21)
    lab.sent("of 22, when 16 can wait",
             *[(PEER, number) for number in range(5, 22)])
    check("incomplete", lab.stats()["incomplete"], 0)
    # the one behind the answer, and the fence
    lab.moved(before, misses=21, upcalls=1, queued=21, drop_overflow=5,
              released=16, hits=18)


def queue_length(*where):
    """The option of the link, as it is and as it is changed."""
    for length in 3, 0, 1024:
        lab = Lab(*where, "queue", str(length))
        to = lab.version.onlink(5)
        lab.local.send(to, *range(40))
        lab.asks(f"queue {length}", lab.question(to))
        lab.add(to, PEER)
        lab.local.send(to, 40)
        lab.sent(f"queue {length}", *[(PEER, number) for number in
                                      range(max(0, 40 - length), 41)])
    lab.ip("link set mgre0 type mgre queue 2")
    to = lab.version.onlink(6)
    lab.local.send(to, *range(5))
    lab.add(to, PEER)
    lab.sent("changed to 2", (PEER, 3), (PEER, 4))


def answers(*where):
    """A host, a prefix over several, one that moves, one that says no."""
    lab = Lab(*where)
    version = lab.version
    length = version.bits - 8
    inside = [version.onlink(0x100 + i) for i in range(1, 4)]
    outside = version.onlink(0x205)
    for i, to in enumerate(inside + [outside]):
        lab.local.send(to, 10 * i, 10 * i + 1)
    lab.add(net(inside[0], length), PEER, kind=CACHED, hold=60)
    got = [(packet.nbma, packet.packet.number) for packet in lab.wire.take(6)]
    # in order for each, in any order among them
    for i in range(3):
        check(f"to the host {i}", [number for to, number in got
                                   if number // 10 == i and to == PEER],
              [10 * i, 10 * i + 1])
    check("still waiting", lab.pending(), {outside: (1, 2)})
    lab.replace(outside, OTHER)
    lab.sent("one outside", (OTHER, 30), (OTHER, 31))
    check("waiting", lab.pending(), {})

    lab.local.send(version.onlink(7), 1, 2)
    lab.host.send(version.onlink(7), 3)
    lab.add(version.onlink(7), hold=60)
    lab.told("of a negative answer, here", lab.local, 1, 2)
    lab.told("of a negative answer, behind", lab.host, 3)
    lab.local.send(version.onlink(0x305), 4)
    lab.local.send(version.onlink(0x306), 5)
    lab.add(net(version.onlink(0x305), length))
    got = sorted(error[3].number for error in lab.local.errors.take(2))
    check("of a negative prefix", got, [4, 5])
    check("waiting", lab.pending(), {})
    lab.sent("negative")


def answers_behind_gateway(*where):
    """A shortcut for the destination is an answer, a mapping of it is not."""
    lab = Lab(*where)
    version = lab.version
    lab.local.send(version.behind(1), 1)
    lab.local.send(version.behind(1, 2), 2)
    lab.local.send(version.behind(2), 3)
    lab.add(version.behind(1), OTHER)
    lab.add(net(version.behind(2), version.bits - 8))
    check("waiting", lab.pending(), {version.gateway(1): (1, 2),
                                     version.gateway(2): (1, 1)})
    lab.add(version.gateway(1), PEER)
    lab.sent("behind a gateway", (PEER, 1), (PEER, 2))
    lab.add(version.gateway(2))
    lab.told("behind a gateway that is not", lab.local, 3)


def gateway_of_ipv6(*where):
    """An IPv4 route may have a gateway of IPv6 (RFC 8950)."""
    lab = Lab(*where)
    gateway, behind = V6.gateway(9), "10.99.0.1"
    lab.ip(f"route add 10.99.0.0/16 via inet6 {gateway} dev mgre0")
    lab.local.send(behind, 1)
    lab.asks("behind a gateway", lab.question(gateway, behind))
    lab.add(gateway, PEER)
    lab.sent("behind a gateway", (PEER, 1))


def same_device(*where):
    """What came in by the device is not asked for (domino effect)."""
    lab = Lab(*where)
    version = lab.version
    spoke = version.onlink(9)
    lab.add(spoke, PEER)
    before = lab.stats()
    lab.inject(udp_packet(spoke, version.onlink(5), 1))
    lab.inject(udp_packet(spoke, version.behind(1), 2))
    errors = [(packet.nbma, packet.packet.destination, packet.packet.icmp[:2],
               packet.packet.icmp[3].number) for packet in lab.wire.take(2)
              if packet.packet.icmp]
    check("told by the tunnel", errors,
          [(PEER, spoke, version.unreachable, number) for number in (1, 2)])
    check("waiting", lab.pending(), {})
    # the ICMP errors are hits
    lab.moved(before, misses=2, drop_loop=2, hits=2)

    lab.add(version.all, HUB, flags=FLAG_RESOLVE)
    lab.inject(udp_packet(spoke, version.onlink(5), 3))
    lab.inject(udp_packet(spoke, version.behind(1), 4))
    lab.sent("by the mapping that there is", (HUB, 3), (HUB, 4))
    check("waiting", lab.pending(), {})
    lab.local.send(version.onlink(6), 5)
    lab.asks("of ours alone", lab.question(
        version.onlink(6), reason=REASON_RESOLVE, flows=HUB))


def no_question_without_listener(*where):
    """A mapping with the flag works without one who could answer."""
    lab = Lab(*where, listen=False)
    version = lab.version
    lab.add(version.all, HUB, flags=FLAG_RESOLVE)
    before = lab.stats()
    lab.local.send(version.onlink(5), 1, 2)
    lab.sent("by the hub", (HUB, 1), (HUB, 2))
    lab.moved(before, hits=3)
    check("waiting", lab.pending(), {})


def resolve_flag(*where):
    """Traffic flows by the hub, and directly once the answer is there."""
    lab = Lab(*where)
    version = lab.version
    lab.add(version.all, HUB, flags=FLAG_RESOLVE)
    before = lab.stats()
    for to in version.onlink(5), version.gateway(1):
        lab.local.send(to, 1, 2, 3)
        lab.asks(to, lab.question(to, reason=REASON_RESOLVE, flows=HUB))
        check("incomplete", lab.pending(), {to: (1, 0)})
        check("get", lab.get(to).nbma.compressed, HUB)
        lab.add(to, PEER, kind=CACHED, hold=60)
        lab.local.send(to, 4)
        lab.sent(to, (HUB, 1), (HUB, 2), (HUB, 3), (PEER, 4))
        check("incomplete", lab.pending(), {})
    lab.moved(before, hits=10, upcalls=2)

    # forwarded, and the next hop is what is not mapped exactly
    behind = version.behind(2, 3)
    lab.host.send(behind, 5, 6)
    lab.asks("the next hop", lab.question(
        version.gateway(2), behind, lab.host, reason=REASON_RESOLVE, flows=HUB))
    lab.sent("forwarded", (HUB, 5), (HUB, 6))


def way_meanwhile(*where):
    """A mapping with the flag is a way for what waits, and not the answer."""
    lab = Lab(*where)
    version = lab.version
    to = version.onlink(5)
    lab.local.send(to, 1, 2)
    lab.asks("miss", lab.question(to))
    lab.add(version.all, HUB, flags=FLAG_RESOLVE)
    lab.local.send(to, 3)
    lab.sent("by the hub", (HUB, 1), (HUB, 2), (HUB, 3))
    check("waiting", lab.pending(), {to: (1, 0)})
    lab.asks("asked for still", lab.question(
        to, attempt=2, reason=REASON_RESOLVE, flows=HUB))
    lab.delete(version.all)
    lab.local.send(to, 4)
    check("waiting", lab.pending(), {to: (2, 1)})
    lab.add(to, PEER)
    lab.sent("answered", (PEER, 4))


def resolve_flag_behind_gateway(*where):
    """Of a gateway that is mapped exactly, what lies behind is asked for."""
    lab = Lab(*where)
    version = lab.version
    gateway, behind = version.gateway(1), version.behind(1)
    lab.add(gateway, HUB, flags=FLAG_RESOLVE)
    lab.local.send(gateway, 0, 1)
    lab.sent("to the gateway itself", (HUB, 0), (HUB, 1))
    for host in lab.local, lab.host:
        host.send(behind, 2, 3)
        lab.asks("behind it", lab.question(behind, host=host, nexthop=gateway,
                                           reason=REASON_RESOLVE, flows=HUB))
        check("incomplete", lab.pending(), {behind: (1, 0)})
        lab.add(net(behind, version.bits - 8), PEER, kind=CACHED, hold=60,
                flags=FLAG_SHORTCUT)
        check("incomplete", lab.pending(), {})
        host.send(behind, 4)
        lab.sent("behind it", (HUB, 2), (HUB, 3), (PEER, 4))
        lab.delete(net(behind, version.bits - 8))
    lab.host.send(behind, 5)
    lab.sent("without the shortcut", (HUB, 5))


def shortcuts(*where):
    """The longest shortcut over the final destination wins over next hops."""
    lab = Lab(*where)
    version = lab.version
    wide = net(version.behind(1), version.bits - 16)
    narrow = net(version.behind(1), version.bits - 8)
    near, far = version.behind(1, 3), version.behind(1, 0x1003)
    lab.add(version.gateway(1), HUB)
    lab.add(near, nbma(66))
    lab.add(wide, PEER, flags=FLAG_SHORTCUT)
    lab.add(narrow, OTHER, flags=FLAG_SHORTCUT)

    def flows(what, to_near, to_far):
        for host in lab.local, lab.host:
            host.send(near, 1)
            host.send(far, 2)
            host.send(version.gateway(1), 3)
            lab.sent(what, (to_near, 1), (to_far, 2), (HUB, 3))

    flows("two shortcuts", OTHER, PEER)
    lab.delete(narrow)
    flows("one shortcut", PEER, PEER)
    lab.replace(wide, OTHER)
    flows("no longer a shortcut", HUB, HUB)
    lab.replace(wide, OTHER, flags=FLAG_SHORTCUT)
    flows("a shortcut again", OTHER, OTHER)
    lab.replace(near, nbma(66), flags=FLAG_SHORTCUT)
    flows("of a host", nbma(66), OTHER)
    lab.flush(flags=FLAG_SHORTCUT)
    flows("none", HUB, HUB)
    lab.add(narrow, PEER, kind=CACHED, hold=1, flags=FLAG_SHORTCUT)
    check("shortcut expires", until(lambda: len(lab.dump()) == 2), True)
    flows("expired", HUB, HUB)


def negative(*where):
    """Nothing flows, all are told, nobody is asked."""
    lab = Lab(*where)
    version = lab.version
    length = version.bits - 8
    before = lab.stats()
    lab.add(version.onlink(5))
    lab.add(version.gateway(1), hold=100)
    lab.local.send(version.onlink(5), 1, 2)
    lab.local.send(version.behind(1), 3)
    lab.told("here", lab.local, 1, 2, 3)
    lab.host.send(version.onlink(5), 4)
    lab.host.send(version.behind(1), 5)
    lab.told("behind", lab.host, 4, 5)
    check("waiting", lab.pending(), {})
    lab.moved(before, drop_negative=5, hits=5)

    # a host in a prefix, either way
    lab.add(net(version.onlink(0x101), length), PEER)
    lab.add(version.onlink(0x102))
    lab.add(net(version.onlink(0x201), length))
    lab.add(version.onlink(0x202), OTHER)
    for to in 0x101, 0x102, 0x201, 0x202:
        lab.local.send(version.onlink(to), to)
    lab.told("longest prefix", lab.local, 0x102, 0x201)
    lab.sent("longest prefix", (PEER, 0x101), (OTHER, 0x202))
    check("get", (lab.get(version.onlink(0x102)).type,
                  lab.get(version.onlink(0x201)).type), (NEGATIVE, NEGATIVE))
    lab.delete(version.onlink(0x102))
    lab.local.send(version.onlink(0x102), 6)
    lab.sent("negative host deleted", (PEER, 6))
    lab.asks_nothing("about what is known")


def expiry(*where):
    """The last packet goes before the holding time is over, not one after; with
    nothing but this program on the CPU, so that no worker removes the mapping.
    """
    lab = Lab(*where)
    version = lab.version
    to = version.onlink(5)
    slop = 0.012    # three ticks of 250 a second
    times = []
    lab.add(net(to, version.bits - 8), OTHER)
    before = time.monotonic()
    lab.add(to, PEER, kind=CACHED, hold=1)
    after = time.monotonic()
    time.sleep(max(0, before + 0.7 - time.monotonic()))
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    try:
        while time.monotonic() < after + 1.3:
            began = time.monotonic()
            lab.local.send(to, len(times))
            times.append((began, time.monotonic()))
            while time.monotonic() < began + 0.002:
                pass
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    got = {packet.packet.number: packet.nbma
           for packet in lab.wire.take(len(times))}
    early = [number for number, (_, ended) in enumerate(times)
             if ended < before + 1 - slop]
    late = [number for number, (began, _) in enumerate(times)
            if began > after + 1 + slop]
    check("some before and some after", min(len(early), len(late)) > 5, True)
    check("before", {got.get(number) for number in early}, {PEER})
    check("after", {got.get(number) for number in late}, {OTHER})


def mapping_mtu(*where):
    """A packet that may not be cut is refused with that MTU."""
    lab = Lab(*where)
    version = lab.version
    to = version.onlink(5)
    lab.add(to, PEER, mtu=1300)
    before = lab.stats()
    for host in lab.host, lab.local:
        host.send(to, 1, length=1300)
        host.send(to, 2, length=1301)
        got = [(*error[:3], error[3].number) for error in host.errors.take()]
        check("refused", got, [(*version.too_big, 1300, 2)])
        lab.sent("fits", (PEER, 1))
        host.send(version.fence, 3, length=1400)
        check("another", [(packet.nbma, packet.packet.length)
                          for packet in lab.wire.take()], [(FENCE, 1400)])
    # In IPv6 the route remembers, and forwards no more that is too long.
    if version is V4:
        lab.moved(before, hits=8)
        lab.replace(to, PEER)
        lab.host.send(to, 4, length=1400)
        lab.sent("without", (PEER, 4))


RULES = """
table inet marks {
	counter plain { }
	counter seven { }
	counter eight { }
	chain output {
		type filter hook output priority 0
		meta l4proto gre meta mark 0 counter name plain
		meta l4proto gre meta mark 7 counter name seven
		meta l4proto gre meta mark 8 counter name eight
	}
}
"""


def mapping_mark(*where):
    """Outer packets carry it, and that of the payload where there is none."""
    lab = Lab(*where)
    version = lab.version
    with Namespace(lab.dut):
        command("nft", "-f", "-", text=RULES)
    lab.add(version.onlink(5), PEER, mark=7)
    lab.add(version.onlink(6), PEER)

    def marked():
        with Namespace(lab.dut):
            out = command("nft", "list", "counters")
        words = out.split()
        return [int(words[i + 1]) for i, word in enumerate(words)
                if word == "packets"]

    try:
        lab.local.send(version.onlink(5), 1)
        lab.host.send(version.onlink(5), 2)
        check("plain, 7, 8", marked(), [0, 2, 0])
        lab.local.send(version.onlink(6), 3)
        check("plain, 7, 8", marked(), [1, 2, 0])
        lab.local.mark(8)
        lab.local.send(version.onlink(6), 4)
        check("plain, 7, 8", marked(), [1, 2, 1])
        lab.local.send(version.onlink(5), 5)
        check("plain, 7, 8", marked(), [1, 3, 1])
    finally:
        with Namespace(lab.dut):
            command("nft", "delete", "table", "inet", "marks")
    lab.sent("marked", *[(PEER, number) for number in range(1, 6)])


def deleted(*where):
    """What waited goes when its resolution is deleted or flushed."""
    lab = Lab(*where)
    version = lab.version
    hosts = [version.onlink(i) for i in range(5, 9)]
    before = lab.stats()
    for i, to in enumerate(hosts):
        lab.local.send(to, *range(i + 1))
    lab.delete(hosts[0])
    check("one deleted", sorted(lab.pending()), sorted(hosts[1:]))
    lab.moved(before, misses=10, upcalls=4, queued=10, drop_flushed=1)
    check("flushed", lab.flush(within=hosts[1]), 1)
    lab.moved(before, misses=10, upcalls=4, queued=10, drop_flushed=3)
    check("flushed", lab.flush(kind=INCOMPLETE), 2)
    lab.moved(before, misses=10, upcalls=4, queued=10, drop_flushed=10)
    check("left", (len(lab.dump()), lab.stats()["incomplete"]), (1, 0))
    for to in hosts:
        lab.add(to, PEER)
    lab.sent("what has been dropped")
    check("told", lab.local.errors.poll(), [])
    lab.delete(hosts[0])
    lab.resolver.take(4)
    lab.local.send(hosts[0], 1)
    lab.asks("again", lab.question(hosts[0]))
    lab.flush()
    check("left", (lab.dump(), lab.stats()["incomplete"]), ([], 0))


def link_down(*where):
    """So it does when the device goes down."""
    lab = Lab(*where)
    version = lab.version
    before = lab.stats()
    lab.local.send(version.onlink(5), 1, 2, 3)
    lab.local.send(version.gateway(1), 4)
    lab.ip("link set mgre0 down")
    lab.moved(before, misses=4, upcalls=2, queued=4, drop_flushed=4)
    check("waiting", lab.pending(), {})
    # It loses its routes and, in IPv6, its addresses.
    lab.addresses(lab.dut)
    lab.add(version.onlink(5), PEER)
    lab.sent("what has been dropped")
    check("told", lab.local.errors.poll(), [])
    lab.resolver.take(2)
    lab.local.send(version.onlink(6), 1)
    lab.asks("up again", lab.question(version.onlink(6)))


def quick_end(*where):
    """A device goes at once, however many packets wait."""
    lab = Lab(*where, "queue", "1024")
    version = lab.version
    for i in range(20):
        lab.local.send(version.onlink(100 + i), *range(100), length=1000)
    check("waiting", lab.stats()["queued"], 2000)
    began = time.monotonic()
    lab.ip("link del mgre0")
    check("took too long", time.monotonic() - began < 5, True)
    check("told", lab.local.errors.poll(), [])


def left_waiting(*where):
    """Something for resolve.sh, which takes the namespace or the module away."""
    lab = Lab(*where, "queue", "1024")
    for i in range(20):
        lab.local.send(lab.version.onlink(100 + i), *range(5), length=1000)
        lab.local.send(lab.version.behind(1, i), 1)
    check("waiting", lab.stats()["queued"], 120)


def listeners(*where):
    """All are told, and the last one that goes leaves a miss unanswered."""
    lab = Lab(*where)
    version = lab.version
    second = lab.listen()
    lab.local.send(version.onlink(5), 1)
    want = lab.question(version.onlink(5))
    lab.asks("the first", want)
    check("the second", [event for _, event in second.take()], [want])
    lab.resolver.close()
    lab.local.send(version.onlink(6), 2)
    check("the one that stays", [event for _, event in second.take()],
          [lab.question(version.onlink(6))])
    second.close()
    before = lab.stats()
    lab.local.send(version.onlink(7), 3)
    lab.host.send(version.onlink(7), 4)
    lab.told("none left", lab.local, 3)
    lab.told("none left", lab.host, 4)
    lab.moved(before, misses=2, drop_no_listener=2)
    # An answer that comes late is one all the same.
    lab.add(version.onlink(5), PEER)
    lab.sent("answered without a listener", (PEER, 1))


def other_netns(dut, out, version):
    """The listener of the namespace that the device is in is asked."""
    lab = Lab(dut, out, version)
    version = lab.version
    lab.local.send(version.onlink(5), 1)
    lab.asks("at home", lab.question(version.onlink(5)))
    # to the namespace of the host, and back
    lab.ip(f"link set mgre0 netns {out}")
    home, lab.dut = lab.dut, out
    with Namespace(out):
        away = Resolver()
        lab.nhrp = nhrp.Nhrp()
        lab.ifindex = nhrp.ifindex_of("mgre0")
    check("nothing waits", lab.stats()["incomplete"], 0)
    lab.addresses(out)
    lab.host.send(version.onlink(6), 2)
    want = lab.question(version.onlink(6))
    got = [event._replace(source=want.source) for _, event in away.take()]
    check("away", got, [want])
    check("at home", lab.resolver.poll(), [])
    lab.ip("link set mgre0 netns " + home)
    lab.dut = home
    lab.ip("link del mgre0")


def evicted(*where):
    """Of more than 1024 the oldest go; of more than 1000 a second none come.

    A slow machine does not get to so many in a second.
    """
    lab = Lab(*where)
    version, host = lab.version, lab.local
    sent = 0
    refused, gone = set(), []
    enough = 0 if MACHINE_IS_SLOW else 50

    def told():
        """One at once is refused, one about an old packet has been pushed out."""
        host.errors.poll()
        for error in host.errors.take(0, 0):
            check("told", error[:2], version.unreachable)
            number = error[3].number
            if number < sent - 500:
                gone.append(number)
            else:
                refused.add(number)

    while (len(gone) < 50 or len(refused) < enough) and sent < 20000:
        for _ in range(50):
            host.send(version.onlink(256 + sent), sent)
            sent += 1
        told()
    stats = lab.stats()
    until(lambda: told() or len(refused) + len(gone) >=
          stats["drop_limit"] + stats["drop_evicted"])
    check("misses", stats["misses"], sent)
    check("incomplete", stats["incomplete"], 1024)
    check("waiting or refused", (stats["queued"], stats["drop_limit"]),
          (sent - len(refused), len(refused)))
    check("beyond the rate", len(refused) >= enough, True)
    accepted = [number for number in range(sent) if number not in refused]
    check("the oldest go", (stats["drop_evicted"], gone),
          (len(accepted) - 1024, accepted[:-1024]))
    check("the youngest are left", sorted(lab.pending()),
          sorted(version.onlink(256 + number) for number in accepted[-1024:]))
    # One answer is for all of them.
    lab.add(version.all, PEER)
    check("left", lab.pending(), {})
    check("released", lab.stats()["released"], 1024)


def memory(*where):
    """16 MiB of packets wait, not more."""
    lab = Lab(*where, "queue", "128")
    lab.ip("link set mgre0 mtu 9000")
    version = lab.version
    before = lab.stats()
    for i in range(9):
        lab.local.send(version.onlink(256 + i), *range(128), length=8900)
    stats = lab.stats()
    check("some wait, not all", 500 < stats["queued"] < 1125, True)
    lab.moved(before, misses=1152, queued=stats["queued"],
              drop_limit=1152 - stats["queued"], upcalls=stats["upcalls"])
    lab.flush(kind=INCOMPLETE)
    # All of it can be used again.
    lab.local.send(version.onlink(5), *range(128), length=8900)
    check("room again", lab.pending(), {version.onlink(5): (1, 128)})


def rate(*where):
    """A burst of 1000 questions, of which each is one event."""
    lab = Lab(*where)
    version = lab.version
    asked = []
    for i in range(1000):
        lab.local.send(version.onlink(256 + i), i)
        if i % 100 == 99:
            asked += lab.resolver.take(0)
    while len(first_attempts(asked)) < 1000:
        more = lab.resolver.take()
        check("more to come", bool(more), True)
        asked += more
    check("asked for", first_attempts(asked),
          [nhrp.prefix(version.onlink(256 + i)) for i in range(1000)])


def first_attempts(asked):
    """What a question has asked for. Some are repeated before the last is asked."""
    return [event.dst for _, event in asked if event.attempt == 1]


if __name__ == "__main__":
    nhrp.main(globals())
