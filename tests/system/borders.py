#!/usr/bin/env python3
"""The attack list at the borders, over real sockets, with the two brokers of a sandbox and a third system that is played
here with keys of its own: mix-up, code injection, refresh replay across devices, exchange loops, a partner that signs for
users who are not its own, a key of one tenant used for another's tokens. TS 33.180 B.7, B.11.3; RFC 9700; RFC 9207.

usage: borders.py     CLAVIGER_BUILD: the build folder.
"""

import http.client
import os
import secrets
import sys
import time
import tomllib
import urllib.parse

import jose
import wire
from clavigerd import Failure, Sandbox
from operators_day import CONFLICT, NOT_FOUND, Ctl, expect
from user_agent import UserAgent, claims_of, new_verifier

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT = "urn:ietf:params:oauth:token-type:jwt"
SERVICE = "3gpp:mc:ptt_key_management_service"
# Of a sandbox's block of ports, one that it does not use itself.
MTLS_PORT = 30
# The feed is a long poll, which begins anew with the change.
FOLLOWED_SECONDS_MAX = 30


class Party:
    """One of the two systems, with its operator, and a user of it."""

    def __init__(self, sandbox, name, changes=None):
        self.system = sandbox.system(name)
        self.daemon = sandbox.take_over(self.system, changes or {})
        self.ctl = Ctl(self.system.admin_socket)
        self.agent = UserAgent(self.system, wire.https(self.system))
        self.issuer = self.system.issuer

    def sign_in(self, **changes):
        verifier = new_verifier()
        page = self.agent.login_page(verifier, **changes)
        answer = self.agent.submit(page, self.system.username, self.system.password)
        return Response(answer), verifier

    def tokens(self):
        response, verifier = self.sign_in()
        answer = self.agent.redeem(response.code, verifier)
        expect(answer.status == 200, f"sign-in: {answer}")
        return answer.json()

    def exchange(self, token, resource):
        return self.agent.token({"grant_type": EXCHANGE, "client_id": self.system.client_id, "subject_token": token,
                                 "subject_token_type": JWT, "resource": resource})

    def redeem_assertion(self, assertion, scope=SERVICE):
        return self.agent.token({"grant_type": BEARER, "client_id": self.system.client_id, "assertion": assertion,
                                 "scope": scope})

    def takes(self, token):
        answer = self.agent.introspect(token)
        expect(answer.status == 200, f"introspection: {answer}")
        return answer.json()["active"]


def mtls_origin(system):
    host, port = wire.address_of(system.issuer)
    return f"https://{host}:{port + MTLS_PORT}"


def second_listener(system):
    """Another listener, which asks for certificates and believes them for what they are: keys."""
    with open(system.config, "rb") as file:
        first = tomllib.load(file)["https"][0]
    origin = mtls_origin(system)
    return {"https": [first, first | {"port": int(origin.rsplit(":", 1)[1]), "client_certificates": "optional",
                                      "public_origin": origin}]}


class Response:
    """An authorization response, as it arrives at the client."""

    def __init__(self, answer):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers.get("location", "")).query)
        expect(answer.status == 302, f"authorization response: {answer}")
        self.code, self.iss, self.state, self.error = (query.get(name, [None])[0] for name in ("code", "iss", "state", "error"))


def refused(answer, error, what, status=400):
    expect(answer.status == status and answer.error() == error, f"{what}: {error} was expected, got {answer}")


# --- what a UE may not say of itself (TS 24.482 Annex A), and what every answer says to a browser

PROXY = "127.0.0.66"


def from_proxy(party):
    """A connection that the trusted proxy opens."""
    host, port = wire.address_of(party.issuer)
    context = wire.trust(party.system.ca)
    return wire.Connection(lambda: http.client.HTTPSConnection(host, port, timeout=wire.ANSWER_SECONDS_MAX, context=context,
                                                               source_address=(PROXY, 0)))


