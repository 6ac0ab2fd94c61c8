#!/usr/bin/env python3
"""The SIP database over Cx, from outside: an S-CSCF on a bare socket and a subscriber module of its own. Registration with a
resynchronisation, re-registration, de-registration, location, each refusal's result, RTR and PPR by an operator; and what
was answered survives a kill -9.

usage: cx.py     CLAVIGER_BUILD: the build folder.
"""

import json
import os
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clavigerd import Failure, Sandbox, build_folder  # noqa: E402
from diameter_wire import CX, PROXIABLE, REQUEST, VENDOR, Message, Peer, avp, message  # noqa: E402
from operators_day import expect  # noqa: E402
from subscriber_module import Module  # noqa: E402

UAR, SAR, LIR, MAR, RTR, PPR = 300, 301, 302, 303, 304, 305
SERVER = "sip:scscf.alpha.example:6060"
HOST, REALM = "scscf.alpha.example", "alpha.example"


def cx(code, data):
    return avp(code, data, VENDOR)


def group(octets):
    """The AVPs of a group, as of a message."""
    return Message(struct.pack(">IIIII", 1 << 24 | 20 + len(octets), 0, 0, 0, 0) + octets)


class Server(Peer):
    """An S-CSCF (and I-CSCF)."""

    def __init__(self, system, host=HOST, realm=REALM):
        super().__init__((system.diameter_host, int(system.diameter_port)), host, realm)
        expect(self.exchange().result() == 2001, f"{host} is let in")
        self.realm = REALM

    def base(self, number):
        return [avp(263, f"{HOST};1;{number}"), avp(260, avp(266, VENDOR) + avp(258, CX)), avp(277, 1), *self.origin(),
                avp(283, REALM)]

    def request(self, command, avps):
        return self.ask(command, CX, self.base(self.number) + avps, REQUEST | PROXIABLE)

    def mar(self, impi, impu, scheme="Digest-AKAv1-MD5", authorization=None, server=SERVER):
        item = cx(608, scheme) + (cx(610, authorization) if authorization else b"")
        return self.request(MAR, [cx(601, impu), avp(1, impi), cx(607, 1), cx(612, item), cx(602, server)])

    def uar(self, impi, impu, kind=0):
        return self.request(UAR, [avp(1, impi), cx(601, impu), cx(600, REALM), cx(623, kind)])

    def sar(self, impi, impu, kind, server=SERVER):
        return self.request(SAR, [avp(1, impi), cx(601, impu), cx(602, server), cx(614, kind), cx(624, 0)])

    def lir(self, impu):
        return self.request(LIR, [cx(601, impu)])

    def told(self, command):
        """The notice that the database sends by itself, answered."""
        heard = self.answer()
        expect(heard.is_request() and heard.command == command, f"a notice {command}, not {heard.command}")
        self.send(message(command, CX, [avp(263, heard.find(263)), avp(268, 2001), avp(277, 1), *self.origin()], PROXIABLE,
                          heard.hop_by_hop, heard.end_to_end))
        return heard


def result(answer):
    """(is it 3GPP's?, number)"""
    experimental = answer.find(297)
    if experimental is None:
        return (False, answer.result())
    expect(answer.result() is None, "never both results")
    inside = group(experimental)
    return (True, struct.unpack(">I", inside.find(298))[0])


def vector(answer, impi, impu):
    expect(result(answer) == (False, 2001), f"a vector, not {result(answer)}")
    expect(answer.find(1) == impi.encode() and answer.find(601, VENDOR) == impu.encode(), "whom it is about")
    expect(sum(1 for code, vendor, _ in answer.avps if (code, vendor) == (612, VENDOR)) == 1, "exactly one item")
    item = group(answer.find(612, VENDOR))
    parts = [item.find(code, VENDOR) for code in (609, 610, 625, 626)]
    expect([len(part) for part in parts] == [32, 8, 16, 16], f"lengths {[len(part) for part in parts]}")
    return parts[0], parts[1]


