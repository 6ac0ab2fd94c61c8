#!/usr/bin/env python3
"""Hostile peers against a live broker: floods, slow and half-open peers, oversized and ambiguous requests, bad tokens,
every row of the table of bad input. While each attack runs another client is served; at the end the broker is alive, with
memory and descriptors near where they began. CLAVIGER_BUILD: the build folder.
"""

import json
import multiprocessing
import os
import resource
import sys
import threading
import time
import urllib.request

import http1_attacks
import http2_attacks
import oauth_rows
import wire
from clavigerd import SOURCE, Failure, Sandbox
from user_agent import UserAgent, new_verifier

CHANGES = {"argon2": {"memory_kib": 64, "passes": 1, "lanes": 1}, "limits": {"sign_in_tries": 1000, "source_tries": 1_000_000}}
# Attackers come from an address of their own, so that bounds by source do not meet the good client.
ATTACKER, SLOW_ATTACKER = "127.0.0.66", "127.0.0.67"
SILENT_ATTACKERS = ["127.0.0.68", "127.0.0.69"]
# Longer than this for one good request is starvation, whatever the machine.
STARVED_SECONDS = 5
# What allocators and TLS may keep after the second pass of the same attacks.
GROWTH_BYTES_MAX = 48 << 20
SETTLE_SECONDS = 60


def be_good(system, token, served, longest, failed, stop):
    """The good client, in a process of its own: one kept connection, and now and then a new one."""
    agent = UserAgent(system, wire.https(system))
    while not stop.is_set():
        began = time.monotonic()
        try:
            answer = agent.introspect(token)
            is_good = answer.status == 200 and answer.json().get("active") is True
        except (wire.ConnectionLost, ValueError):
            is_good = False
        longest.value = max(longest.value, time.monotonic() - began)
        if is_good:
            served.value += 1
        else:
            failed.value += 1
        if served.value % 50 == 0:
            agent.connection.close()
        stop.wait(0.002)


class GoodClient:
    def __init__(self, system, token):
        self.served, self.failed = multiprocessing.Value("L", 0), multiprocessing.Value("L", 0)
        self.longest, self.stop = multiprocessing.Value("d", 0.0), multiprocessing.Event()
        self.process = multiprocessing.Process(
            target=be_good, args=(system, token, self.served, self.longest, self.failed, self.stop), daemon=True)
        self.process.start()

    def during(self, what, attack):
        """Runs the attack; fails when the good client was not served meanwhile."""
        before, self.longest.value, began = self.served.value, 0.0, time.monotonic()
        result = attack()
        while self.served.value < before + 3 and time.monotonic() - began < STARVED_SECONDS:
            self.stop.wait(0.01)
        served = self.served.value - before
        print(f"{what}: {result}; {served} served beside it, the longest in {self.longest.value * 1000:.0f} ms", flush=True)
        if served < 3 or self.failed.value:
            raise Failure(f"{what}: the good client was served {served} times, {self.failed.value} of its requests failed")
        if self.longest.value > STARVED_SECONDS:
            raise Failure(f"{what}: a good request took {self.longest.value:.1f} s")

    def end(self):
        self.stop.set()
        self.process.join()


