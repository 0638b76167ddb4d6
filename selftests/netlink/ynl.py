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
       type="dynamic", protocol=16)
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
            "protocol": 16}
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


if __name__ == "__main__":
    nhrp.main(globals())
