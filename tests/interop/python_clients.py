"""Debian's Python clients against a sandbox, unmodified: Authlib (code with PKCE, refresh, userinfo, introspection,
revocation, private_key_jwt) and requests-oauthlib (code, refresh, client credentials): python_clients.py SANDBOX.
Prints what happened; exit status 77: the packages are not here.
"""

import json
import os
import re
import subprocess
import sys
import urllib.parse

try:
    import requests
    from authlib.integrations.requests_client import OAuth2Session
    from authlib.jose import JsonWebKey, JsonWebToken
    from authlib.oauth2.rfc7523 import PrivateKeyJWT
    from authlib.oidc.core import CodeIDToken
    from oauthlib.oauth2 import BackendApplicationClient
    from requests_oauthlib import OAuth2Session as RequestsSession
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

REDIRECT = "https://python.example/signed-in"
NONCE, VERIFIER = "a nonce", "v" * 64


def expect(holds, what):
    if not holds:
        sys.exit(f"python_clients: {what}")


class Sandbox:
    def __init__(self, folder):
        with open(os.path.join(folder, "sandbox.env"), encoding="utf-8") as lines:
            pairs = (line.rstrip("\n").partition("=")[::2] for line in lines)
            self.values = {name: value.strip("'") for name, value in pairs}
        self.authority = self["ALPHA_CA"]
        self.folder = folder
        os.environ["REQUESTS_CA_BUNDLE"] = self.authority

    def __getitem__(self, name):
        return self.values[name]

    def register(self, client_id, *options):
        tool = os.path.join(os.environ["CLAVIGER_BUILD"], "bin", "clavigerctl")
        done = subprocess.run([tool, "--socket", self["ALPHA_ADMIN_SOCKET"], "--tenant", "alpha", "client", "add",
                               client_id, "--json", *options], check=True, stdout=subprocess.PIPE,
                              text=True)
        return json.loads(done.stdout).get("client_secret")

    def sign_in(self, url):
        """Through the login page, to where it leads."""
        browser = requests.Session()
        page = browser.get(url)
        expect(page.status_code == 200, f"login page: {page.status_code} {page.text}")
        interaction = re.search(r'name="interaction" value="([^"]+)"', page.text)[1]
        answer = browser.post(self["ALPHA_ISSUER"] + "/sign-in", allow_redirects=False, data={
            "interaction": interaction, "username": self["ALPHA_USERNAME"], "password": self["ALPHA_PASSWORD"]})
        expect(answer.status_code == 302, f"sign-in: {answer.status_code} {answer.text}")
        return answer.headers["location"]


def authlib_code_flow(sandbox, metadata, secret, method):
    client = OAuth2Session("python", secret, scope="openid profile", redirect_uri=REDIRECT, code_challenge_method="S256",
                           token_endpoint_auth_method=method)
    url, state = client.create_authorization_url(metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce=NONCE)
    tokens = client.fetch_token(metadata["token_endpoint"], authorization_response=sandbox.sign_in(url), state=state,
                                code_verifier=VERIFIER)
    keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"]).json())
    wanted = {"iss": {"essential": True, "value": metadata["issuer"]}, "aud": {"essential": True, "value": "python"}}
    claims = JsonWebToken(metadata["id_token_signing_alg_values_supported"]).decode(
        tokens["id_token"], keys, claims_cls=CodeIDToken, claims_options=wanted,
        claims_params={"client_id": "python", "nonce": NONCE, "access_token": tokens["access_token"]})
    claims.validate()
    who = client.get(metadata["userinfo_endpoint"]).json()
    expect(who["sub"] == claims["sub"] and who["preferred_username"] == sandbox["ALPHA_USERNAME"], f"userinfo: {who}")
    renewed = client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    told = client.introspect_token(metadata["introspection_endpoint"], token=renewed["access_token"]).json()
    expect(told["active"] and told["client_id"] == "python", f"introspection: {told}")
    client.revoke_token(metadata["revocation_endpoint"], token=renewed["refresh_token"])
    told = client.introspect_token(metadata["introspection_endpoint"], token=renewed["access_token"]).json()
    expect(told == {"active": False}, f"introspection after the revocation: {told}")
    print(f"Authlib, {method}: sign-in, ID token, userinfo, refresh, introspection, revocation")


def authlib_assertion(sandbox, metadata):
    key = JsonWebKey.generate_key("EC", "P-256", is_private=True)
    path = os.path.join(sandbox.folder, "python-client.jwks")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"keys": [key.as_dict(is_private=False) | {"use": "sig", "alg": "ES256"}]}, file)
    sandbox.register("python-robot", "--authentication", "private_key_jwt", "--grant", "client_credentials", "--jwks", path)
    client = OAuth2Session("python-robot", key, token_endpoint_auth_method="private_key_jwt")
    client.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg="ES256"))
    tokens = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    expect(tokens["token_type"] == "Bearer", f"private_key_jwt: {tokens}")
    print("Authlib, private_key_jwt: a token by an assertion as it makes them")


def requests_oauthlib_flows(sandbox, metadata, secret):
    client = RequestsSession("python", scope=["openid", "profile"], redirect_uri=REDIRECT)
    challenge = OAuth2Session(code_challenge_method="S256").create_authorization_url("x:", code_verifier=VERIFIER)[0]
    challenge = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(challenge).query))["code_challenge"]
    url, _ = client.authorization_url(metadata["authorization_endpoint"], code_challenge=challenge, code_challenge_method="S256")
    client.fetch_token(metadata["token_endpoint"], authorization_response=sandbox.sign_in(url), client_secret=secret,
                       code_verifier=VERIFIER)
    expect(client.get(metadata["userinfo_endpoint"]).status_code == 200, "userinfo")
    client.refresh_token(metadata["token_endpoint"], auth=requests.auth.HTTPBasicAuth("python", secret))
    expect(client.get(metadata["userinfo_endpoint"]).status_code == 200, "userinfo after the refresh")
    service = RequestsSession(client=BackendApplicationClient("python"))
    service.fetch_token(metadata["token_endpoint"], client_id="python", client_secret=secret)
    print("requests-oauthlib: sign-in, userinfo, refresh, client credentials")


def main():
    sandbox = Sandbox(sys.argv[1])
    metadata = requests.get(sandbox["ALPHA_ISSUER"] + "/.well-known/openid-configuration").json()
    secret = sandbox.register(
        "python", "--authentication", "client_secret_basic", "--grant", "authorization_code", "--grant", "client_credentials",
        "--redirect-uri", REDIRECT, "--scope", "openid", "--scope", "profile", "--introspect",
        "--audience", sandbox["ALPHA_ISSUER"] + "/servers/default")
    for method in ("client_secret_basic", "client_secret_post"):
        authlib_code_flow(sandbox, metadata, secret, method)
    authlib_assertion(sandbox, metadata)
    requests_oauthlib_flows(sandbox, metadata, secret)


main()
