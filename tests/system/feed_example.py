#!/usr/bin/env python3
"""A server with the verifier in its own process refuses what was revoked elsewhere, within 2 s.

The example (tests/system/feed_example) links claviger::verifier and follows the revocation feed; here a user signs in,
his token is accepted, then it is revoked by every way there is. CLAVIGER_BUILD: the build folder.
"""

import os
import subprocess
import sys
import time

import wire
from clavigerd import Failure, Sandbox, build_folder
from user_agent import UserAgent, claims_of, new_verifier

REFUSED_SECONDS_MAX = 2.0  # the bar


class ExampleServer:
    def __init__(self, system, audience):
        self.process = subprocess.Popen(
            [os.path.join(build_folder(), "bin", "feed_example"), system.issuer, system.ca, system.server_client_id, audience],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env=os.environ | {"CLAVIGER_EXAMPLE_SECRET": system.server_client_secret})

    def says(self, token):
        self.process.stdin.write(token + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise Failure(f"feed_example ended with status {self.process.wait()}")
        return answer

    def wait_for(self, token, wanted, what):
        began = time.monotonic()
        while (answer := self.says(token)) != wanted:
            if time.monotonic() - began > REFUSED_SECONDS_MAX:
                raise Failure(f"{what}: still '{answer}' after {REFUSED_SECONDS_MAX} s")
        print(f"{what}: '{answer}' after {(time.monotonic() - began) * 1000:.0f} ms")

    def end(self):
        self.process.stdin.close()
        return self.process.wait(30)


def expect(answer, *statuses):
    if answer.status not in statuses:
        raise Failure(str(answer))
    return answer


def run(sandbox):
    system = sandbox.system()
    agent, admin = UserAgent(system, wire.https(system)), wire.Admin(system)

    def sign_in():
        verifier = new_verifier()
        return expect(agent.redeem(agent.code(system.username, system.password, verifier), verifier), 200).json()

    first, second, third, fourth = (sign_in() for _ in range(4))
    audience = claims_of(first["access_token"])["aud"]
    server = ExampleServer(system, audience if isinstance(audience, str) else audience[0])
    subject = claims_of(first["access_token"])["sub"]
    # A revocation from before the server began to listen counts, too.
    for tokens in (first, second, third, fourth):
        server.wait_for(tokens["access_token"], f"accept {subject}", "signed in")
    if server.says("not.a.token") == f"accept {subject}":
        raise Failure("accepts rubbish")

    expect(agent.revoke(first["access_token"]), 200)
    server.wait_for(first["access_token"], "refuse TokenRevoked", "access token revoked")
    expect(agent.revoke(second["refresh_token"]), 200)
    server.wait_for(second["access_token"], "refuse TokenRevoked", "refresh token revoked")
    expect(admin.of_tenant("DELETE", f"/sessions/{claims_of(third['access_token'])['sid']}"), 200, 204)
    server.wait_for(third["access_token"], "refuse TokenRevoked", "session revoked by the operator")
    server.wait_for(fourth["access_token"], f"accept {subject}", "another session of the same user")
    expect(admin.of_tenant("POST", f"/users/{system.username}/disable"), 200, 204)
    server.wait_for(fourth["access_token"], "refuse TokenRevoked", "user disabled")
    late = ExampleServer(system, audience if isinstance(audience, str) else audience[0])
    for tokens in (first, second, third, fourth):
        late.wait_for(tokens["access_token"], "refuse TokenRevoked", "a server that started later")
    if server.end() != 0 or late.end() != 0:
        raise Failure("the example server ended with an error")


def main():
    try:
        with Sandbox() as sandbox:
            run(sandbox)
    except (Failure, wire.ConnectionLost) as failure:
        print(f"FAILED\n{failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
