#!/usr/bin/env python3
"""The Diameter node of a daemon, from outside: who may connect, what base messages and bad input are answered, under TLS
only who proves to be who he says he is; an operator admits, sees, parts from and removes peers, over a kill -9."""

import json
import os
import ssl
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import clavigerd  # noqa: E402
from diameter_wire import CX, PROXIABLE, REQUEST, Peer, avp, message  # noqa: E402

REALM = "far.example"


def check(holds, what):
    if not holds:
        raise clavigerd.Failure(what)
    print("ok:", what, flush=True)


class Node:
    def __init__(self, sandbox):
        self.sandbox, self.values = sandbox, sandbox.values
        self.address = (self.values["ALPHA_DIAMETER_HOST"], int(self.values["ALPHA_DIAMETER_PORT"]))
        self.tls = (self.values["ALPHA_DIAMETER_HOST"], int(self.values["ALPHA_DIAMETER_TLS_PORT"]))

    def ctl(self, *arguments, status=0):
        run = subprocess.run([os.path.join(clavigerd.build_folder(), "bin", "clavigerctl"), "--socket",
                              self.values["ALPHA_ADMIN_SOCKET"], "--json", *arguments], capture_output=True, text=True,
                             check=False, timeout=60)
        if (run.returncode == 0) != (status == 0):
            raise clavigerd.Failure(f"clavigerctl {' '.join(arguments)}: {run.returncode} {run.stderr}")
        return json.loads(run.stdout) if run.returncode == 0 and run.stdout.strip() else None

    def tool(self, *arguments):
        subprocess.run([os.path.join(clavigerd.SOURCE, "tools", "sandbox"), *arguments], check=True, timeout=120,
                       stdout=subprocess.DEVNULL, env=os.environ | {"CLAVIGER_BUILD": clavigerd.build_folder()})

    def admit(self, identity, *options):
        return self.ctl("peer", "add", identity, REALM, "--transport", "tcp", *options)

    def connected(self, identity):
        peer = Peer(self.address, identity, REALM)
        check(peer.exchange().result() == 2001, f"{identity} is let in")
        return peer


def who_may_connect(node):
    with Peer(node.address, "stranger.example", REALM) as peer:
        answer = peer.exchange()
        check(answer.result() == 3010 and answer.flags & 0x20, "a stranger is told 3010 with the E bit")
        check(peer.is_closed(), "and is not talked to any more")
    node.admit("first.far.example")
    with Peer(node.address, "first.far.example", REALM) as peer:
        check(peer.exchange(4).result() == 5010, "no common application is 5010")
    with Peer(node.address, "first.far.example", REALM) as peer:
        peer.send(message(280, 0, peer.origin()))
        check(peer.is_closed(), "capabilities come first")
    with Peer(node.address, node.values["BRAVO_DIAMETER_IDENTITY"], "bravo.example") as peer:
        check(peer.exchange().result() == 5017, "a peer of TLS is not taken in the clear")


def from_elsewhere(node):
    """Without TLS a peer is known by where it is: whoever says its name elsewhere is a stranger, and parts nobody."""
    said = node.admit("sited.far.example", "--address", "127.0.0.1", "--address", "2001:db8::/32")
    check(said["addresses"] == ["127.0.0.1", "2001:db8::/32"], "peer add --address")
    with node.connected("sited.far.example") as peer:
        with Peer(node.address, "sited.far.example", REALM, source="127.0.0.2") as other:
            check(other.exchange().result() == 3010 and other.is_closed(), "its name from another address is nobody's: 3010")
        check(peer.ask(280, 0, peer.origin()).result() == 2001, "and its own connection goes on")
    shown = node.ctl("peer", "show", "sited.far.example")
    check(shown["refused"] == 1 and shown["addresses"] == ["127.0.0.1", "2001:db8::/32"], "peer show tells both")
    check("diameter.peer_elsewhere" in open(os.path.join(node.sandbox.folder, "alpha", "clavigerd.log"), encoding="utf-8").read(),
          "and the log")
    for wrong in ("127.0.0.1/8", "far.example", ""):
        node.ctl("peer", "add", "wrong.far.example", REALM, "--transport", "tcp", "--address", wrong, status=1)


