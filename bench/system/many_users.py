"""Many users: imported with hashes made elsewhere, as when another identity management server is replaced.

Rate, disk and memory of the import, then the latency of a sign-in beyond its hash with 10 k users and with all of them.
"""

import json
import os
import subprocess
import tempfile
import threading
import time

import argon2
from clavigerd import Failure, Sandbox
from figures import Figure, at_most
from machine import cpu_seconds

FEW = 10_000
PASSWORD = "correct horse battery staple"
SIGN_IN_SECONDS = 10
CHANGES = {"argon2": {"memory_kib": 64, "passes": 1, "lanes": 1}, "limits": {"block_cache_mib": 256, "memtable_mib": 128}}


def write_users(path, first, last, memory_kib=64, passes=1, lanes=1):
    phc = argon2.phc(PASSWORD, memory_kib, passes, lanes)
    if phc is None:
        raise Failure("libargon2 is not there")
    with open(path, "w", encoding="ascii", buffering=1 << 20) as file:
        for i in range(first, last):
            file.write(json.dumps({
                "login": f"many{i}", "display_name": f"User {i}", "mc_id": f"sip:many{i}@alpha.example",
                "mcptt_id": f"sip:many{i}.ptt@alpha.example", "password_hash": phc}, separators=(",", ":")) + "\n")


def folder_bytes(folder):
    return sum(entry.stat().st_size for entry in _files(folder))


def _files(folder):
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif entry.is_file(follow_symlinks=False):
            yield entry


class Peak:
    """The broker's largest resident memory while the block runs."""

    def __init__(self, daemon):
        self.daemon, self.bytes, self._over = daemon, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._over.wait(0.2):
            self.bytes = max(self.bytes, self.daemon.resident_bytes())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def import_users(build, system, sandbox, first, last):
    """Seconds that clavigerctl user import took."""
    path = os.path.join(sandbox.folder, "users.ndjson")
    write_users(path, first, last)
    began = time.monotonic()
    run = subprocess.run([os.path.join(build, "bin", "clavigerctl"), "--socket", system.admin_socket, "--tenant", system.tenant,
                          "user", "import", path], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    seconds = time.monotonic() - began
    os.unlink(path)
    if run.returncode != 0:
        raise Failure(f"clavigerctl user import: status {run.returncode}\n{run.stdout[-2000:]}")
    return seconds


def sign_in_ms(build, sandbox, users):
    """Median latency of sign-ins one after another, each by another user: page, credentials, code, tokens. The hash is
    as cheap as Argon2 goes, so this is what lies beyond it."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as out:
        run = subprocess.run(
            [os.path.join(build, "bin", "claviger-load"), "--sandbox", sandbox.folder, "--username", "many", "--users", str(users),
             "--connections", "1", "--streams", "1", "--seconds", str(SIGN_IN_SECONDS), "--json", out.name, "sign-in"],
            capture_output=True, text=True, check=False, env=os.environ | {"CLAVIGER_LOAD_PASSWORD": PASSWORD})
        if run.returncode != 0:
            raise Failure(f"claviger-load sign-in: {run.stdout}{run.stderr}")
        return json.load(out)["latency_us_p50"] / 1000


def run(table, build, users):
    print(f"\n== {users} users")
    with Sandbox() as sandbox:
        system = sandbox.system()
        daemon = sandbox.take_over(system, CHANGES)
        few = min(FEW, users // 2)
        import_users(build, system, sandbox, 0, few)
        at_few = sign_in_ms(build, sandbox, few)
        cpu = cpu_seconds(daemon.process.pid)
        with Peak(daemon) as peak:
            seconds = import_users(build, system, sandbox, few, users)
        cpu = cpu_seconds(daemon.process.pid) - cpu
        table.add(Figure(f"import of {users - few} users with hashes", (users - few) / seconds, "/s"))
        table.add(Figure("  CPU a user", cpu / (users - few) * 1e6, "us"))
        table.add(Figure("  largest resident memory meanwhile", peak.bytes / (1 << 20), "MiB"))
        disk = folder_bytes(system.data)
        table.add(Figure("  disk", disk / (1 << 20), "MiB"))
        table.add(Figure("  disk a user", disk / users, "bytes"))
        daemon.stop()
        began = time.monotonic()
        daemon.start()
        table.add(Figure("  restart with all of them", time.monotonic() - began, "s"))
        at_all = sign_in_ms(build, sandbox, users)
        table.add(Figure(f"sign-in beyond the hash at {few} users", at_few, "ms"))
        table.add(Figure(f"sign-in beyond the hash at {users} users", at_all, "ms"))
        table.add(at_most("  against the few", at_all / at_few, "x", 2))
        table.add(Figure("  resident memory", daemon.resident_bytes() / (1 << 20), "MiB"))
