#!/usr/bin/env python3
"""The relay of authentication vectors between the two systems of a sandbox, from an S-CSCF that is played here: static and
dynamic mode to a UE with a module in software, resynchronisation, each refusal; then with a primary system that is played
here, too, so that every octet of both legs can be looked at: no partner identity goes up, no primary one comes down
(TS 23.280 clauses 10.6.2.2 and 10.6.2.3, TS 29.228 clause 6.3).

usage: migration_relay.py     CLAVIGER_BUILD: the build folder.
"""

import os
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools", "demo"))
import s_cscf as cx  # noqa: E402
from clavigerd import Failure, Sandbox  # noqa: E402
from operators_day import Ctl, expect, sandbox_tool  # noqa: E402
from subscriber_module import Module  # noqa: E402

REALM, CSCF = "bravo.example", "scscf.bravo.example"
SERVER = "sip:scscf.bravo.example:6060"
GAMMA, AGENT, OTHER_AGENT = "gamma.example", "agent.gamma.example", "second.gamma.example"
GRANT_VENDOR = "32473"  # of examples (RFC 5612)
OC_LOSS = cx.avp(622, (1).to_bytes(8, "big"), mandatory=False)  # RFC 7683 clause 6.2: the loss algorithm
UP = ["u9@gamma.example", "sip:u9@gamma.example"]
DOWN = ["g9@gvisitors.bravo.example", "sip:g9@gvisitors.bravo.example"]


class Cscf(cx.Node):
    def __init__(self, bravo, identity=CSCF):
        super().__init__(bravo.diameter_host, int(bravo.diameter_port), identity, REALM)

    def vector(self, impi, impu, **changes):
        return self.multimedia_auth(REALM, impi, impu, SERVER, **changes)

    def expect(self, result, impi, impu, **changes):
        answer = self.vector(impi, impu, **changes)
        expect(answer.result() == result, f"MAR of {impi}, {changes}: {answer.result()} where {result} was expected")
        expect(answer.text(1) == impi and answer.text(601, cx.VENDOR) == impu, f"identities of the answer: {answer.avps}")
        return answer


