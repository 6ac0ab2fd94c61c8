#!/usr/bin/env python3
"""The operator's day in a sandbox: everything through clavigerctl, with its exit status; a sign-in; kill -9; tampering.

usage: operators_day.py     CLAVIGER_BUILD: the build folder.
"""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import tomllib
import urllib.parse
import urllib.request

from clavigerd import SOURCE, Failure, Sandbox, build_folder
from user_agent import UserAgent, basic
from wire import https

OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND, CONFLICT, NOT_PERMITTED = range(7)


def expect(is_so, what):
    if not is_so:
        raise Failure(what)


class Ctl:
    def __init__(self, socket):
        self.socket = socket

    def run(self, *arguments, given=None, status=OK):
        done = subprocess.run([os.path.join(build_folder(), "bin", "clavigerctl"), "--socket", self.socket, *arguments], input=given,
                              stdin=subprocess.DEVNULL if given is None else None, capture_output=True, text=True, timeout=300,
                              check=False)
        expect(done.returncode == status,
               f"clavigerctl {' '.join(arguments)}: status {done.returncode} where {status} was expected\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments, given=None):
        return json.loads(self.run("--json", *arguments, given=given).stdout)


def sandbox_tool(*arguments, status=0):
    done = subprocess.run([os.path.join(SOURCE, "tools", "sandbox"), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=os.environ | {"CLAVIGER_BUILD": build_folder()}, timeout=300, check=False)
    expect(done.returncode == status, f"tools/sandbox {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def demo(sandbox):
    """What tools/quickstart shows: its steps must come through."""
    done = subprocess.run([sys.executable, "-B", os.path.join(SOURCE, "tools", "demo", "sign_in.py"), sandbox.folder, build_folder()],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    expect(done.returncode == 0, f"tools/demo/sign_in.py: {done.stdout}{done.stderr}")


def tokens_of(system, login, password):
    agent = UserAgent(system, https(system))
    verifier = "operator-" + "v" * 43
    answer = agent.connection.post_form(f"{agent.prefix}/token", agent.redemption(agent.code(login, password, verifier), verifier))
    expect(answer.status == 200, f"token: {answer}")
    return answer.json()


def is_active(system, token):
    agent = UserAgent(system, https(system))
    answer = agent.connection.post_form(f"{agent.prefix}/introspect", {"token": token},
                                        basic(system.server_client_id, system.server_client_secret))
    expect(answer.status == 200, f"introspect: {answer}")
    return answer.json()["active"]


def check_process(system, ctl):
    status = ctl.json("status")
    expect(status["state"] == "ready", f"status: {status}")
    expect(status["store"]["state"] == "writable", f"status: {status}")
    if "asan" not in build_folder() and "tsan" not in build_folder():
        expect(status["allocator"].startswith("mimalloc ") and "but" not in status["allocator"], f"allocator: {status['allocator']}")
    expect("claviger_ready 1\n" in ctl.run("metrics").stdout, "metrics: not ready")
    with urllib.request.urlopen(system.metrics, timeout=10) as answer:
        expect(b"claviger_build_info{" in answer.read(), "metrics over HTTP")
    expect("[limits]" in ctl.run("config", "show").stdout, "config show")
    ctl.run("log", "level", "debug")
    expect("debug" in ctl.run("log", "level").stdout, "log level")
    expect(ctl.json("reload")["needs_restart"] == [], "reload")
    expect("info" in ctl.run("log", "level").stdout, "a reload sets the configured level")
    ctl.run("log", "level", "loud", status=USAGE)
    for verb in (("status",), ("user", "list")):
        Ctl(system.admin_socket + ".none").run(*verb, status=UNREACHABLE)


def certificate_out_of_date(folder):
    """A certificate of some years ago, and its key: of a CA that is made for it."""
    def name(file):
        return os.path.join(folder, "old." + file)

    with open(name("cnf"), "w", encoding="ascii") as file:
        file.write(f"[ca]\ndefault_ca = it\n[it]\ndatabase = {name('index')}\nnew_certs_dir = {folder}\nrand_serial = yes\ndefault_md = sha256\n"
                   "policy = any\n[any]\ncommonName = supplied\n")
    open(name("index"), "w", encoding="ascii").close()
    fresh = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for command in (("req", "-x509", *fresh, "-keyout", name("ca.key"), "-out", name("ca.pem"), "-subj", "/CN=CA"),
                    ("req", *fresh, "-keyout", name("key"), "-out", name("csr"), "-subj", "/CN=old"),
                    ("ca", "-batch", "-config", name("cnf"), "-cert", name("ca.pem"), "-keyfile", name("ca.key"), "-in", name("csr"), "-out",
                     name("pem"), "-startdate", "200101000000Z", "-enddate", "210101000000Z", "-notext")):
        subprocess.run(["openssl", *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    os.chmod(name("key"), 0o600)
    return name("pem"), name("key")


def check_config(system):
    """--check-config looks into the files that are named, and says which is no good."""
    daemon = os.path.join(build_folder(), "bin", "clavigerd")
    with open(system.config, encoding="utf-8") as file:
        good = file.read()
    changed = system.config + ".changed"

    def status_of(file):
        return subprocess.run([daemon, "--config", file, "--check-config"], capture_output=True, text=True, timeout=60)

    expect(status_of(system.config).returncode == 0, "the sandbox's own configuration")
    settings = tomllib.loads(good)
    certificate, data = settings["https"][0]["certificate_file"], settings["data_directory"]
    metrics = f"metrics_port = {settings['metrics_port']}"
    for was, now, why in ((certificate, system.config, "CertificateInvalid"), (certificate, "/", "Unreadable"),
                          (data, system.config, "is no directory"),
                          (settings["sip"]["certificate_file"], data + "/none.pem", data + "/none.pem: No such file"),
                          (settings["sip"]["key_file"], settings["https"][0]["key_file"], "is not the key of"),
                          (settings["diameter"]["certificate_file"], system.config, "[diameter]"),
                          ("sandbox = true", "sandbox = true\ncpus = [0, 1023]", "no processor 1023"),
                          (settings["key_encryption_key_file"], data + "/none/kek", "there is no folder"),
                          (metrics, f"metrics_port = {settings['https'][0]['port']}", "is taken by"),
                          ('address = "127.0.0.1"', 'address = "localhost"', "[[https]] localhost")):
        with open(changed, "w", encoding="utf-8") as file:
            file.write(good.replace(was, now))
        answer = status_of(changed)
        expect(answer.returncode == 78 and why in answer.stderr, f"{now}: {answer.returncode} {answer.stderr}")
    expect(status_of(os.path.dirname(system.config)).returncode == 78, "a folder is no configuration")
    old_certificate, old_key = certificate_out_of_date(os.path.dirname(system.config))
    with open(changed, "w", encoding="utf-8") as file:
        file.write(good.replace(certificate, old_certificate).replace(settings["https"][0]["key_file"], old_key))
    answer = status_of(changed)
    expect(answer.returncode == 0 and "not valid today" in answer.stderr, f"a certificate of old: {answer.returncode} {answer.stderr}")


def check_reload(system, ctl):
    """What needs no restart is in force after a reload, and not said to need one."""
    with open(system.config, encoding="utf-8") as file:
        good = file.read()
    lines = ['trusted_proxies = ["192.0.2.10"]', 'forwarded_header = "forwarded"', 'consent_scopes = ["profile"]']
    tables = {"limits": ["sessions_per_user = 7", "revocations_per_minute = 99"], "account": ["max_age = 77"]}
    changed = "\n".join(lines) + "\n" + good.replace("[limits]\n", "[limits]\n" + "\n".join(tables["limits"]) + "\n", 1)
    changed = changed.replace("\n[sip]\n", "\n[account]\n" + tables["account"][0] + "\n\n[sip]\n", 1)
    try:
        with open(system.config, "w", encoding="utf-8") as file:
            file.write(changed)
        expect(ctl.json("reload")["needs_restart"] == [], "none of these needs a restart")
        shown = tomllib.loads(ctl.json("config", "show")["toml"])
        expect(shown["trusted_proxies"] in (["192.0.2.10"], ["192.0.2.10/32"]) and shown["forwarded_header"] == "forwarded", f"proxies: {shown}")
        expect(shown["consent_scopes"] == ["profile"] and shown["account"]["max_age"] == 77, f"sign-in: {shown}")
        limits = shown["limits"]
        for table, was, now in (("sip", "\npsi = ", "\nsubscription_max = 99\npsi = "), ("diameter", "\nwatchdog = ", "\npending_max = 99\nwatchdog = ")):
            with open(system.config, "w", encoding="utf-8") as file:
                file.write(changed.replace(was, now, 1))
            expect(ctl.json("reload")["needs_restart"] == [table], f"[{table}] is made at the start")
        expect(limits["sessions_per_user"] == 7 and limits["revocations_per_minute"] == 99, f"limits: {limits}")
    finally:
        with open(system.config, "w", encoding="utf-8") as file:
            file.write(good)
        ctl.json("reload")


def check_renewed_certificates(system, ctl):
    """Certificates that were put in the place of others are shown to whoever connects from then on, on every port; one that will not
    do for long is said, and its end is among the metrics."""
    names, own = ("server", "diameter", "sip"), {}
    folder = os.path.dirname(system.config)
    ports = {"server": urllib.parse.urlsplit(system.issuer).port, "diameter": int(system.values["DIAMETER_TLS_PORT"]),
             "sip": int(system.values["SIP_TLS_PORT"])}

    def shown(name):
        return ssl.get_server_certificate(("127.0.0.1", ports[name])).strip()

    for name in names:
        with open(os.path.join(folder, name + ".pem"), encoding="ascii") as file:
            own[name] = file.read()
    try:
        for name in names:
            path = os.path.join(folder, name + ".pem")
            subprocess.run(["openssl", "req", "-x509", "-new", "-key", os.path.join(folder, name + ".key"), "-subj", "/CN=localhost", "-days", "5",
                            "-addext", "subjectAltName=DNS:localhost", "-out", path], check=True, capture_output=True, stdin=subprocess.DEVNULL)
        warnings = ctl.json("reload")["warnings"]
        expect(len(warnings) == 3 and all("ends in" in one for one in warnings), f"warnings: {warnings}")
        for name in names:
            with open(os.path.join(folder, name + ".pem"), encoding="ascii") as file:
                expect(shown(name) == file.read().strip(), f"{name}: the port shows another certificate than its file has")
        ends = [line for line in ctl.run("metrics").stdout.splitlines() if line.startswith("claviger_certificate_not_after_seconds{")
                and any(f"/{name}.pem" in line for name in names)]
        expect(len(ends) == 3 and all(float(line.split()[-1]) < time.time() + 6 * 86400 for line in ends), f"metrics: {ends}")
    finally:
        for name in names:
            with open(os.path.join(folder, name + ".pem"), "w", encoding="ascii") as file:
                file.write(own[name])
    expect(ctl.json("reload")["warnings"] == [], "nothing to warn of")
    expect(shown("sip") in own["sip"], "the own ones again")


def lines_of_log(system, word):
    with open(os.path.join(os.path.dirname(system.config), "clavigerd.log"), encoding="ascii") as file:
        return [line for line in file if word in line]


def await_line(system, word, more_than):
    """The lines of the log with that word in them: more than so many, soon."""
    until = time.monotonic() + 30
    while len(found := lines_of_log(system, word)) <= more_than:
        expect(time.monotonic() < until, f"no {word} in the log")
        threading.Event().wait(0.05)
    return found


def check_bad_certificates(system, ctl):
    """One file that is no certificate, whoever's: nothing is changed, not even what was good, and whoever asked is told why."""
    folder = os.path.dirname(system.config)
    port = urllib.parse.urlsplit(system.issuer).port
    files = {name: os.path.join(folder, name) for name in ("server.pem", "diameter.pem", "sip.pem", os.path.basename(system.config))}
    good = {}
    for name, path in files.items():
        with open(path, encoding="utf-8") as file:
            good[name] = file.read()

    def write(name, text):
        with open(files[name], "w", encoding="utf-8") as file:
            file.write(text)

    def as_before():
        expect("192.0.2.77" not in ctl.json("config", "show")["toml"], "the settings are as they were")
        expect(ssl.get_server_certificate(("127.0.0.1", port)).strip() in good["server.pem"], "and so is the certificate")

    subprocess.run(["openssl", "req", "-x509", "-new", "-key", os.path.join(folder, "server.key"), "-subj", "/CN=localhost", "-days", "50",
                    "-addext", "subjectAltName=DNS:localhost", "-out", files["server.pem"] + ".new"], check=True, capture_output=True,
                   stdin=subprocess.DEVNULL)
    with open(files["server.pem"] + ".new", encoding="ascii") as file:
        renewed = file.read()
    try:
        write(os.path.basename(system.config), 'trusted_proxies = ["192.0.2.77"]\n' + good[os.path.basename(system.config)])
        for bad in ("diameter.pem", "sip.pem", "server.pem"):
            write("server.pem", renewed)
            write(bad, "no certificate\n")
            said = len(lines_of_log(system, "reload.refused"))
            why = ctl.run("reload", status=FAILED).stderr
            of_whom = files[bad] + ": no certificate in PEM"
            expect("nothing was changed" in why and why.count(of_whom) == 1, f"a bad {bad}: {why}")
            expect(of_whom in await_line(system, "reload.refused", said)[-1], f"clavigerctl reload with a bad {bad} is in the log")
            as_before()
            said = len(lines_of_log(system, "reload.refused"))
            os.kill(int(system.values["PID"]), signal.SIGHUP)
            expect(of_whom in await_line(system, "reload.refused", said)[-1], f"SIGHUP with a bad {bad}")
            as_before()
            write(bad, good[bad])
        os.remove(files["sip.pem"])
        missing = ctl.run("reload", status=FAILED).stderr
        expect(f"{files['sip.pem']}: No such file" in missing, f"a missing one: {missing}")
        write("sip.pem", good["diameter.pem"])
        other = ctl.run("reload", status=FAILED).stderr
        expect(f"sip.key is not the key of {files['sip.pem']}" in other, f"another's: {other}")
        write("sip.pem", good["sip.pem"])
        write("server.pem", renewed)
        said = len(lines_of_log(system, "reload.applied"))
        ctl.run("reload")
        await_line(system, "reload.applied", said)
        expect("192.0.2.77" in ctl.json("config", "show")["toml"], "all of it at once")
        expect(ssl.get_server_certificate(("127.0.0.1", port)).strip() == renewed.strip(), "the renewed one")
    finally:
        for name, text in good.items():
            write(name, text)
        ctl.run("reload")


def check_reload_outside(system, ctl):
    """What a reload changed, as clients see it: a proxy that was taken out is believed no more, on its open connection either;
    a listener's own origin is told; and each thing that needs a restart is named alone."""
    with open(system.config, encoding="utf-8") as file:
        good = file.read()

    def reloaded(text):
        with open(system.config, "w", encoding="utf-8") as file:
            file.write(text)
        return ctl.json("reload")["needs_restart"]

    path = urllib.parse.urlsplit(system.issuer).path + "/.well-known/openid-configuration"
    asserted = {"X-3GPP-Asserted-Identity": "sip:somebody@alpha.example"}
    try:
        expect(https(system).ask("GET", path, asserted).status == 403, "a stranger asserts nobody")
        expect(reloaded('trusted_proxies = ["127.0.0.1"]\n' + good) == [], "a proxy needs no restart")
        connection = https(system)
        expect(connection.ask("GET", path, asserted).status == 200, "a proxy does")
        expect(reloaded(good) == [], "nor does its end")
        expect(connection.ask("GET", path, asserted).status == 403, "taken out, on the connection that it has")
        expect(https(system).ask("GET", path, asserted).status == 403, "and on another")
        mutual = 'client_certificates = "required"\n'
        for origin in ("https://mtls.alpha.example:4711", "https://mtls2.alpha.example"):
            expect(reloaded(good.replace(mutual, mutual + f'public_origin = "{origin}"\n', 1)) == [], "an origin needs no restart")
            aliases = https(system).ask("GET", path).json()["mtls_endpoint_aliases"]
            expect(aliases["token_endpoint"].startswith(origin + "/"), f"the listener's origin: {aliases}")
        expect(reloaded(good) == [] and "mtls_endpoint_aliases" not in https(system).ask("GET", path).json(), "gone again")
        for was, now, names in (("shards = ", "shards = 1", ["shards"]), ("hash_threads = ", "hash_threads = 1", ["hash_threads"]),
                                ("block_cache_mib = ", "block_cache_mib = 3", ["limits.block_cache_mib"]),
                                ("[limits]\n", "[limits]\nrequests_max = 999\n", ["limits.requests_max"]),
                                ("metrics_port = ", "metrics_port = 9464 # ", ["metrics_port"]), ('"optional"', '"none"', ["https addresses"]),
                                ("watchdog = ", "watchdog = 1", ["diameter"]), ("\npsi = ", "\nsubscription_max = 99\npsi = ", ["sip"])):
            expect(was in good and reloaded(good.replace(was, now, 1)) == names, f"{now.strip()} is named alone")
    finally:
        reloaded(good)


def check_users(system, ctl):
    ctl.run("user", "add", "alice", "--mc-id", "sip:alice@alpha.example", "--mcptt-id",
            "sip:alice.ptt@alpha.example", "--password-stdin", given="correct horse\n")
    ctl.run("user", "add", "alice", "--no-password", status=CONFLICT)
    ctl.run("user", "add", "bob", "--mc-id", "sip:alice@alpha.example", "--no-password", status=CONFLICT)
    ctl.run("user", "show", "nobody", status=NOT_FOUND)
    for name in ("county/ann", "../ann", "a%2fb"):
        ctl.run("user", "add", "--no-password", name)
        expect(name in ctl.run("user", "show", name).stdout, f"show {name}")
        ctl.run("user", "disable", name, "--yes")
        ctl.run("user", "remove", name, "--yes")
    ctl.run("ue", "add", "urn:radio/12", "--class", "shareable")
    ctl.run("ue", "lost", "urn:radio/12", "--yes")
    ctl.run("user", "list", "--limit", "1")
    first = tokens_of(system, "alice", "correct horse")
    expect(is_active(system, first["access_token"]), "a fresh token is active")
    ctl.run("user", "disable", "alice", status=FAILED)  # nobody to ask
    ctl.run("user", "disable", "alice", "--yes")
    expect(not is_active(system, first["access_token"]), "a disabled user's token is dead")
    ctl.run("user", "enable", "alice")
    ctl.run("user", "set-password", "alice", "--password-stdin", given="another one\n")
    second = tokens_of(system, "alice", "another one")
    inspected = ctl.json("token", "inspect", given=second["access_token"])
    expect(inspected["state"] == "good" and inspected["session"]["login"] == "alice", f"token inspect: {inspected}")
    ctl.run("token", "revoke", "--yes", second["access_token"])
    expect(not is_active(system, second["access_token"]), "a revoked token is dead")
    sessions = ctl.json("session", "list", "alice")["items"]
    live = [session["sid"] for session in sessions if session["state"] == "active"]
    expect(len(live) == 1, f"sessions: {sessions}")
    ctl.run("session", "revoke", live[0], "--yes")
    ctl.run("session", "revoke", "--all-of", "alice", "--yes")
    ctl.run("session", "revoke", "no-such-session", "--yes", status=NOT_FOUND)
    ctl.run("user", "remove", "alice", "--yes")
    ctl.run("user", "show", "alice", status=NOT_FOUND)


def check_clients_and_keys(system, ctl):
    added = ctl.json("client", "add", "app", "--authentication", "client_secret_basic", "--grant", "client_credentials")
    rotated = ctl.json("client", "rotate-secret", "app", "--yes")
    expect(rotated["client_secret"] != added["client_secret"], "rotate-secret")
    for verb in ("disable", "enable", "show"):
        ctl.run("client", verb, "app", *(["--yes"] if verb == "disable" else []))
    ctl.run("client", "add", "app", status=CONFLICT)
    ctl.run("client", "remove", "app", "--yes")
    ctl.run("client", "show", "app", status=NOT_FOUND)

    token = tokens_of(system, system.username, system.password)["access_token"]
    before = {key["kid"]: key["state"] for key in ctl.json("key", "list")["items"]}
    ctl.run("key", "rotate", "--yes")
    after = {key["kid"]: key["state"] for key in ctl.json("key", "list")["items"]}
    active = [kid for kid, state in after.items() if state == "active"]
    expect(len(active) == 1 and before[active[0]] == "next", f"key rotate: {before} {after}")
    expect(is_active(system, token), "a token of the retiring key is good")
    # A tenant that is disabled is put aside, not ended.
    path = urllib.parse.urlsplit(system.issuer).path + "/userinfo"
    served = lambda: https(system).ask("GET", path, {"Authorization": "Bearer " + token}).status
    expect(served() == 200, "a token is good")
    ctl.run("tenant", "disable", "alpha", "--yes")
    expect(served() in (401, 404), f"a disabled tenant's is not: {served()}")
    ctl.run("tenant", "enable", "alpha")
    expect(served() == 200, "and good again when it is enabled")
    retiring = next(kid for kid, state in before.items() if state == "active")
    ctl.run("key", "revoke", "--yes", "--", retiring)  # some begin with a hyphen
    expect(not is_active(system, token), "a token of a revoked key is dead")
    ctl.run("key", "revoke", "no-such-key", "--yes", status=NOT_FOUND)

    # Every method that there is can be allowed.
    for method in ("totp", "hotp", "outside", "recovery", "webauthn", "x509", "aka"):
        shown = ctl.json("policy", "set", "--user", system.values["USERNAME"], "--method", "password", "--method", method, "--yes")
        expect(shown["methods"] == ["password", method], f"policy: {shown}")
    ctl.run("policy", "set", "--user", system.values["USERNAME"], "--reset", "--yes")

    # An issuer that is not where its endpoints are may be meant; it is said once, at start and reload.
    ctl.run("tenant", "add", "elsewhere", "--issuer", "https://login.example/elsewhere")
    ctl.run("reload")
    with open(tomllib.loads(ctl.json("config", "show")["toml"])["log"]["file"], encoding="utf-8") as log:
        warned = [line for line in log if "tenant.issuer_elsewhere" in line]
    expect(len(warned) == 1 and "https://login.example/elsewhere" in warned[0], f"issuer: {warned}")
    ctl.run("tenant", "disable", "elsewhere", "--yes")

    ctl.run("tenant", "add", "other")
    ctl.run("tenant", "add", "other", status=CONFLICT)
    ctl.run("tenant", "add", "No_Name", status=FAILED)
    ctl.run("user", "list", status=FAILED)  # which tenant?
    ctl.run("tenant", "disable", "other", "--yes")
    ctl.run("--tenant", "other", "user", "list")
    ctl.run("--tenant", "nobody", "user", "list", status=NOT_FOUND)


def check_clock(system, ctl):
    # Who reloads nothing hears, too, that a certificate ends: once a day.
    path = os.path.join(os.path.dirname(system.config), "sip.pem")
    with open(path, encoding="ascii") as file:
        own = file.read()
    said = len(lines_of_log(system, "certificate.ends"))
    subprocess.run(["openssl", "req", "-x509", "-new", "-key", path.replace(".pem", ".key"), "-subj", "/CN=localhost", "-days", "5", "-out", path],
                   check=True, capture_output=True, stdin=subprocess.DEVNULL)
    ctl.run("clock", "set", "--advance", "86401")
    expect("sip.pem" in await_line(system, "certificate.ends", said)[-1], "a certificate that ends")
    with open(path, "w", encoding="ascii") as file:
        file.write(own)
    ctl.run("clock", "set", "--advance", "3600")
    expect(ctl.json("clock", "show")["is_set"], "clock set")
    ctl.run("clock", "set", "--advance", "-5", status=FAILED)


def check_transfer(sandbox, ctl):
    path = os.path.join(sandbox.folder, "people.csv")
    good = 2500
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write("login,display_name,mc_id,password_hash\r\n")
        for i in range(good):
            file.write(f'person{i},"Person, ""{i}""",sip:person{i}@alpha.example,\r\n')
            if i == 1200:
                file.write("too,few\r\n")
            if i == 1300:
                file.write('"never closed\r\n')
        file.write("twin,,sip:person7@alpha.example,\r\n")
    # One batch after the other: of two that are in flight either may be the one that has the identity.
    done = ctl.run("--tenant", "alpha", "user", "import", path, "--connections", "1", status=FAILED)
    bad = [line.split(": ", 1)[0].rsplit(":", 1)[1] for line in done.stderr.splitlines() if line.startswith(path + ":")]
    expect(bad == ["1203", "1304", "2504"], f"bad lines: {bad}\n{done.stderr}")
    expect(f"{good} good lines" in done.stdout, done.stdout)
    expect(not os.path.exists(path + ".import-state"), "the state of a finished import stays")
    again = ctl.run("--tenant", "alpha", "--json", "user", "import", path, status=FAILED)
    expect(json.loads(again.stdout)["created"] == 0, f"imported twice: {again.stdout}")

    for name in ("out.ndjson", "out.csv"):
        out = os.path.join(sandbox.folder, name)
        ctl.run("--tenant", "alpha", "user", "export", out, "--with-password-hashes")
        with open(out, encoding="utf-8") as file:
            expect(sum("person" in line for line in file) == good, f"{name}: not every user came out")
        expect(os.stat(out).st_mode & 0o077 == 0, f"{name} can be read by others")
        ctl.run("--tenant", "other", "user", "import", out, status=FAILED)  # the MC IDs belong to users of alpha
        back = json.loads(ctl.run("--tenant", "alpha", "--json", "user", "import", out).stdout)
        expect(back["bad"] == 0 and back["created"] == 0 and back["updated"] == 0, f"{name} back: {back}")


def check_kill(sandbox, ctl):
    system = sandbox.system()
    tokens = tokens_of(system, system.username, system.password)
    sandbox_tool("restart", sandbox.folder, "alpha", "--kill")
    expect(is_active(system, tokens["access_token"]), "kill -9: the token is forgotten")
    expect(any(session["state"] == "active" for session in ctl.json("--tenant", "alpha", "session", "list", system.username)["items"]),
           "kill -9: the session is forgotten")
    ctl.run("--tenant", "alpha", "user", "show", "person2499")


def check_audit(sandbox, ctl):
    path = os.path.join(sandbox.folder, "alpha", "audit.log")
    report = ctl.json("audit", "verify")
    expect(report["intact"] and report["entries"] > 50, f"audit verify: {report}")
    os.rename(path, path + ".1")
    ctl.run("reload")
    alone = ctl.json("audit", "verify")
    expect(alone["intact"] and alone["not_looked_at"].startswith("entries 1 to "), f"after rotation: {alone}")
    expect(ctl.json("audit", "verify", "audit.log.1", "audit.log")["entries"] > report["entries"], "over both files")
    with open(path + ".1", encoding="utf-8") as file:
        lines = file.readlines()
    expect(not any("correct horse" in line or "another" in line for line in lines), "a password in the audit log")
    changed = lines[19].replace('"time":"2', '"time":"3')
    for number, forged in ((10, lines[:9] + lines[10:]), (20, [*lines[:19], changed, *lines[20:]])):
        with open(path + ".1", "w", encoding="utf-8") as file:
            file.writelines(forged)
        found = json.loads(ctl.run("--json", "audit", "verify", "audit.log.1", "audit.log", status=FAILED).stdout)
        expect((found["bad_file"], found["bad_line"]) == ("audit.log.1", number), f"audit verify: {found}")
    ctl.run("audit", "verify", "../audit.log", status=FAILED)


def main():
    with Sandbox() as sandbox:
        system = sandbox.system()
        ctl = Ctl(system.admin_socket)
        demo(sandbox)
        check_process(system, ctl)
        check_config(system)
        check_reload(system, ctl)
        check_renewed_certificates(system, ctl)
        check_bad_certificates(system, ctl)
        check_reload_outside(system, ctl)
        check_users(system, ctl)
        check_clients_and_keys(system, ctl)
        check_transfer(sandbox, ctl)
        check_kill(sandbox, ctl)
        check_clock(system, ctl)
        check_audit(sandbox, ctl)
        before = sandbox.values
        sandbox_tool("down", sandbox.folder)
        sandbox_tool("status", sandbox.folder, status=1)
        sandbox_tool("up", sandbox.folder)
        demo(sandbox)
        expect(sandbox.values["ALPHA_ISSUER"] == before["ALPHA_ISSUER"], "another port after a restart")
        ctl.run("shutdown", "--yes")
    print("an operator's day went well")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"operators_day: {failure}")
