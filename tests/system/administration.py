#!/usr/bin/env python3
"""Administration between systems from outside (TS 23.280 clause 10.17, TR 23.700-38 clause 7): an ACM client at alpha has
users set up at bravo, over mutual TLS; refusals, repetition, approval, a partner that is down, SIGKILL, withdrawal, expiry.

usage: administration.py     CLAVIGER_BUILD: the build folder.
"""

import json
import os
import secrets
import ssl
import sys
import time
import urllib.parse

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools", "demo"))
import s_cscf as cx  # noqa: E402
import wire  # noqa: E402
from clavigerd import Failure, Sandbox  # noqa: E402
from operators_day import Ctl, expect  # noqa: E402
from user_agent import UserAgent, new_verifier  # noqa: E402

SERVER = "sip:scscf.bravo.example:6060"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT = "urn:ietf:params:oauth:token-type:jwt"
SETTLED_SECONDS_MAX = 90
USERS = 40


class AcmClient:
    """Somebody with an access token, or a system with a certificate."""

    def __init__(self, system, token="", certificate=None):
        self.system, self.token = system, token
        parts = urllib.parse.urlsplit(system.acm_url)
        self.path = parts.path
        context = ssl.create_default_context(cafile=system.ca)
        if certificate:
            context.load_cert_chain(*certificate)
        self.connection = wire.Connection(lambda: wire.http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=60))

    def ask(self, method, target="", body=None, key=None, kind="application/json"):
        headers = {"Authorization": "Bearer " + self.token} if self.token else {}
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = kind
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        target = target if target.startswith("/") else self.path + ("/" + target if target else "")
        return self.connection.ask(method, target, headers, body.encode() if isinstance(body, str) else body)


def row(name, answer, status):
    expect(answer.status == status, f"{name}: {answer} {answer.body[:300]!r}")
    return answer


def fresh():
    return secrets.token_hex(16)


def request(users, target="bravo.example", **more):
    return {"targets": [target], "users": [{"mc_id": user} for user in users]} | more


def settled(client, identity):
    """The result, once there is one."""
    end = time.monotonic() + SETTLED_SECONDS_MAX
    while time.monotonic() < end:
        answer = client.ask("GET", identity)
        if answer.status == 200:
            return answer.json()
        expect(answer.status == 202, f"status: {answer}")
    raise Failure(f"{identity} is not done after {SETTLED_SECONDS_MAX} s: {answer.json()}")


def settled_at(server, key):
    """The same, asked between servers."""
    end = time.monotonic() + SETTLED_SECONDS_MAX
    answer = server.ask("GET", key)
    while answer.status == 202 and time.monotonic() < end:
        answer = server.ask("GET", key)
    return answer.json()


def statuses(result, system="bravo.example"):
    target = next(each for each in result["results"] if each["system"] == system)
    return {each["mc_id"]: each["status"] for each in target["users"]}


def sign_in(system, username, password, client_id, scopes):
    agent = UserAgent(system, wire.https(system))
    verifier = new_verifier()
    page = agent.login_page(verifier, client_id=client_id, scope=scopes)
    location = urllib.parse.urlsplit(agent.submit(page, username, password).headers["location"])
    code = urllib.parse.parse_qs(location.query)["code"][0]
    answer = agent.token(agent.redemption(code, verifier) | {"client_id": client_id})
    expect(answer.status == 200, f"sign-in: {answer}")
    return agent, answer.json()["access_token"]


def chief_of(system):
    return AcmClient(system, sign_in(system, system.acm_username, system.acm_password, system.acm_app, system.acm_scopes)[1])


def migrates(alpha, bravo, login, password):
    """What all this is for: his security token opens bravo."""
    agent, token = sign_in(alpha, login, password, alpha.client_id, alpha.scopes)
    answer = agent.token({"grant_type": EXCHANGE, "client_id": alpha.client_id, "subject_token": token, "subject_token_type": JWT,
                          "resource": bravo.resource})
    expect(answer.status == 200, f"exchange: {answer}")
    there = UserAgent(bravo, wire.https(bravo))
    return there.token({"grant_type": BEARER, "client_id": bravo.client_id, "assertion": answer.json()["access_token"],
                        "scope": "3gpp:mc:ptt_key_management_service"})


def vector(cscf, binding):
    return cscf.multimedia_auth("bravo.example", binding["partner_impi"], binding["partner_impus"][0], SERVER).result()