def check_mode(cscf, values, kind, bravo, alpha):
    impi, impu = values[f"MIGRANT_{kind}_PARTNER_IMPI"], values[f"MIGRANT_{kind}_PARTNER_IMPU"]
    module = Module(values[f"MIGRANT_{kind}_K"], values[f"MIGRANT_{kind}_OPC"])
    first = cscf.user_authorization(REALM, impi, impu)
    expect(first.result() == "3GPP 2001", f"UAR: {first.result()}")

    def challenged(**changes):
        rand, autn, xres, ck, ik = cx.vector_of(cscf.expect("2001", impi, impu, **changes))
        expect(len(ck) == 16 and len(ik) == 16, "lengths of the keys")
        return rand + autn, xres

    nonce, xres = challenged()
    # A module that was never used is far behind a sequence number that goes with the time.
    module.highest = [(module.sequence(nonce) >> 5) - 1] * len(module.highest)
    expect(module.take(nonce) == xres, f"{kind}: RES is not XRES")
    # The same identities as a UE may write them (RFC 3261 clause 19.1.4); the answer says what was asked.
    loud_impi, loud_impu = (text[:text.index("@")] + text[text.index("@"):].upper() for text in (impi, impu))
    cscf.expect("2001", loud_impi, loud_impu + ";user=phone")
    again = cscf.user_authorization(REALM, loud_impi, loud_impu)
    expect(again.result() == "3GPP 2002", f"UAR in another spelling: {again.result()}")
    nonce, xres = challenged(scheme="unknown", items=5)
    expect(module.take(nonce) == xres, f"{kind}: RES is not XRES")
    # The module is ahead: what comes is old to it.
    module.highest = [max(module.highest) + 100_000] * len(module.highest)
    nonce, xres = challenged()
    expect(module.take(nonce) is None, "the module took an old challenge")
    nonce, xres = challenged(resynchronisation=nonce[:16] + module.auts(nonce))
    expect(module.take(nonce) == xres, f"{kind}: out of step after resynchronisation")
    bad = cscf.vector(impi, impu, resynchronisation=nonce[:16] + bytes(14))
    expect(bad.result() == "5012", f"AUTS of nobody: {bad.result()}")
    wrong = cscf.expect("5004", impi, impu, resynchronisation=bytes(29))
    expect(bytes(29) in (wrong.find(279) or b""), f"what was wrong is told: {wrong.avps}")
    assigned = cscf.server_assignment(REALM, impi, impu, SERVER, 1)
    expect(assigned.result() == "2001", f"SAR: {assigned.result()}")
    profile, home = assigned.text(606, cx.VENDOR) or "", values[f"MIGRANT_{kind}_PRIMARY_IMPI"]
    expect(f"<PrivateID>{impi}</PrivateID>" in profile and f"<Identity>{impu}</Identity>" in profile and home not in profile,
           f"the profile of a visitor whose agreement names none: {profile}")
    expect(cscf.user_authorization(REALM, impi, impu).result() == "3GPP 2002", "UAR of a registered one")
    found = cscf.location_info(REALM, impu)
    expect(found.result() == "2001" and found.text(602, cx.VENDOR) == SERVER, f"LIR: {found.result()}")
    expect(cscf.server_assignment(REALM, impi, impu, SERVER, 5).result() == "2001", "SAR of a de-registration")
    expect(cscf.location_info(REALM, impu).result() == "3GPP 5003", "LIR of one who has gone")
    steps = bravo.ctl.run("migration", "trace", impi).stdout
    expect("vector" in steps and "server assignment" in steps, f"trace:\n{steps}")
    steps = alpha.ctl.run("migration", "trace", home).stdout
    expect("answer of the SIP database here" in steps and "5012" in steps, f"trace at home:\n{steps}")
    for party, identity in ((bravo, impu), (alpha, values[f"MIGRANT_{kind}_PRIMARY_IMPU"])):
        steps = party.ctl.run("migration", "trace", identity).stdout
        expect("vector" in steps, f"trace of {identity}:\n{steps}")


def check_duplicates(cscf, bravo, values):
    """What was answered is not answered again after it was revoked."""
    impi, impu = values["MIGRANT_STATIC_PARTNER_IMPI"], values["MIGRANT_STATIC_PARTNER_IMPU"]

    def again():
        octets = bytearray(asked)
        octets[4] |= 0x10  # T
        cscf.send(bytes(octets))
        return cscf.receive()

    suspended, resumed = (["binding", verb, impi] for verb in ("suspend", "resume"))
    ended, begun = (["agreement", "change", "alpha.example", "--active", active] for active in ("no", "yes"))
    for revoke, restore in ((suspended, resumed), (ended, begun)):
        first = cscf.expect("2001", impi, impu)
        asked = cscf.sent[-1]
        expect(cx.vector_of(again()) == cx.vector_of(first), "a duplicate is given the same answer")
        bravo.ctl.run(*revoke)
        after = again().result()
        expect(after == "3GPP 5004", f"a duplicate after {revoke}: {after}")
        bravo.ctl.run(*restore)


