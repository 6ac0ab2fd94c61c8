#!/usr/bin/env python3
"""Signs the demo user of a sandbox in, step by step, and says what happened and how long it took.

  tools/demo/sign_in.py SANDBOX BUILD     authorization code with PKCE, introspection, session and token over the admin socket

A client of a few lines with nothing but Python's own library: what a UE and a server say is all here to be read.
"""

import base64
import hashlib
import html.parser
import http.client
import json
import os
import secrets
import shlex
import ssl
import subprocess
import sys
import time
import urllib.parse


class Failure(Exception):
    """What the user is told, without a trace."""


def read_environment(file):
    values = {}
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            name, equals, value = line.strip().partition("=")
            if equals:
                values[name] = "".join(shlex.split(value))
    return values


class LoginForm(html.parser.HTMLParser):
    """The action and the hidden fields of a page's form."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form":
            self.action = values.get("action")
        elif tag == "input" and values.get("type") == "hidden":
            self.fields[values["name"]] = values.get("value", "")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Issuer:
    """One connection to the broker, kept for all that follows."""

    def __init__(self, url, ca):
        self.parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPSConnection(self.parts.netloc, context=ssl.create_default_context(cafile=ca), timeout=30)

    def ask(self, method, url, form=None, basic=None, headers=None, expected=200):
        headers = dict(headers or {})
        if basic:
            pair = ":".join(urllib.parse.quote(one, safe="") for one in basic)
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers["content-type"] = "application/x-www-form-urlencoded"
        parts = urllib.parse.urlsplit(url)
        self.connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
        response = self.connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode())
        if answer.status != expected:
            raise Failure(f"{method} {parts.path}: {answer.status} where {expected} was expected\n{answer.body[:500]}")
        return answer


    def post_json(self, url, document, token, expected=200):
        headers = {"content-type": "application/json", "authorization": "Bearer " + token}
        self.connection.request("POST", urllib.parse.urlsplit(url).path, json.dumps(document), headers)
        response = self.connection.getresponse()
        answer = Answer(response.status, response.headers, response.read().decode())
        if answer.status != expected:
            raise Failure(f"POST {url}: {answer.status} where {expected} was expected\n{answer.body[:500]}")
        return answer.json()


class Steps:
    def __init__(self, is_quiet=False):
        self.began, self.is_quiet = None, is_quiet

    def begin(self):
        self.began = time.monotonic()

    def end(self, what, *details):
        if self.is_quiet:
            return
        print(f"{what:62} {(time.monotonic() - self.began) * 1000:9.1f} ms")
        for detail in details:
            print(f"      {detail}")


def new_challenge():
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def sign_in(steps, issuer, about, values):
    verifier, challenge = new_challenge()
    state = secrets.token_urlsafe(16)
    asked = {"response_type": "code", "client_id": values["CLIENT_ID"], "redirect_uri": values["REDIRECT_URI"], "scope": values["SCOPES"],
             "state": state, "nonce": secrets.token_urlsafe(16), "code_challenge": challenge, "code_challenge_method": "S256"}
    steps.begin()
    page = issuer.ask("GET", about["authorization_endpoint"] + "?" + urllib.parse.urlencode(asked))
    form = LoginForm(page.body)
    cookies = "; ".join(one.split(";")[0] for one in page.headers.get_all("set-cookie", []))
    steps.end("the app asks to sign in: the login page comes", f"GET {urllib.parse.urlsplit(about['authorization_endpoint']).path}?response_type=code&...")

    steps.begin()
    credentials = form.fields | {"username": values["USERNAME"], "password": values["PASSWORD"]}
    redirect = issuer.ask("POST", urllib.parse.urljoin(about["authorization_endpoint"], form.action), form=credentials,
                          headers={"cookie": cookies, "origin": f"{issuer.parts.scheme}://{issuer.parts.netloc}"}, expected=302)
    returned = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(redirect.headers["location"]).query))
    if returned.get("state") != state or "code" not in returned:
        raise Failure(f"no code came back: {redirect.headers['location']}")
    steps.end(f"user {values['USERNAME']} gives the password: back to the app with a code", f"code {returned['code'][:8]}...")

    steps.begin()
    tokens = issuer.ask("POST", about["token_endpoint"], form={
        "grant_type": "authorization_code", "client_id": values["CLIENT_ID"], "code": returned["code"],
        "redirect_uri": values["REDIRECT_URI"], "code_verifier": verifier}).json()
    steps.end("the app exchanges the code for tokens", f"access token, {tokens['expires_in']} s; ID token; "
              + ("refresh token" if "refresh_token" in tokens else "no refresh token"), f"scope {tokens.get('scope', values['SCOPES'])}")
    return tokens


def clavigerctl(build, values, *arguments, given=None):
    tenant = values["ISSUER"].rstrip("/").rsplit("/", 1)[1]  # there may be others
    run = subprocess.run([os.path.join(build, "bin", "clavigerctl"), "--socket", values["ADMIN_SOCKET"], "--tenant", tenant, *arguments],
                         input=given, stdin=subprocess.DEVNULL if given is None else None, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failure(f"clavigerctl {' '.join(arguments)}: status {run.returncode}\n{run.stderr}")
    return run.stdout.rstrip("\n").split("\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sandbox, build = sys.argv[1:]
    everything = read_environment(os.path.join(sandbox, "sandbox.env"))
    values = {name[len("ALPHA_"):]: value for name, value in everything.items() if name.startswith("ALPHA_")}
    issuer = Issuer(values["ISSUER"], values["CA"])
    steps = Steps()

    steps.begin()
    about = issuer.ask("GET", values["ISSUER"] + "/.well-known/openid-configuration").json()
    steps.end("the app reads what alpha says of itself (discovery)", about["issuer"])
    tokens = sign_in(steps, issuer, about, values)

    steps.begin()
    seen = issuer.ask("POST", about["introspection_endpoint"], form={"token": tokens["access_token"]},
                      basic=(values["SERVER_CLIENT_ID"], values["SERVER_CLIENT_SECRET"])).json()
    if not seen.get("active"):
        raise Failure("the token is not active")
    steps.end("a server has the access token validated (introspection)",
              ", ".join(f"{name} {seen[name]}" for name in ("active", "sub", "mcptt_id", "client_id") if name in seen))

    steps.begin()
    lines = clavigerctl(build, values, "session", "list", values["USERNAME"])
    steps.end("an operator looks at the session", f"clavigerctl session list {values['USERNAME']}", *lines)
    steps.begin()
    lines = clavigerctl(build, values, "token", "inspect", given=tokens["access_token"])
    steps.end("and at the token", "clavigerctl token inspect < token", *lines)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"sign_in: {failure}")
