# SPDX-License-Identifier: GPL-2.0
"""Resolution as packets and the listener see it: what takes its time.

resolve.sh runs all of these at once, each in namespaces of its own.
"""

import time

# It knows where the others are.
from lab import HUB, Lab, Namespace, Resolver, nbma, net, until

import nhrp
from nhrp import (CACHED, EXPIRE_NTF, FLAG_RESOLVE, NEGATIVE, NEW_NTF,
                  REASON_REFRESH, REASON_RESOLVE, RTPROT_KERNEL, check)

PEER = nbma(2)
OTHER = nbma(3)
ASKED_AT = (0, 1, 3, 7)
GIVEN_UP_AT = 8
NEGATIVE_FOR = 30
# Timers are never early, but for a tick, and late on a busy host.
EARLY = 0.05
LATE = 0.9


def in_time(what, got, want, late=LATE):
    check(f"{what} at {got:.2f}, wanted {want}",
          want - EARLY <= got <= want + late, True)


class Story:
    """A lab, and when what happened there since the first packet."""

    def __init__(self, *where, options=()):
        self.lab = Lab(*where, *options)
        self.began = None
        self.questions = []

    def begin(self):
        self.began = time.monotonic()

    def now(self):
        return time.monotonic() - self.began

    def listen(self, until, ended=lambda: False):
        """Collect questions until that second, or an end before it."""
        while self.now() < until and not ended():
            for when, event in self.lab.resolver.take(1, 0.05):
                self.questions.append((when - self.began, event))

    def about(self, address):
        """Questions about an address, as (second, attempt)."""
        return [(when, event.attempt) for when, event in self.questions
                if event.dst == nhrp.prefix(address)]

    def attempts(self, what, address, *times):
        """It was asked for at these times and no others."""
        got = self.about(address)
        check(f"{what}: attempts", [attempt for _, attempt in got],
              list(range(1, len(times) + 1)))
        for (when, attempt), want in zip(got, times):
            in_time(f"{what}: attempt {attempt}", when, want)


def unanswered(*where):
    """Asked for four times, then negative, then asked for again."""
    story = Story(*where)
    lab = story.lab
    version, local, host = lab.version, lab.local, lab.host
    changes = lab.watch()
    gateway, behind = version.gateway(1), version.behind(1)
    late, refused, second, third = (version.onlink(i) for i in range(5, 9))
    before = lab.stats()
    story.begin()
    for number in 1, 2, 3:
        local.send(behind, number)
        host.send(behind, number)
    for to in late, refused, second, third:
        local.send(to, 10)

    # Those that are answered in between are not asked for again.
    story.listen(5, lambda: len(story.about(late)) == 2 ==
                 len(story.about(refused)))
    lab.add(late, PEER, kind=CACHED)
    lab.sent("answered at the second attempt", (PEER, 10))
    lab.add(refused)
    lab.told("refused at the second attempt", local, 10)

    story.listen(6.8, lambda: len(story.about(gateway)) > 3)
    check("attempts so far", lab.pending(), {
        to: (3, queued)
        for to, queued in ((gateway, 6), (second, 1), (third, 1))})
    story.listen(20, lambda: len(lab.refused()) == 3)
    in_time("given up", story.now(), GIVEN_UP_AT)
    for host_told in local, host:
        want = [(*version.unreachable, behind, number) for number in (1, 2, 3)]
        got = [(*error[:2], error[3].destination, error[3].number)
               for error in host_told.errors.take(3 if host_told is host else 5)
               if error[3].destination == behind]
        check("told when it was given up", got, want)
    check("waiting", lab.pending(), {})
    lab.moved(before, misses=10, upcalls=16, queued=10, released=2,
              drop_negative=1, drop_unanswered=8, hits=3)
    for to in gateway, second, third:
        story.attempts(to, to, *ASKED_AT)
    for to in late, refused:
        story.attempts(to, to, *ASKED_AT[:2])

    kernel = lab.mapping(gateway, protocol=RTPROT_KERNEL)
    entry, more = lab.dump(kind=NEGATIVE, within=gateway)[0]
    check("what is kept", entry._replace(hold=None), kernel)
    check("expires", 25000 < more[nhrp.EXPIRES] <= 30000, True)
    check("get", lab.get(gateway)._replace(hold=None), kernel)
    told = [(command, event._replace(hold=None))
            for _, (command, event) in changes.take(5)
            if event.protocol == RTPROT_KERNEL]
    check("told of negative ones", sorted(told), sorted(
        (NEW_NTF, lab.mapping(to, protocol=RTPROT_KERNEL))
        for to in (gateway, second, third)))

    # Nothing is asked, all are told, at once.
    before = lab.stats()
    local.send(behind, 20)
    host.send(behind, 21)
    lab.told("negative, here", local, 20)
    lab.told("negative, behind", host, 21)
    lab.asks_nothing("negative")
    lab.flush(kind=nhrp.INCOMPLETE)
    lab.moved(before, misses=3, upcalls=1, queued=1, drop_flushed=1,
              drop_negative=2)
    check("number of them", lab.stats()["negative"], 3)

    # It is in nobody's way, and can be deleted.
    lab.add(second, PEER)
    local.send(second, 30)
    lab.sent("added over a negative one", (PEER, 30))
    lab.delete(third)
    changes.take(0, 0)
    local.send(third, 31)
    lab.asks("deleted", lab.question(third))
    lab.add(third, PEER)
    lab.sent("deleted, asked for again", (PEER, 31))
    check("number of them", lab.stats()["negative"], 1)

    def over():
        changes.poll()
        return any(event[0] == EXPIRE_NTF for _, event in changes.items)

    story.listen(60, over)
    in_time("negative until", story.now(), GIVEN_UP_AT + NEGATIVE_FOR, 3)
    told = [event._replace(hold=None) for _, (command, event) in changes.items
            if command == EXPIRE_NTF]
    check("told of the end", told, [kernel])
    check("left", lab.refused(), [])
    local.send(behind, 40)
    lab.asks("again", lab.question(gateway, behind))


