"""Kamailio as a SIP core and SIPp as a UE with a subscriber module, against the SIP database and the migration management
server of a sandbox: sip_core.py SANDBOX. Prints what happened; exit status 77: Kamailio or SIPp is not here."""

import base64
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))

import subscriber_module  # noqa: E402
from clavigerd import Failure, read_environment  # noqa: E402
from kamailio import Scscf  # noqa: E402

# SIPp takes neither brackets nor zeros in keys: it looks for keywords in what it has decoded.
K, OP = b"0123456789abcdef".hex(), b"CDCDCDCDCDCDCDCD".hex()
# SIPp ends RES at a zero octet (one RES of 32 has one) and then answers wrongly: its fault, and tried again.
TRIES_MAX = 6
CONNECTED_SECONDS_MAX = 30


class System:
    def __init__(self, sandbox, name):
        self.sandbox, self.name = sandbox, name
        environment = read_environment(os.path.join(sandbox, "sandbox.env"))
        self.facts = {key.removeprefix(name.upper() + "_"): value for key, value in environment.items() if key.startswith(name.upper() + "_")}
        build = os.path.abspath(os.environ.get("CLAVIGER_BUILD", os.path.join(SOURCE, "build", "release")))
        self.program = [os.path.join(build, "bin", "clavigerctl"), "--socket", self.facts["ADMIN_SOCKET"]]

    def ctl(self, *arguments, tenant=True, given=None, may_fail=False):
        command = self.program + (["--tenant", self.name] if tenant else []) + list(arguments)
        run = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if run.returncode != 0 and not may_fail:
            raise Failure(f"{' '.join(arguments)}: {run.stderr}")
        return run.stdout

    def admit(self, scscf):
        subprocess.run([os.path.join(SOURCE, "tools", "sandbox"), "peer", self.sandbox, self.name, scscf.identity, "127.0.0.1",
                        str(scscf.diameter_port), scscf.realm], stdout=subprocess.DEVNULL, check=True)
        until = time.monotonic() + CONNECTED_SECONDS_MAX
        while not any(scscf.identity in line and " okay " in line for line in self.ctl("peer", "list", tenant=False).splitlines()):
            if time.monotonic() > until:
                raise Failure(f"{scscf.identity} is not connected: {scscf.said()[-2000:]}")
            select_nothing(0.2)


def select_nothing(seconds):
    """Another process has to come up, and says nothing when it has."""
    select.select([], [], [], seconds)


