# SPDX-License-Identifier: GPL-2.0
"""Everything at once: loops that change, ask, listen and send, a process each.

	churn.py loops SECONDS SEED HUB SPOKE1 SPOKE2 ROUTER
	churn.py gre HUB_ADDRESS SEED			(in the router, until killed)

The first prints "NAME COUNT" for each loop, how often it went round, and "failed"
lines for what must not happen: an error that no change of somebody else explains,
or a loop that does not end. A loop that finds its device gone tries again.
"""

import errno
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../netlink"))

import genl  # noqa: E402
import nhrp  # noqa: E402
from nhrp import mapping, u8, u32  # noqa: E402

# What a loop may be told, since others change what it works on.
EXPECTED = {getattr(errno, name) for name in """
    ENODEV ENXIO EEXIST ENOENT EBUSY EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT
    EOPNOTSUPP ENETUNREACH EHOSTUNREACH ENETDOWN EHOSTDOWN ENOBUFS ENOMEM ENOSPC
    ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EAGAIN EMSGSIZE ENOTCONN""".split()}

NBMA = ("192.0.2.2", "198.51.100.2", "198.51.100.66")
GATEWAY = ("192.0.2.1", "198.51.100.1", "198.51.100.65")
OVER = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
LAN = ("10.1.0", "10.2.0", "10.3.0")
KEY = 42
DEV = "mgre0"
GROUPS = ("mapping", "resolve", "redirect")
ETHTOOL_GSTATS, SIOCETHTOOL = 0x1d, 0x8946
RTM_GETLINK = 18

LOOPS = []


class Clock:
    """When the loops are to end, by time.monotonic(): those that have gone round
    LEAST times, and at the latest all of them.
    """

    end = last = 0


LEAST = 2
# Seconds that the slowest may take longer, and to end what it is at.
LONGER, TO_END = 200, 100


def over(rounds):
    now = time.monotonic()
    return now >= Clock.last or now >= Clock.end and rounds >= LEAST


def pause(seconds):
    left = Clock.end - time.monotonic()
    time.sleep(min(seconds, left if left > 0 else 0.05))


def loop(site):
    """A function that prepares, in the namespace of that site, and returns what is
    done again and again; HUB is 0, the spokes 1 and 2, the router 3.
    """
    def add(function):
        LOOPS.append((function, site))
        return function
    return add


