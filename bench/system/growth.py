"""How cost grows with users: daemons with 10 k, 100 k, 1 M (10 M) users each, alive at once and measured in turn.

So a minute in which the machine is busy with something else befalls all of them. Latency one at a time, CPU of 64 in
flight, resident memory, disk; exponents are slopes of the logarithms: 0 is level, 1 is in proportion. Users signed in
for these measurements come from all over the table, so that caches hold what a real day would leave in them.
"""

import contextlib
import json
import math
import os
import re
import subprocess
import tempfile

import many_users
from clavigerd import Failure, Sandbox
from figures import Figure, cost_against, middle
from machine import LOAD_CPU, SERVER_CPU, cpu_seconds, pinned

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
USERS = ("--username", "many")
# name: (bar on the cost at most users against that at fewest, scenario and its options); TOKENS is filled in.
VALIDATION_LIMIT, LIMIT = 1.3, 2.0
OPERATIONS = {"validation": (VALIDATION_LIMIT, "introspect-users", "--tokens", "TOKENS"),
              "sign-in": (LIMIT, "sign-in"),
              "refresh": (LIMIT, "refresh"),
              "key delivery": (LIMIT, "keys", "--tokens", "KEYS"),
              "client_credentials": (LIMIT, "client-credentials")}
WRITES = ("sign-in", "refresh")
# Users whose tokens are asked about, and whose keys are fetched: made before each run, one after another.
TOKENS, KEYS = 400, 50
CHANGES = many_users.CHANGES | {"cpus": [SERVER_CPU], "shards": 1, "hash_threads": 1}
LIMITS = {"sign_in_tries": 1000, "source_tries": 1_000_000}


class KeptSandbox(Sandbox):
    """In a folder that stays: an import of millions is done once. What tools/sandbox finds there it keeps."""

    def __init__(self, folder):
        super().__init__()
        os.rmdir(self.folder)
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def __exit__(self, *_):
        for daemon in self.daemons:
            daemon.kill()
        self._tool("down")


class Population:
    """A daemon with so many users. `keep`: a folder for them, or "" for one that goes with the run."""

    def __init__(self, build, users, keep=""):
        self.build, self.users = build, users
        folder = os.path.join(keep, in_short(users)) if keep else ""
        self.sandbox = (KeptSandbox(folder) if keep else Sandbox()).__enter__()
        self.system = self.sandbox.system()
        self.daemon = self.sandbox.take_over(self.system, CHANGES | {"limits": CHANGES["limits"] | LIMITS})
        self.import_seconds = self.import_cpu = None
        marker = os.path.join(self.sandbox.folder, "imported")
        if os.path.exists(marker):
            return
        before = cpu_seconds(self.daemon.process.pid)
        self.import_seconds = many_users.import_users(build, self.system, self.sandbox, 0, users)
        self.import_cpu = cpu_seconds(self.daemon.process.pid) - before
        with open(marker, "w", encoding="ascii"):
            pass
        # What the import left in memory is not what the users cost.
        self.daemon.stop()
        self.daemon.start()

    def load(self, seconds, scenario, *options):
        filled = [{"TOKENS": str(min(TOKENS, self.users)), "KEYS": str(min(KEYS, self.users))}.get(option, option) for option in options]
        with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
            run = subprocess.run(
                pinned(LOAD_CPU, os.path.join(self.build, "bin", "claviger-load"), "--sandbox", self.sandbox.folder, *USERS, "--users",
                       str(self.users), "--pid", str(self.daemon.process.pid), "--seconds", str(seconds), "--json", out.name, scenario, *filled),
                capture_output=True, text=True, check=False, env=os.environ | {"CLAVIGER_LOAD_PASSWORD": many_users.PASSWORD})
            if run.returncode != 0:
                raise Failure(f"claviger-load {scenario} with {self.users} users: {run.stdout}{run.stderr}")
            return json.load(out)

    def latency_ms(self, seconds, scenario, *options):
        return self.load(seconds, scenario, "--connections", "1", "--streams", "1", *options)["latency_us_p50"] / 1000

    def costs(self, seconds, scenario, *options):
        """CPU microseconds, octets through the sockets and octets given to the disk, an operation."""
        before = written_octets(self.daemon.process.pid)
        figures = self.load(seconds, scenario, "--connections", "8", "--streams", "8", *options)
        written = written_octets(self.daemon.process.pid) - before
        return figures["server_cpu_ns_per_operation"] / 1000, figures["octets_per_operation"], written / (figures["per_second"] * (seconds + 1))


