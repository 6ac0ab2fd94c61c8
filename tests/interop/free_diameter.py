#!/usr/bin/env python3
"""freeDiameter 1.2 beside alpha's Diameter node: as a peer that calls us and that we call, and as the relay between us and
a peer behind it. Needs freediameterd and freediameter-extensions; exits with 77 without them."""

import os
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "system"), os.path.join(HERE, "..", "..", "tools", "demo")]
import clavigerd  # noqa: E402
from diameter_peers import Node, check  # noqa: E402
import sandbox_parts  # noqa: E402
from diameter_wire import CX, PROXIABLE, REQUEST, VENDOR, Peer, avp  # noqa: E402

AGENT, REALM, ASKER = "agent.far.example", "far.example", "asker.far.example"
# Watchdogs go every six seconds, and a lost connection is called again after as many.
WAIT_SECONDS_MAX = 60
CONFIGURATION = """Identity = "{agent}";
Realm = "{realm}";
Port = {port};
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TwTimer = 6;
TcTimer = 6;
TLS_Cred = "{certificate}", "{key}";
TLS_CA = "{ca}";
TLS_DH_File = "{dh}";
LoadExtension = "acl_wl.fdx" : "{acl}";
{connect}
"""


def named_group(folder):
    """Without parameters from a file it generates some at each start, which takes from no time to a minute."""
    path = os.path.join(folder, "ffdhe2048.pem")
    subprocess.run(["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", path],
                   stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return path


def lives_on(process, seconds):
    """Waits so long; False when the process ends meanwhile."""
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        return True


def wait_for(process, holds, what):
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not holds():
        if time.monotonic() > deadline:
            raise clavigerd.Failure(f"{what}: not within {WAIT_SECONDS_MAX} s")
        lives_on(process, 0.1)
    print("ok:", what, flush=True)


class FreeDiameter:
    def __init__(self, node, port, calls):
        folder = node.sandbox.folder
        self.output = os.path.join(folder, "freeDiameter.log")
        # It starts with nothing less, though its connections here are in the clear.
        sandbox_parts.make_certificate(folder, "bravo", "agent", f"DNS:{AGENT}", "serverAuth,clientAuth")
        acl, config = os.path.join(folder, "acl.conf"), os.path.join(folder, "freeDiameter.conf")
        with open(acl, "w", encoding="ascii") as file:
            file.write(f"ALLOW_IPSEC {ASKER} {node.values['ALPHA_DIAMETER_IDENTITY']}\n")
        connect = f"""ConnectPeer = "{node.values['ALPHA_DIAMETER_IDENTITY']}" {{ ConnectTo = "127.0.0.1"; No_TLS;
            Port = {node.values['ALPHA_DIAMETER_PORT']}; }};""" if calls else ""
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(agent=AGENT, realm=REALM, port=port, acl=acl, connect=connect,
                                            certificate=os.path.join(folder, "bravo", "agent.pem"),
                                            key=os.path.join(folder, "bravo", "agent.key"), ca=node.values["ALPHA_CA"], dh=named_group(folder)))
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(["freeDiameterd", "-c", config], stdout=output, stderr=output,
                                            stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if kind:
            with open(self.output, encoding="utf-8", errors="replace") as file:
                sys.stderr.write("".join(file.readlines()[-40:]))


def shown(node):
    return node.ctl("peer", "show", AGENT)


def asks_through(node, port):
    """A peer behind the agent asks alpha."""
    with Peer(("127.0.0.1", port), ASKER, REALM) as peer:
        check(peer.exchange().result() == 2001, "the agent lets its own peer in")
        request = [avp(263, f"{ASKER};1;1"), *peer.origin(), avp(283, node.values["ALPHA_DIAMETER_REALM"]),
                   avp(260, avp(266, VENDOR) + avp(258, CX)), avp(277, 1), avp(601, "sip:nobody@alpha.example", VENDOR),
                   avp(1, "nobody@alpha.example"), avp(607, 1, VENDOR),
                   avp(612, avp(608, "Digest-AKAv1-MD5", VENDOR), VENDOR), avp(602, "sip:scscf.far.example", VENDOR)]
        before = shown(node)
        answer = peer.ask(303, CX, request, REQUEST | PROXIABLE)
        check(answer.find(264) == node.values["ALPHA_DIAMETER_IDENTITY"].encode(), "the answer is alpha's, through the agent")
        check(answer.find(263) == f"{ASKER};1;1".encode() and answer.flags & REQUEST == 0, "with the session and no R bit")
        after = shown(node)
        check(after["requests_in"] == before["requests_in"] + 1 and after["answers_out"] == before["answers_out"] + 1,
              "one request came from the agent, one answer went back")


def main():
    if shutil.which("freeDiameterd") is None:
        print("freeDiameterd is not installed")
        return 77
    with clavigerd.Sandbox() as sandbox:
        node = Node(sandbox)
        port = sandbox_parts.free_port()
        node.tool("peer", sandbox.folder, "alpha", AGENT, "127.0.0.1", "0", REALM)
        with FreeDiameter(node, port, calls=True) as agent:
            wait_for(agent.process, lambda: shown(node)["connected"], "freeDiameter calls us")
            asks_through(node, port)
            connects = shown(node)["connects"]
            check(lives_on(agent.process, 15), "it lives on")  # more than two of its watchdogs, and of ours
            check(shown(node)["connected"] and shown(node)["state"] == "okay" and shown(node)["connects"] == connects,
                  "watchdogs both ways keep the connection")
        wait_for(agent.process, lambda: not shown(node)["connected"], "it parts from us")
        check(shown(node)["state"] == "initial", "in good order")
        node.ctl("peer", "remove", AGENT, "--yes")
        node.tool("peer", sandbox.folder, "alpha", AGENT, "127.0.0.1", str(port), REALM)
        with FreeDiameter(node, port, calls=False) as agent:
            wait_for(agent.process, lambda: shown(node)["connected"], "we call freeDiameter")
            asks_through(node, port)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except clavigerd.Failure as failure:
        sys.exit(f"free_diameter: {failure}")