def check_refusals(cscf, bravo, alpha, values):
    impi, impu = values["MIGRANT_STATIC_PARTNER_IMPI"], values["MIGRANT_STATIC_PARTNER_IMPU"]
    cscf.expect("3GPP 5001", "nobody@visitors.bravo.example", "sip:nobody@visitors.bravo.example")
    cscf.expect("3GPP 5002", impi, values["MIGRANT_DYNAMIC_PARTNER_IMPU"])
    # Nobody is called that, whoever is asked for him and how: not a migrant, nor a user of ours.
    at_home = cx.Node(alpha.diameter_host, int(alpha.diameter_port), "scscf.alpha.example", "alpha.example")
    for node, realm in ((cscf, REALM), (at_home, "alpha.example")):
        for odd in ("tel:+1\0", "sip:v1\0@visitors.bravo.example", "v1\0@visitors.bravo.example", "\0"):
            asked = (node.location_info(realm, odd), node.multimedia_auth(realm, odd, impu, SERVER), node.multimedia_auth(realm, impi, odd, SERVER),
                     node.user_authorization(realm, odd, odd), node.server_assignment(realm, odd, odd, SERVER, 1))
            expect({answer.result() for answer in asked} == {"3GPP 5001"}, f"{odd!r}: {[answer.result() for answer in asked]}")
    at_home.close()
    for scheme in ("Digest-MD5", "Digest-AKAv2-MD5"):
        cscf.expect("3GPP 5006", impi, impu, scheme=scheme)
    for party, name, here in ((bravo, impi, []), (alpha, values["MIGRANT_STATIC_PRIMARY_IMPI"], ["--system", "bravo.example"])):
        party.ctl.run("binding", "suspend", name, *here)
        cscf.expect("3GPP 5004", impi, impu)
        party.ctl.run("binding", "resume", name, *here)
        cscf.expect("2001", impi, impu)
    for party, system in ((bravo, "alpha.example"), (alpha, "bravo.example")):
        party.ctl.run("agreement", "change", system, "--active", "no")
        cscf.expect("3GPP 5004", impi, impu)
        party.ctl.run("agreement", "change", system, "--active", "yes")
    # A tenant that is put aside, at either end: nobody gets a vector, nobody is registered.
    for party, tenant in ((bravo, "bravo"), (alpha, "alpha")):
        party.ctl.run("tenant", "disable", tenant, "--yes")
        cscf.expect("3GPP 5004", impi, impu)
        if party is bravo:
            refused = cscf.server_assignment(REALM, impi, impu, SERVER, 1).result()
            expect(refused == "3GPP 5004", f"a registration with a disabled tenant: {refused}")
        party.ctl.run("tenant", "enable", tenant)
        cscf.expect("2001", impi, impu)
    bravo.ctl.run("agreement", "change", "alpha.example", "--cscf", "scscf.other.example")
    cscf.expect("5003", impi, impu)
    bravo.ctl.run("agreement", "change", "alpha.example", "--cscf", "")
    alpha.ctl.run("agreement", "change", "bravo.example", "--mms-host", "mms.other.example")
    cscf.expect("5003", impi, impu)
    alpha.ctl.run("agreement", "change", "bravo.example", "--mms-host", "diameter.bravo.example")
    cscf.expect("2001", impi, impu)


