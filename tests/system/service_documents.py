#!/usr/bin/env python3
"""Documents of several services side by side (TS 24.484 clauses 8 to 10, TS 24.546 clause 7), each with its own scope and identity;
migration connectivity information, written or made with the partner system; the end of access with the sign-off.

usage: service_documents.py     CLAVIGER_BUILD: the build folder.
"""

import json
import sys
import urllib.parse

from borders import Party
from clavigerd import Failure, Sandbox
from configuration import Client, etag, row, writer_of
from operators_day import expect
from user_agent import UserAgent, new_verifier
from wire import https

LOGIN, PASSWORD = "vera", "correct horse battery"
SERVICES = {"mcptt": "ptt", "mcvideo": "video", "mcdata": "data"}


class Vera:
    """A user of all three MC services, on one client that may have the configuration scopes of all."""

    def __init__(self, party):
        self.party, self.system = party, party.system
        ids = [word for service in SERVICES for word in (f"--{service}-id", f"sip:vera.{service}@alpha.example")]
        party.ctl.run("user", "add", LOGIN, *ids, "--val-user-id", "sip:vera@v2x.example", "--password-stdin", given=PASSWORD + "\n")
        scopes = ["openid", *(f"3gpp:mc:{short}_config_management_service" for short in SERVICES.values())]
        party.ctl.run("client", "add", "vera-app", "--grant", "authorization_code", "--redirect-uri",
                      self.system.redirect_uri, *(word for scope in scopes for word in ("--scope", scope)))

    def sign_in(self, scope, client="vera-app"):
        agent, verifier = UserAgent(self.system, https(self.system)), new_verifier()
        page = agent.login_page(verifier, client_id=client, scope=scope)
        location = urllib.parse.urlsplit(agent.submit(page, LOGIN, PASSWORD).headers["location"])
        code = urllib.parse.parse_qs(location.query)["code"][0]
        answer = agent.token(agent.redemption(code, verifier) | {"client_id": client})
        expect(answer.status == 200, f"sign-in with {scope}: {answer}")
        return agent, answer.json()


def profile(service):
    return (f'<{service}-user-profile xmlns="urn:3gpp:{service}:user-profile:1.0" XUI-URI="sip:vera.{service}@alpha.example" '
            f'user-profile-index="0"><Name>Vera</Name><Status>true</Status></{service}-user-profile>')


def services(vera, writer):
    clients = {service: Client(vera.system, vera.sign_in(f"openid 3gpp:mc:{short}_config_management_service")[1]["access_token"])
               for service, short in SERVICES.items()}
    for service, client in clients.items():
        own = f"org.3gpp.{service}"
        user = f"users/sip:vera.{service}@alpha.example"
        kind = f"application/vnd.3gpp.{service}-{{}}+xml"
        documents = {f"{own}.user-profile/{user}/{service}-user-profile-0.xml": (profile(service), kind.format("user-profile")),
                     f"{own}.ue-config/{user}/ue.xml": (f'<{service}-UE-configuration xmlns="urn:3gpp:{service}:{service}UEConfig:1.0"/>',
                                                        kind.format("ue-config")),
                     f"{own}.service-config/global/vera-service-config.xml":
                         (f'<service-configuration-info xmlns="urn:3gpp:ns:{service}ServiceConfig:1.0"/>', kind.format("service-config"))}
        for path, (text, media_type) in documents.items():
            row("before it is there", client.ask("GET", path), 404)
            row("another type", writer.ask("PUT", path, text, "application/xml"), 415)
            row("another root", writer.ask("PUT", path, "<a/>", media_type), 409, "schema-validation-error")
            row("written", writer.ask("PUT", path, text, media_type), 201)
            got = row("his own", client.ask("GET", path), 200)
            expect(got.headers["content-type"] == media_type and got.body.decode() == text, f"as it was written: {got}")
            row("not modified", client.ask("GET", path, If_None_Match=etag(got)), 304)
            for other, another in clients.items():
                if other != service:
                    row("another service's scope", another.ask("GET", path), 403)
            if "/users/" in path:
                row("another's", client.ask("GET", path.replace("vera", "demo")), 403)
            if "user-profile" not in path:
                row("to read only", client.ask("PUT", path, text, media_type), 405)
        listed = row("his directory", client.ask("GET", f"org.openmobilealliance.xcap-directory/{user}/directory.xml"), 200)
        expect(f"{service}-user-profile-0.xml" in listed.body.decode() and "ue.xml" in listed.body.decode(), f"{listed.body}")


