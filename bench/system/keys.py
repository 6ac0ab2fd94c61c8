"""Users' keys from the KMS: what a delivery costs beside nghttpd, its latency at 70 % of the peak, a storm with nothing
pre-issued, and pre-issue of many users against the arithmetic alone.

Every thread of clavigerd on one CPU, the generator on the other; pre-issue has both.
"""

import functools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import peers
import wire
import whole
from clavigerd import SOURCE, Failure, Sandbox
from figures import Figure, at_least, at_most, cost_against
from machine import LOAD_CPU, SERVER_CPU, cpu_seconds, pinned
from many_users import PASSWORD, folder_bytes, import_users

KM_SCOPE = "3gpp:mc:ptt_key_management_service"
# At some thousand a second a run is enough for the quick storm's users; a machine that others share takes several.
SIGN_IN_SECONDS, SIGN_IN_RUNS_MAX = 4, 40
# A million users take two minutes on an idle machine of two cores.
PRE_ISSUE_SECONDS_MAX, PRE_ISSUE_SECONDS_A_MILLION = 600, 240
# Users whose keys are read from disk.
SAMPLE_MAX = 20_000
STORM_CHANGES = {"limits": {"sign_in_tries": 1000, "source_tries": 1_000_000}, "argon2": {"memory_kib": 64, "passes": 1, "lanes": 1}}