def check_servers(cscf, bravo, values):
    """TS 29.228 clause 6.1.2: he is the S-CSCF's whose challenge he answers, and no other's; found by number, too."""
    impi, impu = values["MIGRANT_STATIC_PARTNER_IMPI"], values["MIGRANT_STATIC_PARTNER_IMPU"]
    number, other = "tel:+358401234567", "sip:second.bravo.example:6060"
    def result(answer):
        return answer.result(), answer.text(602, cx.VENDOR)
    def assigned(server, kind):
        return cscf.server_assignment(REALM, impi, impu, server, kind).result()
    expect(assigned(SERVER, 0) == "5012", "the profile for nobody's S-CSCF")
    cscf.expect("2001", impi, impu)
    expect(assigned(other, 1) == "3GPP 5005", "another S-CSCF while his answer is waited for")
    expect(result(cscf.user_authorization(REALM, impi, impu)) == ("3GPP 2002", SERVER), "UAR while his answer is waited for")
    expect(cscf.location_info(REALM, impu).result() == "3GPP 5003", "LIR while his answer is waited for")
    expect(assigned(SERVER, 1) == "2001", "SAR of his S-CSCF")
    for kind, expected in ((0, "5012"), (1, "3GPP 5005"), (2, "3GPP 5005"), (3, "3GPP 5005"), (5, "5012"), (9, "5012")):
        expect(assigned(other, kind) == expected, f"SAR {kind} of another S-CSCF without a MAR")
    expect(result(cscf.location_info(REALM, impu)) == ("2001", SERVER), "nobody took him over")
    cscf.multimedia_auth(REALM, impi, impu, other)
    expect(assigned(other, 9) == "2001", "a failed challenge of another S-CSCF")
    expect(result(cscf.location_info(REALM, impu)) == ("2001", SERVER), "he stays where he was")
    cscf.multimedia_auth(REALM, impi, impu, other)
    expect(result(cscf.user_authorization(REALM, impi, impu)) == ("3GPP 2002", other), "UAR: to whom challenged him last")
    capable = cscf.user_authorization(REALM, impi, impu, 2)
    expect(result(capable) == ("2001", None) and capable.find(603, cx.VENDOR) is not None, "UAR for capabilities")
    expect(assigned(other, 1) == "2001" and result(cscf.location_info(REALM, impu)) == ("2001", other), "taken over after a MAR")
    expect(assigned(SERVER, 2) == "3GPP 5005", "the former one has lost him")
    for named, told in (([], "5005"), ([impu, impu], "5009")):
        wrong = cscf.ask_cx(cx.SAR, REALM, [cx.avp(1, impi), *(cx.cx(601, each) for each in named), cx.cx(602, other), cx.cx(614, 2),
                                            cx.cx(624, 0)])
        expect(wrong.result() == told and wrong.find(279) is not None, f"SAR of {len(named)} identities: {wrong.avps}")
    # His number is as good a name as his SIP identity.
    expect(cscf.location_info(REALM, number).result() == "3GPP 5001", "a number nobody has")
    bravo.ctl.run("binding", "add", "alpha.example", "--partner-impi", "vn@visitors.bravo.example", "--partner-impu",
                  "sip:vn@visitors.bravo.example", "--partner-impu", number, "--primary-impi", "un@alpha.example", "--primary-impu",
                  "sip:un@alpha.example")
    expect(cscf.location_info(REALM, number).result() == "3GPP 5003", "a number of one who is not registered")
    by_number = ["vn@visitors.bravo.example", number, SERVER]
    expect(cscf.server_assignment(REALM, *by_number, 3).result() == "2001", "SAR by number")
    for name in (number, "sip:vn@visitors.bravo.example"):
        expect(result(cscf.location_info(REALM, name)) == ("2001", SERVER), f"LIR of {name}")
    expect(assigned(other, 5) == "2001", "SAR of a de-registration")


def check_agreed_names(cscf, bravo, alpha, values):
    """Who may ask for a partner's users, also from another realm, and what they may be called here, is what the agreement says."""
    migrant = values["MIGRANT_STATIC_PARTNER_IMPI"], values["MIGRANT_STATIC_PARTNER_IMPU"]
    name, realm = "scscf.south.example", "south.example"
    sandbox_tool("peer", bravo.folder, "bravo", name, "127.0.0.1", "0", realm)
    south = cx.Node(bravo.diameter_host, int(bravo.diameter_port), name, realm)

    def heard():
        asked = (south.user_authorization(REALM, *migrant), south.multimedia_auth(REALM, *migrant, "sip:scscf.south.example"),
                 cscf.user_authorization(REALM, *migrant), cscf.vector(*migrant))
        return [answer.result() for answer in asked]

    def agreed(party, system, *options):
        party.ctl.run("agreement", "change", system, *options)

    first = heard()
    expect(first[:2] == ["5003"] * 2 and first[2].startswith("3GPP 200") and first[3] == "2001", f"of another realm, not named: {first}")
    agreed(bravo, "alpha.example", "--cscf", name)
    # Home sees by Route-Record who asked (RFC 6733 clause 2.9), and knows nothing of him.
    named = heard()
    expect(named[0].startswith("3GPP 200") and named[1:] == ["5003"] * 3, f"named here, not at home: {named}")
    agreed(alpha, "bravo.example", "--agent", name)
    expect(heard()[1:] == ["2001", "5003", "5003"], "named at home, too; and our own, whom the agreement does not name")
    agreed(bravo, "alpha.example", "--cscf", name, "--cscf", CSCF)
    expect(heard()[1::2] == ["2001", "2001"], "both are named")
    agreed(bravo, "alpha.example", "--cscf", "")
    agreed(alpha, "bravo.example", "--agent", "")
    expect(heard()[:2] == ["5003"] * 2 and heard()[3] == "2001", "nobody is named any more")
    south.close()
    agreed(bravo, "alpha.example", "--identity", "sip:v", "--identity", "tel:+4930")
    for number, (impu, is_allowed) in enumerate((("tel:+49401", False), ("tel:+49301", True), ("sip:w7@visitors.bravo.example", False),
                                                 ("SIP:V7@visitors.bravo.example", False), ("sip:v7@visitors.bravo.example", True))):
        bravo.ctl.run("binding", "add", "alpha.example", "--partner-impi", f"n{number}@visitors.bravo.example", "--partner-impu", impu,
                      "--primary-impi", f"n{number}@alpha.example", "--primary-impu", f"sip:n{number}@alpha.example",
                      status=0 if is_allowed else 1)
    agreed(bravo, "alpha.example", "--identity", "")


