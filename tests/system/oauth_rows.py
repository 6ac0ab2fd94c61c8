"""The table of bad input of the identity digest (clause by clause of RFC 6749, 6750, 7009, 7636, 7662, OpenID Connect
Core 3.1.2.6, RFC 9207), row by row through real sockets: the exact status, the exact error.

A row is (what, answer, status, error); rows are made by functions that ask the broker. `error` "" means: not looked at.
"""

import urllib.parse

from user_agent import basic, new_verifier

VERIFIER = "v" * 43


def pages(agent, clients):
    """The authorization endpoint where it must not redirect."""
    good = agent.authorization_parameters(VERIFIER)

    def authorize(extra="", **changes):
        query = urllib.parse.urlencode({name: value for name, value in (good | changes).items() if value is not None})
        return agent.connection.ask("GET", f"{agent.prefix}/authorize?{query}{extra}", {"Accept": "application/json"})

    redirect = urllib.parse.quote(good["redirect_uri"], "")
    yield "unknown client", authorize(client_id="nobody"), 400, ""
    yield "no client_id", authorize(client_id=None), 400, "invalid_request"
    yield "two client_id", authorize(f"&client_id={good['client_id']}"), 400, "invalid_request"
    yield "no redirect_uri", authorize(redirect_uri=None), 400, "invalid_request"
    yield "two redirect_uri", authorize(f"&redirect_uri={redirect}"), 400, "invalid_request"
    for what, uri in (("unregistered", "https://attacker.example/cb"), ("with a fragment", good["redirect_uri"] + "#x"),
                      ("relative", "/cb"), ("longer than registered", good["redirect_uri"] + "/more"),
                      ("with userinfo", good["redirect_uri"].replace("://", "://user@")), ("javascript", "javascript:alert(1)"),
                      ("empty", ""), ("with a line break", good["redirect_uri"] + "\r\nX: y")):
        yield f"redirect_uri {what}", authorize(redirect_uri=uri), 400, "invalid_request"
    yield "disabled client", authorize(client_id=clients["disabled"]), 400, "unauthorized_client"
    path = f"{agent.prefix}/authorize"
    yield "PUT", agent.connection.ask("PUT", path, {}, ""), 405, ""
    yield "DELETE", agent.connection.ask("DELETE", path), 405, ""
    yield "POST of JSON", agent.connection.ask("POST", path, {"Content-Type": "application/json"}, "{}"), 415, ""
    yield "sign-in without an interaction", agent.connection.post_form(
        f"{agent.prefix}/sign-in", {"username": "a", "password": "b"}), 400, ""
    yield "sign-in with a made-up interaction", agent.connection.post_form(
        f"{agent.prefix}/sign-in", {"username": "a", "password": "b", "interaction": "A" * 86}), 400, ""


def redirects(agent, clients):
    """The authorization endpoint where it must redirect with an error: (what, answer, error, state wanted)."""
    good = agent.authorization_parameters(VERIFIER)

    def authorize(extra="", **changes):
        query = urllib.parse.urlencode({name: value for name, value in (good | changes).items() if value is not None})
        return agent.connection.ask("GET", f"{agent.prefix}/authorize?{query}{extra}")

    state = good["state"]
    mc = {"client_id": clients["mc"]}
    yield "no response_type", authorize(response_type=None), "invalid_request", state
    yield "two response_type", authorize("&response_type=code"), "invalid_request", state
    for kind in ("token", "id_token", "code id_token", "code token", "CODE", "none"):
        yield f"response_type {kind}", authorize(response_type=kind), "unsupported_response_type", state
    yield "client without the code grant", authorize(client_id=clients["no_code"]), "unauthorized_client", state
    yield "no scope", authorize(scope=None), "invalid_request", state
    yield "scope without openid", authorize(scope="3gpp:mc:ptt_service"), "invalid_scope", state
    for what, scope in (("a quote", 'openid "x"'), ("a backslash", "openid a\\b"), ("a tab", "openid\tx"), ("a letter beyond ASCII", "openid é")):
        yield f"scope with {what}", authorize(scope=scope), "invalid_scope", state
    yield "only unknown scopes", authorize(scope="openid nothing:we:know"), "invalid_scope", state
    yield "two scope", authorize("&scope=openid"), "invalid_request", state
    yield "no state (mc)", authorize(**mc, state=None), "invalid_request", None
    yield "state of 2049 bytes", authorize(state="s" * 2049), "invalid_request", None
    yield "two state", authorize("&state=b"), "invalid_request", None
    yield "no acr_values (mc)", authorize(**mc, acr_values=None), "invalid_request", state
    yield "acr_values that nobody has", authorize(acr_values="urn:nothing"), "unmet_authentication_requirements", state
    yield "no code_challenge", authorize(code_challenge=None), "invalid_request", state
    yield "empty code_challenge", authorize(code_challenge=""), "invalid_request", state
    yield "code_challenge of 42", authorize(code_challenge="a" * 42), "invalid_request", state
    yield "code_challenge of 44", authorize(code_challenge="a" * 44), "invalid_request", state
    yield "code_challenge with padding", authorize(code_challenge="a" * 42 + "="), "invalid_request", state
    yield "no code_challenge_method", authorize(code_challenge_method=None), "invalid_request", state
    yield "code_challenge_method plain", authorize(code_challenge_method="plain"), "invalid_request", state
    yield "prompt none without a session", authorize(prompt="none"), "login_required", state
    yield "prompt none with another", authorize(prompt="none login"), "invalid_request", state
    for age in ("-1", "x", "1.5", "9" * 30):
        yield f"max_age '{age}'", authorize(max_age=age), "invalid_request", state
    yield "nonce of 513 bytes", authorize(nonce="n" * 513), "invalid_request", state
    yield "request object", authorize(request="e30.e30."), "request_not_supported", state
    yield "request_uri", authorize(request_uri="https://attacker.example/r"), "request_uri_not_supported", state
    yield "unknown resource", authorize(resource="https://unknown.example"), "invalid_target", state
    yield "authorization_details", authorize(authorization_details="[]"), "invalid_authorization_details", state


