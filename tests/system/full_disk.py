#!/usr/bin/env python3
"""A disk that fills up under a live broker: writes answer 503, reads go on, /readyz says why; when there is space again it
recovers by itself, and whatever was acknowledged is there, after kill -9, too.

usage: full_disk.py     CLAVIGER_BUILD: the build folder. Mounts a small tmpfs of its own; 77 where it may not.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

from clavigerd import Daemon, Failure, Sandbox
from user_agent import UserAgent, new_verifier
from wire import Admin, ConnectionLost, https

SKIPPED = 77
DISK_MIB = 64
# The log's space is taken in advance: some thousand writes still fit when the disk is full.
WRITES_MAX = 20_000
SCOPES = [f"filler-{number}-{'x' * 50}" for number in range(60)]
RECOVERY_SECONDS_MAX = 60
WAIT = threading.Event()   # never set


def expect(is_so, what):
    if not is_so:
        raise Failure(what)


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def fill(path):
    block = b"x" * 65536
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 512):
            try:
                while True:
                    file.write(block[:size])
            except OSError:
                pass


class Trial:
    def __init__(self, sandbox, disk):
        system = sandbox.system()
        os.kill(int(system.pid), signal.SIGTERM)
        Daemon.wait_for_predecessor(int(system.pid))
        self.filler = os.path.join(disk, "filler")
        data = os.path.join(disk, "data")
        shutil.copytree(system.data, data)
        self.system = system
        self.daemon = Daemon(system, {"data_directory": data, "limits": {"memtable_mib": 8}})
        sandbox.daemons.append(self.daemon)
        self.daemon.start()
        self.admin = Admin(system)
        self.agent = UserAgent(system, https(system))
        verifier = new_verifier()
        code = self.agent.code(system.username, system.password, verifier)
        self.tokens = self.agent.redeem(code, verifier).json()
        self.acknowledged = []

    def add_user(self, number):
        login = f"user-{number}"
        answer = self.admin.of_tenant("POST", "/users", {"login": login, "mc_id": f"sip:{login}@alpha.example",
                                                         "scopes": SCOPES})
        if answer.status in (200, 201):
            self.acknowledged.append(login)
        return answer

    def write_until_full(self):
        for number in range(WRITES_MAX):
            answer = self.add_user(number)
            if answer.status not in (200, 201):
                return answer
        raise Failure(f"{WRITES_MAX} writes on a full disk")

    def check_full(self):
        self.agent.connection.close()  # idle for too long
        expect(self.agent.introspect(self.tokens["access_token"]).json()["active"], "a good token on a full disk")
        expect(get(self.system.metrics.rsplit("/", 1)[0] + "/livez")[0] == 200, "/livez on a full disk")
        status, why = get(self.system.metrics.rsplit("/", 1)[0] + "/readyz")
        expect(status == 503 and "space" in why, f"/readyz on a full disk: {status} {why}")
        refresh = self.agent.refresh(self.tokens["refresh_token"])
        expect(refresh.status == 503 and "retry-after" in refresh.headers, f"refresh on a full disk: {refresh}")

    def wait_for_recovery(self):
        for second in range(RECOVERY_SECONDS_MAX):
            if self.add_user(WRITES_MAX + second).status in (200, 201):
                return
            WAIT.wait(1)
        raise Failure(f"no recovery in {RECOVERY_SECONDS_MAX} s: {self.daemon.last_output()}")

    def check_books(self):
        self.agent.connection.close()
        for login in self.acknowledged:
            answer = self.admin.of_tenant("GET", f"/users/{login}")
            expect(answer.status == 200, f"{login} was acknowledged: {answer}")
        answer = self.agent.refresh(self.tokens["refresh_token"])
        expect(answer.status == 200, f"the session goes on: {answer}")
        self.tokens = answer.json()


def run(disk):
    with Sandbox() as sandbox:
        trial = Trial(sandbox, disk)
        fill(trial.filler)
        refused = trial.write_until_full()
        expect(refused.status == 503, f"a write on a full disk: {refused}")
        trial.check_full()
        os.unlink(trial.filler)
        trial.wait_for_recovery()
        trial.check_books()
        print(f"{len(trial.acknowledged)} users acknowledged before and after the disk was full")
        trial.daemon.kill()
        trial.admin.close()
        trial.daemon.start()
        trial.check_books()


def main():
    with tempfile.TemporaryDirectory(prefix="claviger-disk.") as disk:
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs", disk],
                               capture_output=True, text=True, check=False)
        if mount.returncode != 0:
            print(f"skipped: {mount.stderr.strip()}")
            return SKIPPED
        try:
            run(disk)
        except (Failure, ConnectionLost) as failure:
            print(f"FAILED: {failure}")
            return 1
        finally:
            subprocess.run(["umount", "-l", disk], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
