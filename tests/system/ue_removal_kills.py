#!/usr/bin/env python3
"""`clavigerctl ue remove` and SIGKILL anywhere in it: its commits are many (the UE is lost, each service on it ends, its sessions
end, its record goes), and after a restart no service is left on a UE that is gone. What was acknowledged is gone; what was cut
short is removed again, and then it is gone.

usage: ue_removal_kills.py [--rounds N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import http.client
import json
import random
import re
import socket
import sys
import threading

from clavigerd import Failure, Sandbox
from configuration import sign_in
from operators_day import Ctl, expect
from registration import row
from sip_core import Core

SERVER = "sip:mcptt-server.alpha.example"
# UEs of a round, and those who remove them side by side: more commits than one removal has are under way at each moment.
UES, REMOVERS = 8, 4


class Admin(http.client.HTTPConnection):
    """The admin interface without clavigerctl: a process for each removal would be killed between them, not in them."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)

    def ask(self, method, target):
        self.request(method, "/admin/v1/tenants/alpha/ues/" + target)
        answer = self.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")


class World:
    def __init__(self, system):
        self.system = system
        self.ctl = Ctl(system.admin_socket)
        self.token = sign_in(system, system.scopes)[1]["access_token"]

    def prepare(self, number):
        """UEs with a service on each, at identities of their own."""
        core = Core(self.system, "tcp")
        ues = [f"truck-{number}-{i}" for i in range(UES)]
        for i, ue in enumerate(ues):
            self.ctl.run("--tenant", "alpha", "ue", "add", ue, "--class", random.choice(("personal", "shareable", "gateway")))
            impu = f"sip:{ue}@ims.alpha.example"
            row("register", core.register(impu), 200)
            row("authorise", core.authorise(impu, self.token, ue), 200)
        core.close()
        return ues

    def with_service(self):
        """The UEs on which there is a service, as an MC server is told."""
        core = Core(self.system, "tcp")
        answer = row("a server asks", core.subscribe(SERVER, self.system.mcptt_id, expires=0), 200)
        while (told := core.notify("terminated;reason=timeout")).tag("from") != answer.tag("to"):
            pass
        core.close()
        clients = re.findall(r"<cs:client [^>]*>", told.body)
        return {re.search(r'\bid="([^"]*)"', one).group(1) for one in clients if 'full-access="true"' in one}

    def removed_until_killed(self, daemon, ues):
        """Whose removal was acknowledged, with SIGKILL behind one of the acknowledgements."""
        acknowledged, lock, enough = [], threading.Lock(), threading.Event()
        wanted = random.randrange(UES - 1)
        begun = threading.Barrier(REMOVERS + 1)

        def work(mine):
            admin = Admin(self.system.admin_socket)
            admin.connect()
            begun.wait()
            try:
                for ue in mine:
                    status, said = admin.ask("DELETE", ue)
                    expect(status == 200, f"{ue}: {status} {said}")
                    with lock:
                        acknowledged.append(ue)
                        if len(acknowledged) >= wanted:
                            enough.set()
            except (OSError, http.client.HTTPException):
                pass

        threads = [threading.Thread(target=work, args=(ues[i::REMOVERS],)) for i in range(REMOVERS)]
        for thread in threads:
            thread.start()
        begun.wait()
        if wanted:
            enough.wait(30)
        daemon.kill()
        for thread in threads:
            thread.join()
        return acknowledged

    def round(self, daemon, number):
        ues = self.prepare(number)
        serving = self.with_service()
        expect(set(ues) <= serving, f"a service on each: {serving}")
        acknowledged = self.removed_until_killed(daemon, ues)
        daemon.start()
        admin, serving, cut = Admin(self.system.admin_socket), self.with_service(), 0
        for ue in ues:
            status, said = admin.ask("GET", ue)
            if status == 404:
                expect(ue not in serving, f"{ue} is gone, and a service is left on it")
                continue
            expect(status == 200 and ue not in acknowledged, f"{ue} was acknowledged as removed: {status} {said}")
            cut += said["lost"]
            status, said = admin.ask("DELETE", ue)
            expect(status == 200, f"{ue} is removed again: {status} {said}")
            expect(admin.ask("GET", ue)[0] == 404, f"{ue} is still there")
        left = self.with_service() & set(ues)
        expect(not left, f"services on UEs that are gone: {left}")
        return len(acknowledged), cut


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    with Sandbox() as sandbox:
        system = sandbox.system()
        daemon = sandbox.take_over(system, {"lifetimes": {"access_token": 3600}})
        world = World(system)
        acknowledged = cut = 0
        for number in range(options.rounds):
            done, half = world.round(daemon, number)
            acknowledged, cut = acknowledged + done, cut + half
        print(f"{options.rounds} kills: {acknowledged} removals acknowledged, {cut} cut short; no service on what is gone")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
