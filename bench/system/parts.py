"""The parts: Google Benchmark binaries of the build, each pinned, with fixed settings; what the issue has a bar for goes
into the table, everything else into the JSON file of its binary."""

import glob
import json
import os
import subprocess

from figures import Figure, at_least, at_most
from machine import SERVER_CPU, pinned
from peers import fast_jwt_rate


def is_google_benchmark(binary):
    listed = subprocess.run([binary, "--benchmark_list_tests"], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    return listed.returncode == 0 and listed.stdout


def run_binary(binary, out, seconds, repetitions, chosen, is_silent=False):
    path = os.path.join(out, os.path.basename(binary) + ".json")
    command = pinned(SERVER_CPU, binary, f"--benchmark_min_time={seconds}", f"--benchmark_repetitions={repetitions}",
                     "--benchmark_display_aggregates_only=true", f"--benchmark_out={path}", "--benchmark_out_format=json")
    if chosen:
        command.append(f"--benchmark_filter={chosen}")
    said = subprocess.DEVNULL if is_silent else None
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False).returncode != 0:
        return None
    with open(path, encoding="utf-8") as file:
        written = file.read()
    return json.loads(written)["benchmarks"] if written else []  # nothing of that name in this binary


def medians(rows):
    """By name without settings: cold/es256, seen_before/1000000."""
    found = {}
    for row in rows:
        if row.get("aggregate_name", "median") == "median":
            name = row["name"].removesuffix("_median").replace("/manual_time", "").replace("/real_time", "")
            found[name] = row
    return found


def counter(rows, name, member):
    return rows.get(name, {}).get(member)


def add_figures(table, rows, peers_folder):
    for kind, limit in (("es256", 2.5), ("eddsa", 2.0), ("rs256", 0.93)):
        table.add(Figure(f"validation, cold, {kind.upper()}", counter(rows, f"cold/{kind}", "ours_us"), "us", "EVP",
                         counter(rows, f"cold/{kind}", "evp_us")))
        table.add(at_least(f"  its rate against EVP's", counter(rows, f"cold/{kind}", "ratio_evp"), "x", limit))
    table.add(at_most("  all but the signature (ES256)", counter(rows, "cold/es256", "rest_us"), "us", 1.0))
    rate = counter(rows, "seen_before/1000000", "items_per_second")
    table.add(at_least("validation, seen before, 1 M tokens", rate and rate / 1e6, "M/s", 5.0))
    table.add(at_most("  heap allocations each", counter(rows, "seen_before/1000000", "allocations"), "", 0.0))
    theirs = fast_jwt_rate(peers_folder)
    table.add(Figure("  for comparison", rate and rate / 1e6, "M/s", "fast-jwt, cached", theirs and theirs / 1e6))


def run(table, build, out, peers_folder, is_quick, chosen):
    seconds, repetitions = (0.1, 1) if is_quick else (1, 5)
    rows = {}
    for binary in sorted(glob.glob(os.path.join(build, "bin", "bench_*"))):
        if not is_google_benchmark(binary):
            continue
        print(f"\n== {os.path.basename(binary)}", flush=True)
        found = run_binary(binary, out, seconds, repetitions, chosen)
        if found is None:
            table.note(f"{os.path.basename(binary)} failed")
        else:
            rows |= medians(found)
    print("\n== parts against their bars")
    add_figures(table, rows, peers_folder)