def check_grants(cscf, bravo, alpha, values):
    """Alpha wants to see what it signed when the binding was made: who came by a list has no such thing."""
    static = values["MIGRANT_STATIC_PARTNER_IMPI"], values["MIGRANT_STATIC_PARTNER_IMPU"]
    dynamic = values["MIGRANT_DYNAMIC_PARTNER_IMPI"], values["MIGRANT_DYNAMIC_PARTNER_IMPU"]
    alpha.ctl.run("agreement", "change", "bravo.example", "--wants-grant", "yes", "--grant-vendor", GRANT_VENDOR, "--grant-code", "2")
    for migrant in (static, dynamic):
        cscf.expect("5003", *migrant)
    bravo.ctl.run("agreement", "change", "alpha.example", "--grant-vendor", GRANT_VENDOR, "--grant-code", "2")
    for _ in range(2):  # looked at, then known
        cscf.expect("2001", *dynamic)
    cscf.expect("5003", *static)
    bravo.ctl.run("agreement", "change", "alpha.example", "--grant-code", "3")  # another AVP
    cscf.expect("5003", *dynamic)
    alpha.ctl.run("agreement", "change", "bravo.example", "--wants-grant", "no")
    cscf.expect("2001", *dynamic)  # one that nobody asks for is passed over
    cscf.expect("2001", *static)
    bravo.ctl.run("agreement", "change", "alpha.example", "--grant-vendor", "0")


class Primary(threading.Thread):
    """A primary system's agent: answers what `reply` makes of a request, in a thread of its own."""

    def __init__(self, bravo, identity):
        super().__init__(daemon=True)
        self.node = cx.Node(bravo.diameter_host, int(bravo.diameter_port), identity, GAMMA, timeout=None)
        self.reply, self.seen = None, []
        self.start()

    def run(self):
        try:
            while True:
                request = self.node.receive()
                self.seen.append(request)
                avps = self.reply(request)
                if avps is not None:
                    self.node.answer(request, avps)
        except OSError:
            pass


def vector(impi=UP[0], impu=UP[1], xres=b"12345678", ik=bytes(16)):
    return [cx.avp(268, 2001), cx.avp(277, 1), cx.avp(1, impi), cx.cx(601, impu), cx.cx(607, 1),
            cx.cx(612, [cx.cx(613, 1), cx.cx(608, "Digest-AKAv1-MD5"), cx.cx(609, bytes(32)), cx.cx(610, xres), cx.cx(625, bytes(16)),
                        cx.cx(626, ik)]), cx.avp(281, "of u9@gamma.example", mandatory=False)]


def experimental(code):
    return [cx.avp(277, 1), cx.avp(297, [cx.avp(266, cx.VENDOR), cx.avp(298, code)])]