def check_asserted_identities(bravo):
    token = bravo.tokens()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    asserted = {"X-3GPP-Asserted-Identity": '"sip:demo@bravo.example"'}
    provisioning = f"{bravo.agent.prefix}/ss-ipp/v1/configurations"
    ask, prefix = bravo.agent.connection.ask, bravo.agent.prefix
    for method, path in (("GET", f"{prefix}/userinfo"), ("GET", f"{prefix}/authorize"), ("POST", f"{prefix}/token"),
                         ("GET", f"{prefix}/sessions"), ("GET", provisioning), ("GET", f"{prefix}/jwks")):
        answer = ask(method, path, bearer | asserted)
        expect(answer.status == 403, f"an identity that a UE asserts, at {path}: {answer}")
    expect(ask("GET", provisioning).status == 403, "nobody at a 3GPP HTTP reference point")
    expect(ask("GET", f"{prefix}/userinfo").status == 401, "nobody at an OAuth endpoint")
    expect(ask("GET", provisioning, {"Authorization": "Bearer a.b.c"}).status == 401, "a bad token")
    behind = from_proxy(bravo)
    answer = behind.ask("GET", f"{prefix}/userinfo", bearer | asserted)
    expect(answer.status == 200, f"a bearer token wins over what a proxy asserts: {answer}")
    answer = behind.ask("GET", provisioning, asserted)
    expect(answer.status == 403, f"an asserted identity is no authorisation to provision: {answer}")
    twice = behind.ask("GET", f"{prefix}/sessions", {"X-3GPP-Asserted-Identity": "no uri"})
    expect(twice.status in (401, 403), f"what is no identity: {twice}")


def check_security_headers(alpha):
    page = alpha.agent.login_page(new_verifier())
    policy = page.headers["content-security-policy"]
    expect(page.status == 200 and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
           and page.headers["referrer-policy"] == "no-referrer", f"security headers: {page.headers}")
    answers = {"login page": page, "token": alpha.agent.token({}), "userinfo": alpha.agent.connection.ask(
        "GET", f"{alpha.agent.prefix}/userinfo"), "not there": alpha.agent.connection.ask("GET", "/nothing")}
    for name, answer in answers.items():
        headers = answer.headers
        expect(headers["x-content-type-options"] == "nosniff" and headers["strict-transport-security"].startswith("max-age=") and headers["cache-control"] == "no-store",
               f"security headers of {name}: {headers}")
        expect("access-control-allow-origin" not in headers, f"CORS at {name}")
    for name in ("script", "javascript:", "onclick"):
        expect(name not in page.body.decode().lower(), "a page without scripts")


# --- mix-up (RFC 9207, RFC 9700 clause 4.4)

def check_mix_up(alpha, bravo):
    """The client believes that it talks to bravo, and the answer comes from alpha."""
    response, verifier = alpha.sign_in()
    expect(response.iss == alpha.issuer != bravo.issuer, "a response names its issuer")
    refusal = Response(alpha.agent.login_page(verifier, prompt="none"))
    expect(refusal.error == "login_required" and refusal.iss == alpha.issuer, "so does a refusal")
    # A client that does not look would bring the code to bravo: of no use there, and no harm is done to it at alpha.
    refused(bravo.agent.token(alpha.agent.redemption(response.code, verifier)), "invalid_grant", "alpha's code at bravo")
    tokens = alpha.agent.redeem(response.code, verifier)
    expect(tokens.status == 200, f"alpha's code at alpha: {tokens}")
    # Nor do alpha's tokens open anything at bravo.
    tokens = tokens.json()
    expect(not bravo.takes(tokens["access_token"]), "alpha's access token at bravo's servers")
    refused(bravo.agent.refresh(tokens["refresh_token"]), "invalid_grant", "alpha's refresh token at bravo")
    expect(alpha.agent.refresh(tokens["refresh_token"]).status == 200, "it is still good at home")
    revoked = bravo.agent.revoke(tokens["access_token"])
    expect(revoked.status == 200 and alpha.takes(tokens["access_token"]), "bravo cannot revoke alpha's tokens")


