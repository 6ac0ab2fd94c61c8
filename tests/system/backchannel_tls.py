#!/usr/bin/env python3
"""Back-channel logout over https (OIDC Back-Channel Logout clause 2.5; spec 4.6): a receiver that the system's authorities
vouch for is told, with a token that verifies; one of an unknown CA, one with another's name and one whose certificate has
expired are not, and hold up nobody.

usage: backchannel_tls.py     CLAVIGER_BUILD: the build folder.
"""

import base64
import http.server
import json
import os
import queue
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

import jose
from clavigerd import Failure, Sandbox
from operators_day import Ctl, expect
from user_agent import UserAgent, new_verifier
from wire import https

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TOLD_SECONDS_MAX = 60
# Tries after 0, 2, 6 and 14 s; the fourth is the one that is warned of.
WARNED_SECONDS_MAX = 90


class Receiver:
    """An MC server's backchannel_logout_uri, over TLS."""

    def __init__(self, certificate, key):
        self.tokens = queue.Queue()
        self.tries = queue.Queue()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                outer.tokens.put((self.headers["content-type"], urllib.parse.parse_qs(body)["logout_token"][0]))
                self.send_response(200)
                self.send_header("cache-control", "no-store")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        class Server(http.server.ThreadingHTTPServer):
            def get_request(self):
                plain, address = self.socket.accept()
                outer.tries.put(address)
                plain.settimeout(10)
                return context.wrap_socket(plain, server_side=True), address  # an OSError here is one connection's

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.uri = f"https://127.0.0.1:{self.server.server_address[1]}/logout"


def certify(sandbox, key, name, san="IP:127.0.0.1", days="30"):
    """A certificate of the sandbox's CA for this key."""
    path = key.file.replace(".key.pem", ".pem")
    request = subprocess.run(["openssl", "req", "-new", "-key", key.file, "-subj", f"/CN={name}"], capture_output=True, check=True)
    extensions = path + ".ext"
    with open(extensions, "w", encoding="ascii") as file:
        file.write(f"subjectAltName={san}\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n")
    subprocess.run(["openssl", "x509", "-req", "-CA", os.path.join(sandbox.folder, "ca.pem"), "-CAkey",
                    os.path.join(sandbox.folder, "ca.key"), "-set_serial", str(time.time_ns()), "-days", days, "-extfile", extensions,
                    "-out", path], input=request.stdout, capture_output=True, check=True)
    return path


def sign_in(system):
    agent = UserAgent(system, https(system))
    verifier = new_verifier()
    answer = agent.redeem(agent.code(system.username, system.password, verifier), verifier)
    expect(answer.status == 200, f"sign-in: {answer}")
    return agent, answer.json()


def main():
    with Sandbox() as sandbox:
        system = sandbox.system()
        # The daemon's own trust: the sandbox's CA, as an operator would install his agency's.
        os.environ["SSL_CERT_FILE"] = system.ca
        daemon = sandbox.take_over(system, {})
        ctl = Ctl(system.admin_socket)
        keys = {name: jose.Key(sandbox.folder, name) for name in ("known", "unknown", "misnamed", "expired")}
        receivers = {
            "known": Receiver(certify(sandbox, keys["known"], "known"), keys["known"].file),
            "unknown": Receiver(keys["unknown"].certificate("unknown"), keys["unknown"].file),
            "misnamed": Receiver(certify(sandbox, keys["misnamed"], "misnamed", san="DNS:other.example"), keys["misnamed"].file),
            "expired": Receiver(certify(sandbox, keys["expired"], "expired", days="-1"), keys["expired"].file)}
        for name, receiver in receivers.items():
            ctl.run("client", "add", f"server-{name}", "--authentication", "client_secret_basic", "--introspect",
                    "--backchannel-logout-uri", receiver.uri)
        agent, tokens = sign_in(system)
        began = time.monotonic()
        query = urllib.parse.urlencode({"id_token_hint": tokens["id_token"]})
        answer = agent.connection.ask("GET", f"{agent.prefix}/logout?{query}")
        expect(answer.status == 200, f"logout: {answer}")
        expect(time.monotonic() - began < 5, "nobody waits for the receivers")
        try:
            kind, token = receivers["known"].tokens.get(timeout=TOLD_SECONDS_MAX)
        except queue.Empty:
            raise Failure(f"the receiver that is vouched for was not told:\n{daemon.last_output()}") from None
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
        expect(kind == "application/x-www-form-urlencoded" and header["typ"] == "logout+jwt", f"{kind} {header}")
        expect(claims["aud"] == "server-known" and claims["events"] == {EVENT: {}} and "nonce" not in claims, f"claims: {claims}")
        # The others are tried, and refuse themselves.
        bad = [receivers[name] for name in ("unknown", "misnamed", "expired")]
        for receiver in bad:
            for _ in range(4):
                receiver.tries.get(timeout=WARNED_SECONDS_MAX)
        deadline = time.monotonic() + WARNED_SECONDS_MAX
        log = sandbox_log(system)
        while not all(f"server-{name}" in warned(log) for name in ("unknown", "misnamed", "expired")):
            expect(time.monotonic() < deadline, f"no warning of what cannot be delivered: {warned(log)}")
            ctl.run("status")
        expect(all(receiver.tokens.empty() for receiver in bad), "who is not vouched for was told")
        expect("server-known" not in warned(log), "the one that was told is not warned of")
        # They hold up nobody: the next sign-off is told at once.
        agent, tokens = sign_in(system)
        agent.revoke(tokens["refresh_token"])
        try:
            receivers["known"].tokens.get(timeout=TOLD_SECONDS_MAX)
        except queue.Empty:
            raise Failure("the second sign-off was not told") from None
        # Plain http to anything but loopback, or a made-up scheme, cannot even be registered.
        for uri in ("http://server.example/logout", "ftp://server.example/x", "https://user@server.example/", "server"):
            done = ctl.run("client", "set", "server-known", "--backchannel-logout-uri", uri, status=1)
            expect(done.stderr, f"{uri} is refused")
        daemon.stop()
    print("back-channel logout over TLS: told where vouched for, and nowhere else")


def sandbox_log(system):
    return os.path.join(os.path.dirname(system.config), "clavigerd.log")


def warned(log):
    with open(log, encoding="utf-8", errors="replace") as file:
        return "".join(line for line in file if "logout.undelivered" in line)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