class Trial:
    def __init__(self, sandbox):
        self.system = sandbox.system()
        self.daemon = sandbox.take_over(self.system, CHANGES)
        self.agent = UserAgent(self.system, wire.https(self.system))
        self.target = http2_attacks.Target(self.system, self.agent.prefix, ATTACKER)
        self.tokens = self.sign_in()
        self.good = GoodClient(self.system, self.sign_in()["access_token"])
        self.wrong = []

    def sign_in(self):
        verifier = new_verifier()
        answer = self.agent.redeem(self.agent.code(self.system.username, self.system.password, verifier), verifier)
        if answer.status != 200:
            raise Failure(f"sign-in: {answer}")
        return answer.json()

    def attack(self, what, attack):
        """One that fails is noted, and the others go on: a run tells all it finds."""
        try:
            self.good.during(what, attack)
        except Failure as failure:
            print(f"{what}: FAILED: {failure}", flush=True)
            self.wrong.append(f"{what}: {failure}")
        if not self.daemon.is_alive():
            raise Failure(f"{what}: clavigerd ended, status {self.daemon.process.returncode}:\n{self.daemon.last_output()}")

    def floods(self):
        for attack in http2_attacks.FLOODS:
            self.attack(attack.__name__, lambda attack=attack: attack(self.target))
        self.attack("crowd", lambda: f"{http1_attacks.crowd(self.target, 1500)} of 1500 connections held")
        self.attack("aborted handshakes", lambda: http1_attacks.aborted_handshakes(self.target, 500))

        self.attack("silent crowds", self.silent_crowds)

    def silent_crowds(self):
        """Two addresses with all the connections they may have, none of which says a word, and as many to the metrics
        listener: who comes anew is served."""
        held = http1_attacks.silent_connections(wire.address_of(self.system.issuer), SILENT_ATTACKERS, 1024)
        held += http1_attacks.silent_connections(wire.address_of(self.system.metrics), ["127.0.0.1"], 1100)
        try:
            answer = UserAgent(self.system, wire.https(self.system)).introspect(self.tokens["access_token"])
            with urllib.request.urlopen(self.system.metrics, timeout=wire.ANSWER_SECONDS_MAX) as figures:
                if answer.status != 200 or figures.status != 200:
                    raise Failure(f"beside silent crowds: {answer}, {figures.status}")
        except (OSError, wire.ConnectionLost) as error:
            raise Failure(f"beside silent crowds: {error}") from error
        finally:
            for one in held:
                one.close()
        return f"{len(held)} connections held"

    def malformed(self):
        for attack in http2_attacks.BROKEN + http2_attacks.MALFORMED:
            self.attack(attack.__name__, lambda attack=attack: attack(self.target))
        self.attack("plain HTTP", lambda: http1_attacks.expect_plain_text_refused(self.target))
        self.attack("oversized and ambiguous HTTP/1.1", lambda: self.noted(http1_attacks.expect_refusals(self.target)))

    def noted(self, result):
        count, wrong = result
        self.wrong += wrong
        for text in wrong:
            print(f"  WRONG {text}", flush=True)
        return f"{count} cases, {len(wrong)} wrong"

    def make_clients(self):
        """Clients that the rows need; and what they are called."""
        admin = wire.Admin(self.system)

        def add(name, grants):
            answer = admin.of_tenant("POST", "/clients", {
                "client_id": name, "authentication": "none", "grants": grants, "redirect_uris": [self.system.redirect_uri],
                "scopes": self.system.scopes.split()})
            if answer.status not in (200, 201):
                raise Failure(f"client add {name}: {answer}")
            return name

        clients = {"mc": self.system.mc_client_id, "disabled": add("rows-disabled", ["authorization_code"]),
                   "no_code": add("rows-no-code", [])}
        if (answer := admin.of_tenant("POST", "/clients/rows-disabled/disable")).status not in (200, 204):
            raise Failure(f"client disable: {answer}")
        return clients

    def bad_input(self):
        clients = self.make_clients()
        self.attack("table of bad input", lambda: self.noted(oauth_rows.wrong_rows(self.agent, clients, self.tokens)))
        with open(os.path.join(SOURCE, "tests", "vectors", "jws.json"), encoding="utf-8") as file:
            vectors = json.load(file)
        self.attack("token vectors", lambda: self.noted(oauth_rows.bad_tokens_wrongly_taken(self.agent, vectors["access_tokens"])))
        tokens = self.sign_in()
        self.attack("spoiled tokens", lambda: self.noted(oauth_rows.spoiled_tokens_wrongly_taken(
            self.agent, tokens["access_token"], tokens["id_token"], tokens["refresh_token"])))

    def settle(self, descriptors):
        """Waits until the broker has noticed that the attackers are gone."""
        self.agent.connection.close()
        pause, began = threading.Event(), time.monotonic()
        while self.daemon.descriptors() > descriptors + 8 and time.monotonic() - began < SETTLE_SECONDS:
            pause.wait(0.2)
        return self.daemon.descriptors()

    def run(self):
        descriptors = self.daemon.descriptors()
        slow = threading.Thread(target=self.slow_peers)
        slow.start()
        self.floods()
        self.malformed()
        self.bad_input()
        slow.join()
        after_first = self.settle(descriptors), self.daemon.resident_bytes()
        self.floods()
        self.malformed()
        after_second = self.settle(descriptors), self.daemon.resident_bytes()
        print(f"descriptors {descriptors}, {after_first[0]}, {after_second[0]}; resident MiB {after_first[1] >> 20}, "
              f"{after_second[1] >> 20}")
        if after_second[0] > descriptors + 8:
            self.wrong.append(f"{after_second[0]} descriptors open, {descriptors} at the beginning")
        if after_second[1] > after_first[1] + GROWTH_BYTES_MAX:
            self.wrong.append(f"the second pass took {(after_second[1] - after_first[1]) >> 20} MiB more")
        self.good.end()
        self.sign_in()
        self.daemon.stop()

    def slow_peers(self):
        target = http2_attacks.Target(self.system, self.agent.prefix, SLOW_ATTACKER)
        try:
            for line in http1_attacks.run_slow_peers(target):
                print(line, flush=True)
        except (Failure, OSError) as failure:
            self.wrong.append(f"slow peers: {failure}")


def main():
    # What a sanitizer keeps back of freed memory is not growth of the broker's; without one the variable says nothing.
    os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8"]))
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    try:
        with Sandbox() as sandbox:
            trial = Trial(sandbox)
            try:
                trial.run()
            finally:
                trial.good.end()
            if trial.wrong:
                raise Failure("\n".join(trial.wrong))
    except (Failure, wire.ConnectionLost) as failure:
        print(f"FAILED\n{failure}")
        return 1
    print("the broker stood")
    return 0


if __name__ == "__main__":
    sys.exit(main())