def check_mix_up_of_partners(alpha, bravo, charlie):
    """A security token is for one partner, and a partner is known by its issuer and its keys together."""
    security = alpha.exchange(alpha.tokens()["access_token"], bravo.issuer).json()["access_token"]
    refused(alpha.redeem_assertion(security), "invalid_grant", "alpha's token for bravo, at alpha")
    expect(bravo.redeem_assertion(security).status == 200, "alpha's token for bravo, at bravo")
    # charlie's key under alpha's name, alpha's key id under charlie's key, charlie's own token for somebody else.
    alphas_kid = bravo.agent.connection.ask("GET", bravo.agent.prefix + "/jwks").json()["keys"][0]["kid"]
    for what, token in (("alpha's issuer, charlie's key", charlie.token(bravo, iss=alpha.issuer)),
                        ("charlie's issuer, another's key id", charlie.token(bravo, kid=alphas_kid)),
                        ("charlie's token for alpha", charlie.token(bravo, aud=[bravo.system.client_id, alpha.issuer])),
                        ("a token of nobody", charlie.token(bravo, iss="https://nobody.example"))):
        refused(bravo.redeem_assertion(token), "invalid_grant", what)


# --- code injection (RFC 9700 clause 4.5)

def check_code_injection(alpha):
    victim, verifier = alpha.sign_in()
    attacker, attackers_verifier = alpha.sign_in()
    refused(alpha.agent.redeem(attacker.code, verifier), "invalid_grant", "the attacker's code in the victim's session")
    refused(alpha.agent.redeem(victim.code, attackers_verifier), "invalid_grant", "the victim's code in the attacker's session")
    plain = alpha.agent.redemption(victim.code, verifier)
    for what, error, fields in (
            ("without a verifier", "invalid_request", {name: value for name, value in plain.items() if name != "code_verifier"}),
            ("by another client", "invalid_grant", plain | {"client_id": alpha.system.mc_client_id}),
            ("for another redirect URI", "invalid_grant", plain | {"redirect_uri": "https://attacker.example/cb"})):
        refused(alpha.agent.token(fields), error, f"a stolen code {what}")
    # A downgrade: a request without a challenge gets no code that would need no verifier.
    page = alpha.agent.login_page(verifier, code_challenge=None, code_challenge_method=None)
    expect(Response(page).error == "invalid_request", "a request without a challenge")
    first = alpha.agent.redeem(victim.code, verifier)
    expect(first.status == 200, f"the victim's own redemption: {first}")
    refused(alpha.agent.redeem(victim.code, verifier), "invalid_grant", "the code once more")
    expect(not alpha.takes(first.json()["access_token"]), "a code that was used twice ends what it gave")


# --- refresh replay across devices (RFC 9700 clause 4.14, RFC 8705 clause 4)

def with_certificate(system, certificate, key):
    """Where metadata says that certificates are asked for (RFC 8705 clause 5)."""
    agent = UserAgent(system, wire.https(system))
    metadata = agent.connection.ask("GET", f"{agent.prefix}/.well-known/openid-configuration").json()
    alias = metadata["mtls_endpoint_aliases"]["token_endpoint"].removesuffix("/token")
    expect(alias == mtls_origin(system) + agent.prefix and metadata["issuer"] == system.issuer, f"aliases: {metadata}")
    context = wire.trust(system.ca)
    context.load_cert_chain(certificate, key)
    return UserAgent(system, wire.https(type(system)(system.values | {"ISSUER": alias}), context))