def check_octets(cscf, bravo):
    ctl = bravo.ctl
    ctl.run("agreement", "add", "mc.gamma.example", "--own-system", "bravo.example", "--inbound", "static", "--service", "mcptt", "--requests-per-minute-of-user", "600",
            "--domain", GAMMA, "--range", "gvisitors.bravo.example", "--realm", GAMMA, "--core-host", AGENT, "--core-host", OTHER_AGENT)
    ctl.run("binding", "add", "mc.gamma.example", "--partner-impi", DOWN[0], "--partner-impu", DOWN[1], "--primary-impi", UP[0],
            "--primary-impu", UP[1])
    cscf.expect("3003", *DOWN)  # a realm that nobody serves
    for identity in (AGENT, OTHER_AGENT):
        sandbox_tool("peer", bravo.folder, "bravo", identity, "127.0.0.1", "0", GAMMA)
    nobody = cscf.expect("3002", *DOWN)  # to ask
    reported = [data for code, vendor, data in nobody.avps if (code, vendor) == (294, 0)]
    expect(reported == [b"diameter.bravo.example"], f"who says so, once: {reported}")
    primary = Primary(bravo, AGENT)
    for reply, result in ((vector(), "2001"), (experimental(5001), "3GPP 5001"), (experimental(5004), "3GPP 5004"),
                          ([cx.avp(277, 1), cx.avp(268, 5012)], "5012"), ([cx.avp(277, 1), cx.avp(268, 3004)], "3004"),
                          (vector(impi="other@gamma.example"), "5012"), (vector(impu="sip:other@gamma.example"), "5012"),
                          (vector(xres=b"123"), "5012"), (vector(ik=bytes(8)), "5012"), (vector()[:5], "5012"),
                          ([cx.avp(277, 1)], "5012"), (vector() + experimental(5001)[1:], "5012")):
        primary.reply = lambda _, chosen=reply: chosen
        cscf.expect(result, *DOWN)
    # AVPs that nobody knows, many side by side and one between each two that go on: none goes up, and none is too many.
    primary.reply = lambda _: vector()
    odd = cx.avp(9999, "g9", mandatory=False)
    asked = [cx.cx(601, DOWN[1]), cx.avp(1, DOWN[0]), cx.cx(607, 1), cx.cx(612, [cx.cx(608, "unknown")]), cx.cx(602, SERVER)]
    records = [cx.avp(282, f"agent{i}.bravo.example") for i in range(15)]
    for avps in [asked + [odd] * count for count in (*range(1, 40), 400)] + [[part for one in asked + records for part in (odd, one)]]:
        answer = cscf.ask_cx(cx.MAR, REALM, avps)
        expect(answer.result() == "2001", f"{len(avps)} AVPs: {answer.result()}")
    # A second S-CSCF of ours changes nothing for home.
    names = {request.text(602, cx.VENDOR) for request in primary.seen}
    expect(names == {"sip:mms.gvisitors.bravo.example"}, f"Server-Name upstream: {names}")
    for request in primary.seen:
        for secret in (DOWN[0], DOWN[1], SERVER, "g9"):
            expect(secret.encode() not in request.octets[20:], f"upstream: {secret} in {request.octets}")
        expect(request.text(1) == UP[0] and request.text(601, cx.VENDOR) == UP[1], "identities upstream")
        expect(int.from_bytes(request.find(607, cx.VENDOR)) == 1, "more than one vector was asked for")
        expect(request.text(264) == "diameter.bravo.example", "Origin-Host upstream")
        expect(request.find(621) == OC_LOSS, "a primary system that is overloaded may say so")
    # RFC 6733 clause 8.8: of no other life of ours, either.
    sessions = [request.text(263).split(";") for request in primary.seen]
    expect(len({tuple(session) for session in sessions}) == len(sessions), f"sessions: {sessions}")
    expect(all(int(session[1]) > 1_600_000_000 for session in sessions), f"sessions: {sessions}")
    for octets in cscf.received:
        for secret in ("u9", "gamma"):
            # A header's identifiers are numbers: any two octets come up in them.
            expect(secret.encode() not in octets[20:], f"downstream: {secret} in {octets}")
    return primary