def token_requests(agent, clients):
    system = agent.system
    server = agent.server_credentials()
    public = {"client_id": system.client_id}
    path = f"{agent.prefix}/token"
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def raw(body, headers=None, target=path):
        return agent.connection.ask("POST", target, form | (headers or {}), body)

    yield "GET", agent.connection.ask("GET", path), 405, ""
    yield "JSON", agent.connection.ask("POST", path, {"Content-Type": "application/json"}, "{}"), 400, "invalid_request"
    yield "no content type", agent.connection.ask("POST", path, {}, "a=b"), 400, "invalid_request"
    yield "invalid UTF-8", raw("grant_type=%ff%fe", server), 400, "invalid_request"
    yield "overlong UTF-8", raw("grant_type=%c0%af", server), 400, "invalid_request"
    yield "a surrogate", raw("grant_type=%ed%a0%80", server), 400, "invalid_request"
    yield "bad escape", raw("grant_type=%zz", server), 400, "invalid_request"
    yield "cut escape", raw("grant_type=a%4", server), 400, "invalid_request"
    yield "NUL", raw("grant_type=client_credentials%00", server), 400, "invalid_request"
    yield "a parameter twice", raw("grant_type=client_credentials&grant_type=client_credentials", server), 400, "invalid_request"
    yield "five thousand parameters", raw("&".join(f"p{i}=" for i in range(5_000)), server), 400, "invalid_request"
    yield "parameters in the query", raw("", server, path + "?grant_type=client_credentials"), 400, "invalid_request"
    yield "no grant_type", raw("a=b", server), 400, "invalid_request"
    yield "unknown grant_type", raw("grant_type=password&username=a&password=b", server), 400, "unsupported_grant_type"
    yield "grant not allowed", agent.token({"grant_type": "client_credentials"} | public), 400, "unauthorized_client"
    yield "no client", raw("grant_type=client_credentials"), 401, "invalid_client"
    yield "unknown client", agent.token({"grant_type": "refresh_token", "refresh_token": "x", "client_id": "nobody"}), 401, "invalid_client"
    yield "wrong secret", agent.client_credentials(system.server_client_id, "wrong"), 401, "invalid_client"
    yield "unknown client by Basic", agent.client_credentials("nobody", "wrong"), 401, "invalid_client"
    yield "malformed Basic", raw("grant_type=client_credentials", {"Authorization": "Basic !!"}), 401, "invalid_client"
    yield "two methods", agent.token({"grant_type": "client_credentials", "client_id": system.server_client_id,
                                      "client_secret": system.server_client_secret}, server), 400, "invalid_request"
    yield "client_id of another", agent.token({"grant_type": "client_credentials", "client_id": "other"}, server), 400, "invalid_request"
    yield "a public client with a secret", agent.client_credentials(system.client_id, "secret"), 401, "invalid_client"
    yield "a confidential client without", agent.token(
        {"grant_type": "client_credentials", "client_id": system.server_client_id}), 401, "invalid_client"
    yield "disabled client", agent.token(agent.refreshing("x") | {"client_id": clients["disabled"]}), 401, "invalid_client"
    yield "an assertion that is none", agent.token({
        "grant_type": "client_credentials", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "a.b.c"}), 401, "invalid_client"
    yield "no refresh_token", agent.token({"grant_type": "refresh_token"} | public), 400, "invalid_request"
    for token in ("x", "A" * 70, "A" * 5000, "é"):
        yield f"refresh token {token[:4]}", agent.refresh(token), 400, "invalid_grant"