def val(vera, writer):
    """TS 24.546: of a VAL service the AUID is the service; profiles and UE configurations, by VAL user ID or VAL UE ID."""
    ctl, system, service, user = vera.party.ctl, vera.system, "v2x.alpha.example", "sip:vera@v2x.example"
    ctl.run("client", "add", "vera-val", "--profile", "val", "--grant", "authorization_code", "--redirect-uri", system.redirect_uri,
            "--scope", "openid", "--scope", "3gpp:seal:config_management", "--scope", f"val:{service}")
    server = ctl.json("client", "add", "v2x-server", "--authentication", "client_secret_basic", "--grant", "client_credentials", "--scope",
                      "ss-ipp", "--val-server", "vs1.example", "--val-service", service)
    agent = UserAgent(system, https(system))
    token = agent.client_credentials("v2x-server", server["client_secret"]).json()["access_token"]
    body = {"valServerId": "vs1.example", "valSvcConf": [{"valServiceId": service, "idList": [{"valUserId": user}]}]}
    made = agent.connection.ask("POST", f"{agent.prefix}/ss-ipp/v1/configurations",
                                {"Authorization": "Bearer " + token, "Content-Type": "application/json"}, json.dumps(body))
    expect(made.status == 201, f"provisioned: {made}")
    client = Client(system, vera.sign_in("openid 3gpp:seal:config_management", "vera-val")[1]["access_token"])
    ue = f"{service}/users/{user}/seal-ue-config-1.xml"
    text = ('<seal-UE-configuration xmlns="urn:3gpp:ns:seal:SealUEConfig:1.0"><on-network/></seal-UE-configuration>')
    kind = "application/vnd.3gpp.seal-ue-config-info+xml"
    row("no VAL UE configuration", client.ask("GET", ue), 404)
    row("a profile is none", writer.ask("PUT", ue, text.replace("seal-UE-configuration", "seal-user-profile"), kind), 409)
    row("another media type", writer.ask("PUT", ue, text, "application/vnd.3gpp.seal-user-profile-info+xml"), 415)
    row("VAL UE configuration", writer.ask("PUT", ue, text, kind), 201)
    got = row("VAL UE configuration, read", client.ask("GET", ue), 200, "on-network")
    expect(got.headers["content-type"] == kind, f"its media type: {got}")
    row("to read only", client.ask("PUT", ue, text, kind), 405)
    row("another's", client.ask("GET", ue.replace("vera", "demo")), 403)
    row("of another VAL service", client.ask("GET", ue.replace("v2x.alpha", "other.alpha")), 403)
    path = f"{service}/users/{user}/seal-user-profile-0.xml"
    text = ('<seal-user-profile xmlns="urn:3gpp:ns:seal:SealUserProfile:1.0" user-profile-index="0"><Status>true</Status>'
            '<profile-configuration/></seal-user-profile>')
    row("VAL user profile", writer.ask("PUT", path, text, "application/vnd.3gpp.seal-user-profile-info+xml"), 201)
    row("VAL user profile, read", client.ask("GET", path), 200)
    # Heard of over HTTP as any other.
    query = urllib.parse.urlencode({"document": ue, "etag": etag(got).strip('"'), "wait": 0})
    row("not changed", client.ask("GET", "changes?" + query), 204)


