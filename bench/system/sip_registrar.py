#!/usr/bin/env python3
"""Third-party REGISTERs of an S-CSCF over TCP: what a refresh costs clavigerd, durably, and Kamailio's registrar in memory, under
the same generator (bench_sip_load); authorisation PUBLISHes with tokens never seen before; memory and restart by registrations.

usage: bench/system/sip_registrar.py [--users N] [--rounds N] [--tokens N] [--memory N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(SOURCE, "tests", "system")]

import machine  # noqa: E402
import sip_peer  # noqa: E402
from clavigerd import Failure, Sandbox, build_folder  # noqa: E402
from configuration import sign_in  # noqa: E402

CONNECTIONS, WINDOW = 4, 64
REQUESTS_OF_A_CONNECTION = 900  # the daemon closes one after a thousand
DEVICES = 16  # of the one user whose tokens they are: each binding looks at the others


def load(kind, port, target, first, users, rounds, cseq, *more):
    run = subprocess.run(machine.pinned(machine.LOAD_CPU, os.path.join(build_folder(), "bin", "bench_sip_load"), kind, "127.0.0.1", str(port),
                                        target, "ims.alpha.example", str(first), str(users), str(rounds), str(CONNECTIONS), str(WINDOW),
                                        str(cseq), *more), capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failure(f"{kind}: {run.stdout} {run.stderr[:600]}")
    return json.loads(run.stdout)


def cpu_of(pids):
    return sum(machine.cpu_seconds(pid) for pid in pids)


def measured(what, pids, *arguments):
    before = cpu_of(pids)
    told = load(*arguments)
    cost = (cpu_of(pids) - before) / told["good"] * 1e6
    rate = told["good"] / told["seconds"]
    print(f"{what:54} {cost:7.1f} us of CPU {rate:9.0f}/s  p50 {told['p50_us'] / 1000:6.2f} ms  p99 {told['p99_us'] / 1000:6.2f} ms", flush=True)
    return cost, rate


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) * 1024


def tokens_of(system, count, path):
    """As many access tokens of the demo user, each another: by refreshing."""
    with open(path, "w", encoding="ascii") as file:
        for i in range(count):
            if i % REQUESTS_OF_A_CONNECTION == 0:
                agent, answer = sign_in(system, system.scopes)
            answer = agent.refresh(answer["refresh_token"]).json()
            file.write(answer["access_token"] + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=2_000)
    parser.add_argument("--memory", type=int, default=0, help="then register so many and restart")
    options = parser.parse_args()
    with Sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="claviger-sip.") as folder:
        system = sandbox.system()
        daemon = sandbox.take_over(system, {})
        pid = daemon.process.pid
        subprocess.run(["taskset", "-a", "-c", "-p", str(machine.SERVER_CPU), str(pid)], stdout=subprocess.DEVNULL, check=True)
        port, target = system.sip_port, system.sip_psi
        measured("clavigerd: first REGISTERs", [pid], "register", port, target, 0, options.users, 1, 1)
        ours, _ = measured("clavigerd: refreshes, durable", [pid], "register", port, target, 0, options.users, options.rounds, 2)
        path = os.path.join(folder, "tokens")
        tokens_of(system, options.tokens, path)
        measured("clavigerd: PUBLISH with a token never seen", [pid], "publish", port, target, 0, DEVICES, 1, 1, path)
        try:
            with sip_peer.Kamailio(folder, "tcp") as kamailio:
                # Once it has answered, all its processes are there.
                load("register", kamailio.port, "sip:ims.alpha.example", options.users, CONNECTIONS, 1, 1)
                pids = kamailio.pids()
                measured("Kamailio: first REGISTERs", pids, "register", kamailio.port, "sip:ims.alpha.example", 0, options.users, 1, 1)
                theirs, _ = measured("Kamailio: refreshes, in memory", pids, "register", kamailio.port, "sip:ims.alpha.example", 0,
                                     options.users, options.rounds, 2)
            print(f"a refresh costs clavigerd {ours / theirs:.2f} of Kamailio's (bar 0.5)")
        except FileNotFoundError:
            print("Kamailio is not here: nothing to compare with")
        if options.memory:
            before = resident(pid)
            load("register", port, target, options.users, options.memory, 1, 1)
            grown = resident(pid) - before
            print(f"{options.memory} registrations more: {grown / options.memory:.0f} bytes of memory each, {resident(pid) >> 20} MiB in all")
            daemon.kill()
            began = time.monotonic()
            daemon.start()
            print(f"ready {time.monotonic() - began:.1f} s after SIGKILL; {resident(daemon.process.pid) >> 20} MiB")
            load("register", port, target, 0, options.users, 1, 100)
            print(f"and has refreshed {options.users} of them {time.monotonic() - began:.1f} s after it")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
