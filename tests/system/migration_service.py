#!/usr/bin/env python3
"""Migration between the two systems of a sandbox over HTTPS: a binding made at both ends when a device asks, taken up again
after kill -9, revoked at both ends; the service authorisation of a migrant granted and refused, to his device and to his
client over SIP (TS 23.280 clauses 10.1.6.1.2, 10.6.3).

usage: migration_service.py     CLAVIGER_BUILD: the build folder.
"""

import json
import sys
import threading
import time

import wire
from borders import Party
from clavigerd import Failure, Sandbox
from operators_day import expect
from registration import UE1, UE2, row
from sip_core import Core
from user_agent import UserAgent

# A system that was away is asked again after growing pauses.
RESUMED_SECONDS_MAX = 60


def post(party, path, document, token):
    answer = party.agent.connection.ask("POST", f"{party.agent.prefix}/migration/{path}",
                                        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
                                        json.dumps(document))
    return answer


def configured(party, token, status=200):
    answer = post(party, "configuration", {"mc_system": "bravo.example"}, token)
    expect(answer.status == status, f"migration configuration: {status} was expected, got {answer}")
    return answer.json()


def token_there(alpha, bravo):
    """A token of bravo's for alpha's demo user."""
    tokens = alpha.tokens()
    exchanged = alpha.exchange(tokens["access_token"], bravo.system.resource)
    expect(exchanged.status == 200, f"token exchange: {exchanged}")
    redeemed = bravo.redeem_assertion(exchanged.json()["access_token"], bravo.system.visitor_scopes)
    expect(redeemed.status == 200, f"assertion: {redeemed}")
    return redeemed.json()["access_token"]


def check_configuration(alpha, bravo, values):
    token = alpha.tokens()["access_token"]
    given = configured(alpha, token)
    expect(given["private_identity"] == values["MIGRANT_DYNAMIC_PARTNER_IMPI"], f"another identity the second time: {given}")
    expect(given["access"]["realm"] == "visitors.bravo.example", f"access: {given}")
    before = alpha.system.scopes
    for scopes in ("openid", "openid 3gpp:mc:ptt_service"):
        alpha.system.values |= {"SCOPES": scopes}
        refused = post(alpha, "configuration", {"mc_system": "bravo.example"}, alpha.tokens()["access_token"])
        expect(refused.status == 403 and "ptt_config_management_service" in refused.headers["www-authenticate"],
               f"a token with {scopes}: {refused}")
    alpha.system.values |= {"SCOPES": before}
    there = bravo.ctl.json("binding", "show", given["private_identity"])
    expect(there["state"] == "active" and there["primary_impi"] == values["MIGRANT_DYNAMIC_PRIMARY_IMPI"] and
           there["mode"] == "dynamic" and there["origin"] == "10.1.6.1.2 step 10", f"binding at bravo: {there}")
    steps = alpha.ctl.run("migration", "trace", values["MIGRANT_DYNAMIC_PRIMARY_IMPI"]).stdout
    expect("migration configuration of a device" in steps, f"trace:\n{steps}")


def check_service(alpha, bravo, values):
    token = token_there(alpha, bravo)
    ask = {"service": "mcptt", "primary_mc_service_id": alpha.system.mcptt_id, "mc_service_id": bravo.system.visitor_mcptt_id}

    def result(status, cause=None, **changes):
        answer = post(bravo, "service-authorization", ask | changes, token)
        expect(answer.status == status, f"service authorisation: {status} was expected, got {answer}")
        told = answer.json()
        expect(told["result"] == (status == 200) and told.get("cause") == cause, f"service authorisation: {told}")

    result(200)
    other = post(bravo, "service-authorization", ask | {"service": "mcdata"}, token)
    expect(other.status == 403 and not other.body, f"a token of another service: {other}")
    result(403, "ServiceNotAuthorised", mc_service_id="sip:somebody.else@bravo.example")
    result(403, "ServiceIdNotListed", primary_mc_service_id="sip:somebody.else@alpha.example")
    missing = post(bravo, "service-authorization", {name: value for name, value in ask.items() if name != "primary_mc_service_id"}, token)
    expect(missing.status == 400, f"nobody names his primary identity for him: {missing}")
    impi = values["MIGRANT_DYNAMIC_PRIMARY_IMPI"]
    alpha.ctl.run("binding", "suspend", impi, "--system", "bravo.example")
    result(403, "MigrationNotAllowed")
    alpha.ctl.run("binding", "resume", impi, "--system", "bravo.example")
    result(200)
    bravo.ctl.run("agreement", "change", "alpha.example", "--service", "mcvideo")
    result(403, "ServiceNotAuthorised")
    bravo.ctl.run("agreement", "change", "alpha.example", "--service", "mcptt", "--active", "no")
    result(403, "AgreementEnded")
    bravo.ctl.run("agreement", "change", "alpha.example", "--active", "yes")
    alpha.ctl.run("agreement", "change", "bravo.example", "--outbound", "none")
    result(403, "MigrationNotAllowed")
    alpha.ctl.run("agreement", "change", "bravo.example", "--outbound", "listed")
    # A user of bravo's own is no migrant.
    answer = post(bravo, "service-authorization", ask, bravo.tokens()["access_token"])
    expect(answer.status == 403 and answer.json()["cause"] == "MigrationNotAllowed", f"a user of its own: {answer}")