def negative_ends_on_time(*where):
    """The end of a negative one is exact for packets, too."""
    story = Story(*where)
    lab = story.lab
    to = lab.version.onlink(5)
    story.begin()
    lab.local.send(to, 1)
    story.listen(20, lambda: lab.refused() == [to])
    began = time.monotonic()
    story.listen(began - story.began + 28.5)
    lab.local.errors.take(0, 0)
    lab.local.send(to, 2)
    lab.told("before the end", lab.local, 2)
    lab.resolver.take(0, 0)
    while time.monotonic() - began < 40 and not lab.resolver.poll():
        lab.local.send(to, 3)
        lab.resolver.poll(0.05)
    in_time("asked for again", story.now(), GIVEN_UP_AT + NEGATIVE_FOR, 3)
    lab.asks("again", lab.question(to))


def flag_resolve(*where):
    """Asked for like a miss, then not for 30 s, and traffic flows all along."""
    story = Story(*where)
    lab = story.lab
    to = lab.version.onlink(5)
    lab.add(lab.version.all, HUB, flags=FLAG_RESOLVE)
    story.begin()
    sent = 0

    def send():
        nonlocal sent
        lab.local.send(to, sent)
        sent += 1
        return False

    story.listen(36, send)
    story.attempts("resolve", to, *ASKED_AT)
    check("questions", story.questions[0][1], lab.question(
        to, reason=REASON_RESOLVE, flows=HUB))
    check("no negative one", lab.refused(), [])
    story.listen(60, lambda: send() or len(story.questions) > 4)
    again, attempt = story.about(to)[-1]
    in_time("asked for again", again, GIVEN_UP_AT + NEGATIVE_FOR, 3)
    check("attempt", attempt, 1)
    lab.replace(to, PEER, kind=CACHED)
    lab.local.send(to, sent)
    lab.sent("all along", *[(HUB, number) for number in range(sent)],
             (PEER, sent))