def bound(alpha, at_alpha, login):
    """With SIP identities of bravo's: how the binding stands."""
    impi = f"{login}@ims.alpha.example"
    at_alpha.run("subscriber", "add", impi, "--impu", f"sip:{impi}",
                 given=f"{alpha.subscriber_sim_k} {alpha.subscriber_sim_opc}\n")
    at_alpha.run("binding", "add", "bravo.example", "--user", login, "--mode", "dynamic", "--primary-impi", impi,
                 "--primary-impu", f"sip:{impi}")
    agent, token = sign_in(alpha, login, "correct horse battery", alpha.client_id, alpha.scopes)
    answer = agent.connection.ask("POST", f"{agent.prefix}/migration/configuration", {"Content-Type": "application/json",
                                  "Authorization": f"Bearer {token}"}, json.dumps({"mc_system": "bravo.example"}))
    row("migration configuration", answer, 200)
    return lambda: at_alpha.json("binding", "show", impi, "--system", "bravo.example")


def registered_there(alpha, bravo, at_alpha, at_bravo):
    """m0 with SIP identities of bravo's, registered under them: the S-CSCF, and how his binding stands."""
    at_bravo.run("peer", "add", "scscf.bravo.example", "bravo.example", "--transport", "tcp")
    binding = bound(alpha, at_alpha, "m0")
    cscf = cx.Node(bravo.diameter_host, int(bravo.diameter_port), "scscf.bravo.example", "bravo.example")
    expect(vector(cscf, binding()) == "2001", "a vector for him")
    assigned = cscf.server_assignment("bravo.example", binding()["partner_impi"], binding()["partner_impus"][0], SERVER, 1)
    expect(assigned.result() == "2001", f"SAR: {assigned.result()}")
    return cscf, binding


def withdrawn_unheard(alpha, bravo, at_alpha, chief, user, binding):
    """The partner refused a request, and is told that it is withdrawn: whom it never took migrates as an operator bound him."""
    def as_system(name):
        at_alpha.run("acm", "partner", "add", "bravo.example", "--as", name, "--url", bravo.acm_url, "--ca", alpha.ca, "--certificate",
                     alpha.acm_certificate, "--key", alpha.acm_key, "--peer-certificate", bravo.acm_certificate, "--idms", "bravo", "--domain",
                     "bravo.example", "--service", "mcptt")
    as_system("charlie.example")
    refused = row("asked by another name", chief.ask("POST", "", request([user]), fresh()), 202).json()["request_id"]
    result = settled(chief, refused)
    expect(result["status"] == "FAILED", "refused as a whole")
    # TR 23.700-38 table 7.x.1.2.2-1: result and MC ID list are mandatory, whatever the result.
    expect(result["results"][0].get("result") is False and statuses(result) == {user: "FAILED"}, f"the response: {result}")
    row("withdrawn, refused", chief.ask("DELETE", refused), 202)
    expect(settled(chief, refused)["status"] == "WITHDRAWN", "the refused request is withdrawn")
    expect(binding()["state"] == "active", "a request that was refused takes nobody's binding with it")
    as_system("alpha.example")


def row_of(member, name, answer, status):
    """A refusal says which element of the request it is about, and not what stood there."""
    row(name, answer, status)
    expect(answer.json().get("member") == member, f"{name}: {answer}")


def refusals(alpha, bravo, chief, users):
    body = request(users[:1])
    row("no token", AcmClient(alpha).ask("POST", "", body, fresh()), 401)
    row("a token for something else", AcmClient(alpha, sign_in(alpha, alpha.username, alpha.password, alpha.client_id, alpha.scopes)[1])
        .ask("POST", "", body, fresh()), 403)
    row("no key", chief.ask("POST", "", body), 400)
    row("a key that is none", chief.ask("POST", "", body, "x"), 400)
    row("not JSON", chief.ask("POST", "", "{", fresh()), 400)
    row("another media type", chief.ask("POST", "", body, fresh(), "text/plain"), 415)
    row_of("targets", "no targets", chief.ask("POST", "", {"users": body["users"], "targets": []}, fresh()), 422)
    row_of("users", "nobody", chief.ask("POST", "", request([]), fresh()), 422)
    row("somebody twice", chief.ask("POST", "", request([users[0], users[0]]), fresh()), 422)
    row_of("mc_id", "no user of ours", chief.ask("POST", "", request(["sip:nobody@alpha.example"]), fresh()), 422)
    row("another's identity", chief.ask("POST", "", {"targets": ["bravo.example"], "users": [
        {"mc_id": users[0], "mc_service_ids": {"mcptt": "sip:other@alpha.example"}}]}, fresh()), 422)
    row("a system nobody knows", chief.ask("POST", "", request(users[:1], "charlie.example"), fresh()), 404)
    row("too many", chief.ask("POST", "", request([f"sip:u{i}@alpha.example" for i in range(10_001)]), fresh()), 413)
    row("as another ACM client", chief.ask("POST", "", request(users[:1], home_acmc_id="sip:other@alpha.example"), fresh()), 403)
    row("not in its domains", chief.ask("POST", "", request(["sip:x@elsewhere.example"]), fresh()), 403)
    row("no such request", chief.ask("GET", "0123456789"), 404)
    # Between servers.
    certificate = (alpha.acm_certificate, alpha.acm_key)
    server = AcmClient(bravo, certificate=certificate)
    row("no certificate", AcmClient(bravo).ask("POST", "", request(users[:1], home_system="alpha.example"), fresh()), 401)
    row("another's certificate", AcmClient(bravo, certificate=(bravo.acm_certificate, bravo.acm_key)).ask(
        "POST", "", request(users[:1], home_system="alpha.example"), fresh()), 401)
    row("another's name", server.ask("POST", "", request(users[:1], home_system="charlie.example"), fresh()), 403)
    row("not for us", server.ask("POST", "", request(users[:1], "charlie.example", home_system="alpha.example"), fresh()), 404)
    key = fresh()
    row("of a foreign domain", server.ask("POST", "", request(["sip:x@charlie.example"], home_system="alpha.example"), key), 202)
    answer = settled_at(server, key)
    expect(answer["users"][0]["status"] == "REJECTED" and not answer["result"], f"{answer}")
    # Two readings of one identity: it is of neither domain.
    key = fresh()
    row("of two domains", server.ask("POST", "", request(["sip:x@bravo;y=@alpha.example"], home_system="alpha.example"), key), 202)
    answer = settled_at(server, key)
    expect(answer["users"][0]["status"] == "REJECTED", f"{answer}")


