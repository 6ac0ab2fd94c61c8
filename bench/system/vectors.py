"""Authentication vectors: relayed between systems (CPU, latency at 70 % of the peak), and made from the SIP database.

Everything here is a process of its own with one busy thread on CPU 0; the relay's generator has CPU 1, and never sleeps.
"""

import os
import tempfile

import diameter_peer
import parts
from clavigerd import Failure
from figures import Figure, at_least, at_most, middle

CPU_US, P99_MS, MAR_K = 2.0, 2.0, 100.0
LOAD_PERCENT = 70
# Of the node's time, spent ready without its CPU: above it, what is called latency is others' work.
WAITED_MAX = 0.01


def relay(table, build, is_quick):
    seconds, rounds = (1, 2) if is_quick else (3, 5)
    for connections in (1, 64):
        name = f"{connections} connection{'s' if connections > 1 else ''}"
        closed, opened = [], []
        for _ in range(rounds):
            rows, lost = diameter_peer.rows_of(build, seconds, connections, 256, "--rate", str(LOAD_PERCENT))
            closed.append(rows[0])
            opened.append(rows[1])
            if lost:
                table.note(f"relay, {name}: {lost} transactions lost")
        cpu, p99 = [row["cpu_us"] for row in closed], [row["p99_us"] / 1000 for row in opened]
        table.add(at_most(f"vector relayed, {name}, window 256", middle(cpu), "us", CPU_US, samples=cpu))
        table.add(Figure("  of it in the kernel", 100 * middle([row["kernel_share"] for row in closed]), "%"))
        if all("system_calls" in row for row in closed):
            table.add(Figure("  system calls", middle([row["system_calls"] for row in closed]), ""))
        # Pools that still grow in the first seconds: some ten in a million transactions.
        table.add(at_most("  heap allocations", round(middle([row["allocations"] for row in closed]), 3), "", 0.0))
        table.add(at_most(f"  p99 at {LOAD_PERCENT} % of the peak", middle(p99), "ms", P99_MS, samples=p99))
        table.add(Figure("  its median", middle([row["p50_us"] for row in opened]) / 1000, "ms"))
        table.add(Figure("  of the p99 the generator's own lateness", middle([row["late_p99_us"] for row in opened]) / 1000, "ms"))
        waited = max(max(row["waited"], row.get("generator_waited", 0)) for row in opened)
        if waited > WAITED_MAX:
            table.note(f"relay, {name}: node or generator stood ready without its CPU for up to {100 * waited:.0f} % of the time: others "
                       "ran, and the p99 is theirs")


def database(table, build, is_quick):
    program = os.path.join(build, "bin", "bench_broker_subscriber")
    if not os.path.exists(program):
        raise Failure("bench_broker_subscriber is not built: configure with -DCLAVIGER_BENCH=ON")
    with tempfile.TemporaryDirectory() as folder:
        for name, what, limit in (("mar_from_the_store", "MAR answered, 200 000 subscribers, one of 76 at hand", MAR_K),
                                  ("mar_at_hand", "  all at hand", None)):
            rows = parts.run_binary(program, folder, 0.2 if is_quick else 1, 1 if is_quick else 3, name, is_silent=True) or []
            found = next((row.get("items_per_second") for key, row in parts.medians(rows).items() if key.startswith(name)), None)
            value = found and found / 1000
            table.add(at_least(what, value, "k/s", limit) if limit else Figure(what, value, "k/s"))


def run(table, build, is_quick):
    print("\n== authentication vectors, one core")
    for measure in (relay, database):
        try:
            measure(table, build, is_quick)
        except Failure as failure:
            table.add(Figure(measure.__name__, None, ""))
            table.note(f"{measure.__name__}: {failure}")
