"""freeDiameter as the relay between the peers of bench_diameter_relay: its CPU for the same transactions, unmapped."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading

from clavigerd import Failure, free_port
from machine import LOAD_CPU, SERVER_CPU, pinned

CONNECTIONS_MAX = 64
CONFIGURATION = """Identity = "relay.load.example";
Realm = "load.example";
Port = {port};
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "127.0.0.1";
TLS_Cred = "{certificate}", "{key}";
TLS_CA = "{certificate}";
LoadExtension = "acl_wl.fdx" : "{acl}";
"""


class FreeDiameter:
    def __init__(self, folder):
        self.port = free_port()
        # It starts with nothing less, though its connections here are in the clear.
        certificate, key = os.path.join(folder, "relay.pem"), os.path.join(folder, "relay.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=relay.load.example", "-days", "2", "-out",
                        certificate, "-keyout", key], stdin=subprocess.DEVNULL, capture_output=True, check=True)
        acl, path = os.path.join(folder, "acl.conf"), os.path.join(folder, "freeDiameter.conf")
        with open(acl, "w", encoding="ascii") as file:
            file.write("ALLOW_IPSEC up.load.example " + " ".join(f"down{i}.load.example" for i in range(CONNECTIONS_MAX)) + "\n")
        with open(path, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(port=self.port, certificate=certificate, key=key, acl=acl))
        self._log = open(os.path.join(folder, "freeDiameter.log"), "wb")
        self.process = subprocess.Popen(pinned(SERVER_CPU, "freeDiameterd", "-c", path, "-q"), stdin=subprocess.DEVNULL, stdout=self._log,
                                        stderr=self._log)

    def __enter__(self):
        pause = threading.Event()
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                pause.wait(0.1)
        self.__exit__()
        with open(self._log.name, encoding="utf-8", errors="replace") as file:
            raise Failure(f"freeDiameter does not listen: {''.join(file.readlines()[-3:])}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


def has_free_diameter():
    return shutil.which("freeDiameterd") is not None


def rows_of(build, seconds, connections, window, *options):
    """What bench_diameter_relay measured, row by row, and how many transactions were lost."""
    program = os.path.join(build, "bin", "bench_diameter_relay")
    if not os.path.exists(program):
        raise Failure("bench_diameter_relay is not built: configure with -DCLAVIGER_BENCH=ON")
    with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
        command = [program, "--connections", str(connections), "--window", str(window), "--seconds", str(seconds), "--cpus",
                   f"{SERVER_CPU},{LOAD_CPU}", "--json", out.name, *options]
        try:
            run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60 + 4 * seconds)
        except subprocess.TimeoutExpired:
            raise Failure("bench_diameter_relay: no end") from None
        rows = [json.loads(line) for line in out]
    lost = re.search(r"lost (\d+)", run.stdout)
    if run.returncode != 0 or not rows or lost is None:
        raise Failure(f"bench_diameter_relay: status {run.returncode}: {run.stdout[-200:]}{run.stderr[-200:]}")
    return rows, int(lost[1])


def relayed_us(build, seconds, connections, window, peer=None):
    """CPU microseconds a transaction of our node, or of `peer`."""
    rows, lost = rows_of(build, seconds, connections, window, *(["--relay", f"{peer.port},{peer.process.pid}"] if peer else []))
    if lost > rows[0]["per_second"] * seconds / 100:
        raise Failure(f"{lost} transactions lost of {rows[0]['per_second'] * seconds:.0f}")
    return rows[0]["cpu_us"]
