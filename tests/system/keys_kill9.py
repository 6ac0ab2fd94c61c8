#!/usr/bin/env python3
"""SIGKILL inside what the KMS does: pre-issue, rotation, admission, first provision. Nothing half-done is visible, nothing
acknowledged is lost, a user's pair of SSK and PVT is one for ever, and no two pairs share an ephemeral.

usage: keys_kill9.py [--rounds N] [--seed N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import threading

import wire
from clavigerd import Failure, Sandbox, build_folder

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "bench", "system"))
import argon2  # noqa: E402
from many_users import PASSWORD, write_users  # noqa: E402

CHANGES = {"argon2": {"memory_kib": 64, "passes": 1, "lanes": 1}, "lifetimes": {"access_token": 3600},
           "limits": {"sign_in_tries": 1000, "source_tries": 1_000_000}}
USERS = 4000      # pages of pre-issue
ASKING = 40       # of them fetch their keys
PAUSE = threading.Event()


def tool(name, *arguments, **options):
    return subprocess.run([os.path.join(build_folder(), "bin", name), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, **options)


class Trial:
    def __init__(self, sandbox, seed):
        self.sandbox, self.random = sandbox, random.Random(seed)
        self.alpha, self.bravo = sandbox.system("ALPHA"), sandbox.system("BRAVO")
        self.daemon = sandbox.take_over(self.alpha, CHANGES)
        self.pairs = {}  # (user, period) -> (SSK, PVT)

    def ctl(self, *arguments, system=None, may_fail=False):
        system = system or self.alpha
        run = tool("clavigerctl", "--socket", system.admin_socket, "--tenant", system.tenant, "--json", *arguments)
        if run.returncode != 0:
            if may_fail:
                return None
            raise Failure(f"clavigerctl {arguments}: {run.stdout}{run.stderr}")
        return json.loads(run.stdout or "{}")

    def blow(self, after):
        """SIGKILL that long from now, and up again."""
        PAUSE.wait(after)
        self.daemon.kill()
        self.daemon.start()

    def blow_into(self, call, at_most):
        """SIGKILL somewhere in a call that takes about that long."""
        thread = threading.Thread(target=call)
        thread.start()
        self.blow(self.random.uniform(0, at_most))
        thread.join()

    def import_users(self):
        path = os.path.join(self.sandbox.folder, "users.ndjson")
        write_users(path, 0, USERS)
        self.ctl("user", "import", path)

    def sign_in(self):
        """Access tokens of users; whose each is, the first answer says."""
        path = os.path.join(self.sandbox.folder, "tokens")
        run = tool("claviger-load", "--sandbox", self.sandbox.folder, "--username", "many", "--users", str(USERS), "--scope",
                   self.alpha.km_scopes, "--tokens-file", path, "--connections", "1", "--streams", "4", "--seconds", "2", "--warm-up", "0",
                   "sign-in", env=os.environ | {"CLAVIGER_LOAD_PASSWORD": PASSWORD})
        with open(path, encoding="ascii") as file:
            self.tokens = file.read().split()[:ASKING]
        if len(self.tokens) < ASKING:
            raise Failure(f"sign-in: {run.stdout}{run.stderr}")

    def fetch(self, token):
        """Books what the KMS gives: each pair for ever."""
        try:
            answer = self.agent.ask("POST", "/keymanagement/identity/v1/keyprov", {"authorization": "Bearer " + token, "content-length": "0"})
        except wire.ConnectionLost:
            return
        if answer.status == 503:
            return
        if answer.status != 200:
            raise Failure(f"keyprov: {answer}")
        xml = answer.body.decode()
        for one in re.findall("<KmsKeySet .*?</KmsKeySet>", xml):
            user, period, certificate, ssk, pvt = (re.search(f"<{name}[^>]*>([^<]*)", one).group(1) for name in (
                "UserUri", "KeyPeriodNo", "CertUri", "UserSigningKeySSK", "UserPubTokenPVT"))
            if self.pairs.setdefault((user, period, certificate), (ssk, pvt)) != (ssk, pvt):
                raise Failure(f"{user} has other keys for period {period} than before")

    def fetch_all(self):
        self.agent = wire.https(self.alpha)
        for token in self.tokens:
            self.fetch(token)
        ephemerals = [pvt for _, pvt in self.pairs.values()]
        if len(set(ephemerals)) != len(ephemerals):
            raise Failure("an ephemeral was used twice")
        if len({ssk for ssk, _ in self.pairs.values()}) != len(self.pairs):
            raise Failure("two users have one SSK")

    def pre_issue(self, rounds):
        self.ctl("kms", "set", "--early-percent", "100")  # the next period's keys come along from now on
        self.ctl("kms", "pre-issue")
        done = 0
        for _ in range(rounds):
            self.blow(self.random.uniform(0.0, 0.25))
            job = self.ctl("kms", "status")
            if job["done"] + job["present"] < done:
                raise Failure(f"the job went back: {job} after {done}")
            done = job["done"] + job["present"]
            self.fetch_all()
        for _ in range(600):
            job = self.ctl("kms", "status")
            if job.get("finished_at"):
                break
            PAUSE.wait(0.1)
        if not job.get("finished_at") or job["done"] + job["present"] < USERS:
            raise Failure(f"pre-issue was not taken up to its end: {job}")
        self.fetch_all()
        print(f"pre-issue over {rounds} kills: {job['done']} made, {job['present']} were there; {len(self.pairs)} pairs, each one for ever")

    def rotation(self, rounds):
        generation = self.ctl("kms", "show")["generation"]
        acknowledged = generation
        for _ in range(rounds):
            said = []
            self.blow_into(lambda said=said: said.append(self.ctl("kms", "rotate", "--yes", may_fail=True)), 0.06)
            shown = self.ctl("kms", "show")
            if said[0] is not None:
                acknowledged = max(acknowledged, said[0]["generation"])
            if not generation <= shown["generation"] <= generation + 1 or shown["generation"] < acknowledged:
                raise Failure(f"generation {shown['generation']} after {generation}, {acknowledged} was acknowledged")
            if not shown["has_secrets"] or shown["state"] != "active":
                raise Failure(f"a domain that is half there: {shown}")
            generation = shown["generation"]
            self.fetch_all()
        print(f"rotation over {rounds} kills: generation {generation}")

    def admission(self, rounds):
        for _ in range(rounds):
            self.ctl("kms", "rotate", "--yes", system=self.bravo)
            fingerprint = self.ctl("kms", "show", system=self.bravo)["fingerprint"]
            self.blow_into(lambda: self.ctl("kms", "peer", "fetch", self.bravo.kms_uri, may_fail=True), 0.05)
            self.ctl("kms", "peer", "fetch", self.bravo.kms_uri)
            said = []
            self.blow_into(lambda said=said: said.append(self.ctl("kms", "admit", fingerprint, "--yes", may_fail=True)), 0.05)
            states = [one["state"] for one in self.ctl("kms", "certificate", "list")["items"] if one["fingerprint"] == fingerprint]
            if len(states) != 1 or states[0] not in ("pending", "admitted") or (said[0] is not None and states[0] != "admitted"):
                raise Failure(f"an admission that is half there: {states}, answer {said[0]}")
        print(f"admission over {rounds} kills: waiting or admitted, never both")

    def first_keys(self, rounds):
        """Killed while users of a new generation get their first keys: what somebody saw is what he sees again."""
        for _ in range(rounds):
            self.ctl("kms", "rotate", "--yes")
            self.blow_into(self.fetch_all, 0.08)
            self.fetch_all()
        print(f"first keys over {rounds} kills: {len(self.pairs)} pairs, each one for ever")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    if argon2.phc(PASSWORD, 64, 1, 1) is None:
        print("libargon2 is not there")
        sys.exit(77)
    with Sandbox() as sandbox:
        trial = Trial(sandbox, seed)
        trial.import_users()
        trial.sign_in()
        trial.fetch_all()
        trial.pre_issue(options.rounds)
        trial.first_keys(options.rounds)
        trial.rotation(options.rounds)
        trial.admission(options.rounds)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"keys_kill9: {failure}")
