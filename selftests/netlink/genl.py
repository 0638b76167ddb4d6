# SPDX-License-Identifier: GPL-2.0
"""Generic netlink on a plain socket, with nothing between a test and the wire.

Attributes are lists of (type, bytes), so that a request may be as wrong as a
test wants it; a reply says everything that the kernel said of it.
"""

import ctypes
import os
import socket
import struct

NLMSG_ERROR = 2
NLMSG_DONE = 3

NLM_F_REQUEST = 0x01
NLM_F_ACK = 0x04
NLM_F_ECHO = 0x08
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800
NLM_F_CAPPED = 0x100
NLM_F_ACK_TLVS = 0x200

NLA_F_NESTED = 0x8000

NLMSGERR_ATTR_MSG = 1
NLMSGERR_ATTR_OFFS = 2
NLMSGERR_ATTR_MISS_TYPE = 5

SOL_NETLINK = 270
NETLINK_GENERIC = 16
NETLINK_ADD_MEMBERSHIP = 1
NETLINK_BROADCAST_ERROR = 4
NETLINK_EXT_ACK = 11
SO_RCVBUFFORCE = 33

GENL_ID_CTRL = 16
CTRL_CMD_GETFAMILY = 3
CTRL_ATTR_FAMILY_ID = 1
CTRL_ATTR_FAMILY_NAME = 2
CTRL_ATTR_MCAST_GROUPS = 7
CTRL_ATTR_MCAST_GRP_NAME = 1
CTRL_ATTR_MCAST_GRP_ID = 2

CLONE_NEWNET = 0x40000000

NLMSGHDR = struct.Struct("=IHHII")
GENLMSGHDR = struct.Struct("=BBH")
NLATTR = struct.Struct("=HH")
# More messages than any dump of a test has.
DUMP_LIMIT = 300000

HEADERS = NLMSGHDR.size + GENLMSGHDR.size


def align(length):
    return (length + 3) & ~3


def pack_attrs(attrs):
    """Attributes as they go on the wire, each padded."""
    out = b""
    for number, value in attrs:
        out += NLATTR.pack(NLATTR.size + len(value), number) + value
        out += bytes(align(len(value)) - len(value))
    return out


def parse_attrs(data):
    """The reverse, as a list: the order is part of what is tested."""
    attrs = []
    pos = 0
    while pos < len(data):
        length, number = NLATTR.unpack_from(data, pos)
        if length < NLATTR.size or pos + length > len(data):
            raise ValueError("attribute runs out of its message")
        attrs.append((number & 0x3fff, data[pos + NLATTR.size:pos + length]))
        pos += align(length)
    return attrs


class Message:
    """A message from the kernel."""

    def __init__(self, data):
        self.data = data
        (self.length, self.type, self.flags, self.seq,
         self.port) = NLMSGHDR.unpack_from(data)

    @property
    def cmd(self):
        return self.data[NLMSGHDR.size]

    def attrs(self):
        return parse_attrs(self.data[HEADERS:])


