#!/usr/bin/env python3
"""One change, told to very many: NOTIFYs of a service configuration that so many dialogs watch, and what is left of a hot path
meanwhile (XCAP GETs of a profile, by h2load) against its rate before, in one run.

usage: fan_out.py [--watchers N] [--seconds N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import os
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "system"))

from clavigerd import Failure, Sandbox  # pylint: disable=wrong-import-position
from configuration import sign_in, writer_of
from machine import cpu_seconds
from operators_day import expect

PER_SERVER = 250
CONNECTIONS = 4
NAME, KIND = "org.3gpp.mcptt.service-config/global/bench/service-config.xml", "application/vnd.3gpp.mcptt-service-config+xml"
TEXT = '<service-configuration-info xmlns="urn:3gpp:ns:mcpttServiceConfig:1.0"><!-- {} --></service-configuration-info>'


class Watchers:
    def __init__(self, build, system, servers, count):
        host = system.sip_psi.partition(":")[2].rpartition("@")[2]
        self.process = subprocess.Popen([os.path.join(build, "bin", "bench_watchers"), system.sip_host, system.sip_port, host, str(servers), str(count),
                                         str(CONNECTIONS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.heard = []  # (when, NOTIFYs)
        self.watching = threading.Event()
        self.seconds = 0.0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            word, _, number = line.partition(" ")
            if word == "watching":
                self.seconds = float(number)
                self.watching.set()
            elif self.watching.is_set():
                self.heard.append((time.monotonic(), int(number)))
        self.watching.set()


def gets_per_second(system, token, seconds):
    command = ["h2load", "-c4", "-m8", "-t1", f"-D{seconds}", "-H", f"authorization: Bearer {token}", system.profile_url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    expect(" 0 failed" in said and " 0 4xx" in said, said)
    return float(re.search(r"([\d.]+) req/s", said).group(1))


def change(system, number):
    """On a connection of its own: minutes may lie between two changes."""
    put = writer_of(system).ask("PUT", NAME, TEXT.format(number), KIND)
    expect(put.status in (200, 201), f"{put}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--watchers", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    servers = options.watchers // PER_SERVER + 1
    build = os.environ["CLAVIGER_BUILD"]
    with Sandbox() as sandbox:
        system = sandbox.system("ALPHA")
        host = system.sip_psi.partition(":")[2].rpartition("@")[2]
        daemon = sandbox.take_over(system, {"sip": {"servers": [f"sip:n{i}@{host}" for i in range(servers)]}})
        token = sign_in(system, system.config_scopes)[1]["access_token"]
        change(system, 0)
        watchers = Watchers(build, system, servers, options.watchers)
        watchers.watching.wait()
        expect(watchers.process.poll() is None, "the watchers")
        print(f"{options.watchers} watchers in {watchers.seconds} s", flush=True)
        alone = gets_per_second(system, token, options.seconds)
        before = cpu_seconds(daemon.process.pid)
        begun = time.monotonic()
        change(system, 1)
        meanwhile = gets_per_second(system, token, options.seconds)
        share = watchers.heard[-1][1]
        while watchers.heard[-1][1] < options.watchers:
            expect(watchers.process.poll() is None and daemon.process.poll() is None, "all are told")
            time.sleep(1)
        seconds = time.monotonic() - begun
        print(f"GETs: {alone:.0f}/s alone, {meanwhile:.0f}/s while {share} NOTIFYs went in {options.seconds} s: {100 * meanwhile / alone:.0f} %")
        print(f"told all in {seconds:.0f} s: {options.watchers / seconds:.0f} NOTIFYs/s; {1e6 * (cpu_seconds(daemon.process.pid) - before) / options.watchers:.0f}"
              f" us of CPU each with the GETs")
        before = cpu_seconds(daemon.process.pid)
        change(system, 2)
        start = time.monotonic()
        while watchers.heard[-1][1] < 2 * options.watchers:
            expect(watchers.process.poll() is None and daemon.process.poll() is None, "all are told again")
            time.sleep(0.2)
        seconds = time.monotonic() - start
        print(f"without GETs: {options.watchers / seconds:.0f} NOTIFYs/s, {1e6 * (cpu_seconds(daemon.process.pid) - before) / options.watchers:.0f} us of CPU each")
        time.sleep(2)
        expect(watchers.heard[-1][1] == 2 * options.watchers, f"nobody is told twice: {watchers.heard[-1]}")
        watchers.process.stdin.close()
        watchers.process.wait()


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"fan_out.py: {failure}")