def base_messages(node):
    with node.connected("first.far.example") as peer:
        answer = peer.ask(280, 0, peer.origin())
        check(answer.result() == 2001 and answer.find(264) == node.values["ALPHA_DIAMETER_IDENTITY"].encode(),
              "a watchdog is answered")
        with Peer(node.address, "first.far.example", REALM) as second:
            Peer.states -= 1  # not restarted
            second.send(message(257, 0, second.capabilities()))
            check(second.is_closed(), "one connection a peer")
        check(peer.ask(280, 0, peer.origin()).result() == 2001, "the first goes on")
        check(peer.ask(282, 0, [*peer.origin(), avp(273, 0)]).result() == 2001, "a parting is answered")


def bad_input(node):
    session = avp(263, "far;1;1")
    with node.connected("first.far.example") as peer:
        def result(command, application, avps, flags=REQUEST | PROXIABLE, **more):
            return peer.ask(command, application, avps, flags, **more).result()
        check(result(999, 0, peer.origin(), REQUEST) == 3001, "unknown command: 3001")
        check(result(272, 4, [session]) == 3007, "unknown application: 3007")
        check(result(280, 0, peer.origin(), REQUEST | 0x20) == 3008, "E on a request: 3008")
        check(result(280, 0, [*peer.origin(), avp(278, 1, flags=0x60)], REQUEST) == 3009, "P on an AVP: 3009")
        check(result(280, 0, [*peer.origin(), avp(4000, "x")], REQUEST) == 5001, "unknown AVP with M: 5001")
        check(result(282, 0, [*peer.origin(), avp(273, 9)], REQUEST) == 5004, "a value out of range: 5004")
        check(result(280, 0, [], REQUEST) == 5005, "nothing in it: 5005")
        check(result(280, 0, [*peer.origin(), *peer.origin()], REQUEST) == 5009, "twice: 5009")
        check(result(280, 0, [*peer.origin(), avp(278, b"12345")], REQUEST) == 5014, "a wrong length: 5014")
        check(result(280, 0, [*peer.origin(), bytes(4)], REQUEST) == 5015, "not filled: 5015")
        check(result(280, 0, [*peer.origin(), avp(269, "x")], REQUEST) == 5016, "M where it must not be: 5016")
        check(result(303, CX, [session], version=2) == 5011, "another version: 5011")
        check(result(303, CX, [session, avp(283, "nowhere.example")]) == 3003, "an unknown realm: 3003")
        check(result(303, CX, [session, avp(282, node.values["ALPHA_DIAMETER_IDENTITY"].upper())]) == 3005, "a loop: 3005")
    for length in (0, 19, 0xffffff):
        with node.connected("first.far.example") as peer:
            peer.send(message(280, 0, peer.origin(), length=length))
            check(peer.is_closed(), f"length {length} ends the connection")


def tls(node):
    folder = node.sandbox.folder
    context = ssl.create_default_context(cafile=node.values["ALPHA_CA"])
    try:
        with Peer(node.tls, "first.far.example", REALM, context, node.values["ALPHA_DIAMETER_IDENTITY"]) as peer:
            closed = peer.is_closed()
    except (ssl.SSLError, ConnectionError):
        closed = True
    check(closed, "without a certificate there is no connection")
    context.load_cert_chain(os.path.join(folder, "bravo", "diameter.pem"), os.path.join(folder, "bravo", "diameter.key"))
    with Peer(node.tls, "first.far.example", REALM, context, node.values["ALPHA_DIAMETER_IDENTITY"]) as peer:
        check(peer.exchange().result() == 3010, "bravo's certificate makes nobody another peer")
    listed = {peer["identity"]: peer for peer in node.ctl("peer", "list")["items"]}
    bravo = listed[node.values["BRAVO_DIAMETER_IDENTITY"]]
    check(bravo["connected"] and bravo["transport"] == "tls", "alpha and bravo are connected under TLS")