def way_goes(*where):
    """What is not asked for, as packets have another way, is when that goes."""
    story = Story(*where)
    lab = story.lab
    to = lab.version.onlink(5)
    lab.add(lab.version.all, HUB, flags=FLAG_RESOLVE)
    story.begin()
    lab.local.send(to, 1)
    story.listen(20, lambda: not lab.stats()["incomplete"])
    in_time("given up", story.now(), GIVEN_UP_AT)
    story.attempts("resolve", to, *ASKED_AT)
    lab.local.send(to, 2)
    lab.sent("while there was a way", (HUB, 1), (HUB, 2))
    check("asked for", lab.resolver.take(0, 0), [])
    lab.delete(lab.version.all)
    lab.local.send(to, 3)
    lab.asks("no way any more", lab.question(to))
    check("waits", lab.pending()[to], (1, 1))


def refresh(*where):
    """Asked for once in the last third, of what is used there."""
    story = Story(*where)
    lab = story.lab
    version = lab.version
    unused, early, forever = (version.onlink(i) for i in (5, 6, 7))
    inside = version.onlink(0x1005)
    used = net(inside, version.bits - 8)
    story.begin()	# before their time begins, or a question comes early
    for to in unused, early, used:
        lab.add(to, PEER, kind=CACHED, hold=9)
    lab.add(forever, PEER)
    sent = []

    def send(*to):
        for address in to:
            lab.local.send(address, len(sent))
            sent.append((PEER, len(sent)))
        return False

    story.listen(4, lambda: send(early, inside, forever))
    story.listen(5.5)
    check("before the last third", story.questions, [])
    story.listen(7.5, lambda: send(inside, forever))
    want = nhrp.Resolve(lab.ifindex, nhrp.prefix(used), REASON_REFRESH, 1,
                        None, None, None, nhrp.address_in(
                            {0: nhrp.address(PEER)}, 0))
    check("asked for", [event for _, event in story.questions], [want])
    check("when", 6 - EARLY <= story.questions[0][0], True)
    check("incomplete", lab.pending(), {})

    renewed = story.now()
    lab.replace(used, PEER, kind=CACHED, hold=3)
    story.listen(renewed + 2.9, lambda: send(inside, forever))
    check("asked for again", [event for _, event in story.questions],
          [want, want])
    check("when", renewed + 2 - EARLY <= story.questions[1][0], True)
    story.listen(20, lambda: len(lab.dump()) == 2)
    check("left", [str(entry.dst.network_address) for entry, _ in lab.dump()],
          [forever, version.fence] if forever < version.fence else
          [version.fence, forever])
    check("expired unasked", len(story.questions), 2)
    lab.sent("all along", *sent)


def nobody_to_refresh(dut, out, version):
    """Who listens in another namespace is not asked; who comes later is."""
    story = Story(dut, out, version)
    lab = story.lab
    to = lab.version.onlink(5)
    lab.resolver.close()
    with Namespace(out):
        elsewhere = Resolver()
    story.begin()
    lab.add(to, PEER, kind=CACHED, hold=9)
    until(lambda: story.now() > 6.2)
    lab.local.send(to, 1)
    lab.sent("with nobody to ask", (PEER, 1))
    check("upcalls", lab.stats()["upcalls"], 0)
    lab.resolver = lab.listen()
    lab.local.send(to, 2)
    (_, event), = lab.resolver.take()
    check("asked for", (event.dst, event.reason),
          (nhrp.prefix(to), REASON_REFRESH))
    check("elsewhere", elsewhere.take(0, 0), [])


def listener_goes(*where):
    """What waits is given up at the next attempt, and may be asked for again."""
    story = Story(*where)
    lab = story.lab
    to = lab.version.onlink(5)
    story.begin()
    lab.local.send(to, 1, 2)
    story.listen(20, lambda: story.questions)
    lab.resolver.close()
    before = lab.stats()
    lab.told("given up", lab.local, 1, 2)
    in_time("given up", story.now(), ASKED_AT[1])
    lab.moved(before, drop_unanswered=2)
    check("left", (lab.pending(), lab.refused()), ({}, []))
    lab.resolver = lab.listen()
    lab.local.send(to, 3)
    lab.asks("who comes next", lab.question(to))


if __name__ == "__main__":
    nhrp.main(globals())