def written_octets(pid):
    """What the process caused to be written, compaction included; 0 for who may not look."""
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))
    except PermissionError:
        return 0


def exponent(counts, values):
    """The slope of log(value) over log(count), least squares; None for fewer than two points."""
    points = [(math.log(count), math.log(value)) for count, value in zip(counts, values) if value and value > 0]
    if len(points) < 2:
        return None
    x, y = (sum(point[i] for point in points) / len(points) for i in (0, 1))
    spread = sum((point[0] - x) ** 2 for point in points)
    return sum((point[0] - x) * (point[1] - y) for point in points) / spread if spread else None


def in_short(count):
    return f"{count // 1_000_000}M" if count >= 1_000_000 else f"{count // 1000}k"


def run(table, build, users, is_quick, keep="", chosen=""):
    sizes = [size for size in SIZES if size < users] + [users]
    rounds, seconds = (2, 2) if is_quick else (5, 4)
    print(f"\n== growth: {', '.join(map(in_short, sizes))} users, measured in turn")
    with contextlib.ExitStack() as stack:
        populations = []
        for size in sizes:
            table.event(f"import of {in_short(size)} users")
            one = Population(build, size, keep)
            populations.append(one)
            stack.callback(one.sandbox.__exit__, None)
            if one.import_seconds:
                table.add(Figure(f"import of {in_short(size)} users with hashes", size / one.import_seconds, "/s"))
                table.add(Figure("  CPU a user", one.import_cpu / size * 1e6, "us"))
        rows = []
        for name, (limit, *shape) in OPERATIONS.items():
            if not re.search(chosen, name):
                continue
            table.event(name)
            rows += operation(table, populations, name, limit, shape, rounds, seconds)
        memory = [one.daemon.resident_bytes() for one in populations]
        disk = [many_users.folder_bytes(one.system.data) for one in populations]
        for name, values in (("resident memory", memory), ("disk", disk)):
            series(table, f"{name} a user", "bytes", sizes, [value / size for value, size in zip(values, sizes)])
            rows.append([name, "MiB", *[value / (1 << 20) for value in values], exponent(sizes, values)])
            if len(sizes) > 1:
                table.add(Figure(f"{name}, each further user", (values[-1] - values[0]) / (sizes[-1] - sizes[0]), "bytes"))
        table.tables.append({"title": "What grows with users", "columns": ["what", "unit", *map(in_short, sizes), "exponent"], "rows": rows,
                             "note": "exponent: slope of the logarithms; 0 is level, 1 in proportion to users"})


def operation(table, populations, name, limit, shape, rounds, seconds):
    sizes = [one.users for one in populations]
    cpu, latency, network, written = ({size: [] for size in sizes} for _ in range(4))
    try:
        for i in range(rounds):
            for one in populations if i % 2 == 0 else populations[::-1]:
                spent, octets, to_disk = one.costs(seconds, *shape)
                cpu[one.users].append(spent)
                network[one.users].append(octets)
                written[one.users].append(to_disk)
                latency[one.users].append(one.latency_ms(seconds / 2, *shape))
    except Failure as failure:
        table.note(f"{name}: {failure}")
        return []
    rows = []
    for what, unit, samples in (("CPU", "us", cpu), ("latency p50", "ms", latency)):
        values = [middle(samples[size]) for size in sizes]
        series(table, f"{what} an operation/{name}", unit, sizes, values)
        rows.append([f"{name}, {what}", unit, *values, exponent(sizes, values)])
        if len(sizes) > 1:
            least, most = samples[sizes[0]], samples[sizes[-1]]
            table.add(cost_against(f"{name}, {what} with {in_short(sizes[-1])} users", values[-1], unit, f"{in_short(sizes[0])} users", values[0], limit,
                                   most, least))
    # What was prepared is written by sign-ins: said only of what writes by itself.
    for what, samples in (("network", network), *([("written", written)] if name in WRITES else [])):
        values = [middle(samples[size]) for size in sizes]
        rows.append([f"{name}, {what}", "octets", *values, exponent(sizes, values)])
    return rows


def series(table, name, unit, sizes, values):
    table.series[name] = {"unit": unit, "x": "users", "t": list(sizes), "v": values}
