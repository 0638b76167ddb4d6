# SPDX-License-Identifier: GPL-2.0
"""Drive the family by the kernel's own generic client, from our specification.

ynl.py DIRECTORY SPEC: the client is the package "lib" of the DIRECTORY.
"""

import errno
import sys

import nhrp
from nhrp import check


def do(client, op, *flags, **attrs):
    """The reply; None for a mere acknowledgment."""
    return client.do(op, attrs, list(flags))


def refused(client, error_class, error, text, op, *flags, **attrs):
    try:
        do(client, op, *flags, **attrs)
    except error_class as refusal:
        check(op, (-refusal.nl_msg.error, refusal.nl_msg.extack.get("msg")),
              (error, text))
        return refusal.nl_msg.extack
    check(op, "done", "refused")
    return {}


def drive(directory, spec):
    sys.path.insert(0, directory)
    from lib import Netlink, NlError, YnlFamily

    create, excl = Netlink.NLM_F_CREATE, Netlink.NLM_F_EXCL
    client, listener = YnlFamily(spec, ""), YnlFamily(spec, "")
    ifindex = nhrp.ifindex_of("mgre0")
    host = {"ifindex": ifindex, "dst": "0a000002"}
    nbma = {"nbma": "c0000202"}

    listener.ntf_subscribe("mapping")
    do(client, "mapping-new", create, excl, **host, **nbma, hold=1000,
       type="dynamic", protocol=16, flags={"unique", "nat"}, mtu=1400,
       preference=7, mark=9)
    extack = refused(client, NlError, errno.EEXIST, "prefix is mapped already",
                     "mapping-new", create, excl, **host, **nbma)
    check("attribute at fault", extack.get("bad-attr"), ".dst")
    extack = refused(client, NlError, errno.EINVAL, "nbma address is missing",
                     "mapping-new", create, **host)
    check("missing attribute", extack.get("miss-type"), "nbma")

    reply = do(client, "mapping-get", **host)
    for name in ("expires", "created", "updated"):
        check(f"{name} is a number", isinstance(reply.pop(name), int), True)
    want = {"ifindex": ifindex, "dst": "10.0.0.2", "prefixlen": 32,
            "nbma": "192.0.2.2", "type": "dynamic", "hold": 1000,
            "protocol": 16, "flags": {"unique", "nat"}, "mtu": 1400,
            "preference": 7, "mark": 9}
    check("lookup", reply, want)
    dump = client.dump("mapping-get", {"ifindex": ifindex, "type": "dynamic"})
    check("dump", [entry["dst"] for entry in dump], ["10.0.0.2"])
    peer, = client.dump("peer-get", {"ifindex": ifindex})
    check("peer", (peer["nbma"], peer["mappings"], peer["rx-packets"]),
          ("192.0.2.2", 1, 0))
    do(client, "mapping-del", **host)
    check("flushed", do(client, "mapping-flush", ifindex=ifindex),
          {"flushed": 0})
    listener.check_ntf()
    check("notifications",
          [event["name"] for event in listener.async_msg_queue],
          ["mapping-new-ntf", "mapping-del-ntf"])
    drive_batch(client, host, nbma)
    drive_stats(client, ifindex)
    drive_resolve(YnlFamily(spec, ""), client)


def drive_batch(client, host, nbma):
    other = dict(host, dst="0a000003")
    do(client, "mapping-batch", add=[dict(host, **nbma), dict(other, **nbma)])
    do(client, "mapping-batch", replace=[dict(host, type="static", **nbma)],
       **{"del": [other]})
    dump = client.dump("mapping-get", {"ifindex": host["ifindex"]})
    check("after batches", [(entry["dst"], entry["type"]) for entry in dump],
          [("10.0.0.2", "static")])
    do(client, "mapping-del", **host)


def drive_stats(client, ifindex):
    one = do(client, "stats-get", ifindex=ifindex)
    check("counters", (one["ifindex"], one["mappings"], one["max-mappings"],
                       one["drop-flushed"]), (ifindex, 0, 1 << 20, 0))
    check("of all devices", one in client.dump("stats-get", {}), True)


def drive_resolve(listener, client):
    listener.ntf_subscribe("resolve")
    nhrp.packet("10.10.0.1")
    ifindex = nhrp.ifindex_of("wire0")
    listener.check_ntf()
    check("events", list(listener.async_msg_queue), [
        {"name": "resolve-ntf", "msg": {
            "ifindex": ifindex, "dst": "10.9.0.6", "prefixlen": 32,
            "reason": "miss", "attempt": 1, "destination": "10.10.0.1",
            "source": "10.9.0.1", "nexthop": "10.9.0.6"}}])
    entry, = client.dump("mapping-get", {"ifindex": ifindex,
                                         "type": "incomplete"})
    check("incomplete", (entry["dst"], entry["attempts"], entry["queued"]),
          ("10.9.0.6", 1, 1))
    check("flushed", do(client, "mapping-flush", ifindex=ifindex),
          {"flushed": 1})


if __name__ == "__main__":
    nhrp.main(globals())