class Ip:
    """An ip command that takes one batch after the other."""

    def __init__(self, *options):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            ["ip", *options, "-force", "-batch", "-"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def do(self, *lines):
        """Return when all of it has been done, or refused."""
        # link show ends with a flush of what it prints
        print(*lines, "link show dev lo", sep="\n", file=self.process.stdin,
              flush=True)
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("ip has died")
            if line.startswith("1: lo"):
                return


class Context:
    """What a loop has for itself."""

    def __init__(self, name, seed, names):
        self.random = random.Random(f"{seed} {name}")
        self.names = names

    def ip(self, site):
        return Ip("-n", self.names[site])

    def draw(self, *what):
        return self.random.choice(what)

    def host(self):
        """An address behind mgre0, of a few hundred."""
        return f"10.0.{self.random.randrange(1, 3)}.{self.random.randrange(256)}"

    def nbma(self):
        return f"203.0.113.{self.random.randrange(1, 200)}"


def index(dev=DEV):
    try:
        return nhrp.ifindex_of(dev)
    except OSError as error:    # which has no number
        raise OSError(errno.ENODEV, dev) from error


# ---- the cache

def some_mapping(c):
    """Any kind, of any holding time that ends soon, as attributes but for the
    device.
    """
    kind = c.draw(nhrp.STATIC, nhrp.DYNAMIC, nhrp.CACHED, nhrp.NEGATIVE)
    length = c.draw(32, 32, 32, 28, 25)
    mask = 0xffffffff << 32 - length & 0xffffffff
    dst, = struct.unpack("!I", socket.inet_aton(c.host()))
    dst = socket.inet_ntoa(struct.pack("!I", dst & mask))
    dst = f"{dst}/{length}"
    hold = c.draw(None, 1, 1, 2)
    if kind == nhrp.NEGATIVE:
        entry = mapping(0, dst, None, hold=hold)
    else:
        entry = mapping(0, dst, c.draw(c.nbma(), NBMA[2]), kind, hold,
                        flags=c.draw(0, 0, nhrp.FLAG_SHORTCUT, nhrp.FLAG_UNIQUE,
                                     nhrp.FLAG_MULTICAST, nhrp.FLAG_RESOLVE),
                        mark=c.draw(0, 7))
    return nhrp.mapping_attrs(entry)[1:]


def some_batch(c, mappings):
    """All to the device that an attribute names, which is the first."""
    return [(nhrp.BATCH_REPLACE | genl.NLA_F_NESTED, genl.pack_attrs(attrs))
            for attrs in c.random.sample(mappings, 32)]


def restore(sock, site):
    """The mappings by which the traffic goes."""
    for other in range(3):
        if other != site:
            sock.set(mapping(index(), OVER[other], NBMA[other],
                             flags=nhrp.FLAG_MULTICAST), nhrp.SET)


def change_mappings(c, site):
    sock = nhrp.Nhrp()
    # made beforehand, since that takes longer than the change does
    mappings = [some_mapping(c) for _ in range(200)]
    batches = [some_batch(c, mappings) for _ in range(20)]

    def step():
        what = c.random.randrange(32)
        dev = [(nhrp.IFINDEX, u32(index()))]
        if what < 16:
            sock.request(nhrp.NEW, dev + c.draw(*mappings),
                         c.draw(nhrp.ADD, nhrp.SET, nhrp.REPLACE))
        elif what < 22:
            sock.delete(index(), c.host())
        elif what < 28:
            sock.request(nhrp.BATCH, [(nhrp.BATCH_IFINDEX, u32(index()))]
                         + c.draw(*batches))
        elif what == 28:
            sock.flush(ifindex=index(), nbma=c.nbma())
        elif what == 29:
            sock.flush(ifindex=index(), kind=c.draw(2, 3, 4, 5))
        else:
            sock.flush(ifindex=index(), within="10.0.0.0/21")
            restore(sock, site)
    return step


@loop(0)
def hub_mappings(c):
    return change_mappings(c, 0)


@loop(1)
def spoke_mappings(c):
    return change_mappings(c, 1)


@loop(0)
def members(c):
    """Lists of multicast groups."""
    sock = nhrp.Nhrp()

    def step():
        attrs = [(1, u32(index()))]
        if c.random.randrange(4):
            group = c.draw("239.1.1.1", "224.0.0.5", "239.0.0.0")
            attrs += [(2, nhrp.address(group))]
            if group == "239.0.0.0":
                attrs += [(3, u8(8))]
        attrs += [(4, nhrp.address(c.draw(c.nbma(), NBMA[1], NBMA[2])))]
        sock.request(c.draw(nhrp.MCAST_NEW, nhrp.MCAST_NEW, nhrp.MCAST_DEL),
                     attrs)
    return step


@loop(0)
def listeners(c):
    """They come, read a little, and go."""
    def step():
        socks = [nhrp.Nhrp() for _ in range(2)]
        for sock in socks:
            for group in GROUPS:
                if c.random.randrange(3):
                    sock.listen(group)
        for _ in range(c.random.randrange(100)):
            for sock in socks:
                try:
                    if select.select([sock.sock], [], [], 0.01)[0]:
                        sock.receive()
                except OSError as error:
                    if error.errno != errno.ENOBUFS:
                        raise
        for sock in socks:
            sock.close()
    return step


@loop(0)
def dumps(c):
    """Read to the end, or given up in the middle."""
    sock = nhrp.Nhrp()

    def step():
        command = c.draw(nhrp.GET, nhrp.PEER_GET, nhrp.STATS_GET, nhrp.MCAST_GET)
        attrs = [(1, u32(index()))] if c.random.randrange(2) else []
        if c.random.randrange(3):
            genl.Dump(sock, command, attrs).finish()
            return
        left = nhrp.Nhrp()
        genl.Dump(left, command, attrs).step()
        left.close()
    return step


@loop(0)
def monitors(_):
    """The tool's own monitor."""
    def step():
        # pylint: disable=consider-using-with
        process = subprocess.Popen([os.environ["NHRP"], "monitor"],
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        for _ in range(10):
            if select.select([process.stdout], [], [], 0.05)[0]:
                os.read(process.stdout.fileno(), 1 << 16)
        process.kill()
        process.wait()
        process.stdout.close()
    return step


# ---- devices

@loop(0)
def options(c):
    """The hub's device changes under its traffic."""
    ip = c.ip(0)
    words = ("ttl 64", "ttl inherit", "tos 0x10", "tos inherit", "csum", "nocsum",
             "nopmtudisc", "pmtudisc", "fwmark 7", "fwmark 0", "redirect",
             "noredirect", "accept known", "accept any", "queue 1", "queue 64",
             "maxmappings 100", "maxmappings 5000", "protect", "noprotect",
             "dev eth0", "mtu 1300", "mtu 1476")

    def step():
        word = c.draw(*words)
        if word.startswith("mtu"):
            ip.do(f"link set {DEV} {word}")
        else:
            ip.do(f"link change {DEV} type mgre {word}")
        # what stops all traffic does so for a moment
        ip.do(f"link change {DEV} type mgre accept any noprotect")
    return step


def device_lines(site, *more):
    yield (f"link add {DEV} type mgre local {NBMA[site]} key {KEY} ttl 64 "
           f"{' '.join(more)}")
    yield f"addr add {OVER[site]}/22 dev {DEV}"
    yield f"link set {DEV} up"
    for other in range(3):
        if other != site:
            yield f"route add {LAN[other]}.0/24 via {OVER[other]} dev {DEV}"


def renew(c, site):
    ip = c.ip(site)
    sock = nhrp.Nhrp()

    def step():
        ip.do(f"link del {DEV}", *device_lines(site, c.draw("", "csum")))
        restore(sock, site)
        pause(c.random.random() * (2 if site == 0 else 0.2))
    return step


@loop(2)
def spoke_device(c):
    """Deleted and made anew."""
    return renew(c, 2)


@loop(0)
def hub_device(c):
    """The same, but less often."""
    return renew(c, 0)


@loop(None)
def movers(c):
    """A device moves, its underlay stays; both ways it ends with a namespace."""
    hub = c.ip(0)
    names = Ip()
    number = 0

    def step():
        nonlocal number
        number += 1
        name = f"churn-{os.getpid()}-{number}"
        hub_name = c.names[0]
        names.do(f"netns add {name}")
        hub.do(f"link add mv0 type mgre local {NBMA[0]} key 77",
               f"link set mv0 netns {name}",
               f"link add mv1 type mgre key 78 netns {name}")
        inside = Ip("-n", name)
        inside.do("link set lo up", "addr add 10.77.0.1/24 dev mv0",
                  "link set mv0 up", "link set mv1 up",
                  # an underlay that is to go before the device
                  f"link add mv2 type mgre key 79 netns {hub_name}")
        mapped(name, "mv0")
        if c.random.randrange(2):
            inside.do(f"link set mv0 netns {hub_name}")
            hub.do("link set mv0 up", "link del mv0")
        inside.process.stdin.close()
        inside.process.wait()
        inside.process.stdout.close()
        names.do(f"netns del {name}")
        hub.do("link del mv0", "link del mv2")
    return step


def mapped(name, dev):
    """A mapping in that namespace, and a packet by it; others do not wait."""
    def there():
        genl.enter_netns(name)
        try:
            sock = nhrp.Nhrp()
            sock.set(mapping(index(dev), "10.77.0.2", NBMA[1]))
            nhrp.packet("10.77.0.2")
            nhrp.packet("10.77.0.3")
            sock.close()
        except (genl.Refusal, OSError) as error:
            if error.errno not in EXPECTED:
                raise
    thread = threading.Thread(target=there)
    thread.start()
    thread.join()


# ---- below and above

@loop(3)
def flaps(c):
    """The underlay goes down for a moment, and says other MTUs."""
    ip = c.ip(3)

    def step():
        which = c.draw(0, 1, 2)
        if c.random.randrange(2):
            ip.do(f"link set s{which} down", f"link set s{which} up")
        else:
            ip.do(f"link set s{which} mtu {c.draw(1280, 1500)}",
                  f"link set s{which} mtu 1500")
        pause(0.3)
    return step


@loop(0)
def addresses(c):
    """Of the overlay and of the underlay, and routes of both."""
    ip = c.ip(0)

    def step():
        ip.do(f"addr add 10.0.1.1/32 dev {DEV}",
              f"route replace 10.8.0.0/16 via {OVER[1]} dev {DEV}",
              f"route replace {NBMA[1]}/32 via {GATEWAY[0]} mtu "
              f"{c.draw(1280, 1400)}",
              "addr add 192.0.2.99/24 dev eth0",
              "route flush cache",
              f"route del 10.8.0.0/16 dev {DEV}",
              f"addr del 10.0.1.1/32 dev {DEV}",
              f"route del {NBMA[1]}/32",
              "addr del 192.0.2.99/24 dev eth0")
        if not c.random.randrange(8):
            # all routes to peers go with the address
            ip.do(f"addr del {NBMA[0]}/24 dev eth0",
                  f"addr add {NBMA[0]}/24 dev eth0",
                  f"route replace default via {GATEWAY[0]}")
    return step


@loop(0)
def rules(c):
    """Connection tracking and rules of the firewall come and go."""
    def step():
        text = """table inet churn {
            chain in { type filter hook input priority 0; policy accept;
                ct state established counter accept
                ip protocol gre counter }
            chain out { type filter hook output priority 0; policy accept;
                meta mark 7 counter; ct state new counter } }"""
        for rule in text, "delete table inet churn":
            subprocess.run(["nft", "-f", "-"], input=rule, text=True,
                           check=False, stderr=subprocess.DEVNULL)
            pause(c.random.random() / 2)
    return step


# ---- who looks

@loop(0)
def counters(_):
    """ethtool -S, /proc/net/dev, and all of the links by rtnetlink."""
    import array  # pylint: disable=import-outside-toplevel
    import fcntl  # pylint: disable=import-outside-toplevel
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    link.settimeout(30)

    def step():
        with open("/proc/thread-self/net/dev", encoding="ascii") as file:
            file.read()
        link.send(genl.NLMSGHDR.pack(32, RTM_GETLINK, genl.NLM_F_REQUEST |
                                     genl.NLM_F_DUMP, 1, 0) + bytes(16))
        while genl.Message(link.recv(1 << 16)).type != genl.NLMSG_DONE:
            pass
        data = array.array("B", struct.pack("=II", ETHTOOL_GSTATS, 0)
                           + bytes(8 * 64))
        fcntl.ioctl(control, SIOCETHTOOL, struct.pack(
            "16sP16x", DEV.encode(), data.buffer_info()[0]))
    return step


@loop(0)
def captures(c):
    """Packet sockets on the device, which also send by it."""
    def step():
        kind = c.draw(socket.SOCK_RAW, socket.SOCK_DGRAM)
        with socket.socket(socket.AF_PACKET, kind, 0) as sock:
            sock.bind((DEV, 3))
            sock.settimeout(0.05)
            for _ in range(10):
                try:
                    sock.recv(1 << 16)
                except TimeoutError:
                    pass
            if kind == socket.SOCK_DGRAM:
                sock.sendto(bytes(28), (DEV, 0x2001, 0, 0,
                                        socket.inet_aton(NBMA[1])))
    return step


# ---- traffic

def udp(c, to, size):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)

    def step():
        for _ in range(8):
            sock.sendto(bytes(size), (to(c), 9))
        pause(0.005)
    return step


@loop(0)
def strangers(c):
    """To what is mapped now and then, and asked for if not."""
    return udp(c, Context.host, 100)


@loop(1)
def datagrams(c):
    return udp(c, lambda _: OVER[0], 1200)


@loop(0)
def multicasts(c):
    send = None

    def step():
        nonlocal send
        send = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with send:
            send.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                            struct.pack("=4s4si", bytes(4), bytes(4), index()))
            for _ in range(8):
                send.sendto(bytes(400), (c.draw("239.1.1.1", "224.0.0.5",
                                                "239.7.7.7"), 9))
        pause(0.005)
    return step