def changed(node, daemon_restart):
    """What is not said stays; the peer is told to come again, and is known from elsewhere now, over a kill -9, too."""
    before = node.ctl("peer", "show", "first.far.example")
    peer = node.connected("first.far.example")
    node.ctl("peer", "set", "FIRST.far.example", "--address", "127.0.0.3", "--weight", "3")
    left = peer.answer()
    check(left.command == 282 and left.find(273) == bytes(4), "a changed peer may come again at once")
    peer.send(message(282, 0, [avp(268, 2001), *peer.origin()], 0, left.hop_by_hop, left.end_to_end))
    check(peer.is_closed(), "its former connection ends")
    check(node.ctl("peer", "show", "First.Far.Example")["identity"] == "first.far.example", "its name in another spelling")
    for killed in (False, True):
        if killed:
            daemon_restart()
        shown = node.ctl("peer", "show", "first.far.example")
        check(shown["addresses"] == ["127.0.0.3"] and all(shown[name] == before[name] for name in ("realm", "transport", "admitted_by")),
              f"what is not said stays: {shown}")
        with Peer(node.address, "first.far.example", REALM) as other:
            check(other.exchange().result() == 3010, "it is not where it was")
        with Peer(node.address, "first.far.example", REALM, source="127.0.0.3") as here:
            check(here.exchange().result() == 2001, "it is where it is now")
            node.ctl("peer", "set", "first.far.example", "--address", "127.0.0.3")
            check(here.ask(280, 0, here.origin(), REQUEST).result() == 2001, "what changes nothing parts from nobody")
    node.ctl("peer", "set", "first.far.example", "--address", "")
    check(node.ctl("peer", "show", "first.far.example")["addresses"] == [], "a list without anything")
    node.connected("first.far.example").close()
    for wrong in (("--port", "0"), ("--port", "65536"), ("--address", "nowhere"), ("--realm", ""), ("--route", "a b")):
        node.ctl("peer", "set", "first.far.example", *wrong, status=1)
    node.ctl("peer", "set", node.values["BRAVO_DIAMETER_IDENTITY"], "--weight", "2", status=1)
    node.ctl("peer", "set", "nobody.example", "--weight", "2", status=4)


def operator(node, daemon_restart):
    peer = node.connected("first.far.example")
    shown = node.ctl("peer", "show", "first.far.example")
    check(shown["connected"] and shown["state"] == "okay" and shown["admitted_by"] == "operator", "peer show")
    node.ctl("peer", "add", "FIRST.far.example", REALM, status=1)
    node.ctl("peer", "remove", node.values["BRAVO_DIAMETER_IDENTITY"], "--yes", status=1)
    node.ctl("peer", "show", "nobody.example", status=1)
    node.ctl("peer", "disconnect", "first.far.example", "--yes")
    left = peer.answer()
    check(left.command == 282 and left.is_request(), "peer disconnect parts from it")
    peer.send(message(282, 0, [avp(268, 2001), *peer.origin()], 0, left.hop_by_hop, left.end_to_end))
    check(peer.is_closed(), "and closes")
    daemon_restart()
    check(any(each["identity"] == "first.far.example" for each in node.ctl("peer", "list")["items"]),
          "an admitted peer is there after kill -9")
    node.connected("first.far.example").close()
    with Peer(node.address, "sited.far.example", REALM, source="127.0.0.2") as other:
        check(other.exchange().result() == 3010, "so are its addresses")
    changed(node, daemon_restart)
    node.ctl("peer", "remove", "first.far.example", "--yes")
    with Peer(node.address, "first.far.example", REALM) as stranger:
        check(stranger.exchange().result() == 3010, "a removed peer is a stranger")
    for name in ("ALPHA", "BRAVO"):
        check(node.values[f"{name}_DIAMETER_REALM"] == f"{name.lower()}.example", f"sandbox.env names {name}'s realm")
    node.tool("peer", node.sandbox.folder, "alpha", "added.far.example", "127.0.0.1", "0", REALM)
    node.connected("added.far.example").close()


def main():
    with clavigerd.Sandbox() as sandbox:
        node = Node(sandbox)
        who_may_connect(node)
        from_elsewhere(node)
        base_messages(node)
        bad_input(node)
        tls(node)
        operator(node, lambda: node.tool("restart", sandbox.folder, "alpha", "--kill"))


if __name__ == "__main__":
    try:
        main()
    except clavigerd.Failure as failure:
        sys.exit(f"diameter_peers: {failure}")
