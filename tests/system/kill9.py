#!/usr/bin/env python3
"""kill -9 loses nothing that was acknowledged.

Writers add users and clients, change passwords, disable, sign in, refresh, revoke; at a random instant the broker gets
SIGKILL, is started again (and now and then killed while it starts), and every writer compares its books with what the
broker says. usage: kill9.py [--rounds N] [--seed N] [--writers N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import random
import secrets
import sys
import threading

from clavigerd import Failure, Sandbox
from wire import Admin, ConnectionLost
from writer import Writer

# Cheap hashes (a sandbox may): the point is writes, not Argon2. Tokens outlive a round by far.
CHANGES = {
    "argon2": {"memory_kib": 64, "passes": 1, "lanes": 1},
    "lifetimes": {"access_token": 3600},
    "limits": {"sign_in_tries": 1000, "source_tries": 1_000_000, "memtable_mib": 8},
}
LOAD_SECONDS = (0.05, 1.5)       # of writing before the blow
START_SECONDS = (0.0, 0.4)       # of starting before the second blow
SECOND_BLOW = 0.2                # share of the rounds
CLOCK_FORWARD = 0.15             # share of the rounds in which 11 s pass and the grace is over


def in_parallel(calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Trial:
    def __init__(self, sandbox, options):
        self.options = options
        self.system = sandbox.system()
        self.daemon = sandbox.take_over(self.system, CHANGES)
        self.writers = [Writer(self.system, f"w{i}") for i in range(options.writers)]
        self.admin = Admin(self.system)

    def random_for(self, *what):
        return random.Random("/".join(map(str, (self.options.seed, *what))))

    def violations(self):
        return [text for writer in self.writers for text in writer.books.violations]

    def round(self, number):
        chance = self.random_for("round", number)
        load_seconds = chance.uniform(*LOAD_SECONDS)
        stop = threading.Event()
        threads = [threading.Thread(target=writer.write, args=(self.random_for(number, writer.name), stop))
                   for writer in self.writers]
        for thread in threads:
            thread.start()
        stop.wait(load_seconds)
        if not self.daemon.is_alive():
            raise Failure(f"clavigerd ended by itself, status {self.daemon.process.returncode}:\n{self.daemon.last_output()}")
        self.daemon.kill()
        stop.set()
        for thread in threads:
            thread.join()
        self.hang_up()
        if chance.random() < SECOND_BLOW:
            self.daemon.launch()
            stop.clear()
            stop.wait(chance.uniform(*START_SECONDS))
            self.daemon.kill()
        self.daemon.start()
        self.check(number)
        if chance.random() < CLOCK_FORWARD:
            self.outwait_grace(number)

    def check(self, number, everything=False):
        in_parallel([lambda writer=writer: writer.check(self.random_for("check", number, writer.name), everything)
                     for writer in self.writers])
        audit = self.admin.ask("POST", "/audit/verify", {})
        if audit.status != 200 or audit.json().get("intact") is not True:
            raise Failure(f"the audit log's chain is broken: {audit}")

    def outwait_grace(self, number):
        """11 s later by the sandbox's clock even the token just before the last is an old one."""
        answer = self.admin.ask("PUT", "/clock", {"advance": 11})
        if answer.status != 200:
            raise Failure(f"clock set --advance 11: {answer}")
        for writer in self.writers:
            lines = [(user, line) for user, line in writer.books.lines() if line.is_alive and line.previous]
            for user, line in self.random_for("grace", number).sample(lines, min(3, len(lines))):
                writer.expect_replay_refused(user, line, line.previous[-1])
        # The clock set by hand ends with the process; nothing may be written that lies in the future afterwards.
        self.daemon.kill()
        self.hang_up()
        self.daemon.start()

    def hang_up(self):
        self.admin.close()
        for writer in self.writers:
            writer.hang_up()

    def totals(self):
        books = [writer.books for writer in self.writers]
        return (f"{sum(b.acknowledged for b in books)} acknowledged, {sum(b.unanswered for b in books)} unanswered, "
                f"{sum(len(b.users) for b in books)} users, {sum(len(b.lines()) for b in books)} sessions, "
                f"{sum(len(b.clients) for b in books)} clients")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--writers", type=int, default=6)
    options = parser.parse_args()
    print(f"seed {options.seed}: kill9.py --rounds {options.rounds} --writers {options.writers} --seed {options.seed}", flush=True)
    try:
        with Sandbox() as sandbox:
            trial = Trial(sandbox, options)
            for number in range(1, options.rounds + 1):
                trial.round(number)
                print(f"round {number}: {trial.totals()}", flush=True)
                if violations := trial.violations():
                    raise Failure("\n".join(violations[:20]) + f"\n{trial.daemon.last_output()}")
            trial.hang_up()
            trial.daemon.stop()
            trial.daemon.start()
            trial.check("end", everything=True)
            if violations := trial.violations():
                raise Failure("after an orderly stop: " + "\n".join(violations[:20]))
    except (Failure, ConnectionLost) as failure:
        print(f"FAILED (seed {options.seed})\n{failure}")
        return 1
    print("every acknowledged write was there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
