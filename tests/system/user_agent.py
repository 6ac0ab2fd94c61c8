"""What a UE and an MC server do at the identity management server: sign in with a code and PKCE, refresh, introspect,
revoke. Answers are handed back as they came; only the login page is read."""

import base64
import hashlib
import json
import re
import secrets
import urllib.parse

FORM = re.compile(r'<form[^>]*action="([^"]+)"')
HIDDEN = re.compile(r"<input([^>]*)>")


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def basic(client_id, secret):
    pair = f"{urllib.parse.quote(client_id, '')}:{urllib.parse.quote(secret, '')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class Refused(Exception):
    """The sign-in ended without a code: the answer says how."""

    def __init__(self, answer):
        super().__init__(str(answer))
        self.answer = answer


class UserAgent:
    def __init__(self, system, connection):
        self.system = system
        self.connection = connection
        self.prefix = urllib.parse.urlsplit(system.issuer).path

    def authorization_parameters(self, verifier, **changes):
        parameters = {
            "response_type": "code", "client_id": self.system.client_id, "redirect_uri": self.system.redirect_uri,
            "scope": self.system.scopes, "state": "a-state", "acr_values": "3gpp:acr:password",
            "code_challenge": challenge_of(verifier), "code_challenge_method": "S256"} | changes
        return {name: value for name, value in parameters.items() if value is not None}

    def login_page(self, verifier, **changes):
        query = urllib.parse.urlencode(self.authorization_parameters(verifier, **changes))
        return self.connection.ask("GET", f"{self.prefix}/authorize?{query}")

    def submit(self, page, login, password):
        """The form of a login page, filled in; returns the answer to it."""
        html = page.body.decode()
        action = FORM.search(html)
        if page.status != 200 or not action:
            raise Refused(page)
        fields = {}
        for (attributes,) in ((match.group(1),) for match in HIDDEN.finditer(html)):
            name = re.search(r'name="([^"]*)"', attributes)
            value = re.search(r'value="([^"]*)"', attributes)
            if name and 'type="hidden"' in attributes:
                fields[name.group(1)] = value.group(1) if value else ""
        target = urllib.parse.urljoin(f"{self.prefix}/authorize", action.group(1).replace("&amp;", "&"))
        cookies = "; ".join(cookie.split(";")[0] for cookie in page.headers.get_all("set-cookie", []))
        return self.connection.post_form(urllib.parse.urlsplit(target).path, fields | {"username": login, "password": password},
                                         {"Cookie": cookies} if cookies else {})

    def code(self, login, password, verifier):
        answer = self.submit(self.login_page(verifier), login, password)
        location = urllib.parse.urlsplit(answer.headers.get("location", ""))
        code = urllib.parse.parse_qs(location.query).get("code")
        if answer.status != 302 or not code:
            raise Refused(answer)
        return code[0]

    def redemption(self, code, verifier):
        return {"grant_type": "authorization_code", "client_id": self.system.client_id, "code": code,
                "redirect_uri": self.system.redirect_uri, "code_verifier": verifier}

    def redeem(self, code, verifier):
        return self.token(self.redemption(code, verifier))

    def token(self, fields, headers=None):
        return self.connection.post_form(f"{self.prefix}/token", fields, headers)

    def refresh(self, refresh_token):
        return self.token(self.refreshing(refresh_token))

    def refreshing(self, refresh_token):
        return {"grant_type": "refresh_token", "client_id": self.system.client_id, "refresh_token": refresh_token}

    def revoke(self, token):
        return self.connection.post_form(f"{self.prefix}/revoke", {"client_id": self.system.client_id, "token": token})

    def server_credentials(self):
        return basic(self.system.server_client_id, self.system.server_client_secret)

    def introspect(self, token):
        return self.connection.post_form(f"{self.prefix}/introspect", {"token": token}, self.server_credentials())

    def client_credentials(self, client_id, secret):
        return self.token({"grant_type": "client_credentials"}, basic(client_id, secret))


def new_verifier():
    return secrets.token_urlsafe(32)
