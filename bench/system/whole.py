"""The whole: one clavigerd over real sockets with every thread on one CPU, the generator on the other, peers in turn.

A measure is a generator that yields after each repetition, so that two builds can be measured in turn (bench/run --beside).
"""

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import tomllib

from figures import Figure, at_most, cost_against, middle
from machine import LOAD_CPU, SERVER_CPU, Process, cpu_seconds, pinned
import argon2
import counts
import documents
import peers
import sampler

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tests", "system"))
import wire  # noqa: E402
from clavigerd import Failure  # noqa: E402
from user_agent import UserAgent, new_verifier  # noqa: E402

# Hashes as cheap as Argon2 goes: sign-in is measured beyond the hash.
ARGON2 = {"memory_kib": 64, "passes": 1, "lanes": 1}
CHANGES = {"cpus": [SERVER_CPU], "shards": 1, "hash_threads": 1, "argon2": ARGON2,
           "limits": {"sign_in_tries": 1000, "source_tries": 1_000_000}}
WARM_UP = 1
# A probe costs a microsecond: as large a part of the path's own rate as leaves the server mostly idle.
COUNTED_SHARE = 0.1
SHAPES = {"-c8 -m32": ["-c8", "-m32"], "-c64 -m1": ["-c64", "-m1"]}


# Six pairs are the fewest that a test can call more than chance at 5 %; a round takes long.
ROUNDS = 7


