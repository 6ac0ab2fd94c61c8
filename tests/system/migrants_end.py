#!/usr/bin/env python3
"""What ends a migrant's service in the partner system, and what is nobody's there: an RTR that an S-CSCF is owed is owed over a
kill -9, and does not stand in the way of the next start; a request for another system's realm or peer is refused (RFC 6733
clause 6.1.4), and so is a SAR that names somebody else's identity behind the user's own.

usage: migrants_end.py     CLAVIGER_BUILD: the build folder.
"""

import os
import sys
import threading
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools", "demo"))
import s_cscf as cx  # noqa: E402
from borders import Party  # noqa: E402
from clavigerd import Failure, Sandbox  # noqa: E402
from operators_day import expect, sandbox_tool  # noqa: E402

REALM, CSCF, SERVER = "bravo.example", "scscf.bravo.example", "sip:scscf.bravo.example:6060"
# A system that was away is asked again after growing pauses.
TOLD_SECONDS_MAX = 60


def until(what, done):
    deadline = time.monotonic() + TOLD_SECONDS_MAX
    while not done():
        expect(time.monotonic() < deadline, f"{what}: not within {TOLD_SECONDS_MAX} s")
        threading.Event().wait(0.1)


class Migrant:
    def __init__(self, alpha, bravo, values):
        self.alpha, self.bravo = alpha, bravo
        self.impi, self.impu = values["MIGRANT_DYNAMIC_PARTNER_IMPI"], values["MIGRANT_DYNAMIC_PARTNER_IMPU"]
        self.primary_impi = values["MIGRANT_DYNAMIC_PRIMARY_IMPI"]


class Cscf(cx.Node):
    def __init__(self, bravo):
        super().__init__(bravo.system.diameter_host, int(bravo.system.diameter_port), CSCF, REALM)

    def vector(self, migrant):
        return self.multimedia_auth(REALM, migrant.impi, migrant.impu, SERVER).result()

    def register(self, migrant):
        expect(self.vector(migrant) == "2001", "no vector for who may migrate")
        answer = self.server_assignment(REALM, migrant.impi, migrant.impu, SERVER, 1)
        expect(answer.result() == "2001", f"registration: {answer.result()}")

    def parts_from(self, migrant):
        """Takes the RTR that is due."""
        request = self.requests.pop(0) if self.requests else self.receive()
        expect(request.command == cx.RTR and request.text(1) == migrant.impi, f"RTR was expected: {request.command} {request.avps}")
        expect(migrant.primary_impi.encode() not in request.octets, "his identity at home goes down")
        self.answer(request, [cx.avp(260, [cx.avp(266, cx.VENDOR), cx.avp(258, cx.CX)]), cx.avp(277, 1), cx.avp(268, 2001)])


def check_destination(migrant, cscf):
    def asked(realm, host=None):
        item = [cx.cx(608, "Digest-AKAv1-MD5")]
        return cscf.ask_cx(cx.MAR, realm, [cx.cx(601, migrant.impu), cx.avp(1, migrant.impi), cx.cx(607, 1), cx.cx(612, item),
                                           cx.cx(602, SERVER)], host)

    expect(asked("BRAVO.example").result() == "2001", "our realm in capitals")
    expect(asked(REALM, "DIAMETER.bravo.example").result() == "2001", "our host in capitals")
    for realm, host, result in (("alpha.example", None, "3002"), (REALM, "diameter.alpha.example", "3002"),
                                ("nowhere.example", None, "3003")):
        answer = asked(realm, host)
        expect(answer.result() == result and answer.flags & 0x20, f"{realm}, {host}: {answer.result()}, {answer.flags:#x}")
    # Of two identities one is somebody else's.
    both = cscf.ask_cx(cx.SAR, REALM, [cx.avp(1, migrant.impi), cx.cx(601, migrant.impu), cx.cx(601, "sip:x@visitors.bravo.example"),
                                       cx.cx(602, SERVER), cx.cx(614, 5), cx.cx(624, 0)])
    expect(both.result() == "3GPP 5002", f"another's identity behind his: {both.result()}")


def check_revocation(migrant, cscf):
    cscf.register(migrant)
    migrant.bravo.ctl.run("binding", "revoke", migrant.impi, "--yes")
    # The S-CSCF does not answer: what it is owed is owed over a restart, and does not stand in its way.
    expect(cscf.receive().command == cx.RTR, "no RTR")
    migrant.bravo.daemon.kill()
    cscf.close()
    migrant.bravo.daemon.start()
    again = Cscf(migrant.bravo)
    again.socket.settimeout(TOLD_SECONDS_MAX)
    again.parts_from(migrant)
    until("his registration ends", lambda: again.location_info(REALM, migrant.impu).result() != "2001")
    again.close()


def main():
    with Sandbox() as sandbox:
        sandbox_tool("peer", sandbox.folder, "bravo", CSCF, "127.0.0.1", "0", REALM)
        alpha, bravo = Party(sandbox, "ALPHA"), Party(sandbox, "BRAVO")
        migrant = Migrant(alpha, bravo, sandbox.values)
        cscf = Cscf(bravo)
        check_destination(migrant, cscf)
        print("destinations: ok", flush=True)
        check_revocation(migrant, cscf)
        print("owed over a restart: ok", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"migrants_end: {failure}")