def connectivity(alpha, writer):
    """TS 23.280 clause 10.1.6: as whom in which partner system. What an operator wrote counts; else it is made with the partner."""
    system = alpha.system
    agent, verifier = UserAgent(system, https(system)), new_verifier()
    page = agent.login_page(verifier, scope=system.config_scopes)
    location = urllib.parse.urlsplit(agent.submit(page, system.username, system.password).headers["location"])
    user = Client(system, agent.redeem(urllib.parse.parse_qs(location.query)["code"][0], verifier).json()["access_token"])
    path = f"claviger.migration-connectivity/users/{system.mcptt_id}/bravo.example.xml"
    row("nobody else's", user.ask("GET", path.replace("demo.mcptt", "revoked.mcptt")), 403)
    row("no such agreement", user.ask("GET", path.replace("bravo", "charlie")), 404)
    row("no system", user.ask("GET", path.replace("bravo.example", "%20")), 404)
    got = row("made with the partner", user.ask("GET", path), 200, "<private-identity>")
    expect(got.headers["content-type"] == "application/xml" and b'system="bravo.example"' in got.body, f"{got.body}")
    again = row("the same again", user.ask("GET", path), 200)
    expect(again.body == got.body and etag(again) == etag(got), "asking twice gives the same identities")
    row("not modified", user.ask("GET", path, If_None_Match=etag(got)), 304)
    identity = got.body.decode().split("<private-identity>")[1].split("<")[0]
    row("an element of it", user.ask("GET", path + "/~~/migration-connectivity/private-identity"), 200, identity)
    row("not to write", user.ask("PUT", path, got.body.decode(), "application/xml"), 405)
    row("another's doing is not asked for", writer.ask("GET", path), 404)
    written = got.body.decode().replace(identity, "written@bravo.example")
    row("written", writer.ask("PUT", path, written, "application/xml"), 201)
    row("what is written counts", user.ask("GET", path), 200, "written@bravo.example")
    row("taken back", writer.ask("DELETE", path), 200)
    row("and made again", user.ask("GET", path), 200, identity)
    alpha.ctl.run("agreement", "change", "bravo.example", "--outbound", "none")
    row("he may not go there", user.ask("GET", path), 403)
    alpha.ctl.run("agreement", "change", "bravo.example", "--outbound", "listed")


def signed_off(vera, writer):
    agent, tokens = vera.sign_in("openid 3gpp:mc:ptt_config_management_service")
    client = Client(vera.system, tokens["access_token"])
    path = "org.3gpp.mcptt.user-profile/users/sip:vera.mcptt@alpha.example/mcptt-user-profile-0.xml"
    known = etag(row("signed in", client.ask("GET", path), 200))
    query = urllib.parse.urlencode({"document": path, "etag": known.strip('"'), "wait": 0})
    row("nothing new", client.ask("GET", "changes?" + query), 204)
    answer = agent.connection.post_form(f"{agent.prefix}/revoke", {"token": tokens.get("refresh_token", tokens["access_token"]), "client_id": "vera-app"})
    expect(answer.status == 200, f"signed off: {answer}")
    for name, again in (("document", client.ask("GET", path)), ("not modified", client.ask("GET", path, If_None_Match=known)),
                        ("element", client.ask("GET", path + "/~~/mcptt-user-profile/Name")), ("changes", client.ask("GET", "changes?" + query)),
                        ("change", client.ask("PUT", path, profile("mcptt")))):
        row(f"signed off: {name}", again, 401)


def main():
    with Sandbox() as sandbox:
        alpha, bravo = Party(sandbox, "ALPHA"), Party(sandbox, "BRAVO")
        expect(bravo.daemon is not None, "the partner")
        vera, writer = Vera(alpha), writer_of(alpha.system)
        services(vera, writer)
        print("MCPTT, MCVideo, MCData: ok", flush=True)
        signed_off(vera, writer)
        print("signed off: ok", flush=True)
        val(vera, writer)
        print("VAL: ok", flush=True)
        connectivity(alpha, writer)
        print("migration connectivity: ok", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"service_documents.py: {failure}")