@loop(1)
def stream_in(_):
    """The receiving end of a TCP stream; a round is 64 KiB of it."""
    server = socket.create_server(("", 5001), reuse_port=True)
    server.settimeout(2)
    sock = nhrp.Nhrp()
    state = {"sock": None, "got": 0}

    def step():
        if not state["sock"]:
            restore(sock, 1)
            state["sock"] = server.accept()[0]
            state["sock"].settimeout(2)
        state["got"] = 0
        while state["got"] < 1 << 16:
            data = state["sock"].recv(1 << 16)
            if not data:
                state["sock"].close()
                state["sock"] = None
                raise OSError(errno.ENOTCONN, "closed")
            state["got"] += len(data)
    return step


@loop(0)
def stream_out(_):
    """GSO's packets are large."""
    state = {"sock": None}
    sock = nhrp.Nhrp()

    def step():
        try:
            if not state["sock"]:
                restore(sock, 0)
                state["sock"] = socket.create_connection((OVER[1], 5001),
                                                         timeout=2)
            state["sock"].sendall(bytes(1 << 16))
        except OSError:
            if state["sock"]:
                state["sock"].close()
                state["sock"] = None
            raise
    return step


# ---- all of it

def unrouted(error):
    """A socket is told EINVAL if its way out is by a device that has just lost its
    IPv4. A netlink request that is told so is a fault.
    """
    return isinstance(error, OSError) and error.errno == errno.EINVAL