class Refusal(Exception):
    """What the kernel said against a request.

    offset is where in the request the attribute at fault begins, missing the
    number of one that is not there; None if the kernel did not say.
    """

    def __init__(self, message):
        self.done = message.type == NLMSG_DONE
        self.intr = bool(message.flags & NLM_F_DUMP_INTR)
        error, = struct.unpack_from("=i", message.data, NLMSGHDR.size)
        self.errno = -error
        tlvs = {}
        if message.flags & NLM_F_ACK_TLVS:
            start = NLMSGHDR.size + 4
            if not self.done:
                start += NLMSGHDR.size
                if not message.flags & NLM_F_CAPPED:
                    quoted, = struct.unpack_from("=I", message.data,
                                                 NLMSGHDR.size + 4)
                    start += align(quoted - NLMSGHDR.size)
            tlvs = dict(parse_attrs(message.data[start:]))
        self.text = tlvs.get(NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode()
        self.offset = self._number(tlvs, NLMSGERR_ATTR_OFFS)
        self.missing = self._number(tlvs, NLMSGERR_ATTR_MISS_TYPE)
        super().__init__(f"errno {self.errno}: {self.text}")

    @staticmethod
    def _number(tlvs, which):
        return struct.unpack("=I", tlvs[which])[0] if which in tlvs else None


class Socket:
    """A socket of one family."""

    def __init__(self, family=None, timeout=30):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.settimeout(timeout)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.seq = 0
        self.family = GENL_ID_CTRL
        self.groups = {}
        if family:
            self._resolve(family)

    def close(self):
        self.sock.close()

    def _resolve(self, family):
        reply, = self.request(CTRL_CMD_GETFAMILY, [
            (CTRL_ATTR_FAMILY_NAME, family.encode() + b"\0")])
        attrs = dict(reply.attrs())
        self.family, = struct.unpack("=H", attrs[CTRL_ATTR_FAMILY_ID])
        for _, nest in parse_attrs(attrs[CTRL_ATTR_MCAST_GROUPS]):
            group = dict(parse_attrs(nest))
            name = group[CTRL_ATTR_MCAST_GRP_NAME].rstrip(b"\0").decode()
            number, = struct.unpack("=I", group[CTRL_ATTR_MCAST_GRP_ID])
            self.groups[name] = number

    def join(self, group, size=1 << 20):
        """Listen to a group, with room for bursts; 0 for what is usual."""
        if size:
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, size)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                             self.groups[group])

    def send(self, cmd, attrs=(), flags=NLM_F_ACK, reserved=0, tail=b""):
        """Send one request. Return its sequence number."""
        body = pack_attrs(attrs) + tail
        self.seq += 1
        self.sock.send(NLMSGHDR.pack(HEADERS + len(body), self.family,
                                     NLM_F_REQUEST | flags, self.seq, 0) +
                       GENLMSGHDR.pack(cmd, 1, reserved) + body)
        return self.seq

    def receive(self):
        """The messages of one datagram."""
        data = self.sock.recv(1 << 16)
        messages = []
        pos = 0
        while pos < len(data):
            length, = struct.unpack_from("=I", data, pos)
            messages.append(Message(data[pos:pos + length]))
            pos += align(length)
        return messages

    def request(self, cmd, attrs=(), flags=0, **more):
        """Send one request, return the replies before its acknowledgment."""
        seq = self.send(cmd, attrs, flags | NLM_F_ACK, **more)
        replies = []
        while True:
            for message in self.receive():
                if message.seq != seq:
                    raise AssertionError("reply to another request")
                if message.type == NLMSG_ERROR:
                    refusal = Refusal(message)
                    if refusal.errno:
                        raise refusal
                    return replies
                replies.append(message)

    def pending(self):
        """What has arrived already, without waiting."""
        messages = []
        timeout = self.sock.gettimeout()
        self.sock.setblocking(False)
        try:
            while True:
                messages += self.receive()
        except BlockingIOError:
            return messages
        finally:
            self.sock.settimeout(timeout)


class Dump:
    """A dump under way, to be read one datagram at a time."""

    def __init__(self, sock, cmd, attrs=(), **more):
        self.sock = sock
        self.messages = []
        self.intr = False
        self.ended = False
        self.seq = sock.send(cmd, attrs, NLM_F_DUMP, **more)

    def step(self):
        """Read one datagram. Return False once the dump has ended."""
        for message in self.sock.receive():
            if message.seq != self.seq:
                raise AssertionError("message of another request")
            self.intr |= bool(message.flags & NLM_F_DUMP_INTR)
            if len(self.messages) > DUMP_LIMIT:
                raise AssertionError("dump does not end")
            if message.type in (NLMSG_ERROR, NLMSG_DONE):
                self.ended = True
                refusal = Refusal(message)
                if refusal.errno:
                    raise refusal
            else:
                self.messages.append(message)
        return not self.ended

    def finish(self):
        while not self.ended:
            self.step()
        return self


def enter_netns(name):
    """Put this thread, and the sockets that it opens, into a namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"setns to {name}")
    os.close(fd)