def ctl(system, *arguments):
    run = subprocess.run([os.path.join(build_folder(), "bin", "clavigerctl"), "--socket", system.admin_socket, "--tenant",
                          system.tenant, "--json", *arguments], capture_output=True, text=True, check=False, timeout=60)
    expect(run.returncode == 0, f"clavigerctl {' '.join(arguments)}: {run.stderr}")
    return json.loads(run.stdout) if run.stdout.strip() else {}


def added(system, server):
    """Keys as operators write them: with a blank between, or a line each."""
    k, opc = system.subscriber_sim_k, system.subscriber_sim_opc
    for name, keys in (("k1", f"{k} {opc}\n"), ("k2", f"{k}\n{opc}\n"), ("k3", f"{k}\t{opc}")):
        impi, impu = f"{name}@ims.alpha.example", f"sip:{name}@ims.alpha.example"
        run = subprocess.run([os.path.join(build_folder(), "bin", "clavigerctl"), "--socket", system.admin_socket, "subscriber", "add", impi,
                              "--impu", impu], input=keys, capture_output=True, text=True, check=False, timeout=60)
        expect(run.returncode == 0 and k not in run.stdout + run.stderr, f"subscriber add: {run.stdout} {run.stderr}")
        vector(server.mar(impi, impu), impi, impu)


def registration(server, module, impi, impu):
    expect(result(server.uar(impi, impu)) == (True, 2001), "first registration")
    expect(result(server.lir(impu)) == (True, 5003), "located nowhere")
    challenge, xres = vector(server.mar(impi, impu, "unknown"), impi, impu)
    expect(module.take(challenge) is None, "a module that was numbered elsewhere calls for resynchronisation")
    challenge, xres = vector(server.mar(impi, impu, authorization=challenge[:16] + module.auts(challenge)), impi, impu)
    expect(module.take(challenge) == xres, "the module answers what is expected")
    registered = server.sar(impi, impu, 1)
    expect(result(registered) == (False, 2001), "registered")
    expect(impu.encode() in registered.find(606, VENDOR), "with a profile")
    expect(server.lir(impu).find(602, VENDOR) == SERVER.encode(), "located")
    expect(result(server.uar(impi, impu)) == (True, 2002), "subsequent registration")
    for _ in range(50):
        challenge, xres = vector(server.mar(impi, impu), impi, impu)
        expect(module.take(challenge) == xres, "re-registrations need no resynchronisation")


def refusals(server, impi, impu, other_impu):
    cases = [(server.mar("nobody@ims.alpha.example", "sip:nobody@ims.alpha.example"), (True, 5001)),
             (server.mar(impi, "sip:nobody@ims.alpha.example"), (True, 5001)), (server.mar(impi, other_impu), (True, 5002)),
             (server.mar(impi, impu, "SIP Digest"), (True, 5006)), (server.mar(impi, impu, authorization=b"x" * 29), (False, 5004)),
             (server.mar(impi, impu, authorization=b"x" * 30), (False, 5012)),
             (server.sar(impi, impu, 1, "sip:other"), (True, 5005)), (server.sar(impi, impu, 3), (True, 5007)),
             (server.sar(impi, impu, 13), (True, 5007)), (server.sar(impi, impu, 5, "sip:other"), (False, 5012)),
             (server.lir("sip:nobody@ims.alpha.example"), (True, 5001)), (server.request(MAR, [avp(1, impi)]), (False, 5005))]
    for answer, wanted in cases:
        expect(result(answer) == wanted, f"{wanted}, not {result(answer)} to {answer.command}")
        if answer.command == MAR and wanted[1] != 5005:
            expect(answer.find(1) is not None and answer.find(601, VENDOR) is not None, "errors say whom they are about")
    # TS 29.228 clause 6.1.2: what begins or changes a registration is about one identity; RFC 6733 clause 7.5 says which.
    for named, wanted, offender in (([], 5005, b""), ([impu, impu], 5009, impu.encode())):
        answer = server.request(SAR, [avp(1, impi), *(cx(601, each) for each in named), cx(602, SERVER), cx(614, 2), cx(624, 0)])
        failed = group(answer.find(279))
        expect((result(answer), failed.find(601, VENDOR)) == ((False, wanted), offender), f"SAR of {len(named)} identities: {answer.avps}")
    # TS 29.229 clause 7.2: features that the sender insists on, and that nobody has here.
    def features(flags, wanted):
        children = avp(266, VENDOR) + avp(629, 1, VENDOR, 0x80) + avp(630, wanted, VENDOR, 0x80)
        return server.request(MAR, [cx(601, impu), avp(1, impi), cx(607, 1), cx(612, cx(608, "Digest-AKAv1-MD5")), cx(602, SERVER),
                                    avp(628, children, VENDOR, flags)])
    expect(result(features(0x80, 1)) == (False, 2001) and result(features(0xC0, 0)) == (False, 2001), "features nobody insists on")
    refused = features(0xC0, 1)
    expect(result(refused) == (True, 5011), f"features that are insisted on: {result(refused)}")
    expect(group(refused.find(628, VENDOR)).find(630, VENDOR) == bytes(4), "and which there are")