def check_registration(alpha, bravo, values):
    """The MC service of bravo serves a migrant's client when alpha says that he may (TS 23.280 figure 10.6.3.3-1)."""
    token, own = token_there(alpha, bravo), bravo.tokens()["access_token"]
    impi = values["MIGRANT_DYNAMIC_PRIMARY_IMPI"]
    impu, shared = "sip:migrant@ims.bravo.example", "sip:shared@ims.bravo.example"
    core = Core(bravo.system, "tcp")
    try:
        row("the core registers him", core.register(impu), 200)
        row("the core registers somebody else", core.register(shared), 200)
        alpha.ctl.run("binding", "suspend", impi, "--system", "bravo.example")
        row("alpha says no", core.authorise(impu, token, UE1), 403, warning="101 service authorisation failed")
        row("nothing to subscribe to", core.subscribe(impu, bravo.system.visitor_mcptt_id), 403)
        alpha.ctl.run("binding", "resume", impi, "--system", "bravo.example")
        row("alpha says that he may", core.authorise(impu, token, UE1), 200)
        row("his state", core.subscribe(impu, bravo.system.visitor_mcptt_id), 200)
        core.notify(UE1)
        alpha.ctl.run("client", "disable", "mms-bravo", "--yes")
        row("alpha does not talk with bravo", core.authorise(impu, token, UE2), 403, warning="101 service authorisation failed")
        alpha.ctl.run("client", "enable", "mms-bravo")
        alpha.daemon.kill()
        row("nobody can be asked", core.authorise(impu, token, UE2), 503, retry_after="5")
        row("bravo's own users need nobody else", core.authorise(shared, own, UE2), 200)
        alpha.daemon.start()
        alpha.agent = UserAgent(alpha.system, wire.https(alpha.system))
        row("alpha is there again", core.authorise(impu, token, UE2), 200)
    finally:
        core.close()
    steps = bravo.ctl.run("migration", "trace", bravo.system.visitor_mcptt_id).stdout
    expect("migration service authorisation of a client" in steps and "ServiceNotAuthorised" in steps, f"trace:\n{steps}")


def check_resumption(alpha, bravo):
    """Asked for while bravo is away, alpha killed meanwhile: made all the same, once both are there."""
    alpha.ctl.run("user", "add", "late", "--mcptt-id", "sip:late@alpha.example", "--password-stdin", given="late password\n")
    alpha.ctl.run("binding", "add", "bravo.example", "--user", "late", "--mode", "dynamic", "--primary-impi",
                  "late@alpha.example", "--primary-impu", "sip:late@alpha.example")
    alpha.system.values |= {"USERNAME": "late", "PASSWORD": "late password"}
    token = alpha.tokens()["access_token"]
    bravo.daemon.kill()
    answer = post(alpha, "configuration", {"mc_system": "bravo.example"}, token)
    expect(answer.status in (502, 503), f"configuration with the partner away: {answer}")
    expect(alpha.ctl.json("binding", "show", "late@alpha.example", "--system", "bravo.example")["state"] == "pending", "not pending")
    alpha.daemon.kill()
    alpha.daemon.start()
    bravo.daemon.start()
    deadline = time.monotonic() + RESUMED_SECONDS_MAX
    while (found := alpha.ctl.json("binding", "show", "late@alpha.example", "--system", "bravo.example"))["state"] != "active":
        expect(time.monotonic() < deadline, f"never made: {found}")
        threading.Event().wait(0.2)
    there = bravo.ctl.json("binding", "show", found["partner_impi"])
    expect(there["primary_impi"] == "late@alpha.example" and there["state"] == "active", f"binding at bravo: {there}")
    return found["partner_impi"]


def check_revocation(alpha, bravo, partner_impi):
    alpha.ctl.run("binding", "revoke", "late@alpha.example", "--system", "bravo.example", "--yes")
    deadline = time.monotonic() + RESUMED_SECONDS_MAX
    while bravo.ctl.json("binding", "show", partner_impi)["state"] != "revoked":
        expect(time.monotonic() < deadline, "bravo was never told of the revocation")
        threading.Event().wait(0.2)


def main():
    with Sandbox() as sandbox:
        alpha, bravo = Party(sandbox, "ALPHA"), Party(sandbox, "BRAVO")
        check_configuration(alpha, bravo, sandbox.values)
        print("configuration: ok", flush=True)
        check_service(alpha, bravo, sandbox.values)
        print("service authorisation: ok", flush=True)
        check_registration(alpha, bravo, sandbox.values)
        print("registration of a migrant's client: ok", flush=True)
        partner_impi = check_resumption(alpha, bravo)
        print("resumption: ok", flush=True)
        check_revocation(alpha, bravo, partner_impi)
        print("revocation: ok", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"migration_service: {failure}")
