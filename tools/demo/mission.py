#!/usr/bin/env python3
"""The whole mission in one story, with the two systems of a sandbox: sign-in, registration, full access, profile, set-up at the
partner, migration, service there; what each step said and how long it took.

  tools/demo/mission.py SANDBOX BUILD

Kamailio is the SIP core of either system where it is installed (a process of its own, as the UE is: the broker plays neither);
core_stand_in.py is where it is not. The Diameter side of bravo's core is played as in migrate.py.
"""

import base64
import contextlib
import json
import os
import re
import secrets
import select
import subprocess
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kamailio_core  # noqa: E402
import mc_ue  # noqa: E402
import migrate  # noqa: E402
import s_cscf as cx  # noqa: E402
import service_registration as registration  # noqa: E402
import sign_in  # noqa: E402
from sandbox_parts import write  # noqa: E402

EXCHANGE, BEARER = "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT = "urn:ietf:params:oauth:token-type:jwt"
PHONE, RADIO = "urn:uuid:2f6b8c4e-0000-4000-8000-00000000de30", "urn:uuid:2f6b8c4e-0000-4000-8000-00000000fa6e"
SET_UP_SECONDS_MAX = 60
LOGIN = "ranger"


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Party:
    """One of the two systems as its users see it."""

    def __init__(self, values, name, build):
        self.name, self.build = name, build
        self.facts = {key.removeprefix(name.upper() + "_"): value for key, value in values.items() if key.startswith(name.upper() + "_")}
        self.issuer = sign_in.Issuer(self.facts["ISSUER"], self.facts["CA"])
        self.about = self.issuer.ask("GET", self.facts["ISSUER"] + "/.well-known/openid-configuration").json()

    def token(self, **who):
        return sign_in.sign_in(sign_in.Steps(is_quiet=True), self.issuer, self.about, self.facts | who)["access_token"]

    def redeem(self, **form):
        return self.issuer.ask("POST", self.about["token_endpoint"], form={"client_id": self.facts["CLIENT_ID"]} | form).json()["access_token"]

    def ctl(self, *arguments, given=None, may_fail=False):
        try:
            return sign_in.clavigerctl(self.build, self.facts, *arguments, given=given)
        except sign_in.Failure:
            if may_fail:
                return None
            raise