def check_failures(cscf, bravo, primary):
    # Silence: the second agent is asked, inside the S-CSCF's own time.
    other = Primary(bravo, OTHER_AGENT)
    other.reply = lambda _: vector()
    primary.reply = lambda _: None
    cscf.expect("2001", *DOWN)
    expect(other.seen[-1].octets[4] & 0x10, "no T bit on the second attempt")
    expect(other.seen[-1].end_to_end == primary.seen[-1].end_to_end, "another end-to-end identifier on the second attempt")
    other.reply = lambda _: None
    cscf.expect("3002", *DOWN)
    # Suspended while the answer is on its way: the vector goes nowhere.
    def suspended(_):
        bravo.ctl.run("binding", "suspend", DOWN[0])
        return vector()
    primary.reply = suspended
    cscf.expect("3GPP 5004", *DOWN)
    bravo.ctl.run("binding", "resume", DOWN[0])
    primary.reply = other.reply = lambda _: vector()
    cscf.expect("2001", *DOWN)


def check_termination(cscf, bravo, primary):
    expect(cscf.server_assignment(REALM, *DOWN, SERVER, 1).result() == "2001", "SAR")
    answers = []
    primary.reply = lambda _: [cx.avp(268, 2001), cx.avp(277, 1)]
    node = cx.Node(bravo.diameter_host, int(bravo.diameter_port), "third.gamma.example", GAMMA)
    stranger = node.ask_cx(cx.RTR, REALM, [cx.avp(1, UP[0]), cx.cx(601, "sip:other@gamma.example"), cx.cx(615, [cx.cx(616, 0)])],
                           host="diameter.bravo.example")
    expect(stranger.result() == "3GPP 5002", f"RTR of an identity that is not his: {stranger.result()}")
    asked = threading.Thread(target=lambda: answers.append(node.ask_cx(
        cx.RTR, REALM, [cx.avp(1, UP[0]), cx.cx(615, [cx.cx(616, 0)])], host="diameter.bravo.example")), daemon=True)
    asked.start()
    request = cscf.receive()
    expect(request.command == cx.RTR and request.text(1) == DOWN[0] and request.text(601, cx.VENDOR) == DOWN[1], f"RTR: {request.avps}")
    expect(b"u9" not in request.octets[20:] and b"gamma" not in request.octets[20:], f"RTR downstream: {request.octets}")
    cscf.answer(request, [cx.avp(268, 2001), cx.avp(277, 1)])
    asked.join(10)
    expect(answers and answers[0].result() == "2001", "RTA")
    expect(cscf.location_info(REALM, DOWN[1]).result() == "3GPP 5003", "LIR of one who was terminated")


