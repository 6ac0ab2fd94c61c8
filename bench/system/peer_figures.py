"""Claviger and what else is on the machine, doing the same, in turn: primitives, tokens, HTTP, SIP, Diameter."""

import os
import re
import shutil
import subprocess
import tempfile

import argon2
import diameter_peer
import libjwt
import parts
import peers
import sip_peer
from clavigerd import Failure
from figures import Figure, middle
from machine import SERVER_CPU, cpu_seconds, pinned
from whole import Bench

# What --install fetches from Debian; npm's packages stand in peers.py.
DEBIAN = ("freediameter-extensions", "freediameterd", "kamailio", "libjwt0", "nghttp2-client", "nghttp2-server", "nginx-light", "nodejs", "npm",
          "openssl", "sip-tester")
# Ours by bench_core_crypto's name; openssl speed's algorithm, its column (sign, verify, or bytes a second).
PRIMITIVES = (("ES256 verification, key with a table", "BM_VerifyEs256/lanes", "ecdsap256", "verify"),
              ("ES256 verification, any key", "BM_VerifyWithoutTable/ES256", "ecdsap256", "verify"),
              ("ES256 signature", "BM_Sign/ES256", "ecdsap256", "sign"),
              ("EdDSA verification", "BM_VerifyWithoutTable/EdDSA", "ed25519", "verify"),
              ("EdDSA signature", "BM_Sign/EdDSA", "ed25519", "sign"),
              ("RS256 verification", "BM_VerifyWithoutTable/RS256", "rsa2048", "verify"),
              ("RS256 signature", "BM_Sign/RS256", "rsa2048", "sign"),
              ("SHA-256 of 700 octets", "BM_Sha256", "sha256", "bytes"))
SPEED_LINE = {"ecdsap256": r"nistp256\)", "ed25519": r"Ed25519\)?", "rsa2048": r"rsa 2048 bits"}


MEASURES = ("primitives", "password_hash", "tokens", "http", "token_issue", "registrar", "relay")


def parse_speed(text, algorithm):
    """{"sign": us, "verify": us} or {"bytes": us} of what openssl speed printed."""
    if algorithm == "sha256":
        found = re.search(r"^sha256\s+([\d.]+)k\s*$", text, re.MULTILINE)
        return {"bytes": 700 / (float(found[1]) * 1000) * 1e6} if found else {}
    found = re.search(SPEED_LINE[algorithm] + r"\s+[\d.]+s\s+[\d.]+s\s+([\d.]+)\s+([\d.]+)", text)
    return {"sign": 1e6 / float(found[1]), "verify": 1e6 / float(found[2])} if found else {}


def openssl_speed(algorithm, seconds):
    if shutil.which("openssl") is None:
        return {}
    what = ["-bytes", "700", "-evp", "sha256"] if algorithm == "sha256" else [algorithm]
    run = subprocess.run(pinned(SERVER_CPU, "openssl", "speed", "-seconds", str(seconds), *what), capture_output=True, text=True, check=False)
    return parse_speed(run.stdout.replace("SHA256", "sha256"), algorithm)


