#!/usr/bin/env python3
"""A CAPIF core function of a few lines beside the KMS as its API exposing function (TS 29.222, TS 33.122; spec (keys) 9):
registration, publication, the log of invocations, what it says of the API invokers that come to us, and its access control
policy.

usage: capif_core.py     CLAVIGER_BUILD: the build folder.
"""

import http.server
import json
import os
import ssl
import sys
import threading
import time

import jose
from clavigerd import SOURCE, Failure, Sandbox
from key_exchange import ctl, curl, expect, run

ISSUER = "https://ccf.example"
AEF = "aef-1"
PAUSE = threading.Event()


class CoreFunction:
    def __init__(self, system):
        self.lookups, self.logs, self.trusted = [], [], {"inv-1": AEF, "inv-3": "aef-of-another", "inv-5": "aef-assigned"}
        self.policies, self.policy_requests, self.subscriptions, self.unsubscribed = [], [], [], []
        self.is_down = False
        own = os.path.dirname(system.config)
        core = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body, location=None):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                if location:
                    self.send_header("location", location)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
                if self.path.endswith("/registrations"):
                    return self.answer(201, {"apiProvDomId": "domain-1", "apiProvFuncs": [
                        {"apiProvFuncId": "aef-assigned", "apiProvFuncRole": "AEF"}, {"apiProvFuncId": "apf-1", "apiProvFuncRole": "APF"}]})
                if self.path == "/published-apis/v1/apf-1/service-apis":
                    return self.answer(201, {"apiId": "api-1", "apiName": body["apiName"]})
                if self.path == "/capif-events/v1/aef-assigned/subscriptions":
                    core.subscriptions.append(body)
                    return self.answer(201, body, location=f"{core.url}{self.path}/sub-{len(core.subscriptions)}")
                core.logs.append(body)
                return self.answer(201, body)

            def do_GET(self):
                if core.is_down:  # a kept connection outlives the listening socket
                    self.close_connection = True
                    return None
                path, _, query = self.path.partition("?")
                if path.startswith("/access-control-policy/v1/"):
                    core.policy_requests.append((path, query))
                    return self.answer(200, {"apiInvokerPolicies": core.policies})
                invoker = path.rpartition("/")[2]
                core.lookups.append((path, query, self.headers.get("authorization")))
                if invoker not in core.trusted:
                    return self.answer(404, {"status": 404})
                return self.answer(200, {"notificationDestination": "https://invoker.example/n", "securityInfo": [
                    {"aefId": core.trusted[invoker], "prefSecurityMethods": ["OAUTH"], "selSecurityMethod": "OAUTH", "authorizationInfo": "x"}]})

            def do_DELETE(self):
                core.unsubscribed.append(self.path)
                self.send_response(503 if len(core.unsubscribed) == 1 else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(own, "server.pem"), os.path.join(own, "server.key"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.is_down = True
        self.server.shutdown()
        self.server.server_close()


def until(is_so, what):
    for _ in range(200):
        if is_so():
            return
        PAUSE.wait(0.1)
    raise Failure(what)


def main():
    with Sandbox() as sandbox:
        alpha = sandbox.system("ALPHA")
        key = jose.Key(sandbox.folder, "ccf")
        jwks = os.path.join(sandbox.folder, "ccf.jwks")
        with open(jwks, "w", encoding="ascii") as file:
            file.write(key.jwks())
        core = CoreFunction(alpha)
        ctl(alpha, "capif", "set", "--yes", "--issuer", ISSUER, "--jwks", jwks, "--aef-id", AEF, "--val-service", alpha.val_service, "--url", core.url,
            "--ca", alpha.ca, "--log", "--look-up-invokers")
        until(lambda: ctl(alpha, "capif", "status")["state"] == "published", "registered and published")
        expect(ctl(alpha, "capif", "status")["looks_up_invokers"], "the policy")

        def ask(invoker, aef=AEF):
            now = int(time.time())
            token = key.sign({"iss": ISSUER, "client_id": invoker, "iat": now, "exp": now + 300, "scope": f"3gpp#{aef}:ss-kir"}, typ="JWT")
            return curl(alpha, alpha.seal_key_url + "?val-service-id=" + alpha.val_service, "-H", "authorization: Bearer " + token)[0]

        def set_core(*options):
            ctl(alpha, "capif", "set", "--yes", "--issuer", ISSUER, "--jwks", jwks, "--aef-id", AEF, "--val-service", alpha.val_service, "--url", core.url,
                "--ca", alpha.ca, *options)

        def tell(event):
            now = int(time.time())
            token = key.sign({"iss": ISSUER, "iat": now, "exp": now + 60}, typ="JWT")
            destination = core.subscriptions[-1]["notificationDestination"]
            return curl(alpha, destination, "-H", "authorization: Bearer " + token, "-H", "content-type: application/json", "-d",
                        json.dumps({"subscriptionId": f"sub-{len(core.subscriptions)}", "events": event}))[0]

        def check_policies():
            set_core("--access-policies", "strict")
            until(lambda: ctl(alpha, "capif", "status").get("policies") == 0, "a policy that allows nobody")
            expect(core.policy_requests[0] == ("/access-control-policy/v1/accessControlPolicyList/api-1", "aef-id=aef-assigned"), core.policy_requests[0])
            expect(ask("inv-1") == 403, "strict: whoever has no policy")
            until(lambda: core.subscriptions, "a subscription to changes of the policy")
            expect(core.subscriptions[0]["events"] == ["ACCESS_CONTROL_POLICY_UPDATE", "ACCESS_CONTROL_POLICY_UNAVAILABLE"], core.subscriptions[0])
            expect(core.subscriptions[0]["eventFilters"][0] == {"apiIds": ["api-1"]}, core.subscriptions[0])
            core.policies = [{"apiInvokerId": "inv-1", "allowedTotalInvocations": 3}, {"apiInvokerId": "inv-5", "allowedInvocationsPerSecond": 0},
                             {"apiInvokerId": "inv-6", "allowedInvocationTimeRangeList": [{"stopTime": "2001-01-01T00:00:00Z"}]}]
            expect(tell("ACCESS_CONTROL_POLICY_UPDATE") == 204, "the core function's notice")
            until(lambda: ctl(alpha, "capif", "status").get("policies") == 3, "the notice has the policy fetched at once")
            expect([ask("inv-1"), ask("inv-1")] == [200, 200], "calls that are allowed")
            expect(ask("inv-5") == 429, "too many in a second")
            expect(ask("inv-6") == 403, "out of hours")
            core.is_down = True
            run([os.path.join(SOURCE, "tools", "sandbox"), "restart", sandbox.folder, "alpha", "--kill"])
            expect([ask("inv-1"), ask("inv-1")] == [200, 403], "the third call and no fourth, with a restart between and the core function away")
            expect(ask("inv-5") == 429, "what was known holds while it is away")
            core.is_down = False
            calls = {one["invoker"]: one.get("invocations") for one in ctl(alpha, "capif", "invoker", "list")["items"]}
            expect(calls["inv-1"] == 3, calls)
            set_core()
            expect(ask("inv-1") == 200, "policies are not asked for any more")
            until(lambda: core.unsubscribed == ["/capif-events/v1/aef-assigned/subscriptions/sub-1"] * 2, "the subscription is given back, in the end")
            until(lambda: "subscription" not in ctl(alpha, "capif", "status"), "and forgotten")

        expect(ask("inv-1") == 200, "an invoker that the core function trusts")
        expect(ask("inv-1") == 200, "the same again")
        expect(len(core.lookups) == 1, f"asked once a minute: {core.lookups}")
        expect(core.lookups[0][0] == "/capif-security/v1/trustedInvokers/inv-1", core.lookups[0])
        expect(core.lookups[0][1] == "authenticationInfo=true&authorizationInfo=true", core.lookups[0])
        expect(ask("inv-2") == 403, "an invoker that it does not know")
        expect(ask("inv-3") == 403, "an invoker that it trusts with another AEF")
        expect(ask("inv-5", "aef-assigned") == 200, "under the id that it assigned to us")
        expect(ask("inv-1", "aef-of-another") == 403, "a token for another AEF (row 36)")
        before = len(core.lookups)
        threads = [threading.Thread(target=ask, args=("inv-6",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(len(core.lookups) == before + 1, "of those who ask for one invoker one asks")
        until(lambda: any(log["apiInvokerId"] == "inv-1" and log["aefId"] == "aef-assigned" for log in core.logs), "the log of invocations")
        check_policies()
        set_core("--log", "--look-up-invokers")
        expect(ask("inv-1") == 200, "asked again")
        core.stop()
        expect(ask("inv-1") == 200, "what was said holds a minute")
        expect(ask("inv-7") == 503, "nobody new is let in while the core function is down")
    print("registered, published, logged, and asked of invokers")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"capif_core: {failure}")