def check_refresh_across_devices(alpha, folder):
    # Bearer: whoever comes second with the same token, on whichever device, ends the session of both.
    tokens = alpha.tokens()
    second = alpha.agent.refresh(tokens["refresh_token"]).json()
    third = alpha.agent.refresh(second["refresh_token"]).json()
    thief = UserAgent(alpha.system, wire.https(alpha.system))
    refused(thief.refresh(tokens["refresh_token"]), "invalid_grant", "an old refresh token from another device")
    refused(alpha.agent.refresh(third["refresh_token"]), "invalid_grant", "and the family is dead")
    expect(not alpha.takes(third["access_token"]), "with its access tokens")
    # Bound to the device's certificate: on another device it is of no use at all, and the owner does not notice.
    keys = {name: jose.Key(folder, name) for name in ("owner", "thief")}
    certificates = {name: key.certificate(name) for name, key in keys.items()}
    alpha.ctl.run("ue", "add", "urn:ue:owner", "--class", "personal", "--certificate",
                  keys["owner"].thumbprint(certificates["owner"]))
    alpha.ctl.run("client", "add", "bound-app", "--grant", "authorization_code", "--redirect-uri",
                  alpha.system.redirect_uri, "--certificate-bound", "--authentication", "none")
    devices = {name: with_certificate(alpha.system, certificates[name], key.file) for name, key in keys.items()}
    owner = devices["owner"]
    verifier = new_verifier()
    page = owner.login_page(verifier, client_id="bound-app")
    code = Response(owner.submit(page, alpha.system.username, alpha.system.password)).code
    redemption = owner.redemption(code, verifier) | {"client_id": "bound-app"}
    tokens = owner.token(redemption)
    expect(tokens.status == 200, f"the owner's redemption: {tokens}")
    tokens = tokens.json()
    expect(claims_of(tokens["access_token"])["cnf"]["x5t#S256"] == keys["owner"].thumbprint(certificates["owner"]), "cnf")
    refreshing = {"grant_type": "refresh_token", "client_id": "bound-app", "refresh_token": tokens["refresh_token"]}
    refused(devices["thief"].token(refreshing), "invalid_grant", "a bound refresh token on another device")
    refused(alpha.agent.token(refreshing), "invalid_client", "a bound refresh token without a certificate", 401)
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    for name, status in (("owner", 200), ("thief", 401)):
        answer = devices[name].connection.ask("GET", f"{owner.prefix}/userinfo", header)
        expect(answer.status == status, f"userinfo on the {name}'s device: {answer}")
    expect(owner.token(refreshing).status == 200, "the owner's refresh, after the thief's")


# --- exchange loops

def check_loops(alpha, bravo):
    home = alpha.tokens()
    security = alpha.exchange(home["access_token"], bravo.issuer).json()["access_token"]
    visiting = bravo.redeem_assertion(security)
    expect(visiting.status == 200, f"alpha -> bravo: {visiting}")
    visiting = visiting.json()["access_token"]
    refused(bravo.exchange(visiting, alpha.issuer), "invalid_request", "alpha -> bravo -> alpha by exchange")
    refused(alpha.redeem_assertion(visiting), "invalid_grant", "bravo's access token as an assertion at alpha")
    refused(alpha.exchange(visiting, bravo.issuer), "invalid_request", "bravo's access token as a subject at alpha")
    refused(bravo.redeem_assertion(security), "invalid_grant", "the same security token once more")
    refused(alpha.exchange(security, bravo.issuer), "invalid_request", "a security token for a security token")
    refused(bravo.exchange(security, alpha.issuer), "invalid_request", "alpha's security token as bravo's subject")
    refused(alpha.exchange(home["access_token"], alpha.issuer), "invalid_target", "alpha -> alpha")
    refused(alpha.redeem_assertion(home["access_token"]), "invalid_grant", "alpha's own access token as an assertion")
    refused(alpha.redeem_assertion(home["id_token"]), "invalid_grant", "an ID token as an assertion")
    refused(alpha.exchange(home["id_token"], bravo.issuer), "invalid_request", "an ID token as a subject")


# --- a partner that signs for users that are not its own

class Charlie:
    """A partner of bravo's, whose operator is not honest."""

    issuer = "https://idms.charlie.example/idms/v1/charlie"

    def __init__(self, folder, bravo):
        self.key = jose.Key(folder, "charlie")
        path = os.path.join(folder, "charlie.jwks")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.key.jwks())
        self.claims = {"sub": "carol", "mc_id": "sip:carol@charlie.example", "mcptt_id": "sip:carol.ptt@charlie.example"}
        bravo.ctl.run("partner", "add", "charlie", "--issuer", self.issuer, "--jwks", path, "--domain", "charlie.example",
                      "--scope", SERVICE)
        bravo.ctl.run("user", "add", "carol-of-charlie", "--mc-id", "sip:carol@bravo.example", "--mcptt-id",
                      "sip:carol.ptt@bravo.example", "--no-password")
        bravo.ctl.run("partner", "user", "add", "charlie", "carol-of-charlie", "--primary-sub", "carol")

    def token(self, bravo, kid=None, typ="mcx-st+jwt", **changes):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": [bravo.system.client_id, bravo.issuer], "iat": now, "exp": now + 300,
                  "jti": secrets.token_urlsafe(16)} | self.claims | changes
        return self.key.sign({name: value for name, value in claims.items() if value is not None}, typ, kid)


