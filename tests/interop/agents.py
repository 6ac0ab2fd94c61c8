#!/usr/bin/env python3
"""Migration through two freeDiameter 1.2 agents that stand for the SIP cores of both systems, as TS 23.280 draws it: bravo's
server, bravo's agent, alpha's agent, alpha's server, and no connection besides. Both modes, a resynchronisation, an agent
that the agreement does not list, one that is gone; tshark reads what went over every connection and finds nothing malformed.
Needs freediameterd and freediameter-extensions; exits with 77 without them. Without tshark, or without the right to listen,
nothing is captured, and it says so."""

import os
import re
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "system"), os.path.join(HERE, "..", "..", "tools", "demo")]
import clavigerd  # noqa: E402
import s_cscf as cx  # noqa: E402
import sandbox_parts  # noqa: E402
from free_diameter import CONFIGURATION, lives_on, named_group, wait_for  # noqa: E402
from operators_day import Ctl, expect, sandbox_tool  # noqa: E402
from subscriber_module import Module  # noqa: E402

CSCF, SERVER = "scscf.bravo.example", "sip:scscf.bravo.example:6060"
FIRST_BYTES = ("Capturing on",)


class Agent:
    def __init__(self, sandbox, system, port, admits, calls=None):
        self.identity, self.realm, self.port = f"agent.{system}.example", f"{system}.example", port
        folder = os.path.join(sandbox.folder, f"agent-{system}")
        os.makedirs(folder, exist_ok=True)
        sandbox_parts.make_certificate(sandbox.folder, system, "agent", f"DNS:{self.identity}", "serverAuth,clientAuth")
        acl, config = os.path.join(folder, "acl.conf"), os.path.join(folder, "freeDiameter.conf")
        with open(acl, "w", encoding="ascii") as file:
            file.write(f"ALLOW_IPSEC {' '.join(admits)}\n")
        connect = ""
        if calls:
            connect = f'ConnectPeer = "{calls.identity}" {{ ConnectTo = "127.0.0.1"; No_TLS; Port = {calls.port}; }};'
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(agent=self.identity, realm=self.realm, port=port, acl=acl, connect=connect,
                                            certificate=os.path.join(sandbox.folder, system, "agent.pem"),
                                            key=os.path.join(sandbox.folder, system, "agent.key"), ca=sandbox.values["ALPHA_CA"], dh=named_group(folder)))
        self.said = os.path.join(folder, "freeDiameter.log")
        with open(self.said, "ab") as output:
            self.process = subprocess.Popen(["freeDiameterd", "-c", config], stdout=output, stderr=output, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        end(self.process)
        if kind:
            with open(self.said, encoding="utf-8", errors="replace") as file:
                sys.stderr.write("".join(file.readlines()[-30:]))


def end(process, how=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Capture:
    """What goes over the loopback's Diameter ports; None when nobody may listen here."""

    def __init__(self, folder, ports):
        self.file, self.ports = os.path.join(folder, "diameter.pcapng"), ports
        said = os.path.join(folder, "tshark.log")
        with open(said, "wb") as output:
            self.process = subprocess.Popen(["tshark", "-i", "lo", "-f", " or ".join(f"tcp port {port}" for port in ports),
                                             "-w", self.file], stdout=output, stderr=output)

        def listens():
            with open(said, encoding="utf-8", errors="replace") as file:
                return any(text in file.read() for text in FIRST_BYTES) and os.path.exists(self.file)
        wait_for(self.process, lambda: listens() or self.process.poll() is not None, "tshark listens, or may not")
        self.is_allowed = self.process.poll() is None

    @staticmethod
    def start(folder, ports):
        if shutil.which("tshark") is None:
            return None
        capture = Capture(folder, ports)
        return capture if capture.is_allowed else None

    def _count(self, wanted):
        decode = [word for port in self.ports for word in ("-d", f"tcp.port=={port},diameter")]
        run = subprocess.run(["tshark", "-r", self.file, *decode, "-Y", wanted, "-T", "fields", "-e", "frame.number"],
                             capture_output=True, text=True, check=True)
        return len(run.stdout.split())

    def finish(self):
        lives_on(self.process, 2)  # what the kernel holds for it is written a moment later
        end(self.process, signal.SIGINT)
        requests = self._count("diameter.cmd.code == 303 && diameter.flags.request == 1")
        answers = self._count("diameter.cmd.code == 303 && diameter.flags.request == 0")
        # Seven on each of four connections.
        expect(requests >= 28 and answers >= 28, f"tshark saw {requests} frames with MARs, {answers} with MAAs")
        for what in ("_ws.malformed", "_ws.expert.group == \"Malformed\"", "diameter && _ws.expert.severity == \"Error\""):
            expect(self._count(what) == 0, f"tshark: {what} in {self.file}")
        print(f"ok: tshark read {requests} frames with MARs and {answers} with MAAs, nothing malformed", flush=True)


def without_direct_link(sandbox, system):
    """The other system's node is no peer any more."""
    path = os.path.join(sandbox.folder, system, "claviger.toml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"\[\[diameter\.peers\]\].*?(?=\n\[|\Z)", "", text, flags=re.S)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    sandbox_tool("restart", sandbox.folder, system)


def is_okay(system, identity):
    return any(identity in line and " okay " in line for line in system.ctl.run("peer", "list").stdout.splitlines())


def migrate(cscf, values, kind):
    impi, impu = values[f"MIGRANT_{kind}_PARTNER_IMPI"], values[f"MIGRANT_{kind}_PARTNER_IMPU"]
    module = Module(values[f"MIGRANT_{kind}_K"], values[f"MIGRANT_{kind}_OPC"])

    def challenged(**changes):
        answer = cscf.multimedia_auth("bravo.example", impi, impu, SERVER, **changes)
        expect(answer.result() == "2001", f"{kind}: {answer.result()}")
        expect(answer.text(1) == impi and answer.text(601, cx.VENDOR) == impu, f"{kind}: identities {answer.avps}")
        rand, autn, xres, _, _ = cx.vector_of(answer)
        return rand + autn, xres

    nonce, xres = challenged()
    module.highest = [(module.sequence(nonce) >> 5) - 1] * len(module.highest)
    expect(module.take(nonce) == xres, f"{kind}: RES is not XRES")
    module.highest = [max(module.highest) + 100_000] * len(module.highest)
    nonce, xres = challenged()
    expect(module.take(nonce) is None, f"{kind}: an old challenge was taken")
    nonce, xres = challenged(resynchronisation=nonce[:16] + module.auts(nonce))
    expect(module.take(nonce) == xres, f"{kind}: out of step after resynchronisation")
    expect(cscf.server_assignment("bravo.example", impi, impu, SERVER, 1).result() == "2001", f"{kind}: SAR")
    print(f"ok: {kind.lower()}: vector, resynchronisation, registration through both agents", flush=True)


def main():
    if shutil.which("freeDiameterd") is None:
        print("freeDiameterd is not installed")
        return 77
    with clavigerd.Sandbox() as sandbox:
        alpha, bravo = sandbox.system("ALPHA"), sandbox.system("BRAVO")
        for name in ("alpha", "bravo"):
            without_direct_link(sandbox, name)
        for party in (alpha, bravo):
            party.ctl = Ctl(party.admin_socket)
        alphas_port, bravos_port = sandbox_parts.free_port(), sandbox_parts.free_port()
        capture = Capture.start(sandbox.folder, [alphas_port, bravos_port, int(alpha.diameter_port), int(bravo.diameter_port)])
        with Agent(sandbox, "alpha", alphas_port, ["diameter.alpha.example", "agent.bravo.example"]) as alphas, \
             Agent(sandbox, "bravo", bravos_port, ["diameter.bravo.example", "agent.alpha.example"], calls=alphas) as bravos:
            bravo.ctl.run("peer", "add", bravos.identity, bravos.realm, "--host", "127.0.0.1", "--port", str(bravos_port), "--transport", "tcp",
                          "--route", "alpha.example")
            alpha.ctl.run("peer", "add", alphas.identity, alphas.realm, "--host", "127.0.0.1", "--port", str(alphas_port), "--transport", "tcp",
                          "--route", "bravo.example")
            for system, agent in ((bravo, bravos), (alpha, alphas)):
                wait_for(agent.process, lambda its=system, who=agent.identity: is_okay(its, who), f"{agent.identity} is connected")
            sandbox_tool("peer", sandbox.folder, "bravo", CSCF, "127.0.0.1", "0", "bravo.example")
            cscf = cx.Node(bravo.diameter_host, int(bravo.diameter_port), CSCF, "bravo.example")
            expect(lives_on(bravos.process, 2) and lives_on(alphas.process, 1), "an agent has ended")  # theirs are connected
            static = sandbox.values["MIGRANT_STATIC_PARTNER_IMPI"], sandbox.values["MIGRANT_STATIC_PARTNER_IMPU"]
            answers = []

            def passes_both():  # the agents connect to each other in their own time
                answers.append(cscf.multimedia_auth("bravo.example", *static, SERVER))
                return answers[-1].result() != "3002"

            wait_for(bravos.process, passes_both, "the agents are connected with each other")
            refused = answers[-1]
            expect(refused.result() == "5003", f"an agent that is not listed: {refused.result()}")
            print("ok: an agent that the agreement does not list is refused", flush=True)
            alpha.ctl.run("agreement", "change", "bravo.example", "--agent", alphas.identity)
            migrate(cscf, sandbox.values, "STATIC")
            migrate(cscf, sandbox.values, "DYNAMIC")
            if capture is None:
                print("not captured: tshark is not here, or may not listen")
            else:
                capture.finish()
            end(alphas.process)
            gone = cscf.multimedia_auth("bravo.example", *static, SERVER)
            expect(gone.result() == "3002", f"without alpha's agent: {gone.result()}")
            expect(gone.text(1) == static[0], "who it is about, in an error of an agent")
            print("ok: without alpha's agent the S-CSCF hears 3002 at once", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except clavigerd.Failure as failure:
        sys.exit(f"agents: {failure}")
