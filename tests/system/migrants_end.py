#!/usr/bin/env python3
"""What ends a migrant's service abroad, and brings it back: a user who is disabled at home is held at the partner system, his
registration ends (RTR), and he comes back when he is enabled; a binding that the partner system revokes is revoked at home; each
also when the other system is away and the daemons are killed meanwhile. Whom administration has set up may go where only
listed users may, until that is withdrawn. And what is nobody's: a request for another system's realm or peer is refused
(RFC 6733 clause 6.1.4), and so is a SAR that names somebody else's identity behind the user's own.

usage: migrants_end.py [--seed N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import os
import random
import subprocess
import sys
import threading
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools", "demo"))
import s_cscf as cx  # noqa: E402
import wire  # noqa: E402
from borders import Party  # noqa: E402
from clavigerd import Failure, Sandbox, build_folder  # noqa: E402
from operators_day import expect, sandbox_tool  # noqa: E402
from user_agent import UserAgent  # noqa: E402

REALM, CSCF, SERVER = "bravo.example", "scscf.bravo.example", "sip:scscf.bravo.example:6060"
# A system that was away is asked again after growing pauses.
TOLD_SECONDS_MAX = 60
KILLS = 6
# A disabling takes some ten milliseconds from the command line on.
KILLED_WITHIN_SECONDS = 0.05


def until(what, done):
    deadline = time.monotonic() + TOLD_SECONDS_MAX
    while not done():
        expect(time.monotonic() < deadline, f"{what}: not within {TOLD_SECONDS_MAX} s")
        threading.Event().wait(0.1)


class Migrant:
    def __init__(self, alpha, bravo, values):
        self.alpha, self.bravo = alpha, bravo
        self.login = values["MIGRANT_DYNAMIC_USERNAME"]
        self.impi, self.impu = values["MIGRANT_DYNAMIC_PARTNER_IMPI"], values["MIGRANT_DYNAMIC_PARTNER_IMPU"]
        self.primary_impi = values["MIGRANT_DYNAMIC_PRIMARY_IMPI"]

    def there(self):
        return self.bravo.ctl.json("binding", "show", self.impi)

    def at_home(self):
        return self.alpha.ctl.json("binding", "show", self.primary_impi, "--system", "bravo.example")

    def is_held(self):
        return self.there().get("held", False)


class Cscf(cx.Node):
    def __init__(self, bravo):
        super().__init__(bravo.system.diameter_host, int(bravo.system.diameter_port), CSCF, REALM)

    def vector(self, migrant):
        return self.multimedia_auth(REALM, migrant.impi, migrant.impu, SERVER).result()

    def register(self, migrant):
        said = []
        # The two nodes may still be on the way to each other: nobody delivers it (3002).
        until("his home answers", lambda: said.append(self.vector(migrant)) or said[-1] != "3002")
        expect(said[-1] == "2001", f"no vector for who may migrate: {said[-1]}")
        answer = self.server_assignment(REALM, migrant.impi, migrant.impu, SERVER, 1)
        expect(answer.result() == "2001", f"registration: {answer.result()}")

    def parts_from(self, migrant):
        """Takes the RTR that is due."""
        request = self.requests.pop(0) if self.requests else self.receive()
        expect(request.command == cx.RTR and request.text(1) == migrant.impi, f"RTR was expected: {request.command} {request.avps}")
        expect(migrant.primary_impi.encode() not in request.octets, "his identity at home goes down")
        self.answer(request, [cx.avp(260, [cx.avp(266, cx.VENDOR), cx.avp(258, cx.CX)]), cx.avp(277, 1), cx.avp(268, 2001)])


def check_hold(migrant, cscf):
    alpha = migrant.alpha.ctl
    cscf.register(migrant)
    alpha.run("user", "disable", migrant.login, "--yes")
    expect(migrant.at_home()["held"], f"at home: {migrant.at_home()}")
    cscf.parts_from(migrant)
    until("the hold at the partner", migrant.is_held)
    expect(migrant.there()["state"] == "active", "a hold is no state")
    expect(cscf.vector(migrant) == "3GPP 5004", "a vector for a disabled user")
    expect(cscf.location_info(REALM, migrant.impu).result() in ("3GPP 5003", "3GPP 5004"), "he is registered still")
    # Who is disabled twice is enabled once.
    alpha.run("user", "disable", migrant.login, "--yes")
    alpha.run("user", "enable", migrant.login)
    expect("held" not in migrant.at_home(), f"at home: {migrant.at_home()}")
    until("the end of the hold", lambda: not migrant.is_held())
    cscf.register(migrant)
    # The same by an import that says so, and by one that was interrupted behind the record.
    lines = [f'{{"login":"{migrant.login}","enabled":{word}}}\n' for word in ("false", "true")]
    for line, is_held in zip(lines, (True, False)):
        path = os.path.join(os.path.dirname(migrant.alpha.system.config), "import.ndjson")
        for _ in range(2):
            with open(path, "w", encoding="ascii") as file:
                file.write(line)
            alpha.run("user", "import", path)
        if is_held:
            cscf.parts_from(migrant)
        until("what an import says", lambda: migrant.is_held() == is_held)  # pylint: disable=cell-var-from-loop


def check_hold_while_away(migrant):
    migrant.bravo.daemon.kill()
    migrant.alpha.ctl.run("user", "disable", migrant.login, "--yes")
    migrant.alpha.daemon.kill()
    migrant.alpha.daemon.start()
    migrant.bravo.daemon.start()
    until("the hold, after both were killed", migrant.is_held)
    migrant.alpha.ctl.run("user", "enable", migrant.login)
    until("its end", lambda: not migrant.is_held())


def check_hold_killed(migrant, chance):
    """kill -9 somewhere in the disabling or enabling: whatever became of it, his bindings follow his record at both ends."""
    alpha = migrant.alpha
    for _ in range(KILLS):
        is_enabled = alpha.ctl.json("user", "show", migrant.login)["enabled"]
        verb = ["disable", "--yes"] if is_enabled else ["enable"]
        command = [os.path.join(build_folder(), "bin", "clavigerctl"), "--socket", alpha.ctl.socket, "user", verb[0], migrant.login]
        with subprocess.Popen(command + verb[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as asking:
            threading.Event().wait(chance.uniform(0, KILLED_WITHIN_SECONDS))
            alpha.daemon.kill()
        acknowledged = asking.returncode == 0
        alpha.daemon.start()
        was_enabled, is_enabled = is_enabled, alpha.ctl.json("user", "show", migrant.login)["enabled"]
        expect(is_enabled != was_enabled or not acknowledged, f"user {verb[0]} was acknowledged and is lost")
        # pylint: disable=cell-var-from-loop
        until("his binding at home", lambda: migrant.at_home().get("held", False) is not is_enabled)
        until("his binding at the partner", lambda: migrant.is_held() is not is_enabled)
    alpha.ctl.run("user", "enable", migrant.login)
    until("the end of the hold", lambda: not migrant.is_held())


def check_listed(migrant):
    """`--outbound listed`, of migration and of the identity servers: whom administration has set up is on the list."""
    alpha = migrant.alpha
    alpha.ctl.run("partner", "change", "bravo", "--outbound", "listed")
    token = alpha.tokens()["access_token"]
    resource = migrant.bravo.system.resource

    def goes():
        return alpha.exchange(token, resource).status == 200

    expect(not goes(), "nobody has listed him")
    chief = alpha.system.values["ACM_CLIENT"]
    asked = alpha.ctl.json("acm", "setup", alpha.system.mc_id, "--client", chief, "--target", "bravo.example")
    request = asked["request_id"]
    until("the set-up", lambda: alpha.ctl.json("acm", "status", request)["status"] == "DONE")
    expect(goes(), "who was set up may not go")
    alpha.daemon.kill()
    alpha.daemon.start()
    alpha.agent = UserAgent(alpha.system, wire.https(alpha.system))
    expect(goes(), "forgotten over a restart")
    alpha.ctl.run("acm", "withdraw", request, "--yes")
    expect(not goes(), "withdrawn, and he may go still")
    alpha.ctl.run("partner", "change", "bravo", "--outbound", "all")


def check_destination(migrant, cscf):
    def asked(realm, host=None):
        item = [cx.cx(608, "Digest-AKAv1-MD5")]
        return cscf.ask_cx(cx.MAR, realm, [cx.cx(601, migrant.impu), cx.avp(1, migrant.impi), cx.cx(607, 1), cx.cx(612, item),
                                           cx.cx(602, SERVER)], host)

    expect(asked("BRAVO.example").result() == "2001", "our realm in capitals")
    expect(asked(REALM, "DIAMETER.bravo.example").result() == "2001", "our host in capitals")
    for realm, host, result in (("alpha.example", None, "3002"), (REALM, "diameter.alpha.example", "3002"),
                                ("nowhere.example", None, "3003")):
        answer = asked(realm, host)
        expect(answer.result() == result and answer.flags & 0x20, f"{realm}, {host}: {answer.result()}, {answer.flags:#x}")
    # Of two identities one is somebody else's.
    both = cscf.ask_cx(cx.SAR, REALM, [cx.avp(1, migrant.impi), cx.cx(601, migrant.impu), cx.cx(601, "sip:x@visitors.bravo.example"),
                                       cx.cx(602, SERVER), cx.cx(614, 5), cx.cx(624, 0)])
    expect(both.result() == "3GPP 5002", f"another's identity behind his: {both.result()}")


def check_revocation(migrant, cscf):
    cscf.register(migrant)
    migrant.alpha.daemon.kill()
    migrant.bravo.ctl.run("binding", "revoke", migrant.impi, "--yes")
    # The S-CSCF does not answer: what it is owed is owed over a restart, and does not stand in its way.
    expect(cscf.receive().command == cx.RTR, "no RTR")
    migrant.bravo.daemon.kill()
    cscf.close()
    migrant.bravo.daemon.start()
    again = Cscf(migrant.bravo)
    again.socket.settimeout(TOLD_SECONDS_MAX)
    again.parts_from(migrant)
    until("his registration ends", lambda: again.location_info(REALM, migrant.impu).result() != "2001")
    again.close()
    migrant.alpha.daemon.start()
    until("home hears of the revocation", lambda: migrant.at_home()["state"] == "revoked")
    expect(migrant.there()["state"] == "revoked", f"at the partner: {migrant.there()}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    chance = random.Random(seed := parser.parse_args().seed)
    print(f"seed {seed}", flush=True)
    with Sandbox() as sandbox:
        sandbox_tool("peer", sandbox.folder, "bravo", CSCF, "127.0.0.1", "0", REALM)
        alpha, bravo = Party(sandbox, "ALPHA"), Party(sandbox, "BRAVO")
        migrant = Migrant(alpha, bravo, sandbox.values)
        cscf = Cscf(bravo)
        check_hold(migrant, cscf)
        print("disabled and enabled: ok", flush=True)
        check_destination(migrant, cscf)
        print("destinations: ok", flush=True)
        cscf.close()
        check_hold_while_away(migrant)
        print("disabled while the partner was away: ok", flush=True)
        check_hold_killed(migrant, chance)
        print("killed while it was disabled: ok", flush=True)
        cscf = Cscf(bravo)
        # Alpha has just been started again: its Diameter connection comes in its own time.
        until("vectors from home", lambda: cscf.vector(migrant) == "2001")
        check_revocation(migrant, cscf)
        print("revoked by the partner: ok", flush=True)
        check_listed(migrant)
        print("listed by a set-up: ok", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"migrants_end: {failure}")