def main():
    with Sandbox() as sandbox:
        alpha, bravo = sandbox.system("ALPHA"), sandbox.system("BRAVO")
        daemons = {system.tenant: sandbox.take_over(system, {}) for system in (alpha, bravo)}
        at_alpha, at_bravo = Ctl(alpha.admin_socket), Ctl(bravo.admin_socket)
        users = [f"sip:m{i}@alpha.example" for i in range(USERS)]
        for i, user in enumerate(users):
            at_alpha.run("user", "add", f"m{i}", "--mc-id", user, "--mcptt-id", f"sip:m{i}.mcptt@alpha.example", "--password-stdin",
                         given="correct horse battery\n")
        chief = chief_of(alpha)
        refusals(alpha, bravo, chief, users)
        expect(migrates(alpha, bravo, "m0", "correct horse battery").status == 400, "nobody migrates before he was set up")

        # Set up, once.
        key = fresh()
        body = {"targets": ["bravo.example"], "users": [{"mc_id": users[i], "mc_service_ids": {"mcptt": f"sip:m{i}.mcptt@alpha.example"}}
                                                        for i in range(10)]}
        first = row("asked", chief.ask("POST", "", body, key), 202).json()
        expect(first["status"] == "PROCESSING" and first["href"].endswith(first["request_id"]), f"{first}")
        expect(row("again", chief.ask("POST", "", body, key), 202).json() == first, "the same answer")
        again = row("its media type in capitals", chief.ask("POST", "", body, key, "Application/JSON ; charset=UTF-8"), 202)
        expect(again.json() == first, "the same answer")
        row("another media type", chief.ask("POST", "", body, key, "text/plain"), 415)
        row("another body", chief.ask("POST", "", request(users[:2]), key), 409)
        result = settled(chief, first["request_id"])
        expect(result["status"] == "DONE" and set(statuses(result).values()) == {"CREATED"}, f"{result}")
        listed = {each["mc_id"]: each["mc_service_ids"] for each in result["results"][0]["users"]}
        expect(listed == {each["mc_id"]: each["mc_service_ids"] for each in body["users"]}, f"MC service IDs: {result}")
        row("another system's token", AcmClient(alpha, chief_of(bravo).token).ask("GET", first["request_id"]), 401)
        expect(migrates(alpha, bravo, "m0", "correct horse battery").status == 200, "he migrates")
        second = settled(chief, row("once more", chief.ask("POST", "", body, fresh()), 202).json()["request_id"])
        expect(set(statuses(second).values()) == {"EXISTED"}, f"{second}")

        # A partner that is down, and this system killed right after it acknowledged.
        daemons["bravo"].kill()
        third = row("while bravo is down", chief.ask("POST", "", request(users[10:]), fresh()), 202).json()["request_id"]
        daemons["alpha"].kill()
        daemons["alpha"].start()
        chief = chief_of(alpha)
        row("not lost", chief.ask("GET", third), 202)
        daemons["bravo"].start()
        expect(set(statuses(settled(chief, third)).values()) == {"CREATED"}, "done when it is back")
        visitors = [each for each in at_bravo.json("partner", "user", "list", "alpha")["items"] if each["kind"] == "primary_mc_id"]
        expect(len({each["id"] for each in visitors}) == len(visitors) == USERS + 1, f"nobody twice: {len(visitors)}")

        cscf, binding = registered_there(alpha, bravo, at_alpha, at_bravo)
        # All of it back.
        row("withdrawn", chief.ask("DELETE", first["request_id"]), 202)
        expect(settled(chief, first["request_id"])["status"] == "WITHDRAWN", "the first request is withdrawn")
        expect(migrates(alpha, bravo, "m0", "correct horse battery").status == 200, "the second request still holds him")
        expect(binding()["state"] == "active" and vector(cscf, binding()) == "2001", "and his registration stands")
        row("withdrawn, too", chief.ask("DELETE", second["request_id"]), 202)
        ended = cscf.receive()
        cscf.answer(ended, [cx.avp(268, 2001), cx.avp(277, 1)])
        expect(settled(chief, second["request_id"])["status"] == "WITHDRAWN", "the second request is withdrawn")
        expect(migrates(alpha, bravo, "m0", "correct horse battery").status == 400, "he does not migrate any more")
        expect(ended.command == cx.RTR and ended.text(1) == binding()["partner_impi"], f"his registration there ends: {ended.avps}")
        expect(binding()["state"] == "revoked" and vector(cscf, binding()) == "3GPP 5004", "and so does his binding")
        back = settled(chief, row("set up again", chief.ask("POST", "", request(users[:1]), fresh()), 202).json()["request_id"])
        expect(set(statuses(back).values()) == {"CREATED"}, f"{back}")
        expect(migrates(alpha, bravo, "m0", "correct horse battery").status == 200, "he migrates again")

        # An operator's binding, without a set-up.
        at_alpha.run("user", "add", "op", "--mc-id", "sip:op@alpha.example", "--mcptt-id", "sip:op.mcptt@alpha.example",
                     "--password-stdin", given="correct horse battery\n")
        operators = bound(alpha, at_alpha, "op")
        expect(operators()["state"] == "active" and vector(cscf, operators()) == "2001", "bound by an operator")
        withdrawn_unheard(alpha, bravo, at_alpha, chief, "sip:op@alpha.example", operators)

        # Somebody decides.
        other = ["--as", "bravo.example", "--url", alpha.acm_url, "--ca", bravo.ca, "--certificate", bravo.acm_certificate, "--key",
                 bravo.acm_key, "--peer-certificate", alpha.acm_certificate, "--idms", "alpha", "--domain", "alpha.example"]
        at_bravo.run("acm", "partner", "add", "alpha.example", *other, "--manual")
        decided = (("approve", "DONE", users[20:22]), ("reject", "FAILED", [*users[20:22], "sip:op@alpha.example"]))
        for verb, state, asked in decided:
            pending = row("pending", chief.ask("POST", "", request(asked), fresh()), 202).json()["request_id"]
            there = chief_of(bravo)
            inbound = f"/acm/v1/{bravo.tenant}/inbound"
            end = time.monotonic() + SETTLED_SECONDS_MAX
            while time.monotonic() < end and pending not in there.ask("GET", inbound).body.decode():
                pass
            row(verb, there.ask("POST", f"{inbound}/alpha.example/{pending}/{verb}"), 204)
            row("decided twice", there.ask("POST", f"{inbound}/alpha.example/{pending}/{verb}"), 409)
            result = settled(chief, pending)
            expect(result["status"] == state, f"{verb}: {result}")
        row("withdrawn, rejected", chief.ask("DELETE", pending), 202)
        expect(settled(chief, pending)["status"] == "WITHDRAWN", "the rejected request is withdrawn")
        expect(operators()["state"] == "active" and vector(cscf, operators()) == "2001", "who was rejected keeps his binding")
        # Taken by the partner, of whom nobody knows whom it has set up: it ends with all that it may have led to.
        unsaid = row("undecided", chief.ask("POST", "", request(["sip:op@alpha.example"]), fresh()), 202).json()["request_id"]
        end = time.monotonic() + SETTLED_SECONDS_MAX
        while time.monotonic() < end and unsaid not in there.ask("GET", inbound).body.decode():
            pass
        row("withdrawn, undecided", chief.ask("DELETE", unsaid), 202)
        expect(settled(chief, unsaid)["status"] == "WITHDRAWN", "the undecided request is withdrawn")
        expect(operators()["state"] == "revoked", "what a partner has taken may have led to the binding")
        at_bravo.run("acm", "partner", "add", "alpha.example", *other, "--quota", "3")
        server = AcmClient(bravo, certificate=(alpha.acm_certificate, alpha.acm_key))
        row("over the quota", server.ask("POST", "", request(users[:1], home_system="alpha.example"), fresh()), 429)
        print("administration: all rows; a partner down, two kills, nothing lost or doubled")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"administration.py: {failure}")