def ask(connection, method, url, token, body=None, **headers):
    parts = urllib.parse.urlsplit(url)
    headers = {name.replace("_", "-"): value for name, value in headers.items()} | {"authorization": "Bearer " + token}
    connection.request(method, parts.path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()


def registered(steps, party, sandbox, token, impu, client, kind, mc_id):
    """Through the SIP core to full access, and off again."""
    steps.begin()
    with registration.start_core(sandbox, party.name, party.facts) as core:
        is_kamailio = isinstance(core, kamailio_core.Kamailio)
        steps.end("      Kamailio starts as the SIP core" if is_kamailio else "      a stand-in plays the SIP core: Kamailio is not installed")
        ue = registration.start_ue(sandbox, party.name, core, party.facts, impu, client, kind)
        registration.register_service(steps, core, ue, token, mc_id)
        steps.begin()
        lines = party.ctl("registration", "show", impu)
        steps.end("      what an operator sees of it", f"clavigerctl registration show {impu}", *lines)
        steps.begin()
        registration.expect(ue.log_off(ue.etag), 200, "log-off")
        registration.expect(ue.sign_on(0), 200, "de-registration")
        ue.notify("terminated")
        steps.end("      he logs off and leaves the core: the service has ended")
        ue.close()


def reads_profile(steps, alpha, token):
    connection = sign_in.Issuer(alpha.facts["XCAP_ROOT"], alpha.facts["CA"]).connection
    steps.begin()
    answer, document = ask(connection, "GET", alpha.facts["PROFILE_URL"], token)
    if answer.status != 200:
        raise sign_in.Failure(f"profile: {answer.status} {document[:300]}")
    name = re.search(r"<ProfileName>([^<]*)", document).group(1)
    groups = re.findall(r"<entry[^>]*><uri-entry>(sip:[^<]*)", document)
    steps.end("      the configuration management server gives him his profile",
              f"GET {urllib.parse.urlsplit(alpha.facts['PROFILE_URL']).path}", f"profile {name}, {len(document)} octets, ETag {answer.headers['etag']}"
              + (f"; {', '.join(groups[-2:])}" if groups else ""))
    steps.begin()
    again, _ = ask(connection, "GET", alpha.facts["PROFILE_URL"], token, if_none_match=answer.headers["etag"])
    if again.status != 304:
        raise sign_in.Failure(f"the same profile again: {again.status} where 304 was expected")
    steps.end("      and again, if it has changed: it has not", "304 Not Modified")


def ranger_of(alpha, sandbox):
    """A user with a subscriber module whom bravo has never heard of. A second run finds him."""
    path = os.path.join(sandbox, "alpha", "ranger.json")
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return json.load(file)
    impi = f"{LOGIN}@ims.alpha.example"
    ranger = {"USERNAME": LOGIN, "PASSWORD": secrets.token_urlsafe(12), "MC_ID": f"sip:{LOGIN}@alpha.example",
              "MCPTT_ID": f"sip:{LOGIN}.mcptt@alpha.example", "PRIMARY_IMPI": impi, "PRIMARY_IMPU": f"sip:{impi}",
              "K": secrets.token_hex(16), "OPC": secrets.token_hex(16)}
    for noun, name in (("user", LOGIN), ("subscriber", impi)):
        alpha.ctl(noun, "remove", name, "--yes", may_fail=True)  # of a run that was broken off
    alpha.ctl("user", "add", LOGIN, "--display-name", "Ranger", "--mc-id", ranger["MC_ID"], "--mcptt-id", ranger["MCPTT_ID"], "--password-stdin",
              given=ranger["PASSWORD"] + "\n")
    alpha.ctl("subscriber", "add", impi, "--impu", f"sip:{impi}", given=f"{ranger['K']} {ranger['OPC']}\n")
    write(path, json.dumps(ranger, indent=1))
    return ranger


def is_set_up(steps, alpha, bravo, ranger):
    """By the chief, who may ask for it: alpha's server asks bravo's over mutual TLS."""
    facts = alpha.facts
    steps.begin()
    token = alpha.token(CLIENT_ID=facts["ACM_APP"], USERNAME=facts["ACM_USERNAME"], PASSWORD=facts["ACM_PASSWORD"], SCOPES=facts["ACM_SCOPES"])
    connection = sign_in.Issuer(facts["ACM_URL"], facts["CA"]).connection
    body = {"targets": [bravo.facts["MC_SYSTEM_ID"]], "users": [{"mc_id": ranger["MC_ID"], "mc_service_ids": {"mcptt": ranger["MCPTT_ID"]}}]}
    answer, text = ask(connection, "POST", facts["ACM_URL"], token, body, content_type="application/json", idempotency_key=secrets.token_hex(16))
    if answer.status != 202:
        raise sign_in.Failure(f"set-up: {answer.status} {text}")
    request = json.loads(text)
    steps.end("      the chief signs in and asks alpha's ACM server", f"POST {urllib.parse.urlsplit(facts['ACM_URL']).path}: "
              f"{request['status']}, request {request['request_id']}")
    steps.begin()
    until = time.monotonic() + SET_UP_SECONDS_MAX
    while True:
        answer, text = ask(connection, "GET", facts["ACM_URL"] + "/" + request["request_id"], token)
        if answer.status == 200:
            break
        if answer.status != 202 or time.monotonic() > until:
            raise sign_in.Failure(f"set-up: {answer.status} {text}")
        select.select([], [], [], 0.05)
    result = json.loads(text)
    user = result["results"][0]["users"][0]
    if result["status"] != "DONE" or user["status"] not in ("CREATED", "EXISTED"):
        raise sign_in.Failure(f"set-up: {text}")
    steps.end("      which asks bravo's, over mutual TLS", f"{result['status']}: {user['mc_id']} {user['status']} in {result['results'][0]['system']}")


def migrates(steps, alpha, bravo, ranger, sandbox, build):
    # An operator binds him to his module, and lets him go there. Admitted and bound once; a second run finds it there.
    alpha.ctl("binding", "add", bravo.facts["MC_SYSTEM"], "--user", LOGIN, "--mode", "dynamic", "--primary-impi", ranger["PRIMARY_IMPI"],
              "--primary-impu", ranger["PRIMARY_IMPU"], may_fail=True)
    subprocess.run([os.path.join(ROOT, "tools", "sandbox"), "peer", sandbox, "bravo", migrate.CSCF, "127.0.0.1", "0", migrate.REALM],
                   check=False, stdin=subprocess.DEVNULL, capture_output=True, env=os.environ | {"CLAVIGER_BUILD": build})
    steps.begin()
    token = alpha.token(USERNAME=LOGIN, PASSWORD=ranger["PASSWORD"])
    steps.end("      he signs in at home", f"sub {claims_of(token)['sub']}")
    steps.begin()
    given = alpha.issuer.post_json(alpha.facts["ISSUER"] + "/migration/configuration", {"mc_system": bravo.facts["MC_SYSTEM"]}, token)
    steps.end(" 1    his device asks alpha how to get into bravo's network", f"bravo lends him {given['private_identity']}, realm {given['access']['realm']}")
    values = {"MIGRANT_RANGER_PARTNER_IMPI": given["private_identity"], "MIGRANT_RANGER_PARTNER_IMPU": given["public_identities"][0]}
    values |= {f"MIGRANT_RANGER_{name}": ranger[name] for name in ("K", "OPC", "PRIMARY_IMPI")}
    cscf = cx.Node(bravo.facts["DIAMETER_HOST"], int(bravo.facts["DIAMETER_PORT"]), migrate.CSCF, migrate.REALM)
    migrate.steps_of(steps, cscf, values, "RANGER")
    cscf.close()
    return token, given["public_identities"][0]


def opens_bravo(steps, alpha, bravo, ranger, token):
    steps.begin()
    assertion = alpha.redeem(grant_type=EXCHANGE, subject_token=token, subject_token_type=JWT, resource=bravo.facts["RESOURCE"])
    steps.end("      alpha gives him a security token for bravo", f"audience {claims_of(assertion)['aud']}")
    steps.begin()
    there = bravo.redeem(grant_type=BEARER, assertion=assertion, scope=bravo.facts["VISITOR_SCOPES"])
    mc_id = claims_of(there)["mcptt_id"]
    steps.end("      which opens bravo: an access token of bravo's own", f"he is {mc_id} there")
    steps.begin()
    answer = bravo.issuer.post_json(bravo.facts["ISSUER"] + "/migration/service-authorization",
                                    {"service": "mcptt", "primary_mc_service_id": ranger["MCPTT_ID"], "mc_service_id": mc_id}, there)
    if not answer["result"]:
        raise sign_in.Failure(f"service authorisation: {answer}")
    steps.end("      bravo's MC service authorises the migrant, alpha agrees", f"result {str(answer['result']).lower()}")
    return there, mc_id


def main():
    sandbox, build = sys.argv[1:]
    values = sign_in.read_environment(os.path.join(sandbox, "sandbox.env"))
    alpha, bravo = Party(values, "alpha", build), Party(values, "bravo", build)
    steps = sign_in.Steps()
    print(f"\nregistration (TS 24.379 clause 7): {alpha.facts['USERNAME']} gets into alpha's MC service")
    steps.begin()
    token = alpha.token()
    steps.end(" 1    he signs in: an access token for the MC service", f"mcptt_id {claims_of(token)['mcptt_id']}")
    registered(steps, alpha, sandbox, token, alpha.facts["IMPU"], PHONE, "ue", alpha.facts["MCPTT_ID"])
    print("\nprofile (TS 24.484)")
    reads_profile(steps, alpha, token)
    ranger = ranger_of(alpha, sandbox)
    print(f"\nset-up at bravo (TS 23.280 clause 10.17): {ranger['MC_ID']}")
    is_set_up(steps, alpha, bravo, ranger)
    print("\nmigration (TS 23.280 clause 10.6.2.3): he goes to bravo")
    token, impu = migrates(steps, alpha, bravo, ranger, sandbox, build)
    print("\nservice in bravo (TS 23.280 clauses 10.1.6, 10.6.3)")
    token, mc_id = opens_bravo(steps, alpha, bravo, ranger, token)
    registered(steps, bravo, sandbox, token, impu, RADIO, "radio", mc_id)


if __name__ == "__main__":
    try:
        main()
    except (sign_in.Failure, mc_ue.Failure, ConnectionError) as failure:
        sys.exit(f"mission: {failure}")
