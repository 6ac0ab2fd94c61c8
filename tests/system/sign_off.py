#!/usr/bin/env python3
"""Devices and sign-off from outside: a shareable UE taken over, a lost one, logout by a client, and what servers are told
of it, with a server that is down at first and a daemon that is killed meanwhile.

usage: sign_off.py     CLAVIGER_BUILD: the build folder.
"""

import base64
import http.server
import json
import queue
import sys
import threading
import urllib.parse

from clavigerd import Failure, Sandbox
from operators_day import NOT_FOUND, Ctl, expect
from user_agent import UserAgent, claims_of, new_verifier
from wire import https

EVENT = "http://schemas.openid.net/event/backchannel-logout"
# A retry comes after 2 s, 4 s, 8 s; a busy machine takes its time.
TOLD_SECONDS_MAX = 60


class Receiver:
    """A server's backchannel_logout_uri; refuses while `status` says so."""

    def __init__(self):
        self.tokens = queue.Queue()
        self.refused = queue.Queue()
        self.status = 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                token = urllib.parse.parse_qs(body)["logout_token"][0]
                (outer.tokens if outer.status == 200 else outer.refused).put(token)
                self.send_response(outer.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.uri = f"http://127.0.0.1:{self.server.server_address[1]}/logout"

    @staticmethod
    def wait(tokens):
        try:
            return parts(tokens.get(timeout=TOLD_SECONDS_MAX))
        except queue.Empty:
            raise Failure("nobody was told of the sign-off") from None


def parts(token):
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


class Device(UserAgent):
    """A browser that keeps its cookies."""

    def __init__(self, system):
        super().__init__(system, https(system))
        self.cookies = {}

    def headers(self):
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def sign_in(self, login, password):
        verifier = new_verifier()
        query = urllib.parse.urlencode(self.authorization_parameters(verifier, scope="openid"))
        page = self.connection.ask("GET", f"{self.prefix}/authorize?{query}", self.headers())
        if page.status == 302:
            return page
        for field in page.headers.get_all("set-cookie", []):
            name, _, value = field.split(";")[0].partition("=")
            self.cookies[name] = value
        interaction = page.body.decode().split('name="interaction" value="')[1].split('"')[0]
        answer = self.connection.post_form(f"{self.prefix}/sign-in", {"interaction": interaction, "username": login,
                                                                      "password": password}, self.headers())
        location = urllib.parse.urlsplit(answer.headers.get("location", ""))
        return self.redeem(urllib.parse.parse_qs(location.query)["code"][0], verifier)


def is_good(agent, tokens):
    answer = agent.connection.ask("GET", f"{agent.prefix}/userinfo", {"Authorization": f"Bearer {tokens['access_token']}"})
    return answer.status == 200


def check_shareable(system, ctl, receiver):
    device = Device(system)
    first = device.sign_in(system.username, system.password).json()
    listed = ctl.json("session", "list", system.username)["items"]
    ue = next(session["ue_id"] for session in listed if session["sid"] == claims_of(first["access_token"])["sid"])
    ctl.run("ue", "add", ue, "--class", "shareable", "--name", "Tablet")
    second = device.sign_in("bob", "bobs password").json()
    expect(not is_good(device, first) and is_good(device, second), "the previous user of a shareable UE is signed off")
    _, claims = receiver.wait(receiver.tokens)
    expect(claims["sid"] in [session["sid"] for session in listed], f"told of {claims}")
    expect([session["sub"] for session in ctl.json("session", "list", "--ue", ue)["items"]] == [ctl.json("user", "show", "bob")["sub"]],
           "one user at a time")
    ctl.run("ue", "lost", ue, "--yes")
    expect(not is_good(device, second), "a lost UE is signed off")
    receiver.wait(receiver.tokens)
    refused = device.sign_in("bob", "bobs password")
    expect(refused.status == 302 and "error=access_denied" in refused.headers["location"], f"sign-in on a lost UE: {refused}")
    ctl.run("ue", "found", ue)
    third = device.sign_in("bob", "bobs password")
    expect(third.status == 200, f"sign-in on a found UE: {third}")
    expect([item["ue_id"] for item in ctl.json("ue", "list")["items"]] == [ue], "ue list")
    ctl.run("ue", "set-class", ue, "gateway", "--max-users", "6")
    shown = ctl.json("ue", "show", ue)
    expect(shown["class"] == "gateway" and shown["max_users"] == 6, f"ue show: {shown}")
    ctl.run("session", "revoke", "--all-on", ue, "--yes")
    receiver.wait(receiver.tokens)
    ctl.run("ue", "remove", ue, "--yes")
    ctl.run("ue", "show", ue, status=NOT_FOUND)


def check_logout(system, ctl, receiver, daemon):
    device = Device(system)
    tokens = device.sign_in(system.username, system.password).json()
    receiver.status = 503
    query = urllib.parse.urlencode({"id_token_hint": tokens["id_token"], "state": "x",
                                    "post_logout_redirect_uri": "http://127.0.0.1/bye"})
    answer = device.connection.ask("GET", f"{device.prefix}/logout?{query}")
    expect(answer.status == 302 and answer.headers["location"] == "http://127.0.0.1/bye?state=x", f"logout: {answer}")
    expect(not is_good(device, tokens), "a logout ends the session at once")
    _, refused = receiver.wait(receiver.refused)
    daemon.kill()
    receiver.status = 200
    daemon.start()
    header, claims = receiver.wait(receiver.tokens)
    expect(header["typ"] == "logout+jwt", f"header: {header}")
    expect(claims["jti"] == refused["jti"], "the same sign-off has the same jti, also after kill -9")
    expect(claims["iss"] == system.issuer and claims["aud"] == system.server_client_id and claims["events"] == {EVENT: {}},
           f"claims: {claims}")
    expect("nonce" not in claims and claims["exp"] > claims["iat"], f"claims: {claims}")


def main():
    with Sandbox() as sandbox:
        system = sandbox.system()
        daemon = sandbox.take_over(system, {})
        ctl = Ctl(system.admin_socket)
        receiver = Receiver()
        ctl.run("user", "add", "bob", "--no-password")
        ctl.run("user", "set-password", "bob", "--password-stdin", given="bobs password\n")
        ctl.run("client", "set", system.server_client_id, "--backchannel-logout-uri", receiver.uri)
        ctl.run("client", "set", system.client_id, "--post-logout-redirect-uri", "http://127.0.0.1/bye")
        check_shareable(system, ctl, receiver)
        check_logout(system, ctl, receiver, daemon)
        daemon.stop()
    print("devices and sign-off: as promised")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