def check_foreign_users(alpha, bravo, charlie):
    good = bravo.redeem_assertion(charlie.token(bravo))
    expect(good.status == 200, f"charlie's own user: {good}")
    expect(claims_of(good.json()["access_token"])["mcptt_id"] == "sip:carol.ptt@bravo.example", "who he is at bravo")
    alphas_sub = claims_of(alpha.tokens()["access_token"])["sub"]
    bravos_sub = bravo.ctl.json("user", "show", bravo.system.username)["sub"]
    for what, changes in (
            ("alpha's user by his sub", {"sub": alphas_sub, "mc_id": None, "mcptt_id": None}),
            ("alpha's user by his MC ID", {"sub": "x", "mc_id": alpha.system.mc_id, "mcptt_id": None}),
            ("his own user with alpha's MC ID", {"mc_id": alpha.system.mc_id}),
            ("his own user with alpha's MCPTT ID", {"mcptt_id": alpha.system.mcptt_id}),
            ("his own user with bravo's MCPTT ID", {"mcptt_id": bravo.system.mcptt_id}),
            ("bravo's own user", {"sub": bravos_sub, "mc_id": None, "mcptt_id": None}),
            ("bravo's own user by his login", {"sub": bravo.system.username, "mc_id": None, "mcptt_id": None}),
            ("a user that nobody set up", {"sub": "mallory", "mc_id": "sip:mallory@charlie.example", "mcptt_id": None}),
            ("nobody", {"sub": None}),
            ("in bravo's own name", {"iss": bravo.issuer}),
            ("a token of an hour", {"exp": int(time.time()) + 3600}),
            ("a token without an end", {"exp": None}),
            ("a token of yesterday", {"iat": int(time.time()) - 86_400, "exp": int(time.time()) - 86_000}),
            ("a token of tomorrow", {"iat": int(time.time()) + 86_400, "exp": int(time.time()) + 86_700}),
            ("a token without a jti", {"jti": None})):
        answer = bravo.redeem_assertion(charlie.token(bravo, **changes))
        refused(answer, "invalid_grant", f"charlie signs for {what}")
    for typ in ("at+jwt", "JWT", "logout+jwt"):
        refused(bravo.redeem_assertion(charlie.token(bravo, typ=typ)), "invalid_grant", f"charlie's token of type {typ}")
    # More than the agreement says, for a user who may have it here.
    refused(bravo.redeem_assertion(charlie.token(bravo), "3gpp:mc:ptt_service"), "invalid_scope", "more than was agreed")
    # What he signs opens nothing directly, whatever it says.
    forged = charlie.token(bravo, typ="at+jwt", aud=[bravo.issuer], client_id=bravo.system.client_id, scope=f"openid {SERVICE}")
    ours = charlie.token(bravo, typ="at+jwt", iss=bravo.issuer, aud=[bravo.issuer], client_id=bravo.system.client_id,
                         scope=f"openid {SERVICE}")
    for token in (forged, ours):
        expect(not bravo.takes(token), "charlie's key signs no token of bravo's")
        answer = bravo.agent.connection.ask("GET", f"{bravo.agent.prefix}/userinfo", {"Authorization": f"Bearer {token}"})
        expect(answer.status == 401, f"userinfo with charlie's token: {answer}")
    logout = charlie.key.sign({"iss": bravo.issuer, "aud": bravo.system.client_id, "sub": bravos_sub, "sid": "x"}, "JWT")
    answer = bravo.agent.connection.ask("GET", f"{bravo.agent.prefix}/logout?id_token_hint={logout}")
    expect(answer.status == 200, f"an id_token_hint of charlie's is as good as none: {answer}")


