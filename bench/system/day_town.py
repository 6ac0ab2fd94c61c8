"""The population of a day: two systems of a sandbox with N users, their profiles, and a tenth of them with subscriber modules
and bindings at the partner. Keys come from the user's number, as in tools/load/day/population.cc."""

import hashlib
import json
import os
import subprocess

import argon2
from clavigerd import Failure, Sandbox
from user_agent import basic
import wire

LOGIN = "day"
PASSWORD = "a day's password"
# memory_kib, passes, lanes; the daemon's default takes 30 ms of a core for each sign-in.
COSTS = {"small": (1024, 1, 1), "default": (19456, 2, 1)}
CORE, REALM = "scscf.bravo.example", "bravo.example"
DAY_SECONDS = 86400
KMS_PERIOD, NTP_EPOCH = 2592000, 2208988800
# What the daemon may hold beside its caches, whose bounds are configured: code, connections, records under way. There is no one limit of
# all memory in its configuration; the bar is the sum.
MEMORY_BESIDE_CACHES_MIB = 192

PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<mcptt-user-profile xmlns="urn:3gpp:mcptt:user-profile:1.0" xmlns:cp="urn:ietf:params:xml:ns:common-policy" XUI-URI="{id}" user-profile-index="0">
<Name>User {n}</Name><Status>true</Status><ProfileName>Patrol</ProfileName><Pre-selected-indication/>
<Common index="0"><MCPTTUserID><uri-entry>{id}</uri-entry></MCPTTUserID><ParticipantType>First responder</ParticipantType></Common>
<cp:ruleset><cp:rule id="r"><cp:actions><allow-private-call>true</allow-private-call></cp:actions></cp:rule></cp:ruleset>
<OnNetwork index="0"><MCPTTGroupInfo><entry index="0"><uri-entry>sip:patrol{g}@alpha.example</uri-entry></entry></MCPTTGroupInfo>
<MaxAffiliationsN2>5</MaxAffiliationsN2></OnNetwork></mcptt-user-profile>
"""


def mcptt_id(number):
    return f"sip:{LOGIN}{number}.ptt@alpha.example"


class Town:
    """Both systems, ready for the day; its clock is set."""

    def __init__(self, options):
        self.options, self.users, self.migrants = options, options.users, max(1, options.users // 10)
        self.memory_kib, self.passes, self.lanes = COSTS[options.hash]
        # By the sandbox's clock. On the machine's a minute at least, more for those who are so many that renewals would be all there is.
        self.token_life = min(3600, options.speed * max(60, options.users // 300))
        self.sandbox = Sandbox()

    def __enter__(self):
        self.sandbox.__enter__()
        try:
            self._build()
        except BaseException:
            self.sandbox.__exit__(Failure)
            raise
        return self

    def __exit__(self, *what):
        self.sandbox.__exit__(*what)

    def _build(self):
        self.alpha, self.bravo = self.sandbox.system(), self.sandbox.system("BRAVO")
        scale = max(1, self.users // 100_000)
        cache = {"block_cache_mib": 64 * scale, "memtable_mib": 64, "cached_tokens_max": max(65536, 2 * self.users), "cached_clients_max": 4096}
        self.memory_limit = (cache["block_cache_mib"] + cache["memtable_mib"] + cache["cached_tokens_max"] * 107 / (1 << 20) +
                             self.memory_kib / 1024 + MEMORY_BESIDE_CACHES_MIB) * (1 << 20)
        pinned = {} if self.options.quick else {"cpus": [0], "shards": 1, "hash_threads": 1}
        self.alpha_daemon = self.sandbox.take_over(self.alpha, pinned | {
            "argon2": {"memory_kib": self.memory_kib, "passes": self.passes, "lanes": self.lanes},
            # All users come from one address here; what bounds an attacker is the bound of each user.
            "limits": cache | {"source_tries": 1_000_000},
            "lifetimes": {"interaction": 3600, "authorization_code": 600, "access_token": self.token_life, "id_token": self.token_life,
                          "session_idle": 30 * DAY_SECONDS, "session_absolute": 60 * DAY_SECONDS}})
        self.bravo_daemon = self.sandbox.take_over(self.bravo, {"cpus": [1], "shards": 1} if pinned else {})
        self._import_users()
        self._import_profiles()
        self._import_migrants()
        self.ctl(self.bravo, "peer", "add", CORE, REALM, "--transport", "tcp", "--route", REALM)

    def ctl(self, system, *arguments):
        run = subprocess.run([os.path.join(self.options.build, "bin", "clavigerctl"), "--socket", system.admin_socket, "--tenant",
                              system.tenant, "--json", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise Failure(f"clavigerctl {' '.join(arguments)}: status {run.returncode}\n{run.stdout[-1500:]}{run.stderr[-1500:]}")
        return run.stdout

    def path(self, name):
        return os.path.join(self.sandbox.folder, name)

    def _import(self, system, command, name, lines):
        path = self.path(name)
        with open(path, "w", encoding="utf-8", buffering=1 << 20) as file:
            for line in lines:
                file.write(json.dumps(line, separators=(",", ":")) + "\n")
        said = self.ctl(system, *command, path)
        os.unlink(path)
        return said

    def _import_users(self):
        phc = argon2.phc(PASSWORD, self.memory_kib, self.passes, self.lanes)
        if phc is None:
            raise Failure("libargon2 is not there (tools/install-dependencies)")
        self._import(self.alpha, ("user", "import"), "users.ndjson", (
            {"login": f"{LOGIN}{n}", "display_name": f"User {n}", "mc_id": f"sip:{LOGIN}{n}@alpha.example", "mcptt_id": mcptt_id(n),
             "password_hash": phc} for n in range(self.users)))

    def _import_profiles(self):
        self._import(self.alpha, ("profile", "import"), "profiles.ndjson", (
            {"path": f"org.3gpp.mcptt.user-profile/users/{mcptt_id(n)}/mcptt-user-profile-0.xml",
             "document": PROFILE.format(id=mcptt_id(n), n=n, g=n % 100)} for n in range(self.users)))

    def _import_migrants(self):
        visited = self.bravo.visited_domain
        keys = [hashlib.sha256(f"claviger day {n}".encode()).hexdigest() for n in range(self.migrants)]
        home = [f"{LOGIN}{n}@ims.alpha.example" for n in range(self.migrants)]
        self._import(self.alpha, ("subscriber", "import"), "subscribers.ndjson", (
            {"impi": home[n], "impus": [f"sip:{home[n]}"], "k": keys[n][:32], "opc": keys[n][32:]} for n in range(self.migrants)))

        def bindings(direction, system):
            for n in range(self.migrants):
                one = {"direction": direction, "system": system, "mode": "static", "partner_impi": f"d{n}@{visited}",
                       "partner_impus": [f"sip:d{n}@{visited}"], "primary_impi": home[n], "primary_impus": [f"sip:{home[n]}"]}
                yield one | ({"login": f"{LOGIN}{n}"} if direction == "outbound" else {})
        for system, direction, other in ((self.bravo, "inbound", "alpha.example"), (self.alpha, "outbound", "bravo.example")):
            said = json.loads(self._import(system, ("binding", "import"), "bindings.ndjson", bindings(direction, other)))
            if said["refused"]:
                raise Failure(f"{system.tenant}: {said['refused']} bindings refused: {said}")
        self.ctl(self.alpha, "agreement", "change", "bravo.example", "--requests-per-second", "100000")
        self.ctl(self.bravo, "agreement", "change", "alpha.example", "--requests-per-second", "100000")

    # The clock -------------------------------------------------------------------------------------------------------

    def key_period_ends(self, after):
        return (int(after + NTP_EPOCH) // KMS_PERIOD + 1) * KMS_PERIOD - NTP_EPOCH

    def set_clock(self, system, when, speed):
        admin = wire.Admin(system)
        answer = admin.ask("PUT", "/clock", {"time": int(when), "speed": int(speed)})
        admin.close()
        if answer.status != 200:
            raise Failure(f"{system.tenant}: clock: {answer}")

    # The generator ---------------------------------------------------------------------------------------------------

    def plan(self, phases, speed):
        values = {"users": self.users, "migrants": self.migrants, "seed": self.options.seed, "login": LOGIN, "password": PASSWORD,
                  "issuer": self.alpha.issuer, "ca": self.alpha.ca, "tenant": self.alpha.tenant, "admin_socket": self.alpha.admin_socket,
                  "client": self.alpha.client_id, "redirect_uri": self.alpha.redirect_uri, "scope": self.scope(),
                  "server_authorization": basic(self.alpha.server_client_id, self.alpha.server_client_secret)["Authorization"],
                  "kms_url": self.alpha.kms_url, "xcap_root": self.alpha.xcap_root, "psi": self.alpha.sip_psi, "sip_port": self.alpha.sip_port,
                  "cx_port": self.bravo.diameter_port, "cx_host": CORE, "cx_realm": REALM, "cx_server": f"sip:{CORE}:6060",
                  "visited_domain": self.bravo.visited_domain, "token_seconds": self.token_life / speed, "ledger": self.path("ledger.ndjson")}
        path = self.path("day.plan")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"set {name} {value}\n" for name, value in values.items())
            file.writelines(phase.line() for phase in phases)
        return path

    def scope(self):
        wanted = ["openid", "3gpp:mc:ptt_service", "3gpp:mc:ptt_key_management_service", "3gpp:mc:ptt_config_management_service"]
        return " ".join(wanted)
