#!/usr/bin/env python3
"""Very many users set up at three partners, of which one is down (TR 23.700-38 clause 7, semantics of several partners): done at two,
taken up at the third when it is back, which is killed once more in the middle; nobody missing, nobody twice. Says the rate.

usage: acm_many.py [--users N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import json
import os
import sys
import threading
import time

from clavigerd import Failure, Sandbox
from operators_day import Ctl, expect

USERS_OF_A_REQUEST = 10_000
# Of one partner; a thousand a second on an idle machine is ten times as fast.
USERS_PER_SECOND_MIN = 20


def write_users(path, users):
    with open(path, "w", encoding="ascii", buffering=1 << 20) as file:
        for i in range(users):
            file.write(json.dumps({"login": f"many{i}", "mc_id": f"sip:many{i}@alpha.example",
                                   "mcptt_id": f"sip:many{i}.ptt@alpha.example"}) + "\n")


class Partner:
    """A tenant of some daemon that takes users of alpha's."""

    def __init__(self, name, alpha, system, tenant):
        self.name, self.system, self.tenant = name, system, tenant
        self.ctl = Ctl(system.admin_socket)
        self.url = system.acm_url.replace(f"/{system.tenant}/", f"/{tenant}/")
        self.run("acm", "partner", "add", "alpha.example", "--as", f"{name}.example", "--peer-certificate", alpha.acm_certificate, "--idms",
                 "alpha", "--domain", "alpha.example", "--service", "mcptt", "--quota", "1000000")
        Ctl(alpha.admin_socket).run("acm", "partner", "add", f"{name}.example", "--as", "alpha.example", "--url", self.url, "--ca", system.ca,
                                    "--certificate", alpha.acm_certificate, "--key", alpha.acm_key)

    def run(self, *arguments):
        return self.ctl.run("--tenant", self.tenant, *arguments)

    def visitors(self):
        users = self.ctl.json("--tenant", self.tenant, "partner", "user", "list", "alpha")["items"]
        return [each["id"] for each in users if each["id"].startswith("sip:many")]


def stages(ctl, requests):
    """Of each partner: how many of the requests are done, and users that are good."""
    found = {}
    for identity in requests:
        for each in ctl.json("acm", "status", identity)["items"]:
            done, good, bad = found.get(each["system"], (0, 0, 0))
            found[each["system"]] = (done + (each["stage"] == "DONE"), good + each["good"], bad + each["bad"])
    return found


def wait_until_done(ctl, requests, systems, users):
    began = time.monotonic()
    deadline = began + 120 + users * len(systems) / USERS_PER_SECOND_MIN
    pause = threading.Event()
    while True:
        now = stages(ctl, requests)
        if all(now[system][0] == len(requests) for system in systems):
            return time.monotonic() - began, now
        expect(time.monotonic() < deadline, f"not done in time: {now}")
        pause.wait(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=100_000)
    users = parser.parse_args().users
    with Sandbox() as sandbox, Sandbox() as elsewhere:
        alpha, bravo, delta = sandbox.system("ALPHA"), sandbox.system("BRAVO"), elsewhere.system("BRAVO")
        sandbox.take_over(alpha, {})
        sandbox.take_over(bravo, {})
        down = elsewhere.take_over(delta, {})
        ctl = Ctl(alpha.admin_socket)
        Ctl(bravo.admin_socket).run("tenant", "add", "charlie", "--issuer", bravo.issuer.replace("/bravo", "/charlie"))
        Ctl(bravo.admin_socket).run("--tenant", "charlie", "partner", "add", "alpha", "--issuer", alpha.issuer, "--ca", alpha.ca, "--domain",
                                    "alpha.example")
        partners = [Partner("bravo", alpha, bravo, "bravo"), Partner("charlie", alpha, bravo, "charlie"), Partner("delta", alpha, delta, "bravo")]
        down.kill()
        print("three partners, one of them down", flush=True)
        path = os.path.join(sandbox.folder, "users.ndjson")
        write_users(path, users)
        ctl.run("user", "import", path)
        ctl.run("acm", "client", "add", alpha.acm_client, *(word for each in partners for word in ("--partner", f"{each.name}.example")))
        print(f"{users} users at home", flush=True)

        names = os.path.join(sandbox.folder, "mc_ids")
        with open(names, "w", encoding="ascii") as file:
            file.writelines(f"sip:many{i}@alpha.example\n" for i in range(users))
        began = time.monotonic()
        ctl.run("acm", "setup", "--users-from", names, "--client", alpha.acm_client, "--key", "all-of-them",
                *(word for each in partners for word in ("--target", f"{each.name}.example")))
        asked = time.monotonic() - began
        requests = [each["request_id"] for each in ctl.json("acm", "list")["items"]]
        expect(len(requests) == -(-users // USERS_OF_A_REQUEST), f"{len(requests)} requests")
        seconds, now = wait_until_done(ctl, requests, ["bravo.example", "charlie.example"], users)
        expect(now["delta.example"][0] == 0, f"the one that is down is not done: {now}")
        for system in ("bravo.example", "charlie.example"):
            expect(now[system][1:] == (users, 0), f"{system}: {now}")
        print(f"asked in {asked:.1f} s; done at two in {seconds:.1f} s: {2 * users / seconds:.0f} users/s", flush=True)

        # Back, killed in the middle, back.
        down.start()
        began = time.monotonic()
        while not 0 < len(partners[2].visitors()):
            expect(time.monotonic() - began < 150, "the third was never asked again")
        down.kill()
        down.start()
        seconds, now = wait_until_done(ctl, requests, ["delta.example"], users)
        expect(now["delta.example"][1:] == (users, 0), f"{now}")
        print(f"the third: {users} users in {seconds:.1f} s after its second start: {users / seconds:.0f} users/s", flush=True)

        # The same again is the same.
        ctl.run("acm", "setup", "--users-from", names, "--client", alpha.acm_client, "--key", "all-of-them",
                *(word for each in partners for word in ("--target", f"{each.name}.example")))
        expect(len(ctl.json("acm", "list")["items"]) == len(requests), "no new request")
        for partner in partners:
            there = partner.visitors()
            expect(len(there) == len(set(there)) == users, f"{partner.name}: {len(there)}, {len(set(there))} different, of {users}")
        print(f"{users} users at each of three partners, nobody missing, nobody twice")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"acm_many.py: {failure}")