def code_requests(agent, clients):
    """Each of these with a code of its own: what spoils it must not depend on the row before."""
    system = agent.system

    def redeem(verifier=None, **changes):
        real = new_verifier()
        fields = agent.redemption(agent.code(system.username, system.password, real), verifier or real) | changes
        return agent.token({name: value for name, value in fields.items() if value is not None})

    yield "no code", redeem(code=None), 400, "invalid_request"
    yield "unknown code", redeem(code="A" * 43), 400, "invalid_grant"
    yield "code of another client", redeem(client_id=clients["mc"]), 400, "invalid_grant"
    yield "no redirect_uri", redeem(redirect_uri=None), 400, "invalid_request"
    yield "another redirect_uri", redeem(redirect_uri="https://attacker.example/cb"), 400, "invalid_grant"
    yield "no code_verifier", redeem(code_verifier=None), 400, "invalid_request"
    yield "short code_verifier", redeem("short"), 400, "invalid_grant"
    yield "code_verifier of 129", redeem("v" * 129), 400, "invalid_grant"
    yield "wrong code_verifier", redeem(new_verifier()), 400, "invalid_grant"


def token_endpoints(agent, clients, tokens):
    """Revocation, introspection, userinfo, and what answers by GET only. `tokens`: of a fresh sign-in."""
    server = agent.server_credentials()
    access, service = tokens["access_token"], agent.client_credentials(agent.system.server_client_id,
                                                                       agent.system.server_client_secret).json()["access_token"]
    post, ask, prefix = agent.connection.post_form, agent.connection.ask, agent.prefix

    yield "revoke: unknown token", agent.revoke("unknown"), 200, ""
    yield "revoke: no token", post(f"{prefix}/revoke", {"client_id": agent.system.client_id}), 400, "invalid_request"
    yield "revoke: no client", post(f"{prefix}/revoke", {"token": access}), 401, "invalid_client"
    yield "revoke: another's token", post(f"{prefix}/revoke", {"token": access}, server), 400, "unauthorized_client"
    yield "revoke: another's refresh token", post(f"{prefix}/revoke", {"token": tokens["refresh_token"]}, server), 400, "unauthorized_client"
    hinted = {"token": "unknown", "client_id": agent.system.client_id}
    yield "revoke: wrong hint", post(f"{prefix}/revoke", hinted | {"token_type_hint": "refresh_token"}), 200, ""
    yield "revoke: hint of no type", post(f"{prefix}/revoke", hinted | {"token_type_hint": "id_token"}), 400, "unsupported_token_type"
    live = agent.client_credentials(agent.system.server_client_id, agent.system.server_client_secret).json()["access_token"]
    yield "revoke: a live token, hint of no type", post(f"{prefix}/revoke", {"token": live, "token_type_hint": "pct"}, server), 200, ""
    after = post(f"{prefix}/introspect", {"token": live}, server)
    yield "revoke: and it is dead", after, 200, "still active" if after.json()["active"] else ""
    yield "revoke: GET", ask("GET", f"{prefix}/revoke"), 405, ""
    yield "introspect: not revoked by another", agent.introspect(access), 200, ""
    yield "introspect: no caller", post(f"{prefix}/introspect", {"token": access}), 401, "invalid_client"
    yield "introspect: public client", post(f"{prefix}/introspect", {"token": access, "client_id": agent.system.client_id}), 401, "invalid_client"
    yield "introspect: wrong secret", post(f"{prefix}/introspect", {"token": access}, basic(agent.system.server_client_id, "x")), 401, "invalid_client"
    yield "introspect: no token", post(f"{prefix}/introspect", {}, server), 400, "invalid_request"
    yield "introspect: GET", ask("GET", f"{prefix}/introspect?token={access}", server), 405, ""
    yield "userinfo", ask("GET", f"{prefix}/userinfo", {"Authorization": f"Bearer {access}"}), 200, ""
    yield "userinfo: no token", ask("GET", f"{prefix}/userinfo"), 401, ""
    yield "userinfo: token in the query", ask("GET", f"{prefix}/userinfo?access_token={access}"), 401, ""
    yield "userinfo: bad token", ask("GET", f"{prefix}/userinfo", {"Authorization": "Bearer a.b.c"}), 401, "invalid_token"
    yield "userinfo: another scheme", ask("GET", f"{prefix}/userinfo", {"Authorization": "Basic YTpi"}), 401, ""
    yield "userinfo: no openid", ask("GET", f"{prefix}/userinfo", {"Authorization": f"Bearer {service}"}), 403, "insufficient_scope"
    yield "userinfo: ID token", ask("GET", f"{prefix}/userinfo", {"Authorization": f"Bearer {tokens['id_token']}"}), 401, "invalid_token"
    # RFC 8414 puts its name between host and path, OpenID Connect appends it.
    for path in (prefix + "/jwks", prefix + "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server" + prefix):
        yield f"POST {path}", post(path, {}), 405, ""
        yield f"GET {path}", ask("GET", path), 200, ""
    yield "unknown path", ask("GET", prefix + "/nothing"), 404, ""
    yield "unknown tenant", ask("GET", prefix.rsplit("/", 1)[0] + "/nobody/jwks"), 404, ""
    for path in ("/..", "/%2e%2e/admin/v1/status", "/admin/v1/status", "//", "/metrics"):
        yield f"path {path}", ask("GET", path), 404, ""


