# SPDX-License-Identifier: GPL-2.0
"""Who may do what by the family "nhrp". TABLE says it for each command and group;
what the family itself lists must be that, so that a command without a line in it
fails the test.

	privilege.py table			as root, in the namespace under test
	privilege.py jailed			as root of a user and a network namespace
	privilege.py hears			tells of events of any namespace
"""

import ctypes
import errno
import os
import struct
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../netlink"))

import genl  # noqa: E402
import nhrp  # noqa: E402
from nhrp import (ADD, BATCH, DEL, FLUSH, GET, MCAST_DEL, MCAST_GET,  # noqa: E402
                  MCAST_NEW, NEW, PEER_GET, STATS_GET, address, check, mapping,
                  u32)

CLONE_NEWUSER = 0x10000000
PR_SET_DUMPABLE = 4
CTRL_ATTR_OPS = 6
CTRL_ATTR_OP_ID, CTRL_ATTR_OP_FLAGS = 1, 2
CAP_DO, CAP_DUMP, UNS_ADMIN = 2, 4, 16
NETLINK_LISTEN_ALL_NSID = 8
DEV = "mgre0"
ONE, NBMA_ONE, MEMBER = "10.0.0.2", "192.0.2.2", "192.0.2.3"

ADMIN, ANYBODY = "admin", "anybody"
DO, DUMP, BOTH = CAP_DO, CAP_DUMP, CAP_DO | CAP_DUMP

# Command: who may, what it can be, and the attributes of a sound request.
TABLE = {
    NEW: (ADMIN, DO, lambda: dev() + dst("10.0.0.9") + nbma(3)),
    DEL: (ADMIN, DO, lambda: dev() + dst(ONE)),
    GET: (ANYBODY, BOTH, lambda: dev() + dst(ONE)),
    FLUSH: (ADMIN, DO, lambda: dev()),
    PEER_GET: (ANYBODY, BOTH, lambda: dev() + [(2, address(NBMA_ONE))]),
    BATCH: (ADMIN, DO, lambda: [(nhrp.BATCH_DEL | genl.NLA_F_NESTED,
                                 genl.pack_attrs(dev() + dst(ONE)))]),
    STATS_GET: (ANYBODY, BOTH, lambda: dev()),
    MCAST_NEW: (ADMIN, DO, lambda: dev() + nbma(9)),
    MCAST_DEL: (ADMIN, DO, lambda: dev() + [(4, address(MEMBER))]),
    MCAST_GET: (ANYBODY, BOTH, lambda: dev() + [(4, address(MEMBER))]),
}
GROUPS = {"mapping": ANYBODY, "resolve": ADMIN, "redirect": ADMIN}


def dev():
    return [(nhrp.IFINDEX, u32(nhrp.ifindex_of(DEV)))]


def dst(text):
    return [(nhrp.DST, address(text))]


def nbma(number):
    return [(nhrp.NBMA, address(f"192.0.2.{number}"))]


def fill(sock):
    """What all requests are about, afresh."""
    index = nhrp.ifindex_of(DEV)
    sock.flush(ifindex=index)
    for member in MEMBER, "192.0.2.9":
        try:
            sock.request(MCAST_DEL, dev() + [(4, address(member))])
        except genl.Refusal as refusal:
            check("no such member", refusal.errno, errno.ENOENT)
    sock.set(mapping(index, ONE, NBMA_ONE))
    sock.request(MCAST_NEW, dev() + [(4, address(MEMBER))])


def state(sock):
    """All that a request could have changed."""
    members = genl.Dump(sock, MCAST_GET, dev()).finish().messages
    return (sock.dump(), sock.peers(),
            sorted(message.attrs() for message in members))


def result(call, *args, **more):
    """Errno, 0 if it was done."""
    try:
        call(*args, **more)
    except (genl.Refusal, OSError) as error:
        return error.errno
    return 0


def request(sock, command, attrs):
    """Errno of a command, as a single request."""
    return result(sock.request, command, attrs, ADD if command == NEW else 0)