def check_changed_agreement(alpha, bravo, charlie):
    """What the operator takes back is gone at once, also from those who have it."""
    token = bravo.redeem_assertion(charlie.token(bravo)).json()["access_token"]
    expect(bravo.takes(token), "charlie's user is here")
    changed = bravo.ctl.json("partner", "change", "charlie", "--scope", "", "--display-name", "Charlie County")
    expect(changed["scopes"] == [] and changed["display_name"] == "Charlie County" and changed["domains"] == ["charlie.example"],
           f"partner change: {changed}")
    expect(not bravo.takes(token), "an agreement that gives nothing ends what it gave")
    refused(bravo.redeem_assertion(charlie.token(bravo)), "invalid_grant", "under an agreement that gives nothing")
    bravo.ctl.run("partner", "change", "charlie", "--scope", SERVICE)
    token = bravo.redeem_assertion(charlie.token(bravo)).json()["access_token"]
    # Other keys: what the old one signed is worth nothing, before and after.
    other = jose.Key(os.path.dirname(charlie.key.file), "charlie2")
    path = other.file.replace(".key.pem", ".jwks")
    with open(path, "w", encoding="utf-8") as file:
        file.write(other.jwks())
    old = charlie.token(bravo)
    bravo.ctl.run("partner", "change", "charlie", "--jwks", path)
    expect(not bravo.takes(token), "sessions of a key that was replaced")
    refused(bravo.redeem_assertion(old), "invalid_grant", "a token of the replaced key")
    charlie.key = other
    expect(bravo.redeem_assertion(charlie.token(bravo)).status == 200, "charlie with his new key")
    # Of alpha something that does not matter: its revocations are still followed, with the secret that we had.
    visiting = bravo.redeem_assertion(alpha.exchange(alpha.tokens()["access_token"], bravo.issuer).json()["access_token"])
    bravo.ctl.run("partner", "change", bravo.system.partner, "--display-name", "Alpha, changed")
    expect(bravo.takes(visiting.json()["access_token"]), "a change of the name alone ends nothing")
    alpha.ctl.run("session", "revoke", "--all-of", alpha.system.username, "--yes")
    deadline = time.monotonic() + FOLLOWED_SECONDS_MAX
    while bravo.takes(visiting.json()["access_token"]):
        expect(time.monotonic() < deadline, "after a change the partner's revocations are followed as before")
    bravo.ctl.run("partner", "change", "nobody", "--display-name", "x", status=NOT_FOUND)
    bravo.ctl.run("partner", "change", "charlie", "--resource", alphas_resource(bravo), status=CONFLICT)


def alphas_resource(bravo):
    return bravo.ctl.json("partner", "show", bravo.system.partner)["resource"]


# --- a key of one tenant used for another's tokens

