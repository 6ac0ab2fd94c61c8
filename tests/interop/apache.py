"""Apache with mod_auth_openidc as Debian has it, a relying party with a session of its own: sign-in with PKCE, refresh by the
module, back-channel logout when the operator ends the session, RP-initiated logout: apache.py SANDBOX.
Prints what happened; exit status 77: they are not here.
"""

import http.cookiejar
import json
import os
import re
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "demo"))
import sandbox_parts  # noqa: E402

MODULES = "/usr/lib/apache2/modules"
WAIT_SECONDS_MAX = 20


def expect(holds, what):
    if not holds:
        sys.exit(f"apache: {what}")


def read_facts(folder):
    with open(os.path.join(folder, "sandbox.env"), encoding="utf-8") as lines:
        pairs = (line.rstrip("\n").partition("=")[::2] for line in lines)
        return {name: value.strip("'") for name, value in pairs}


class Operator:
    def __init__(self, facts):
        self.tool = [os.path.join(os.environ["CLAVIGER_BUILD"], "bin", "clavigerctl"), "--socket", facts["ALPHA_ADMIN_SOCKET"], "--tenant", "alpha"]

    def run(self, *words):
        done = subprocess.run([*self.tool, *words, "--json"], check=True, capture_output=True, text=True)
        return json.loads(done.stdout or "{}")


class Apache:
    """In a folder of its own, on a port of its own."""

    def __init__(self, folder, facts, operator):
        self.folder, self.origin = folder, f"http://127.0.0.1:{sandbox_parts.free_port()}"
        self.callback, self.farewell = f"{self.origin}/private/signed-in", f"{self.origin}/farewell.html"
        client = operator.run(
            "client", "add", "apache", "--authentication", "client_secret_basic", "--grant", "authorization_code",
            "--redirect-uri", self.callback, "--post-logout-redirect-uri", self.farewell,
            "--backchannel-logout-uri", f"{self.callback}?logout=backchannel")
        os.makedirs(os.path.join(folder, "www", "private"))
        for name, text in (("farewell.html", "farewell"), ("private/index.html", "behind the sign-in")):
            with open(os.path.join(folder, "www", name), "w", encoding="utf-8") as file:
                file.write(text)
        self.configuration = os.path.join(folder, "httpd.conf")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(self.text(facts, client["client_secret"]))
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)

    def text(self, facts, secret):
        loaded = {"mpm_event": "mpm_event", "authn_core": "authn_core", "authz_core": "authz_core", "authz_user": "authz_user",
                  "auth_openidc": "auth_openidc", "dir": "dir"}
        lines = [f"LoadModule {name}_module {MODULES}/mod_{file}.so" for name, file in loaded.items()]
        own = os.path.join(self.folder, "ca.pem")
        shutil.copy(facts["ALPHA_CA"], own)
        lines += [f"ServerRoot {self.folder}", "ServerName 127.0.0.1", f"PidFile {self.folder}/pid",
                  f"Listen {self.origin.removeprefix('http://')}", f"ErrorLog {self.folder}/error.log",
                  f"DocumentRoot {self.folder}/www", "OIDCScope \"openid profile\"", "OIDCPKCEMethod S256",
                  f"OIDCProviderMetadataURL {facts['ALPHA_ISSUER']}/.well-known/openid-configuration",
                  "OIDCClientID apache", f"OIDCClientSecret {secret}", f"OIDCRedirectURI {self.callback}",
                  "OIDCCryptoPassphrase of-this-test", f"OIDCCABundlePath {own}", "OIDCRemoteUserClaim preferred_username",
                  "OIDCInfoHook access_token refresh_token userinfo",
                  "<Location /private>", "AuthType openid-connect", "Require valid-user", "</Location>"]
        if os.geteuid() == 0:
            lines += ["User www-data", "Group www-data"]
        return "\n".join(lines) + "\n"

    def __enter__(self):
        self.process = subprocess.Popen(["apache2", "-f", self.configuration, "-DFOREGROUND"])
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(self.origin.rpartition(":")[2]))).close()
                return self
            except OSError:
                expect(self.process.poll() is None and time.monotonic() < deadline, "it does not start")
                wait_a_little()

    def __exit__(self, *what):
        self.process.terminate()
        self.process.wait()


def wait_a_little():
    select.select([], [], [], 0.05)


class Browser:
    def __init__(self, facts):
        context = ssl.create_default_context(cafile=facts["ALPHA_CA"])
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context),
                                                  urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def open(self, url, form=None):
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(url, body, {"Accept": "text/html"})
        with self.opener.open(request, timeout=WAIT_SECONDS_MAX) as answer:
            return answer.geturl(), answer.read().decode()

    def sign_in(self, url, facts):
        place, page = self.open(url)
        expect(place.startswith(facts["ALPHA_ISSUER"]), f"the login page is elsewhere: {place}")
        interaction = re.search(r'name="interaction" value="([^"]+)"', page)[1]
        return self.open(facts["ALPHA_ISSUER"] + "/sign-in", {
            "interaction": interaction, "username": facts["ALPHA_USERNAME"], "password": facts["ALPHA_PASSWORD"]})


def is_signed_in(browser, apache):
    place, _ = browser.open(f"{apache.origin}/private/index.html")
    return place.startswith(apache.origin)


def check(apache, facts, operator):
    browser = Browser(facts)
    place, page = browser.sign_in(f"{apache.origin}/private/index.html", facts)
    expect(place == f"{apache.origin}/private/index.html" and page == "behind the sign-in", f"after the sign-in: {place}")
    info = json.loads(browser.open(f"{apache.callback}?info=json")[1])
    expect(info["userinfo"]["preferred_username"] == facts["ALPHA_USERNAME"], f"what it knows of the user: {info}")
    back = urllib.parse.urlencode({"refresh": f"{apache.origin}/private/index.html", "access_token": info["access_token"]})
    expect(browser.open(f"{apache.callback}?{back}")[1] == "behind the sign-in", "refresh")
    renewed = json.loads(browser.open(f"{apache.callback}?info=json")[1])
    expect(renewed["access_token"] != info["access_token"], "a refreshed token is another")
    print("Apache: sign-in, userinfo, refresh")

    sessions = operator.run("session", "list", facts["ALPHA_USERNAME"])["items"]
    own = [one["sid"] for one in sessions if one["client_id"] == "apache" and one["state"] == "active"]
    expect(len(own) == 1, f"one session with it: {own}")
    operator.run("session", "revoke", "--all-of", facts["ALPHA_USERNAME"], "--yes")
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while is_signed_in(browser, apache):
        expect(time.monotonic() < deadline, "it was not told that the session has ended")
        wait_a_little()
    print("Apache: back-channel logout")

    expect(browser.sign_in(f"{apache.origin}/private/index.html", facts)[1] == "behind the sign-in", "a second sign-in")
    place, page = browser.open(f"{apache.callback}?{urllib.parse.urlencode({'logout': apache.farewell})}")
    expect(place == apache.farewell and page == "farewell", f"after the logout: {place}")
    expect(not is_signed_in(browser, apache), "signed off at both")
    print("Apache: RP-initiated logout")


def main():
    if shutil.which("apache2") is None or not os.path.exists(f"{MODULES}/mod_auth_openidc.so"):
        print("skipped: no Apache with mod_auth_openidc")
        sys.exit(77)
    facts = read_facts(sys.argv[1])
    operator = Operator(facts)
    with tempfile.TemporaryDirectory() as folder, Apache(folder, facts, operator) as apache:
        check(apache, facts, operator)


main()