class SideBySide(Bench):
    """Figures in turn; each measure adds its rows or says what is missing."""

    def __init__(self, table, build, sandbox, peers_folder, is_quick, wanted=()):
        super().__init__(table, build, sandbox, peers_folder, is_quick)
        self.is_quick, self.wanted = is_quick, wanted
        self.rounds = 2 if is_quick else 5

    def missing(self, name, why):
        self.table.note(f"{name}: {why}; bench/peers --install fetches it")

    def google(self, binary, chosen, seconds=0.1):
        path = os.path.join(self.build, "bin", binary)
        if not os.path.exists(path):
            raise Failure(f"{binary} is not built: configure with -DCLAVIGER_BENCH=ON")
        with tempfile.TemporaryDirectory() as out:
            found = parts.run_binary(path, out, seconds / 5 if self.is_quick else seconds, 1 if self.is_quick else 3, chosen, is_silent=True)
        return parts.medians(found or [])

    def primitives(self):
        yield
        rows = self.google("bench_core_crypto", "BM_VerifyEs256/lanes|BM_VerifyWithoutTable|BM_Sign|BM_Sha256")
        seconds = 1 if self.is_quick else 2
        speed = {algorithm: openssl_speed(algorithm, seconds) for algorithm in dict.fromkeys(row[2] for row in PRIMITIVES)}
        for name, ours, algorithm, column in PRIMITIVES:
            value = rows.get(ours, {}).get("ours_ns")
            self.table.add(Figure(name, value and value / 1000, "us", "openssl speed", speed[algorithm].get(column)))

    def tokens(self):
        yield
        rows = self.google("bench_broker_tokens_verifier", "cold/es256|seen_before/1000000")
        theirs = libjwt.verification_us()
        if theirs is None:
            self.missing("libjwt", "not on this machine (libjwt0)")
        self.table.add(Figure("token verified, ES256, never seen before", parts.counter(rows, "cold/es256", "ours_us"), "us", "libjwt", theirs))
        rate = parts.counter(rows, "seen_before/1000000", "items_per_second")
        theirs = peers.fast_jwt_rate(self.peers_folder)
        if theirs is None:
            self.missing("fast-jwt", "not under build/bench/peers (npm)")
        self.table.add(Figure("token seen before", rate and 1e6 / rate, "us", "fast-jwt, cached", theirs and 1e6 / theirs))

    def http(self):
        """Introspection against nginx, which returns as many octets of constant text: all but the work."""
        token = self.agent.client_credentials(self.system.server_client_id, self.system.server_client_secret).json()["access_token"]
        answer = self.agent.introspect(token)
        work = tempfile.mkdtemp(dir=self.sandbox.folder)
        with open(os.path.join(work, "body"), "w", encoding="ascii") as file:
            file.write("token=" + token)
        common = ["-d", os.path.join(work, "body"), "-H", "content-type: application/x-www-form-urlencoded", "-H",
                  f"authorization: {self.agent.server_credentials()['Authorization']}"]
        peer, port = peers.nginx(work, *self.certificate(), len(answer.body))
        if peer is None:
            self.missing("nginx", "not on this machine")
        try:
            if peer:
                self.wait_for_port(port)
            for name, shape in {"-c8 -m32": ["-c8", "-m32"], "-c64 -m1": ["-c64", "-m1"]}.items():
                ours, theirs = [], []
                for _ in range(self.rounds):
                    ours.append(self.cost(self.daemon.process.pid, self.requests, self.h2load(f"{self.system.issuer}/introspect", *shape, *common)))
                    if peer:
                        before = peers.nginx_cpu(peer)
                        self.h2load(f"https://127.0.0.1:{port}/answer", *shape, *common)()
                        theirs.append((peers.nginx_cpu(peer) - before) / self.requests * 1e6)
                    yield
                self.table.add(Figure(f"introspection, HTTP/2 over TLS {name}", middle(ours), "us", "nginx, constant answer", middle(theirs),
                                      samples=ours, peer_samples=theirs))
        finally:
            if peer:
                peer.__exit__()

    def token_issue(self):
        ours = []
        for _ in range(self.rounds):
            ours.append(self.cost_of_load("client-credentials", "--connections", "8", "--streams", "8"))
            yield
        theirs = self.oidc_provider()
        if theirs is None:
            self.missing("oidc-provider", "not under build/bench/peers (npm)")
        self.table.add(Figure("client_credentials, ES256", middle(ours), "us", "oidc-provider", theirs, samples=ours))

    def password_hash(self):
        yield
        cost = (19456, 2, 1)
        rows = self.google("bench_core_crypto", "BM_HashPassword", seconds=3)  # the first faults its memory in
        found = rows.get("BM_HashPassword", {}).get("cpu_time")
        theirs = argon2.cost_us(*cost, count=20)
        self.table.add(Figure("Argon2id, 19 MiB, 2 passes", found, "ms", "libargon2, memory fresh each time", theirs and theirs / 1000))

    def registrar(self):
        if shutil.which("sipp") is None or not sip_peer.has_kamailio():
            self.missing("Kamailio registrar", "sipp or Kamailio is not on this machine")
        if shutil.which("sipp") is None:
            return
        calls = 2000 if self.is_quick else 10_000
        work = tempfile.mkdtemp(dir=self.sandbox.folder)
        ours, theirs = [], []
        peer = sip_peer.Kamailio(work).__enter__() if sip_peer.has_kamailio() else None
        try:
            for i in range(self.rounds):
                before = cpu_seconds(self.daemon.process.pid)
                sip_peer.register(work, self.system.sip_host, self.system.sip_port, self.system.sip_psi, calls, f"bench{i}")
                ours.append((cpu_seconds(self.daemon.process.pid) - before) / calls * 1e6)
                if peer:
                    before = peer.cpu_seconds()
                    sip_peer.register(work, "127.0.0.1", peer.port, "sip:ims.alpha.example", calls, f"bench{i}")
                    theirs.append((peer.cpu_seconds() - before) / calls * 1e6)
                yield
        finally:
            if peer:
                peer.__exit__()
        self.table.add(Figure("REGISTER over UDP (ours: durable)", middle(ours), "us", "Kamailio, in memory", middle(theirs), samples=ours,
                              peer_samples=theirs))

    def relay(self):
        if not diameter_peer.has_free_diameter():
            self.missing("freeDiameter", "not on this machine")
        seconds = 1 if self.is_quick else 2
        work = tempfile.mkdtemp(dir=self.sandbox.folder)
        peer = diameter_peer.FreeDiameter(work).__enter__() if diameter_peer.has_free_diameter() else None
        try:
            for connections in (1, 64):
                ours, theirs = [], []
                for _ in range(self.rounds):
                    ours.append(diameter_peer.relayed_us(self.build, seconds, connections, 256))
                    try:
                        theirs += [diameter_peer.relayed_us(self.build, seconds, connections, 256, peer)] if peer else []
                    except Failure as failure:  # it loses transactions when it is stopped for a while; the next round may do
                        self.table.note(f"freeDiameter: {failure}")
                    yield
                self.table.add(Figure(f"Diameter transaction relayed, {connections} connection{'s' if connections > 1 else ''} (ours: mapped)",
                                      middle(ours), "us", "freeDiameter", middle(theirs), samples=ours, peer_samples=theirs))
        finally:
            if peer:
                peer.__exit__()

    def measures(self):
        return [getattr(self, name) for name in self.wanted or MEASURES]