def main():
    with Sandbox() as sandbox:
        system = sandbox.system()
        ctl(system, "peer", "add", HOST, REALM, "--transport", "tcp")
        impi, impu = system.subscriber_static_impi, system.subscriber_static_impu
        module = Module(system.subscriber_static_k, system.subscriber_static_opc)
        with Server(system) as server:
            registration(server, module, impi, impu)
            refusals(server, impi, impu, system.subscriber_sim_impu)
            added(system, server)
            # The part of the number that keeps serving domains apart (TS 33.102 clause C.1.1.2): the home half, as of a core below.
            ctl(system, "peer", "add", "scscf.ims.alpha.example", "ims.alpha.example", "--transport", "tcp")
        with Server(system, "scscf.ims.alpha.example", "ims.alpha.example") as below:
            below.realm = "ims.alpha.example"
            challenge, xres = vector(below.mar(impi, impu), impi, impu)
            expect(module.take(challenge) == xres and module.sequence(challenge) % 32 < 16, "a core below our realm is at home")
        # A node of another realm says that it is ours, or of a realm below ours.
        ctl(system, "peer", "add", "node.far.example", "far.example", "--transport", "tcp")
        with Server(system, "node.far.example", "far.example") as stranger:
            for stranger.realm in (REALM, "x.alpha.example", "X.Ims.ALPHA.example"):
                for answer in (stranger.mar(impi, impu), stranger.lir(impu), stranger.uar(impi, impu)):
                    expect(result(answer) == (False, 5003),
                           f"a node of another realm does not speak for ours: {stranger.realm} {result(answer)}")
        daemon = sandbox.take_over(system, {})
        daemon.kill()
        daemon.start()
        with Server(system) as server:
            expect(server.lir(impu).find(602, VENDOR) == SERVER.encode(), "still registered after a kill -9")
            challenge, xres = vector(server.mar(impi, impu), impi, impu)
            expect(module.take(challenge) == xres, "and no number comes twice")
            ctl(system, "subscriber", "set", impi, "--impu", impu, "--impu", "tel:+491701")
            expect(b"tel:+491701" in server.told(PPR).find(606, VENDOR), "a changed profile is pushed")
            expect(result(server.sar(impi, impu, 5)) == (False, 2001), "de-registered")
            expect(result(server.uar(impi, impu, 1)) == (True, 5003), "and not registered any more")
            expect(result(server.sar(impi, impu, 1)) == (False, 2001), "registered again")
            ctl(system, "subscriber", "disable", impi)
            ended = server.told(RTR)
            expect(ended.find(1) == impi.encode() and ended.find(615, VENDOR) is not None, "who is disabled is de-registered")
            expect(result(server.mar(impi, impu)) == (False, 5003), "and gets no vectors")
            ctl(system, "subscriber", "enable", impi)
            expect(result(server.sar(impi, impu, 1)) == (False, 2001), "registered once more")
        # The S-CSCF is away, and so are we for a moment.
        ctl(system, "subscriber", "disable", impi)
        daemon.kill()
        daemon.start()
        with Server(system) as server:
            expect(server.told(RTR).find(1) == impi.encode(), "what an S-CSCF is owed survives a kill -9")
        daemon.stop()
    print("registration, refusals, restart and notices over Cx")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
