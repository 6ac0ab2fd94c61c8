"""The 07:00 shift: everybody signs in at once while tokens go on being validated.

Every thread of clavigerd on one CPU, the generators on the other. Sign-ins with a hash of small cost and of the default
cost: their rate against what the hashes leave, and the rate of validations meanwhile against their rate alone, measured
before and after. The generators share a CPU, and that of the sign-ins gives way, as password hashes do in the server: what
is compared is the server, not who of two clients gets the other's CPU. How many signed in meanwhile is told beside it. Then
more at once than the queues take: refusals, and what happened to those that were accepted.
"""

import json
import os
import subprocess
import tempfile

import argon2
from clavigerd import Failure, Sandbox
from figures import Figure, at_least
from machine import LOAD_CPU, SERVER_CPU, cpu_seconds, pinned
from many_users import PASSWORD, write_users

# memory_kib, passes, lanes; the second is the daemon's default.
COSTS = {"small": (1024, 1, 1), "default": (19456, 2, 1)}
# As many at once as keep the pool busy and are done within the time measured.
FEW = ("--connections", "4", "--streams", "2")
# The niceness of the server's own hash threads (broker/broker.cc).
GIVES_WAY = 8
# More than the pool takes: hash_queue_max is 512.
CROWD = ("--connections", "24", "--streams", "32")


class Shift:
    def __init__(self, table, build, sandbox, users, seconds, cost):
        self.table, self.build, self.sandbox, self.users, self.seconds = table, build, sandbox, users, seconds
        memory_kib, passes, lanes = self.cost = COSTS[cost]
        self.system = sandbox.system()
        changes = {"cpus": [SERVER_CPU], "shards": 1, "hash_threads": 1,
                   "argon2": {"memory_kib": memory_kib, "passes": passes, "lanes": lanes},
                   "limits": {"sign_in_tries": 1000, "source_tries": 1_000_000}}
        self.daemon = sandbox.take_over(self.system, changes)
        self.name = cost

    def import_users(self):
        path = os.path.join(self.sandbox.folder, "shift.ndjson")
        write_users(path, 0, self.users, *self.cost)
        run = subprocess.run([os.path.join(self.build, "bin", "clavigerctl"), "--socket", self.system.admin_socket, "--tenant",
                              self.system.tenant, "user", "import", path], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             check=False)
        os.unlink(path)
        if run.returncode != 0:
            raise Failure(f"clavigerctl user import: {run.stdout[-500:]}{run.stderr[-500:]}")

    def begin(self, scenario, *options, niceness=0):
        out = tempfile.NamedTemporaryFile("r", suffix=".json")
        process = subprocess.Popen(
            pinned(LOAD_CPU, "nice", "-n", str(niceness), os.path.join(self.build, "bin", "claviger-load"), "--sandbox", self.sandbox.folder, "--seconds",
                   str(self.seconds), "--json", out.name, scenario, *options),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"CLAVIGER_LOAD_PASSWORD": PASSWORD})
        return process, out

    @staticmethod
    def end(begun, may_refuse=False):
        process, out = begun
        said, _ = process.communicate()
        with out:
            figures = json.loads(out.read() or "{}")
        if not figures or (process.returncode != 0 and not may_refuse):
            raise Failure(f"claviger-load: {said}")
        return figures

    def sign_in(self, *options, niceness=0):
        return self.begin("sign-in", "--username", "many", "--users", str(self.users), *options, niceness=niceness)

    def validate(self):
        return self.begin("introspect", "--connections", "8", "--streams", "8", "--tokens", "100")

    def run(self):
        print(f"\n== {self.users} users sign in, hashes of {self.name} cost: {self.cost[0]} KiB, {self.cost[1]} passes")
        self.import_users()
        hash_us = argon2.cost_us(*self.cost)
        alone = self.end(self.validate())["per_second"]
        cpu = cpu_seconds(self.daemon.process.pid)
        signed = self.end(self.sign_in(*FEW))
        cpu = cpu_seconds(self.daemon.process.pid) - cpu
        rate = signed["per_second"]
        self.table.add(Figure("sign-ins alone", rate, "/s", "what the hash allows", 1e6 / hash_us if hash_us else None))
        self.table.add(Figure("  server CPU each", cpu / signed["done"] * 1e6, "us", "its hash", hash_us))
        both = self.validate(), self.sign_in(*FEW, niceness=GIVES_WAY)
        validated, signed = self.end(both[0])["per_second"], self.end(both[1], may_refuse=True)
        alone = (alone + self.end(self.validate())["per_second"]) / 2
        self.table.add(Figure("validations alone", alone, "/s"))
        self.table.add(at_least("  while everybody signs in", validated / alone, "of it", 0.8))
        self.table.add(Figure("  sign-ins meanwhile", signed["per_second"], "/s"))
        crowd = self.end(self.sign_in(*CROWD), may_refuse=True)
        self.table.add(Figure(f"sign-ins, {24 * 32} at once", crowd["per_second"], "/s"))
        self.table.add(Figure("  answered 503", crowd["refused"], ""))
        self.table.add(Figure("  failed otherwise", crowd["failed"], ""))


def run(table, build, users, seconds):
    for cost in COSTS:
        with Sandbox() as sandbox:
            Shift(table, build, sandbox, users, seconds, cost).run()