def ctl(build, system, *arguments):
    run = subprocess.run([os.path.join(build, "bin", "clavigerctl"), "--socket", system.admin_socket, "--tenant", system.tenant, "--json",
                          *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failure(f"clavigerctl {arguments}: {run.stdout}{run.stderr}")
    return json.loads(run.stdout or "{}")


class Delivery(whole.Bench):
    """One user's keys, again and again."""

    def __init__(self, table, build, sandbox, is_quick):
        super().__init__(table, build, sandbox, None, is_quick)
        self.origin = re.match("https://[^/]+", self.system.issuer).group(0)
        self.token = self.access_token()
        first = self.ask()
        # Started again: the record lies in a table file and comes from the block cache, not from the memtable.
        self.daemon.stop()
        self.daemon.start()
        if self.ask() != first:
            raise Failure("keys differ after a restart")
        self.answer_bytes = len(first)

    def access_token(self):
        sys.path.append(os.path.join(SOURCE, "tools", "demo"))
        import sign_in
        issuer = sign_in.Issuer(self.system.issuer, self.system.ca)
        about = issuer.ask("GET", self.system.issuer + "/.well-known/openid-configuration").json()
        values = self.system.values | {"SCOPES": self.system.km_scopes}
        return sign_in.sign_in(sign_in.Steps(is_quiet=True), issuer, about, values)["access_token"]

    def body(self):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return (f'<KmsRequest xmlns="urn:3gpp:ns:mcsecKMSInterface:1.0" Id="xmldoc" Version="1.1.0"><UserUri>{self.system.mcptt_id}</UserUri>'
                f"<KmsUri>{self.system.kms_uri}</KmsUri><Time>{now}</Time><ClientId>bench</ClientId>"
                f"<ClientReqUrl>{self.system.kms_url}/keyprov</ClientReqUrl></KmsRequest>")

    def ask(self):
        """The keys in the answer; what differs from request to request is left out."""
        run = subprocess.run(["curl", "-sS", "--fail-with-body", "--cacert", self.system.ca, "-H", "authorization: Bearer " + self.token,
                              "-H", "content-type: application/xml", "-d", self.body(), self.system.kms_url + "/keyprov"],
                             capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise Failure(f"keyprov: {run.stdout}{run.stderr}")
        return re.sub("<Time>[^<]*", "<Time>0000-00-00T00:00:00Z", run.stdout)

    def key_load(self, scenario, *options):
        os.environ["CLAVIGER_LOAD_TOKEN"], os.environ["CLAVIGER_LOAD_INK"] = self.token, self.system.ink
        return self.load(scenario, *options)

    def unsigned(self):
        work = tempfile.mkdtemp(dir=self.sandbox.folder)
        with open(os.path.join(work, "answer"), "wb") as file:
            file.write(b"a" * self.answer_bytes)
        common = ["-d", os.path.join(work, "body"), "-H", "content-type: application/xml", "-H", "authorization: Bearer " + self.token]
        certificate, key = self.certificate()
        peer, port = peers.nghttpd(work, certificate, key)
        try:
            self.wait_for_port(port)
            for name, shape in whole.SHAPES.items():
                ours, theirs = [], []
                for _ in range(self.rounds):
                    with open(os.path.join(work, "body"), "w", encoding="ascii") as file:
                        file.write(self.body())
                    ours.append(self.cost(self.daemon.process.pid, self.requests, self.h2load(self.system.kms_url + "/keyprov", *shape, *common)))
                    if peer:
                        theirs.append(self.cost(peer.pid, self.requests, self.h2load(f"https://127.0.0.1:{port}/answer", *shape, *common)))
                self.table.add(cost_against(f"keys, {self.answer_bytes} bytes, {name}, server CPU", statistics.median(ours), "us", "nghttpd",
                                            statistics.median(theirs) if theirs else None, 1.5))
        finally:
            if peer:
                peer.__exit__()

    def signed(self):
        """Against nghttpd with an answer of that size; the same generator at both."""
        ours = [self.key_load("keys-signed", "--connections", "8", "--streams", "32") for _ in range(self.rounds)]
        size = self.answer_bytes * 2 + 1500  # base64 of the wrapped keys and their frames, the signature
        work = tempfile.mkdtemp(dir=self.sandbox.folder)
        with open(os.path.join(work, "answer"), "wb") as file:
            file.write(b"a" * size)
        with open(os.path.join(work, "body"), "w", encoding="ascii") as file:
            file.write(self.body() + "s" * 900)
        certificate, key = self.certificate()
        peer, port = peers.nghttpd(work, certificate, key)
        theirs = []
        try:
            self.wait_for_port(port)
            for _ in range(self.rounds if peer else 0):
                theirs.append(self.cost(peer.pid, self.requests, self.h2load(
                    f"https://127.0.0.1:{port}/answer", "-c8", "-m32", "-d", os.path.join(work, "body"), "-H",
                    "authorization: Bearer " + self.token)))
        finally:
            if peer:
                peer.__exit__()
        self.table.add(cost_against("keys, signed and wrapped, -c8 -m32, server CPU",
                                    statistics.median(one["server_cpu_ns_per_operation"] for one in ours) / 1000, "us", "nghttpd",
                                    statistics.median(theirs) if theirs else None, 3))
        self.table.add(Figure("  a second", statistics.median(one["per_second"] for one in ours), "/s"))

    def latency(self):
        peak = self.key_load("keys-request", "--connections", "8", "--streams", "32")["per_second"]
        self.table.add(Figure("keys, peak of one core", peak, "/s"))
        open_loop = self.key_load("keys-request", "--connections", "8", "--streams", "32", "--rate", str(int(peak * 0.7)))
        self.table.add(at_most("  p99 at 70 % of it, open loop", open_loop["latency_us_p99"] / 1000, "ms", 5))
        if open_loop["failed"] or open_loop["late"]:
            self.table.note(f"open loop: {open_loop['failed']} failed, {open_loop['late']} late")

    def run(self):
        print("\n== keys, every thread of clavigerd on one CPU")
        for measure in (self.unsigned, self.signed, self.latency):
            try:
                measure()
            except Failure as failure:
                self.table.add(Figure(measure.__name__, None, ""))
                self.table.note(f"{measure.__name__}: {failure}")


# Of the library's own measure, which is one operation's time: an issue's repetition makes a hundred beside its peer's hundred.
ARITHMETIC = {"extract": ("^extract/engine:./users:256/constant_time:0", 0.1), "issue": ("^issue/", 0.002)}


@functools.cache
def extraction_us(build):
    """RSK and the pair of SSK and PVT of one user in a batch, as the arithmetic alone has it: the best engine of the machine."""
    best = []
    for chosen, seconds in ARITHMETIC.values():
        run = subprocess.run(pinned(SERVER_CPU, os.path.join(build, "bin", "bench_core_crypto_mikey"), "--benchmark_format=json",
                                    f"--benchmark_min_time={seconds}", "--benchmark_filter=" + chosen), capture_output=True, text=True, check=False)
        if run.returncode != 0:
            return None
        rows = json.loads(run.stdout)["benchmarks"]
        each = [one["ours_us"] if "ours_us" in one else one["ours_ns"] / 1000 for one in rows if "ours_us" in one or "ours_ns" in one]
        best.append(min(each, default=None))
    return None if None in best else sum(best)


def ntp_time_in(domain, number):
    """The middle of a period, as 64 bits of NTP."""
    return domain["offset"] + number * domain["period"] + domain["period"] // 2 << 32


# Of the rate at which one core makes keys: how fast the storm's users come.
CROWD_RATE = 3
VALIDATIONS_SHARE = 0.6


class Crowd:
    """Many users of one broker, some of whom sign in and ask for keys."""

    def __init__(self, table, build, sandbox, users, seconds, changes):
        self.table, self.build, self.sandbox, self.users, self.seconds = table, build, sandbox, users, seconds
        self.system = sandbox.system()
        self.daemon = sandbox.take_over(self.system, STORM_CHANGES | changes)
        import_users(build, self.system, sandbox, 0, users)
        self.tokens = os.path.join(sandbox.folder, "tokens")

    def begin(self, scenario, *options, seconds=None):
        out = tempfile.NamedTemporaryFile("r", suffix=".json")
        process = subprocess.Popen(
            pinned(LOAD_CPU, os.path.join(self.build, "bin", "claviger-load"), "--sandbox", self.sandbox.folder, "--seconds",
                   str(seconds or self.seconds), "--warm-up", "0", "--json", out.name, scenario, *options), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=os.environ | {"CLAVIGER_LOAD_PASSWORD": PASSWORD, "CLAVIGER_LOAD_TOKENS": self.tokens})
        return process, out

    @staticmethod
    def end(begun):
        process, out = begun
        said, _ = process.communicate()
        with out:
            figures = json.loads(out.read() or "{}")
        if not figures:
            raise Failure(f"claviger-load: {said}")
        return figures

    def sign_in(self, wanted):
        """So many users, spread over all, each once: a run goes on where the one before it ended."""
        done = 0
        for _ in range(SIGN_IN_RUNS_MAX):
            self.end(self.begin("sign-in", "--username", "many", "--users", str(self.users), "--users-done", str(done), "--scope", "openid " + KM_SCOPE,
                                "--tokens-file", self.tokens, "--connections", "8", "--streams", "8", seconds=SIGN_IN_SECONDS))
            with open(self.tokens, encoding="ascii") as file:
                done = sum(1 for _ in file)
            if done >= wanted:
                return
        raise Failure(f"{done} of {wanted} users have signed in after {SIGN_IN_RUNS_MAX * SIGN_IN_SECONDS} s")


class Storm(Crowd):
    """Everybody at the period's boundary, with nothing pre-issued, while tokens are validated."""

    def __init__(self, table, build, sandbox, users, seconds):
        super().__init__(table, build, sandbox, users, seconds, {"cpus": [SERVER_CPU], "shards": 1, "hash_threads": 1})

    def run(self):
        print(f"\n== {self.users} users want keys that nobody made ahead")
        self.sign_in(self.users)
        validate = ("introspect", "--connections", "8", "--streams", "8", "--tokens", "100")
        peak = self.end(self.begin(*validate, seconds=2))["per_second"]
        # At its peak the validations' generator wants a CPU of its own, and the crowd's shares it.
        validate += ("--rate", str(int(peak * VALIDATIONS_SHARE)))
        alone = self.end(self.begin(*validate, seconds=2))
        # Users come three times as fast as keys can be made, more of them than wait in the queue (kExtractionQueueMax).
        arithmetic = extraction_us(self.build)
        pace = 1e6 / (arithmetic or 200)
        for crowd, who in (("keys-storm", "who is refused asks again at once"), ("keys-storm-patient", "who is refused heeds Retry-After")):
            seconds = max(2.0, min(self.seconds, self.users / pace * 0.8))
            storm = self.begin(crowd, "--connections", "24", "--streams", "96", "--rate", str(int(CROWD_RATE * pace)), seconds=seconds)
            validations = self.begin(*validate, seconds=seconds)
            stormed, validated = self.end(storm), self.end(validations)
            self.table.add(Figure(f"storm, {who}: keys made and delivered", stormed["per_second"], "/s", "one core's arithmetic",
                                  pace if arithmetic else None))
            self.table.add(Figure("  answered 503", stormed["refused"], ""))
            self.table.add(Figure("  failed otherwise", stormed["failed"], ""))
            self.table.add(at_least(f"  validations meanwhile, open loop at {100 * VALIDATIONS_SHARE:.0f} % of the peak",
                                    validated["per_second"] / alone["per_second"], "of their rate alone", 0.8))
            self.table.add(Figure("  their median", validated["latency_us_p50"] / 1000, "ms", "alone", alone["latency_us_p50"] / 1000))


class PreIssue(Crowd):
    def __init__(self, table, build, sandbox, users):
        super().__init__(table, build, sandbox, users, 4, {"limits": STORM_CHANGES["limits"] | {"block_cache_mib": 1024, "memtable_mib": 256}})

    def run(self):
        self.pre_issue()
        self.deliver()

    def deliver(self):
        """Keys that pre-issue has made, of users spread over all, after a start with an empty cache: from disk and over the network."""
        status = ctl(self.build, self.system, "kms", "status")
        self.sign_in(min(self.users, SAMPLE_MAX))
        self.daemon.stop()
        self.daemon.start()
        domain = ctl(self.build, self.system, "kms", "show")
        os.environ["CLAVIGER_LOAD_TIME"] = f"{ntp_time_in(domain, status['period']):016X}"
        shape = ("--connections", "8", "--streams", "8")
        with open(self.tokens, encoding="ascii") as file:
            wanted = sum(1 for _ in file)
        before = cpu_seconds(self.daemon.process.pid)
        first = self.end(self.begin("keys-ahead", *shape, seconds=2))
        self.table.add(Figure(f"keys of {self.users} users from disk, cache of 1 GiB: delivered at first", first["per_second"], "/s"))
        self.table.add(Figure("  CPU a delivery", (cpu_seconds(self.daemon.process.pid) - before) / max(1, first["done"]) * 1e6, "us"))
        self.table.add(Figure("  p99, as many at once as the broker serves", first["latency_us_p99"] / 1000, "ms"))
        slow = self.end(self.begin("keys-ahead", *shape, "--rate", str(max(1, int(first["per_second"] * 0.5))), seconds=2))
        self.table.add(Figure("  p99 at half of that rate, open loop", slow["latency_us_p99"] / 1000, "ms"))
        if first["failed"] or slow["failed"]:
            self.table.note(f"keys from disk: {first['failed']} and {slow['failed']} failed ({wanted} tokens)")

    def pre_issue(self):
        print(f"\n== pre-issue of {self.users} users on all CPUs")
        arithmetic = extraction_us(self.build)
        began, cpu = time.monotonic(), cpu_seconds(self.daemon.process.pid)
        ctl(self.build, self.system, "kms", "pre-issue")
        while True:
            job = ctl(self.build, self.system, "kms", "status")
            if job.get("finished_at"):
                break
            seconds_max = max(PRE_ISSUE_SECONDS_MAX, self.users / 1e6 * PRE_ISSUE_SECONDS_A_MILLION)
            if time.monotonic() - began > seconds_max and job["done"]:
                self.table.note(f"pre-issue: {job['done']} of {self.users} users after {seconds_max:.0f} s; it gives way to whoever else wants "
                                "the cores (the figures are of those)")
                break
            threading.Event().wait(0.2)
        seconds = time.monotonic() - began
        cpu = cpu_seconds(self.daemon.process.pid) - cpu
        made = job["done"]
        cores = os.cpu_count()
        self.table.add(Figure("pre-issue, keys", made / seconds, "/s"))
        self.table.add(Figure("  CPU a user", cpu / made * 1e6, "us", "RSK, SSK, PVT alone", arithmetic))
        self.table.add(cost_against("  wall time a user", seconds / made * 1e6, "us", f"arithmetic / {cores}",
                                    arithmetic / cores if arithmetic else None, 1.3))
        self.table.add(Figure("  disk a user, keys and all", folder_bytes(self.system.data) / self.users, "bytes"))


def run(table, build, users, is_quick):
    with Sandbox() as sandbox:
        Delivery(table, build, sandbox, is_quick).run()
    with Sandbox() as sandbox:
        Storm(table, build, sandbox, 5_000 if is_quick else 30_000, 3).run()
    with Sandbox() as sandbox:
        PreIssue(table, build, sandbox, users).run()