def check_borders(cscf, bravo, alpha, values):
    """A partner asks about nobody else's visitors, and of our users only what a partner may."""
    impi, impu = values["MIGRANT_STATIC_PARTNER_IMPI"], values["MIGRANT_STATIC_PARTNER_IMPU"]
    stranger = cx.Node(bravo.diameter_host, int(bravo.diameter_port), "fourth.gamma.example", GAMMA)
    asked = (stranger.multimedia_auth(REALM, impi, impu, SERVER), stranger.user_authorization(REALM, impi, impu),
             stranger.server_assignment(REALM, impi, impu, "sip:scscf.gamma.example", 1), stranger.location_info(REALM, impu))
    expect([answer.result() for answer in asked] == ["5003"] * 4, f"a partner about another's visitor: {[a.result() for a in asked]}")
    expect(cscf.location_info(REALM, impu).result() == "3GPP 5003", "registered by a stranger")
    # Nor does one of a realm below a partner's, however it is written.
    for identity, realm in (("scscf.sub.gamma.example", "sub.gamma.example"), ("SCSCF.Deep.Sub.GAMMA.example", "Deep.Sub.GAMMA.Example")):
        sandbox_tool("peer", bravo.folder, "bravo", identity.lower(), "127.0.0.1", "0", realm.lower())
        below = cx.Node(bravo.diameter_host, int(bravo.diameter_port), identity, realm)
        asked = (below.multimedia_auth(REALM, impi, impu, SERVER), below.user_authorization(REALM, impi, impu),
                 below.server_assignment(REALM, impi, impu, "sip:scscf.gamma.example", 1), below.location_info(REALM, impu))
        expect([answer.result() for answer in asked] == ["5003"] * 4, f"{identity} about a visitor: {[a.result() for a in asked]}")
        below.close()
    expect(cscf.location_info(REALM, impu).result() == "3GPP 5003", "registered by a stranger from below")
    # At home: a partner system that behaves as an S-CSCF of ours.
    home, visited, realm = values["MIGRANT_STATIC_PRIMARY_IMPI"], "mms.delta.example", "delta.example"
    alpha.ctl.run("agreement", "add", "mc.delta.example", "--own-system", "alpha.example", "--outbound", "listed", "--service", "mcptt",
                  "--domain", realm, "--realm", realm, "--mms-host", visited)
    alpha.ctl.run("binding", "add", "mc.delta.example", "--outbound", "--mode", "static", "--partner-impi", "d1@delta.example",
                  "--partner-impu", "sip:d1@delta.example", "--primary-impi", home, "--primary-impu", "sip:" + home)
    sandbox_tool("peer", bravo.folder, "alpha", visited, "127.0.0.1", "0", realm)
    partner = cx.Node(alpha.diameter_host, int(alpha.diameter_port), visited, realm)
    home_realm = "alpha.example"
    expect(partner.multimedia_auth(home_realm, home, "sip:" + home, "sip:any.delta.example").result() == "2001", "MAR of a partner")
    for kind in (0, 1, 2, 3, 6, 7):
        answer = partner.server_assignment(home_realm, home, "sip:" + home, "sip:any.delta.example", kind)
        expect(answer.result() == "3GPP 5007" and answer.find(606, cx.VENDOR) is None, f"SAR {kind} of a partner: {answer.result()}")
    expect(partner.server_assignment(home_realm, home, "sip:" + home, "sip:any.delta.example", 5).result() == "2001", "SAR 5 of a partner")


def main():
    with Sandbox() as sandbox:
        bravo, alpha = sandbox.system("BRAVO"), sandbox.system("ALPHA")
        for party in (bravo, alpha):
            party.ctl, party.folder = Ctl(party.admin_socket), sandbox.folder
        sandbox_tool("peer", sandbox.folder, "bravo", CSCF, "127.0.0.1", "0", REALM)
        sandbox_tool("peer", sandbox.folder, "alpha", "scscf.alpha.example", "127.0.0.1", "0", "alpha.example")
        cscf = Cscf(bravo)
        check_mode(cscf, sandbox.values, "STATIC", bravo, alpha)
        print("static: ok", flush=True)
        check_mode(cscf, sandbox.values, "DYNAMIC", bravo, alpha)
        print("dynamic: ok", flush=True)
        check_duplicates(cscf, bravo, sandbox.values)
        print("duplicates: ok", flush=True)
        check_refusals(cscf, bravo, alpha, sandbox.values)
        print("refusals: ok", flush=True)
        check_servers(cscf, bravo, sandbox.values)
        print("servers: ok", flush=True)
        check_agreed_names(cscf, bravo, alpha, sandbox.values)
        print("agreed names: ok", flush=True)
        check_grants(cscf, bravo, alpha, sandbox.values)
        print("grants: ok", flush=True)
        cscf.received.clear()
        primary = check_octets(cscf, bravo)
        print("octets: ok", flush=True)
        check_failures(cscf, bravo, primary)
        print("failures: ok", flush=True)
        sandbox_tool("peer", sandbox.folder, "bravo", "third.gamma.example", "127.0.0.1", "0", GAMMA)
        bravo.ctl.run("agreement", "change", "mc.gamma.example", "--agent", "third.gamma.example")
        check_termination(cscf, bravo, primary)
        print("termination: ok", flush=True)
        sandbox_tool("peer", sandbox.folder, "bravo", "fourth.gamma.example", "127.0.0.1", "0", GAMMA)
        check_borders(cscf, bravo, alpha, sandbox.values)
        print("borders: ok", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"migration_relay: {failure}")
