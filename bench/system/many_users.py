"""Many users: imported with hashes made elsewhere, as when another identity management server is replaced.

Rate, disk and memory of the import, then the latency of a sign-in beyond its hash with 10 k users and with all of them.
"""

import ctypes
import ctypes.util
import json
import os
import statistics
import subprocess
import threading
import time

import wire
from clavigerd import Failure, Sandbox
from figures import Figure, at_most
from user_agent import UserAgent, new_verifier

FEW = 10_000
PASSWORD = "correct horse battery staple"
SIGN_INS = 400
CHANGES = {"argon2": {"memory_kib": 64, "passes": 1, "lanes": 1}, "limits": {"block_cache_mib": 256, "memtable_mib": 128}}


def password_hash():
    """One PHC string for all: what an import costs does not depend on whose password it is."""
    name = ctypes.util.find_library("argon2")
    if name is None:
        raise Failure("libargon2 is not there")
    out = ctypes.create_string_buffer(256)
    if ctypes.CDLL(name).argon2id_hash_encoded(1, 64, 1, PASSWORD.encode(), len(PASSWORD), b"0123456789abcdef", 16, 32, out, 256):
        raise Failure("argon2id_hash_encoded failed")
    return out.value.decode()


def write_users(path, first, last):
    phc = password_hash()
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


def sign_in_ms(agent, users):
    """Median of sign-ins of users spread over all: page, credentials, code, tokens. The hash is 64 KiB in one pass."""
    spent = []
    for i in range(SIGN_INS):
        verifier = new_verifier()
        began = time.monotonic()
        answer = agent.redeem(agent.code(f"many{i * 7919 % users}", PASSWORD, verifier), verifier)
        spent.append((time.monotonic() - began) * 1000)
        if answer.status != 200:
            raise Failure(f"sign-in: {answer}")
    return statistics.median(spent)


def run(table, build, users):
    print(f"\n== {users} users")
    with Sandbox() as sandbox:
        system = sandbox.system()
        daemon = sandbox.take_over(system, CHANGES)
        agent = UserAgent(system, wire.https(system))
        few = min(FEW, users // 2)
        import_users(build, system, sandbox, 0, few)
        sign_in_ms(agent, few)  # warm
        at_few = sign_in_ms(agent, few)
        with Peak(daemon) as peak:
            seconds = import_users(build, system, sandbox, few, users)
        table.add(Figure(f"import of {users - few} users with hashes", (users - few) / seconds, "/s"))
        table.add(Figure("  largest resident memory meanwhile", peak.bytes / (1 << 20), "MiB"))
        disk = folder_bytes(system.data)
        table.add(Figure("  disk", disk / (1 << 20), "MiB"))
        table.add(Figure("  disk a user", disk / users, "bytes"))
        daemon.stop()
        began = time.monotonic()
        daemon.start()
        table.add(Figure("  restart with all of them", time.monotonic() - began, "s"))
        sign_in_ms(agent, users)
        at_all = sign_in_ms(agent, users)
        table.add(Figure(f"sign-in at {few} users", at_few, "ms"))
        table.add(Figure(f"sign-in at {users} users", at_all, "ms"))
        table.add(at_most("  against the few", at_all / at_few, "x", 2))
        table.add(Figure("  resident memory", daemon.resident_bytes() / (1 << 20), "MiB"))