class Bench:
    def __init__(self, table, build, sandbox, peers_folder, is_quick):
        self.table, self.build, self.sandbox, self.peers_folder = table, build, sandbox, peers_folder
        self.rounds = 2 if is_quick else ROUNDS
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

    def load(self, scenario, *options, is_shown=True):
        """claviger-load; its figures as a dictionary. Not shown over time: a run that is counted or sampled, which is slower."""
        with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
            run = subprocess.run(
                pinned(LOAD_CPU, os.path.join(self.build, "bin", "claviger-load"), "--sandbox", self.sandbox.folder, "--pid",
                       str(self.daemon.process.pid), "--seconds", str(self.seconds), "--warm-up", str(WARM_UP), "--interval", "0.5", "--json",
                       out.name, scenario, *options),
                capture_output=True, text=True, check=False)
            if run.returncode != 0:
                raise Failure(f"claviger-load {scenario}: {run.stdout}{run.stderr}")
            figures = json.load(out)
            if is_shown:
                sampler.add_intervals(self.table, scenario, self.table.now() - self.seconds, figures)
            return figures

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
                    yield
                self.table.add(cost_against(f"introspection {name}, server CPU", middle(ours), "us", "nghttpd", middle(theirs), 1.3, ours, theirs))
        finally:
            if peer:
                peer.__exit__()

    def client_credentials(self):
        ours, bare = [], []
        for _ in range(self.rounds):
            ours.append(self.cost_of_load("client-credentials", "--connections", "8", "--streams", "8"))
            bare.append(peers.es256_signature_us())
            yield
        bare = bare if None not in bare else []
        self.table.add(cost_against("client_credentials, ES256, server CPU", middle(ours), "us", "bare signature", middle(bare), 1.6, ours, bare))
        theirs = self.oidc_provider()
        self.table.add(cost_against("  against another provider", middle(ours), "us", "oidc-provider", theirs, 1 / 8))

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
        ours = []
        for _ in range(self.rounds):
            ours.append(self.cost_of_load("refresh", "--connections", "8", "--streams", "8"))
            yield
        self.table.add(at_most("refresh, durable, 64 in flight, server CPU", middle(ours), "us", 70, ours))

    def keys(self):
        ours = []
        for _ in range(self.rounds):
            ours.append(self.cost_of_load("keys", "--connections", "8", "--streams", "8"))
            yield
        self.table.add(Figure("key delivery (KM-UU), server CPU", middle(ours), "us", samples=ours))

    def sign_in(self):
        hash_us = argon2.cost_us(ARGON2["memory_kib"], ARGON2["passes"], ARGON2["lanes"])
        ours = []
        for _ in range(self.rounds):
            ours.append(self.cost_of_load("sign-in", "--connections", "8", "--streams", "4"))
            yield
        self.table.add(Figure("code-flow sign-in, server CPU", middle(ours), "us", "its Argon2 hash", hash_us, samples=ours))
        beyond = [one - hash_us for one in ours] if hash_us else []
        self.table.add(at_most("  beyond the hash", middle(beyond), "us", 200, beyond))

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
                yield
        self.table.add(cost_against("TLS 1.3 full handshake and one GET, server CPU", middle(ours), "us", "bare OpenSSL", middle(theirs), 1.1,
                                    ours, theirs))

    def system_calls(self):
        """A run of its own: counting costs the server time."""
        yield
        if not counts.has_perf():
            self.table.note("system calls and allocations are not counted: no perf, or it may not count here")
            return
        program = os.path.join(self.build, "bin", "clavigerd")
        for name, scenario, *options in (("introspection -c8 -m32", "introspect", "--connections", "8", "--streams", "32"),
                                         ("key delivery", "keys", "--connections", "8", "--streams", "8")):
            with counts.Counting(self.daemon.process.pid, [counts.SYSCALLS]) as counting:
                figures = self.load(scenario, *options, is_shown=False)
                done = self.operations(figures)
            calls = counting.found.get(counts.SYSCALLS)
            self.table.add(Figure(f"{name}, system calls each", calls and calls / done, ""))
            with counts.allocation_probes(program) as probes:
                if not probes.events:
                    self.table.note("allocations are not counted: the machine allows no user probes")
                    continue
                with counts.Counting(self.daemon.process.pid, probes.events) as counting:
                    done = self.operations(self.load(scenario, *options, "--rate", str(figures["per_second"] * COUNTED_SHARE), is_shown=False))
                self.table.add(Figure("  heap allocations each", sum(value or 0 for value in counting.found.values()) / done, ""))

    def operations(self, figures):
        """What was done while counting, warm-up included."""
        return figures["per_second"] * (self.seconds + WARM_UP)

    def memory(self):
        yield
        self.table.add(Figure("resident memory after all this", self.daemon.resident_bytes() / (1 << 20), "MiB"))

    # -----------------------------------------------------------------------------------------------------------------

    def certificate(self):
        """The broker's own, so that the peers do the same cryptography."""
        with open(self.daemon.config, "rb") as file:
            listener = tomllib.load(file)["https"][0]
        return listener["certificate_file"], listener["key_file"]

    def profile_get(self):
        return documents.run(self)

    @staticmethod
    def wait_for_port(port):
        pause = threading.Event()
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                pause.wait(0.05)

    def measures(self):
        return [self.introspection, self.client_credentials, self.refresh, self.keys, self.sign_in, self.handshakes, self.profile_get, self.system_calls,
                self.memory]


def in_turn(benches):
    """Each measure of all benches, a repetition of one after that of the other; the order turns round each time, so
    that none is always the one that comes after."""
    for measures in zip(*(bench.measures() for bench in benches)):
        name = measures[0].__name__.replace("_", " ")
        running = [(bench, measure()) for bench, measure in zip(benches, measures)]
        for bench in benches:
            bench.table.event(name)
        while running:
            left = []
            for bench, measure in running:
                try:
                    next(measure)
                    left.append((bench, measure))
                except StopIteration:
                    continue
                except Failure as failure:
                    bench.table.add(Figure(name, None, ""))
                    bench.table.note(f"{name}: {failure}")
            running = left[::-1]


def run(benches):
    print("\n== the whole, every thread of clavigerd on one CPU")
    samplers = [sampler.Sampler(bench.table, bench.daemon, bench.system.data) for bench in benches]
    for one in samplers:
        one.__enter__()
    try:
        in_turn(benches)
    finally:
        for one in samplers:
            one.__exit__()