class Runner:
    """One of LOOPS, in a process of its own."""

    def __init__(self, function, site, seed, names):
        self.name = function.__name__
        self.function, self.site = function, site
        self.context = Context(self.name, seed, names)
        self.rounds = 0
        self.failure = None
        self.pipe, end = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            self.run(end)
        os.close(end)

    def _round(self, step):
        try:
            step()
            self.rounds += 1
        except TimeoutError:
            pass    # of a socket that has told how long it waits
        except (OSError, genl.Refusal) as error:
            if error.errno not in EXPECTED and not unrouted(error):
                raise
            pause(0.01)

    def run(self, end):
        """In the child, which ends with it."""
        failure = ""
        try:
            if self.site is not None:
                genl.enter_netns(self.context.names[self.site])
            step = self.function(self.context)
            while not over(self.rounds):
                self._round(step)
        except Exception:  # pylint: disable=broad-except
            failure = f"failed {self.name}: {traceback.format_exc()}"
        os.write(end, f"{failure}{self.name} {self.rounds}\n".encode())
        # not all of ip's processes have been told to end
        os._exit(bool(failure))

    def judge(self, deadline):
        """What it has to say. Return true if that is good."""
        left = max(deadline - time.monotonic(), 0)
        if not select.select([self.pipe], [], [], left)[0]:
            os.kill(self.pid, signal.SIGKILL)
            print(f"failed {self.name}: does not end")
            return False
        print(os.read(self.pipe, 1 << 16).decode(), end="")
        return not os.waitpid(self.pid, 0)[1]