class Ue:
    """Its private and public identity in the realm where it registers, and its module."""

    def __init__(self, folder, impi, impu, realm):
        self.folder, self.impi, self.impu, self.realm = folder, impi, impu, realm

    def register(self, scscf, times=1, expires=600):
        """Registers so many times in one go of the module. False: refused."""
        fields = (self.impu, self.impi, self.realm, f"[authentication username={self.impi} aka_K=0x{K} aka_OP=0x{OP} aka_AMF=0x0000]", str(expires))
        users = os.path.join(self.folder, "users.csv")
        with open(users, "w", encoding="ascii") as file:
            file.write("SEQUENTIAL\n" + ";".join(fields) + "\n")
        log = os.path.join(self.folder, "messages.log")
        run = subprocess.run(["sipp", "-sf", os.path.join(HERE, "scenarios", "register_aka.xml"), "-inf", users, "-m", str(times), "-l", "1",
                              "-timeout", "60", "-recv_timeout", "8000", "-nostdin", "-trace_msg", "-message_file", log, "-message_overwrite", "true",
                              "-i", "127.0.0.1", f"127.0.0.1:{scscf.sip_port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder,
                             check=False)
        with open(log, encoding="utf-8", errors="replace") as file:
            self.messages = file.read()
        return run.returncode == 0

    def must_register(self, scscf, times=1, expires=600):
        for _ in range(TRIES_MAX):
            if self.register(scscf, times, expires):
                return
        raise Failure(f"{self.impi} is not registered: {self.messages[-3000:]}\n{scscf.said()[-2000:]}")


def say(scscf, text):
    """One request over UDP, and its final answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(8)
        udp.connect(("127.0.0.1", scscf.sip_port))
        udp.send(text.replace("VIA", f"SIP/2.0/UDP 127.0.0.1:{udp.getsockname()[1]};branch=z9hG4bK{secrets.token_hex(8)}").encode())
        while True:
            answer = udp.recv(65536).decode(errors="replace")
            if not answer.startswith("SIP/2.0 1"):
                return answer


def opc_of(key, op):
    op = bytes.fromhex(op)
    return subscriber_module.xor(subscriber_module.Aes128(bytes.fromhex(key)).encrypt(op), op).hex()


class ModuleUe:
    """A UE whose module keeps the standard's array of sequence numbers; SIPp's takes every number."""

    def __init__(self, impi, impu, realm, module):
        self.impi, self.impu, self.realm, self.module = impi, impu, realm, module
        self.call, self.target, self.sent = secrets.token_hex(8), f"sip:{realm}", 0

    def send(self, scscf, authorization):
        self.sent += 1
        return say(scscf, "\r\n".join((
            f"REGISTER {self.target} SIP/2.0", "Via: VIA", "Max-Forwards: 70", f"From: <{self.impu}>;tag={self.call}", f"To: <{self.impu}>",
            f"Call-ID: {self.call}", f"CSeq: {self.sent} REGISTER", "Contact: <sip:ue@127.0.0.1:9>", f"Authorization: {authorization}",
            "Expires: 600", "Content-Length: 0", "", "")))

    def challenge(self, scscf):
        """The first answer to a REGISTER without a response."""
        return self.send(scscf, f'Digest username="{self.impi}", realm="{self.realm}", nonce="", uri="{self.target}", response=""')

    def respond(self, scscf, challenged):
        def response_of(nonce):
            res = self.module.take(nonce)
            return (res, None) if res else (None, self.module.auts(nonce))

        return self.send(scscf, subscriber_module.answer(self.impi, challenge_in(challenged), "REGISTER", self.target, response_of))

    def answered_until(self, scscf, challenged, is_done):
        """Kamailio challenges again when it does not find the vector of a response among its old ones."""
        answer = challenged
        for _ in range(TRIES_MAX):
            answer = self.respond(scscf, answer)
            if is_done(answer):
                return answer
        raise Failure(f"{self.impi} is not registered: {answer}\n{scscf.said()[-2000:]}")

    def must_register(self, scscf):
        # A fresh module may be far behind: then it asks for resynchronisation at once.
        self.answered_until(scscf, self.challenge(scscf), lambda answer: answer.startswith("SIP/2.0 200"))

    def must_resynchronise(self, scscf):
        """The module is ahead of the network, as one that was elsewhere."""
        challenged = self.challenge(scscf)
        ahead = (self.module.sequence(nonce_in(challenged)) >> subscriber_module.IND_BITS) + 1_000_000
        self.module.highest = [ahead] * len(self.module.highest)
        taken_over = self.answered_until(scscf, challenged,
                                         lambda answer: self.module.sequence(nonce_in(answer)) >> subscriber_module.IND_BITS > ahead)
        self.answered_until(scscf, taken_over, lambda answer: answer.startswith("SIP/2.0 200"))


def challenge_in(answer):
    if not answer.startswith("SIP/2.0 401"):
        raise Failure(f"no challenge: {answer}")
    return next(line for line in answer.splitlines() if line.lower().startswith("www-authenticate"))


def nonce_in(answer):
    return base64.b64decode(subscriber_module.parameters_of(challenge_in(answer))["nonce"])


def in_the_home_system(alpha, folder):
    """The SIP database behind an S-CSCF of its own system."""
    impi, realm = "sipp@ims.alpha.example", "ims.alpha.example"
    alpha.ctl("subscriber", "add", impi, "--impu", f"sip:{impi}", "--op", given=f"{K} {OP}\n")
    with Scscf(os.path.join(folder, "home"), "scscf.ims.alpha.example", realm,
               (alpha.facts["DIAMETER_IDENTITY"], alpha.facts["DIAMETER_REALM"], int(alpha.facts["DIAMETER_PORT"]))) as scscf:
        alpha.admit(scscf)
        ue = Ue(folder, impi, f"sip:{impi}", realm)
        ue.must_register(scscf)
        print("home: registered")
        ue.must_register(scscf, times=3)
        print("home: registered again")
        ModuleUe(impi, f"sip:{impi}", realm, subscriber_module.Module(K, opc_of(K, OP))).must_resynchronise(scscf)
        print("home: resynchronised")
        ue.must_register(scscf, expires=0)
        print("home: left")
        stranger = Ue(folder, "nobody@ims.alpha.example", "sip:nobody@ims.alpha.example", realm)
        if stranger.register(scscf) or " 403 " not in stranger.messages:
            raise Failure(f"a stranger is not refused: {stranger.messages[-2000:]}")
        print("home: a stranger is refused")


def in_the_partners_system(alpha, bravo, values, folder):
    """Users of alpha in bravo's SIP core: vectors come from alpha, by way of bravo's migration management server."""
    realm = bravo.facts["DIAMETER_REALM"]
    with Scscf(os.path.join(folder, "partner"), "scscf.bravo.example", realm,
               (bravo.facts["DIAMETER_IDENTITY"], realm, int(bravo.facts["DIAMETER_PORT"]))) as scscf:
        bravo.admit(scscf)
        for mode in ("STATIC", "DYNAMIC"):
            facts = {key.removeprefix(f"MIGRANT_{mode}_"): value for key, value in values.items() if key.startswith(f"MIGRANT_{mode}_")}
            ue = ModuleUe(facts["PARTNER_IMPI"], facts["PARTNER_IMPU"], realm, subscriber_module.Module(facts["K"], facts["OPC"]))
            ue.must_register(scscf)
            ue.must_register(scscf)
            ue.must_resynchronise(scscf)
            print(f"partner, {mode.lower()}: registered twice, resynchronised")
            at_home = ModuleUe(facts["PRIMARY_IMPI"], facts["PRIMARY_IMPU"], realm, ue.module)
            answer = at_home.challenge(scscf)
            if not answer.startswith("SIP/2.0 403"):
                raise Failure(f"an identity of home is served abroad: {answer}")
            bravo.ctl("binding", "suspend", facts["PARTNER_IMPI"])
            answer = ue.challenge(scscf)
            if not answer.startswith("SIP/2.0 403"):
                raise Failure(f"a suspended binding is served: {answer}")
            bravo.ctl("binding", "resume", facts["PARTNER_IMPI"])
            ue.must_register(scscf)
            print(f"partner, {mode.lower()}: refused under the identity of home, and while suspended")


def main():
    if not Scscf.is_installed() or shutil.which("sipp") is None:
        print("Kamailio's IMS modules or SIPp are not installed")
        return 77
    sandbox = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="claviger-sip-core.") as folder:
        alpha, bravo = System(sandbox, "alpha"), System(sandbox, "bravo")
        in_the_home_system(alpha, folder)
        in_the_partners_system(alpha, bravo, read_environment(os.path.join(sandbox, "sandbox.env")), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
