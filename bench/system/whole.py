"""The whole: one clavigerd over real sockets with every thread on one CPU, the generator on the other, peers in turn."""

import base64
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import tomllib

from figures import Figure, at_most, cost_against
from machine import LOAD_CPU, SERVER_CPU, Process, cpu_seconds, pinned
import argon2
import peers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tests", "system"))
import wire  # noqa: E402
from clavigerd import Failure  # noqa: E402
from user_agent import UserAgent, new_verifier  # noqa: E402

# Hashes as cheap as Argon2 goes: sign-in is measured beyond the hash.
ARGON2 = {"memory_kib": 64, "passes": 1, "lanes": 1}
CHANGES = {"cpus": [SERVER_CPU], "shards": 1, "hash_threads": 1, "argon2": ARGON2,
           "limits": {"sign_in_tries": 1000, "source_tries": 1_000_000}}
SHAPES = {"-c8 -m32": ["-c8", "-m32"], "-c64 -m1": ["-c64", "-m1"]}


class Bench:
    def __init__(self, table, build, sandbox, peers_folder, is_quick):
        self.table, self.build, self.sandbox, self.peers_folder = table, build, sandbox, peers_folder
        self.rounds = 2 if is_quick else 5
        self.requests = 40_000 if is_quick else 300_000
        self.seconds = 2 if is_quick else 8
        self.system = sandbox.system()
        self.daemon = sandbox.take_over(self.system, CHANGES)
        self.agent = UserAgent(self.system, wire.https(self.system))
        # The first sign-in replaces the demo user's hash by one of this configuration's cost.
        self.agent.code(self.system.username, self.system.password, new_verifier())

    def cost(self, pid, count, call):
        """CPU microseconds that the process spends on each of `count` operations that `call` makes."""
        before = cpu_seconds(pid)
        made = call()
        return (cpu_seconds(pid) - before) / (made or count) * 1e6

    def h2load(self, url, *arguments):
        def call():
            run = subprocess.run(pinned(LOAD_CPU, "h2load", f"-n{self.requests}", *arguments, url), capture_output=True, text=True, check=False)
            if f" {self.requests} succeeded" not in run.stdout:
                raise Failure(f"h2load {url}: {run.stdout}{run.stderr}")
        return call

    def load(self, scenario, *options):
        """claviger-load; its figures as a dictionary."""
        with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
            run = subprocess.run(
                pinned(LOAD_CPU, os.path.join(self.build, "bin", "claviger-load"), "--sandbox", self.sandbox.folder, "--pid",
                       str(self.daemon.process.pid), "--seconds", str(self.seconds), "--json", out.name, scenario, *options),
                capture_output=True, text=True, check=False)
            if run.returncode != 0:
                raise Failure(f"claviger-load {scenario}: {run.stdout}{run.stderr}")
            return json.load(out)

    def cost_of_load(self, scenario, *options):
        return self.load(scenario, *options)["server_cpu_ns_per_operation"] / 1000

    # Figures ---------------------------------------------------------------------------------------------------------

    def introspection(self):
        token = self.agent.client_credentials(self.system.server_client_id, self.system.server_client_secret).json()["access_token"]
        answer = self.agent.introspect(token)
        if not answer.json().get("active"):
            raise Failure(f"introspection: {answer}")
        work = tempfile.mkdtemp(dir=self.sandbox.folder)
        with open(os.path.join(work, "body"), "w", encoding="ascii") as file:
            file.write("token=" + token)
        with open(os.path.join(work, "answer"), "wb") as file:
            file.write(b"a" * len(answer.body))
        certificate, key = self.certificate()
        credentials = self.agent.server_credentials()["Authorization"]
        common = ["-d", os.path.join(work, "body"), "-H", "content-type: application/x-www-form-urlencoded",
                  "-H", f"authorization: {credentials}"]
        peer, port = peers.nghttpd(work, certificate, key)
        try:
            self.wait_for_port(port)
            for name, shape in SHAPES.items():
                ours, theirs = [], []
                for _ in range(self.rounds):
                    ours.append(self.cost(self.daemon.process.pid, self.requests,
                                          self.h2load(f"{self.system.issuer}/introspect", *shape, *common)))
                    if peer:
                        theirs.append(self.cost(peer.pid, self.requests, self.h2load(f"https://127.0.0.1:{port}/answer", *shape, *common)))
                self.table.add(cost_against(f"introspection {name}, server CPU", statistics.median(ours), "us", "nghttpd",
                                            statistics.median(theirs) if theirs else None, 1.3))
        finally:
            if peer:
                peer.__exit__()

    def client_credentials(self):
        ours, bare = [], []
        for _ in range(self.rounds):
            ours.append(self.cost_of_load("client-credentials", "--connections", "8", "--streams", "8"))
            bare.append(peers.es256_signature_us())
        signature = statistics.median(bare) if None not in bare else None
        self.table.add(cost_against("client_credentials, ES256, server CPU", statistics.median(ours), "us", "bare signature", signature, 1.6))
        theirs = self.oidc_provider()
        self.table.add(cost_against("  against another provider", statistics.median(ours), "us", "oidc-provider", theirs, 1 / 8))

    def oidc_provider(self):
        peer = peers.oidc_provider(self.peers_folder)
        if peer is None:
            return None
        with peer:
            work = tempfile.mkdtemp(dir=self.sandbox.folder)
            with open(os.path.join(work, "body"), "w", encoding="ascii") as file:
                file.write("grant_type=client_credentials")
            basic = base64.b64encode(b"bench:a-secret-of-more-than-128-bits-0123456789").decode()
            wanted, self.requests = self.requests, self.requests // 20
            try:
                call = self.h2load(f"http://127.0.0.1:{peer.first_line}/token", "--h1", "-c16", "-d", os.path.join(work, "body"),
                                   "-H", "content-type: application/x-www-form-urlencoded", "-H", f"authorization: Basic {basic}")
                call()  # warm: the compiler's work is not the provider's
                return min(self.cost(peer.pid, self.requests, call) for _ in range(self.rounds))
            finally:
                self.requests = wanted

    def refresh(self):
        ours = statistics.median(self.cost_of_load("refresh", "--connections", "8", "--streams", "8") for _ in range(self.rounds))
        self.table.add(at_most("refresh, durable, 64 in flight, server CPU", ours, "us", 70))

    def sign_in(self):
        hash_us = argon2.cost_us(ARGON2["memory_kib"], ARGON2["passes"], ARGON2["lanes"])
        ours = statistics.median(self.cost_of_load("sign-in", "--connections", "8", "--streams", "4") for _ in range(self.rounds))
        self.table.add(Figure("code-flow sign-in, server CPU", ours, "us", "its Argon2 hash", hash_us))
        self.table.add(at_most("  beyond the hash", ours - hash_us if hash_us else None, "us", 200))

    def handshakes(self):
        certificate, key = self.certificate()
        program = os.path.join(self.build, "bin", "bench_tls_handshake")
        host, port = wire.address_of(self.system.issuer)
        ours, theirs = [], []
        with Process(program, "serve", certificate, key) as peer:
            def load(host, port, path):
                run = subprocess.run(pinned(LOAD_CPU, program, "load", host, str(port), path, str(self.seconds / 2)),
                                     capture_output=True, text=True, check=False)
                if run.returncode != 0:
                    raise Failure(f"bench_tls_handshake load {host} {port}: {run.stderr}")
                return int(run.stdout)

            for _ in range(self.rounds):
                ours.append(self.cost(self.daemon.process.pid, 0, lambda: load(host, port, self.agent.prefix + "/nothing")))
                theirs.append(self.cost(peer.pid, 0, lambda: load("127.0.0.1", peer.first_line, "/nothing")))
        self.table.add(cost_against("TLS 1.3 full handshake and one GET, server CPU", statistics.median(ours), "us", "bare OpenSSL",
                                    statistics.median(theirs), 1.1))

    def memory(self):
        self.table.add(Figure("resident memory after all this", self.daemon.resident_bytes() / (1 << 20), "MiB"))

    # -----------------------------------------------------------------------------------------------------------------

    def certificate(self):
        """The broker's own, so that the peers do the same cryptography."""
        with open(self.daemon.config, "rb") as file:
            listener = tomllib.load(file)["https"][0]
        return listener["certificate_file"], listener["key_file"]

    @staticmethod
    def wait_for_port(port):
        pause = threading.Event()
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                pause.wait(0.05)

    def run(self):
        print("\n== the whole, every thread of clavigerd on one CPU")
        for measure in (self.introspection, self.client_credentials, self.refresh, self.sign_in, self.handshakes, self.memory):
            try:
                measure()
            except Failure as failure:
                self.table.add(Figure(measure.__name__, None, ""))
                self.table.note(f"{measure.__name__}: {failure}")