def loops(seconds, seed, *names):
    Clock.end = time.monotonic() + int(seconds)
    Clock.last = Clock.end + LONGER
    runners = [Runner(function, site, seed, names) for function, site in LOOPS]
    deadline = Clock.last + TO_END
    good = [runner.judge(deadline) for runner in runners]
    sys.exit(not all(good))


def gre(hub, seed):
    """GRE packets for the hub, sound and not, by whatever key and source."""
    rand = random.Random(seed)
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    inner = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 17, 0,
                        socket.inet_aton(OVER[1]), socket.inet_aton(OVER[0]))
    inner += struct.pack("!HHHH", 9, 9, 8, 0)
    print("sends", flush=True)
    while True:
        for _ in range(8):
            key = rand.choice((KEY, KEY, KEY, 43, 77, 78))
            source = rand.choice((NBMA[1], NBMA[2], "203.0.113.1"))
            body = struct.pack("!HHI", rand.choice((0x2000, 0x2000, 0x3000, 0xa000,
                                                    0x2001)),
                               rand.choice((0x0800, 0x0800, 0x2001, 0x86dd)),
                               key) + inner
            body = body[:rand.choice((len(body), len(body), 6))]
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0,
                               64, 47, 0, socket.inet_aton(source),
                               socket.inet_aton(hub))
            try:
                sock.sendto(head + body, (hub, 0))
            except OSError as error:
                if error.errno not in EXPECTED:
                    raise
        time.sleep(0.1 if nhrp.MACHINE_IS_SLOW else 0.005)


if __name__ == "__main__":
    {"loops": loops, "gre": gre}[sys.argv[1]](*sys.argv[2:])
