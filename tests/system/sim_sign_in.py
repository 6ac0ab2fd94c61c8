#!/usr/bin/env python3
"""Sign-in with a subscriber module from outside: challenge, resynchronisation, tokens; and that no sequence number comes
twice, whatever happens to the daemon.

usage: sim_sign_in.py [--rounds N] [--seed N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import base64
import json
import random
import subprocess
import sys
import threading
import urllib.parse

from clavigerd import Failure, Sandbox, build_folder
from operators_day import expect
from subscriber_module import Module, answer, first, parameters_of
from user_agent import UserAgent, claims_of, new_verifier
from wire import ConnectionLost, https

ACR = "urn:claviger:acr:aka"
# Challenges are asked for by the thousand here, from one address.
CHANGES = {"limits": {"sign_in_tries": 1000, "source_tries": 1_000_000}}
LOAD_SECONDS = (0.1, 1.2)
LOADERS = 3


def target_of(agent, verifier):
    query = urllib.parse.urlencode(agent.authorization_parameters(verifier, acr_values=ACR, scope="openid"))
    return f"{agent.prefix}/authorize?{query}"


def nonce_of(reply):
    expect(reply.status == 401, f"a challenge, not {reply}")
    return base64.b64decode(parameters_of(reply.headers["www-authenticate"])["nonce"])


def sign_in(system, module, impi):
    """With one resynchronisation, as a module that was numbered elsewhere needs it. The token answer."""
    connection = https(system)
    agent = UserAgent(system, connection)
    verifier = new_verifier()
    target = target_of(agent, verifier)
    calls = []

    def response_of(nonce):
        res = module.take(nonce)
        calls.append(res is None)
        return (res, None) if res else (None, module.auts(nonce))

    reply = connection.ask("GET", target, {"Authorization": first(impi), "Accept": "application/json"})
    for _ in range(3):
        if reply.status != 401:
            break
        header = answer(impi, reply.headers["www-authenticate"], "GET", target, response_of)
        reply = connection.ask("GET", target, {"Authorization": header, "Accept": "application/json"})
    expect(reply.status == 302, f"a code, not {reply}")
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(reply.headers["location"]).query)["code"][0]
    tokens = connection.post_form(f"{agent.prefix}/token", {
        "grant_type": "authorization_code", "code": code, "client_id": system.client_id, "code_verifier": verifier,
        "redirect_uri": system.redirect_uri})
    expect(tokens.status == 200, f"tokens, not {tokens}")
    return tokens.json(), calls


def whole_way(system):
    module = Module(system.subscriber_sim_k, system.subscriber_sim_opc)
    impi = system.subscriber_sim_impi
    tokens, calls = sign_in(system, module, impi)
    expect(calls == [True, False], f"one resynchronisation, then an answer: {calls}")
    for token in (tokens["id_token"], tokens["access_token"]):
        claims = claims_of(token)
        text = json.dumps(claims)
        expect(impi.split("@")[0] + "@" not in text and "ims." not in text, f"no identity of the subscription: {text}")
    claims = claims_of(tokens["id_token"])
    expect(claims["acr"] == ACR and claims["amr"] == ["sc"], f"acr and amr: {claims}")
    _, calls = sign_in(system, module, impi)
    expect(calls == [False], f"no resynchronisation the second time: {calls}")
    shown = subprocess.run([f"{build_folder()}/bin/clavigerctl", "--socket", system.admin_socket, "--tenant", system.tenant,
                            "--json", "subscriber", "show", impi], capture_output=True, text=True, check=True).stdout
    expect(json.loads(shown)["resynchronisations"] == 1, shown)
    expect(system.subscriber_sim_k not in shown and system.subscriber_sim_opc not in shown, "keys are never shown")
    return module


class Loader:
    """Takes challenges of one subscriber, one after the other, and remembers each that arrived."""

    def __init__(self, system, name):
        self.system = system
        facts = {member: getattr(system, f"subscriber_{name}_{member}") for member in ("impi", "k", "opc")}
        self.impi, self.module = facts["impi"], Module(facts["k"], facts["opc"])
        self.sequences, self.failures = [], []

    def run(self, stop):
        connection = https(self.system)
        agent = UserAgent(self.system, connection)
        target = target_of(agent, new_verifier())
        while not stop.is_set():
            try:
                reply = connection.ask("GET", target, {"Authorization": first(self.impi), "Accept": "application/json"})
            except ConnectionLost:
                return
            if reply.status == 503:
                continue
            try:
                self.sequences.append(self.module.sequence(nonce_of(reply)))
            except Failure as failure:
                self.failures.append(str(failure))
                return


def rounds(system, daemon, count, chance):
    loaders = [Loader(system, name) for name in ("static", "dynamic", "sim") for _ in range(LOADERS)]
    for _ in range(count):
        stop = threading.Event()
        threads = [threading.Thread(target=loader.run, args=(stop,)) for loader in loaders]
        for thread in threads:
            thread.start()
        stop.wait(chance.uniform(*LOAD_SECONDS))
        daemon.kill()
        stop.set()
        for thread in threads:
            thread.join()
        daemon.start()
    total = 0
    for impi in {loader.impi for loader in loaders}:
        his = [loader for loader in loaders if loader.impi == impi]
        for loader in his:
            expect(not loader.failures, f"{impi}: {loader.failures}")
            expect(loader.sequences == sorted(set(loader.sequences)), f"{impi}: numbers rise on one connection")
        seqs = [sequence >> 5 for loader in his for sequence in loader.sequences]
        expect(len(seqs) == len(set(seqs)), f"{impi}: {len(seqs) - len(set(seqs))} numbers came twice")
        total += len(seqs)
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with Sandbox() as sandbox:
        system = sandbox.system()
        daemon = sandbox.take_over(system, CHANGES)
        whole_way(system)
        total = rounds(system, daemon, options.rounds, random.Random(options.seed))
        print(f"{total} challenges in {options.rounds} rounds of kill -9, no sequence number twice")
        daemon.stop()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
