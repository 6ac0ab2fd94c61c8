"""Two shards against one: CPU per operation of the same closed loop, in turn, so that both meet the same machine.

With one shard all threads of clavigerd are on one CPU and the generator on another; with two shards everybody shares the
two. What a second shard costs is what requests pay for crossing over to the home of what they change.
"""

import contextlib
import json
import os
import subprocess
import tempfile

from clavigerd import Failure, Sandbox
from figures import cost_against, middle
from machine import LOAD_CPU, SERVER_CPU, cpu_seconds, pinned
from whole import ARGON2, ROUNDS

LIMITS = {"sign_in_tries": 1000, "source_tries": 1_000_000}
SHAPES = {"introspection": ("introspect", "--connections", "16", "--streams", "16"),
          "client_credentials": ("client-credentials", "--connections", "16", "--streams", "8"),
          "refresh": ("refresh", "--connections", "16", "--streams", "4"),
          "key delivery": ("keys", "--connections", "16", "--streams", "4"),
          "sign-in": ("sign-in", "--connections", "16", "--streams", "2")}
LIMIT = 1.1


class Side:
    def __init__(self, build, shards, sandbox):
        self.build, self.shards, self.sandbox = build, shards, sandbox
        cpus = [SERVER_CPU] if shards == 1 else [SERVER_CPU, LOAD_CPU]
        self.system = self.sandbox.system()
        self.daemon = self.sandbox.take_over(self.system, {"cpus": cpus, "shards": shards, "hash_threads": 1, "argon2": ARGON2, "limits": LIMITS})

        # The first sign-in replaces the demo user's hash by one of this configuration's cost.
        self.cost_us(1, "sign-in", "--connections", "1", "--streams", "1")

    def cost_us(self, seconds, scenario, *options):
        with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
            command = [os.path.join(self.build, "bin", "claviger-load"), "--sandbox", self.sandbox.folder, "--seconds", str(seconds), "--warm-up",
                       "0", "--json", out.name, scenario, *options]
            before = cpu_seconds(self.daemon.process.pid)
            run = subprocess.run(pinned(LOAD_CPU, *command) if self.shards == 1 else command, capture_output=True, text=True, check=False)
            cpu = cpu_seconds(self.daemon.process.pid) - before
            if run.returncode != 0:
                raise Failure(f"claviger-load {scenario} with {self.shards} shards: {run.stdout}{run.stderr}")
            return cpu / json.load(out)["done"] * 1e6


def run(table, build, is_quick):
    if (os.cpu_count() or 1) < 2:
        table.note("two shards against one: the machine has one CPU")
        return
    rounds, seconds = (2, 2) if is_quick else (ROUNDS, 6)
    print("\n== CPU per operation, two shards against one")
    with contextlib.ExitStack() as stack:
        sides = [Side(build, shards, stack.enter_context(Sandbox())) for shards in (1, 2)]
        for name, shape in SHAPES.items():
            samples = {1: [], 2: []}
            table.event(f"shards: {name}")
            try:
                for i in range(rounds):
                    for side in sides if i % 2 == 0 else sides[::-1]:
                        samples[side.shards].append(side.cost_us(seconds, *shape))
            except Failure as failure:
                table.note(str(failure))
                continue
            table.add(cost_against(f"{name}, CPU with two shards", middle(samples[2]), "us", "one shard", middle(samples[1]), LIMIT, samples[2], samples[1]))