def check_commands(who, sock, may):
    """The family does for this socket what the table says: may is whether it has
    the privilege.
    """
    for command, (needs, kinds, attrs) in TABLE.items():
        want = 0 if may or needs == ANYBODY else errno.EPERM
        check(f"{who}: command {command}", request(sock, command, attrs()), want)
        if kinds & DUMP:
            check(f"{who}: dump {command}",
                  result(lambda: genl.Dump(sock, command, dev()).finish()), 0)
        elif not may:
            # not by asking for more than there is
            check(f"{who}: dump {command}",
                  result(lambda: genl.Dump(sock, command, attrs()).finish())
                  in (errno.EPERM, errno.EOPNOTSUPP), True)
        if may:
            fill(sock)
    for group, needs in GROUPS.items():
        want = 0 if may or needs == ANYBODY else errno.EPERM
        check(f"{who}: group {group}", result(sock.join, group, 0), want)


def user_namespace():
    """From now on root of it alone, whoever opened what."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                       ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{file}", "w", encoding="ascii") as out:
            out.write(text)


def nobody():
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    # its files in /proc are its own again
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)


def as_nobody():
    nobody()
    check_commands("nobody", nhrp.Nhrp(), False)


def in_user_namespace():
    user_namespace()
    check_commands("root of a user namespace", nhrp.Nhrp(), False)


def with_socket_of_root(sock):
    """Both who opened it and who sends must have the privilege. To join is looked
    at when it is done.
    """
    user_namespace()
    check_commands("the same with a socket of root", sock, False)


def nobody_in_user_namespace():
    """Without ids that mean anything outside."""
    nobody()
    user_namespace()
    check_commands("nobody, as root of a user namespace", nhrp.Nhrp(), False)


def told(sock):
    """What the family says of its commands: the attributes of each."""
    plain = genl.Socket()
    reply, = plain.request(genl.CTRL_CMD_GETFAMILY, [
        (genl.CTRL_ATTR_FAMILY_NAME, b"nhrp\0")])
    attrs = dict(reply.attrs())
    commands = {}
    for _, nest in genl.parse_attrs(attrs[CTRL_ATTR_OPS]):
        command = dict(genl.parse_attrs(nest))
        commands[nhrp.number(command[CTRL_ATTR_OP_ID])] = \
            nhrp.number(command[CTRL_ATTR_OP_FLAGS])
    return commands, sorted(sock.groups)


def table():
    sock = nhrp.Nhrp()
    commands, groups = told(sock)
    check("commands", {number: flags & (BOTH | UNS_ADMIN | 1)
                       for number, flags in commands.items()},
          {number: kinds | (UNS_ADMIN if needs == ADMIN else 0)
           for number, (needs, kinds, _) in TABLE.items()})
    check("groups", groups, sorted(GROUPS))

    fill(sock)
    before = state(sock)
    listener = nhrp.Nhrp().listen()
    for child in (as_nobody, in_user_namespace, nobody_in_user_namespace):
        nhrp.Child(child).wait()
        check(f"after {child.__name__}", state(sock), before)
    nhrp.Child(with_socket_of_root, nhrp.Nhrp()).wait()
    check("after with_socket_of_root", state(sock), before)
    check("what is told of it", listener.events(), [])
    check_commands("root", sock, True)


def jailed():
    """In a netns of one's own."""
    sock = nhrp.Nhrp()
    fill(sock)
    check_commands("root of both namespaces", sock, True)
    before = state(sock)
    nhrp.Child(without_capability).wait()
    check("after without_capability", state(sock), before)


def without_capability():
    """Root, but CAP_NET_ADMIN (12) is given up."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", 0x20080522, 0)
    low = 0xffffffff & ~(1 << 12)
    data = struct.pack("=IIIIII", low, low, 0, 0xffffffff, 0xffffffff, 0)
    if libc.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")
    check_commands("without CAP_NET_ADMIN", nhrp.Nhrp(), False)


def hears():
    """Prints what arrives, of any namespace that has a number here, until it is
    killed.
    """
    sock = nhrp.Nhrp(timeout=None)
    sock.sock.setsockopt(genl.SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1)
    sock.join("mapping", 0)
    print("listens", flush=True)
    while True:
        for message in sock.receive():
            print(f"heard {message.cmd}", flush=True)


if __name__ == "__main__":
    nhrp.main(globals())
