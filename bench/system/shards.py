"""Two shards against one: CPU per operation at the same load for each shard, in turn, so that both meet the same machine.

With one shard all threads of clavigerd are on one CPU and the generator on another; with two shards everybody shares the
two. A request is cheaper the more of them a turn of the loop takes, so each shard gets as many connections and as many
requests a second in both cases (open loop, a share of what two shards reach): what a second shard costs is then what
requests pay for crossing over to the home of what they change, and for company on their CPU. Beside it, without a bar, the
closed loop: one shard is then full, and two of them wait for the generator, in smaller turns.
"""

import json
import os
import subprocess
import tempfile

from clavigerd import Failure, Sandbox
from figures import Figure, cost_against, middle
from machine import LOAD_CPU, SERVER_CPU, cpu_seconds, pinned
from whole import ARGON2, ROUNDS

LIMITS = {"sign_in_tries": 1000, "source_tries": 1_000_000}
# Scenario, connections a shard, streams of each.
SHAPES = {"introspection": ("introspect", 8, 16), "client_credentials": ("client-credentials", 8, 8), "refresh": ("refresh", 8, 4),
          "key delivery": ("keys", 8, 4), "sign-in": ("sign-in", 8, 2)}
# Of the rate that two shards and the generator reach together.
LOAD = 0.6
LIMIT = 1.1


class Side:
    def __init__(self, build, shards):
        self.build, self.shards = build, shards
        cpus = [SERVER_CPU] if shards == 1 else [SERVER_CPU, LOAD_CPU]
        self.sandbox = Sandbox().__enter__()
        self.system = self.sandbox.system()
        self.daemon = self.sandbox.take_over(self.system, {"cpus": cpus, "shards": shards, "hash_threads": 1, "argon2": ARGON2, "limits": LIMITS})

        # The first sign-in replaces the demo user's hash by one of this configuration's cost.
        self.run(1, ("sign-in", 1, 1))

    def run(self, seconds, shape, rate=0):
        """CPU microseconds an operation, and operations a second; `rate` is a shard's, 0: closed loop."""
        scenario, connections, streams = shape
        with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
            command = [os.path.join(self.build, "bin", "claviger-load"), "--sandbox", self.sandbox.folder, "--seconds", str(seconds), "--warm-up",
                       "0", "--json", out.name, "--connections", str(connections * self.shards), "--streams", str(streams), "--rate",
                       str(int(rate * self.shards)), scenario]
            before = cpu_seconds(self.daemon.process.pid)
            ran = subprocess.run(pinned(LOAD_CPU, *command) if self.shards == 1 else command, capture_output=True, text=True, check=False)
            cpu = cpu_seconds(self.daemon.process.pid) - before
            if ran.returncode != 0:
                raise Failure(f"claviger-load {scenario} with {self.shards} shards: {ran.stdout}{ran.stderr}")
            measured = json.load(out)
            return cpu / measured["done"] * 1e6, measured["per_second"]


def run(table, build, is_quick):
    if (os.cpu_count() or 1) < 2:
        table.note("two shards against one: the machine has one CPU")
        return
    rounds, seconds = (2, 2) if is_quick else (ROUNDS, 6)
    print("\n== CPU per operation, two shards against one")
    sides = []
    try:
        sides += [Side(build, 1)]
        sides += [Side(build, 2)]
        for name, shape in SHAPES.items():
            table.event(f"shards: {name}")
            closed, same = {1: [], 2: []}, {1: [], 2: []}
            try:
                for i in range(rounds):
                    in_turn = sides if i % 2 else sides[::-1]
                    peak = 0
                    for side in in_turn:
                        cost, rate = side.run(seconds, shape)
                        closed[side.shards].append(cost)
                        peak = rate / 2 if side.shards == 2 else peak
                    for side in in_turn:
                        same[side.shards].append(side.run(seconds, shape, peak * LOAD)[0])
            except Failure as failure:
                table.note(str(failure))
                continue
            table.add(cost_against(f"{name}, CPU with two shards, the same load for each", middle(same[2]), "us", "one shard", middle(same[1]),
                                   LIMIT, same[2], same[1]))
            table.add(Figure("  as many requests as are answered", middle(closed[2]), "us", "one shard", middle(closed[1])))
    finally:
        for side in sides:
            side.sandbox.__exit__(None)