def check_tenants(alpha, folder):
    alpha.ctl.run("tenant", "add", "delta", "--display-name", "Delta City")
    delta = Ctl(alpha.system.admin_socket)
    on_delta = ("--tenant", "delta")
    delta.run(*on_delta, "user", "add", alpha.system.username, "--password-stdin", given="deltas own\n")
    delta.run(*on_delta, "client", "add", alpha.system.client_id, "--grant", "authorization_code", "--grant", "jwt_bearer",
              "--grant", "token_exchange", "--redirect-uri", alpha.system.redirect_uri)
    server = delta.json(*on_delta, "client", "add", alpha.system.server_client_id, "--authentication", "client_secret_basic",
                        "--grant", "client_credentials", "--introspect")
    system = type(alpha.system)(alpha.system.values | {
        "ISSUER": alpha.issuer.rsplit("/", 1)[0] + "/delta", "PASSWORD": "deltas own",
        "SERVER_CLIENT_SECRET": server["client_secret"], "SCOPES": "openid profile"})
    agent = UserAgent(system, wire.https(system))
    verifier = new_verifier()
    code = agent.code(system.username, system.password, verifier)
    refused(alpha.agent.token(agent.redemption(code, verifier)), "invalid_grant", "delta's code at alpha")
    tokens = agent.redeem(code, verifier)
    expect(tokens.status == 200, f"delta's own sign-in: {tokens}")
    tokens = tokens.json()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    expect(agent.connection.ask("GET", f"{agent.prefix}/userinfo", header).status == 200, "delta's token at delta")
    kids = [a.connection.ask("GET", a.prefix + "/jwks").json()["keys"][0]["kid"] for a in (alpha.agent, agent)]
    expect(kids[0] != kids[1], "tenants share no key")
    # Same client id, same login name, same daemon: nothing of delta is good at alpha.
    answer = alpha.agent.connection.ask("GET", f"{alpha.agent.prefix}/userinfo", header)
    expect(answer.status == 401, f"delta's token at alpha's userinfo: {answer}")
    answer = alpha.agent.connection.ask("DELETE", f"{alpha.agent.prefix}/sessions", header)
    expect(answer.status == 401, f"delta's token at alpha's sessions: {answer}")
    expect(not alpha.takes(tokens["access_token"]), "delta's token at alpha's servers")
    refused(alpha.agent.refresh(tokens["refresh_token"]), "invalid_grant", "delta's refresh token at alpha")
    refused(alpha.exchange(tokens["access_token"], "https://bravo.example"), "invalid_request", "delta's token as alpha's subject")
    revoked = alpha.agent.revoke(tokens["access_token"])
    expect(revoked.status == 200, f"alpha revokes delta's token: {revoked}")
    expect(agent.connection.ask("GET", f"{agent.prefix}/userinfo", header).status == 200, "and it is as good as before")
    # The same key as partner of one tenant is nobody to the other; and with another issuer's key in the same place.
    key, other = jose.Key(folder, "echo"), jose.Key(folder, "echo2")
    for tenant, signer in (("alpha", key), ("delta", other)):
        path = os.path.join(folder, f"echo.{tenant}.jwks")
        with open(path, "w", encoding="utf-8") as file:
            file.write(signer.jwks())
        Ctl(alpha.system.admin_socket).run("--tenant", tenant, "partner", "add", "echo", "--issuer",
                                           "https://idms.echo.example/idms/v1/echo", "--jwks", path, "--scope", SERVICE)
        Ctl(alpha.system.admin_socket).run("--tenant", tenant, "partner", "user", "add", "echo", alpha.system.username,
                                           "--primary-sub", "eve")
    now = int(time.time())
    claims = {"iss": "https://idms.echo.example/idms/v1/echo", "sub": "eve", "aud": [alpha.issuer, system.issuer], "iat": now,
              "exp": now + 300}
    asked = {"grant_type": BEARER, "client_id": system.client_id, "scope": SERVICE}
    for what, at, signer in (("alpha's partner's key at delta", agent, key), ("delta's partner's key at alpha", alpha.agent, other)):
        assertion = signer.sign(claims | {"jti": secrets.token_urlsafe(16)})
        refused(at.token(asked | {"assertion": assertion}), "invalid_grant", what)
    assertion = key.sign(claims | {"jti": secrets.token_urlsafe(16)})
    expect(alpha.redeem_assertion(assertion).status == 200, "alpha's partner's key at alpha")


def main():
    with Sandbox() as sandbox:
        folder = sandbox.folder
        alpha = Party(sandbox, "ALPHA", second_listener(sandbox.system("ALPHA")))
        bravo = Party(sandbox, "BRAVO", {"trusted_proxies": [PROXY]})
        charlie = Charlie(folder, bravo)
        for name, check in (("asserted identities", lambda: check_asserted_identities(bravo)),
                            ("security headers", lambda: check_security_headers(alpha)),
                            ("mix-up", lambda: check_mix_up(alpha, bravo)),
                            ("mix-up of partners", lambda: check_mix_up_of_partners(alpha, bravo, charlie)),
                            ("code injection", lambda: check_code_injection(alpha)),
                            ("refresh replay across devices", lambda: check_refresh_across_devices(alpha, folder)),
                            ("exchange loops", lambda: check_loops(alpha, bravo)),
                            ("a partner that signs for others' users", lambda: check_foreign_users(alpha, bravo, charlie)),
                            ("an agreement that was changed", lambda: check_changed_agreement(alpha, bravo, charlie)),
                            ("a key of one tenant for another's tokens", lambda: check_tenants(alpha, folder))):
            check()
            print(f"{name}: held", flush=True)
        for party in (alpha, bravo):
            party.daemon.stop()
    print("the borders hold")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