def wrong_rows(agent, clients, tokens):
    """(how many rows, what is wrong)"""
    wrong, count = [], 0

    def complain(what, answer, wanted):
        wrong.append(f"{what}: {answer.status} {answer.error()} {answer.headers.get('location', '')} not {wanted}")

    sets = (pages(agent, clients), token_requests(agent, clients), code_requests(agent, clients),
            token_endpoints(agent, clients, tokens))
    for what, answer, status, error in (row for rows in sets for row in rows):
        count += 1
        challenge = answer.headers.get("www-authenticate", "")
        said = answer.error() or (challenge.split('error="')[1].split('"')[0] if 'error="' in challenge else "")
        if answer.status != status or (error and said != error):
            complain(what, answer, f"{status} {error}")
        elif answer.status == 405 and not answer.headers.get("allow"):
            complain(what, answer, "405 with Allow")
        elif answer.status == 401 and not error and "error=" in challenge:
            complain(what, answer, "a bare challenge")
        elif answer.status >= 400 and answer.error() and "no-store" not in answer.headers.get("cache-control", ""):
            complain(what, answer, "Cache-Control: no-store")
        elif answer.status in (400, 401) and answer.headers.get("location"):
            complain(what, answer, "no redirect")
    for what, answer, error, state in redirects(agent, clients):
        count += 1
        location = urllib.parse.urlsplit(answer.headers.get("location", ""))
        values = urllib.parse.parse_qs(location.query)
        wanted = {"error": [error], "iss": [agent.system.issuer]} | ({"state": [state]} if state else {})
        to = urllib.parse.urlunsplit(location._replace(query=""))
        if answer.status != 302 or to != agent.system.redirect_uri or any(values.get(k) != v for k, v in wanted.items()) or (
                state is None and "state" in values):
            complain(what, answer, f"302 {wanted}")
    return count, wrong


def bad_tokens_wrongly_taken(agent, vectors):
    """(how many, what is wrong). Each vector as it is: they are of another issuer's keys, so none may be active here, well made or not."""
    wrong = []
    for vector in vectors:
        token = vector["compact"]
        answer = agent.introspect(token)
        if answer.status != 200 or answer.json() != {"active": False}:
            wrong.append(f"introspect {vector['id']}: {answer}")
        if not all(32 < ord(letter) < 127 for letter in token):
            continue  # no field value can carry it
        answer = agent.connection.ask("GET", f"{agent.prefix}/userinfo", {"Authorization": f"Bearer {token}"})
        if answer.status not in (400, 401, 431):
            wrong.append(f"userinfo {vector['id']}: {answer}")
    return len(vectors), wrong


def spoiled_tokens_wrongly_taken(agent, access, id_token, refresh):
    """(how many, what is wrong). A good token of this very issuer, each of its parts spoiled."""
    header, payload, signature = access.split(".")
    id_header, id_payload, id_signature = id_token.split(".")
    spoiled = {
        "no signature": f"{header}.{payload}.", "two parts": f"{header}.{payload}", "four parts": access + ".x",
        "padded": access + "=", "trailing blank": access + " ", "cut": access[:-1], "signature flipped":
        f"{header}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}", "header of the ID token":
        f"{id_header}.{payload}.{signature}", "payload of the ID token": f"{header}.{id_payload}.{signature}",
        "signature of the ID token": f"{header}.{payload}.{id_signature}", "ID token": id_token, "refresh token": refresh,
        "alg none": f"eyJhbGciOiJub25lIn0.{payload}.", "oversize": "A" * 9000, "empty": "", "dots": "..", "quote": '"',
    }
    wrong = []
    for what, token in spoiled.items():
        answer = agent.introspect(token)
        is_missing = what == "empty" and answer.status == 400
        if not is_missing and (answer.status != 200 or answer.json() != {"active": False}):
            wrong.append(f"introspect, {what}: {answer}")
    return len(spoiled), wrong
