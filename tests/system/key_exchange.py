#!/usr/bin/env python3
"""Keys from outside: two users' own clients at two KMSs, the KMSs as peers, a proxy that ends the TLS, and kill -9 in
between: what was acknowledged is there, and keys are issued once.

usage: key_exchange.py     CLAVIGER_BUILD: the build folder. Uses xmlsec1, and nginx where it is installed.
"""

import base64
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.parse

import nginx
from clavigerd import SOURCE, Failure, Sandbox, build_folder, read_environment

SEAL_SCOPE = "3gpp:seal:key_management"


def run(arguments, given=None, environment=None, status=0):
    done = subprocess.run(arguments, input=given, stdin=subprocess.DEVNULL if given is None else None, capture_output=True, text=True,
                          timeout=300, check=False, env=os.environ | (environment or {}))
    if done.returncode != status:
        raise Failure(f"{' '.join(arguments[:6])}...: status {done.returncode} where {status} was expected\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(condition, what):
    if not condition:
        raise Failure(what)


class Client:
    """claviger-ue as one user."""

    def __init__(self, system, folder, kms=None):
        self.system, self.folder, self.kms = system, folder, kms or system.kms_url

    def ue(self, *arguments, status=0, given=None, password=None, more=None):
        tool = [os.path.join(build_folder(), "bin", "claviger-ue"), "--state", self.folder, "--user", self.system.username]
        environment = {"CLAVIGER_UE_PASSWORD": password or self.system.password} | (more or {})
        return run([*tool, *arguments], given, environment, status)

    def sign_in(self, client=None, **options):
        return self.ue("sign-in", "--issuer", self.system.issuer, "--client", client or self.system.client_id, "--redirect-uri",
                       self.system.redirect_uri, "--scope", self.system.km_scopes, "--ca", self.system.ca, "--kms", self.kms,
                       "--kms-uri", self.system.kms_uri, **options)

    def share(self, kind):
        values = self.system.values
        self.ue("shared-key", kind, values[kind.upper() + "_ID"], more={"CLAVIGER_UE_SHARED_KEY": values[kind.upper()]})


def ctl(system, *arguments):
    return json.loads(run([os.path.join(build_folder(), "bin", "clavigerctl"), "--socket", system.admin_socket, "--tenant", system.tenant,
                           "--json", *arguments]) or "{}")


def curl(system, url, *arguments):
    """(status, body)"""
    out = run(["curl", "-s", "--cacert", system.ca, "-w", "\n%{http_code}", *arguments, url])
    body, _, status = out.rpartition("\n")
    return int(status), body


def key_of(text):
    return re.search(r"key ([0-9a-f]{8}), fingerprint ([0-9a-f]+)", text).groups()


def check_clients(sandbox):
    alpha, bravo = sandbox.system("ALPHA"), sandbox.system("BRAVO")
    ann, bob = (Client(system, os.path.join(sandbox.folder, "ue-" + system.tenant)) for system in (alpha, bravo))
    for one in (ann, bob):
        one.sign_in()
        expect("2 good" in one.ue("keys"), "keys that pass their checks")
    expect("is not signed in" not in ann.ue("keys", "--list"), "what is kept")
    # There and back, each under the other's External certificate.
    message = os.path.join(sandbox.folder, "message")
    for one, other in ((ann, bob), (bob, ann)):
        sent = one.ue("send", other.system.mcptt_id, "--out", message)
        opened = other.ue("open", message, "--from", one.system.mcptt_id)
        fingerprint = re.search(r"fingerprint ([0-9a-f]+)", sent).group(1)
        expect(key_of(opened)[1] == fingerprint, "the same key at both ends")
        one.ue("open", message, status=1)  # not to himself
        other.ue("open", message, "--from", "sip:somebody@else.example", status=1)
    raw = bytearray(base64.b64decode(open(message, encoding="ascii").read()))
    raw[300] ^= 1
    with open(message, "wb") as file:
        file.write(raw)
    ann.ue("open", message, status=1)
    expect("kms.bravo.example" in ann.ue("lookup", bravo.mcptt_id), "whose keys a user of bravo has")
    ann.share("ink")
    expect("signed" in ann.ue("keys"), "signed answers")
    ann.share("trk")
    expect("wrapped under the TrK" in ann.ue("keys"), "wrapped keys")
    ann.ue("keys", status=1, password="wrong")
    ann.sign_in(client=alpha.mc_client_id)  # whose profile wants all that TS 33.180 does
    ann.ue("sign-off")
    expect(not [name for name in os.listdir(ann.folder) if name.endswith(".vault")], "an erased vault")
    ann.ue("keys", status=1)
    return bob


def check_service(sandbox):
    """claviger-ue --service: a server's own client, for the identity that an operator granted it."""
    alpha = sandbox.system("ALPHA")
    uri = "sip:mcx@alpha.example"
    made = ctl(alpha, "client", "add", "mcx", "--name", "mcx", "--authentication", "client_secret_basic", "--grant", "client_credentials",
               "--scope", "3gpp:mc:ptt_key_management_service")
    tool = [os.path.join(build_folder(), "bin", "claviger-ue"), "--state", os.path.join(sandbox.folder, "ue-mcx"), "--user", "mcx"]
    secret = {"CLAVIGER_UE_CLIENT_SECRET": made["client_secret"], "CLAVIGER_UE_PASSWORD": made["client_secret"]}
    sign_in = ["sign-in", "--service", "--issuer", alpha.issuer, "--scope", "3gpp:mc:ptt_key_management_service", "--ca", alpha.ca, "--kms",
               alpha.kms_url, "--kms-uri", alpha.kms_uri, "--identity", uri]
    run([*tool, *sign_in], environment=secret)
    run([*tool, "keys"], environment=secret, status=1)  # nobody granted it anything
    ctl(alpha, "kms", "user", "set", uri, "--client", "mcx")
    expect("good" in run([*tool, "keys"], environment=secret), "keys of a server that pass its checks")
    expect(uri in run([*tool, "keys", "--list"], environment=secret), "whose they are")
    run([*tool, "sign-off"], environment=secret)
    run([*tool, *sign_in], environment=secret | {"CLAVIGER_UE_CLIENT_SECRET": "wrong"}, status=1)


def token_of_val_server(alpha, services):
    made = ctl(alpha, "client", "add", "val-two", "--name", "two", "--authentication", "client_secret_basic", "--grant", "client_credentials",
               "--scope", SEAL_SCOPE, "--val-server", "https://val2.alpha.example", *(word for one in services for word in ("--val-service", one)))
    status, body = curl(alpha, alpha.issuer + "/token", "-u", "val-two:" + made["client_secret"], "-d", "grant_type=client_credentials", "-d",
                        "scope=" + SEAL_SCOPE)
    expect(status == 200, body)
    return json.loads(body)["access_token"]


def connections_accepted(system):
    status, text = curl(system, system.metrics)
    expect(status == 200, text)
    return sum(int(count) for count in re.findall(r"^claviger_http_connections_total(?:\{[^}]*\})? (\d+)$", text, re.MULTILINE))


def check_crowd(alpha, bravo, token):
    """Many ask at once for what a peer holds: all are answered, over a few connections that are kept."""
    before, asked = connections_accepted(bravo), 120
    out = run(["curl", "-s", "--cacert", alpha.ca, "--parallel", "--parallel-max", "60", "-H", "authorization: Bearer " + token, "-w", "%{http_code}\n",
               "-o", "/dev/null", f"{alpha.seal_key_url}?val-service-id={bravo.val_service}#[1-{asked}]"])
    statuses = out.split()
    expect(len(statuses) == asked and set(statuses) == {"200"}, f"a crowd: {sorted(set(statuses))} of {len(statuses)}")
    made = connections_accepted(bravo) - before - 1  # the one that asks for the figure
    expect(made <= 4, f"{made} connections for {asked} questions")


def check_peers(sandbox):
    alpha, bravo = sandbox.system("ALPHA"), sandbox.system("BRAVO")
    certificate = ["--cert", alpha.kms_certificate, "--key", alpha.kms_key]
    status, document = curl(alpha, bravo.kms_exchange_url + "/certificate", *certificate)
    expect(status == 200, document)
    file = os.path.join(sandbox.folder, "certificate.xml")
    with open(file, "w", encoding="utf-8") as out:
        out.write(document)
    if shutil.which("xmlsec1"):
        run(["xmlsec1", "--verify", "--id-attr:Id", "KmsCertificate", "--trusted-pem", alpha.ca, file])
    # Security information that bravo holds, for a VAL server of alpha's; nobody else's, and no longer than bravo has it.
    token = token_of_val_server(alpha, [bravo.val_service, "nobody.example"])
    ask = lambda service: curl(alpha, alpha.seal_key_url + "?val-service-id=" + service, "-H", "authorization: Bearer " + token)
    status, body = ask(bravo.val_service)
    expect(status == 200 and json.loads(body)["skmsId"] == bravo.issuer, f"{status} {body}")
    expect(ask("nobody.example")[0] == 404, "a service that nobody holds")
    check_crowd(alpha, bravo, token)
    peer = lambda service: curl(alpha, bravo.kms_exchange_url + "/key-records?val-service-id=" + service, *certificate)[0]
    expect(peer(bravo.val_service) == 200, "what the agreement allows")
    # Held at alpha, says bravo: alpha asking bravo for it gets nothing, and bravo asks nobody.
    expect(peer(alpha.val_service) == 403, "what it does not")
    accepts = curl(alpha, bravo.kms_exchange_url + "/key-records?val-service-id=" + bravo.val_service, *certificate, "-H", "accept: text/html")[0]
    expect(accepts == 406, f"a peer that takes no JSON: {accepts}")
    expect(curl(alpha, alpha.issuer + "/kms-exchange/v1/certificate")[0] == 403, "without a certificate")
    ctl(bravo, "seal-key", "revoke", bravo.val_service, "--all", "--yes")
    expect(ask(bravo.val_service)[0] == 404, "revoked there is revoked here")
    # What is not said of a peer stays as it was agreed.
    agreed = ctl(bravo, "kms", "peer", "list")["items"][0]
    changed = ctl(bravo, "kms", "peer", "set", alpha.kms_uri, "--share", "")
    expect(changed == agreed | {"shared": []} and peer(bravo.val_service) == 403, f"one part of an agreement: {changed}")
    ctl(bravo, "kms", "peer", "remove", alpha.kms_uri, "--yes")
    expect(peer(bravo.val_service) == 403, "the agreement ended")


def check_values(sandbox):
    """What sandbox.env says of keys is as it says."""
    for system in (sandbox.system("ALPHA"), sandbox.system("BRAVO")):
        def ask(token, what="keyprov", method="POST"):
            return curl(system, system.kms_url + "/" + what, "-X", method, "-H", "content-length: 0", "-H", "authorization: Bearer " + token)
        status, body = ask(sandbox_token(sandbox, system), "init")
        expect(status == 200 and f"<KmsUri>{system.kms_uri}</KmsUri>" in body, f"KMS_URI: {status}")
        expect(ask(system.token_expired)[0] == 401, "TOKEN_EXPIRED")
        expect(ask(system.token_revoked_user)[0] == 410, "TOKEN_REVOKED_USER")
        status, body = curl(system, system.seal_key_url + "?val-service-id=" + system.val_service, "-H", "authorization: Bearer " + system.seal_token)
        expect(status == 200 and json.loads(body)["valService"] == system.val_service, "SEAL_TOKEN")
        expect("PRIVATE KEY" in open(system.capif_key, encoding="ascii").read(), "CAPIF_KEY")


def check_smuggling(sandbox):
    """Row 27: two lengths of one body, and bad chunks, end the connection with 400."""
    alpha = sandbox.system("ALPHA")
    url = urllib.parse.urlsplit(alpha.kms_url)
    context = ssl.create_default_context(cafile=alpha.ca)
    for fields in ("content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "transfer-encoding: chunked\r\n\r\nzz\r\n\r\n"):
        with socket.create_connection((url.hostname, url.port), timeout=60) as plain, context.wrap_socket(plain, server_hostname=url.hostname) as tls:
            tls.sendall(f"POST {url.path}/init HTTP/1.1\r\nhost: {url.netloc}\r\n{fields}".encode())
            got = b""
            while piece := tls.recv(4096):  # until it is closed
                got += piece
            expect(got.startswith(b"HTTP/1.1 400 "), f"row 27: {got[:80]}")


def check_group_server(sandbox):
    """SEAL-X1: a group management server's own keys, for its token and its certificate together."""
    alpha, bravo = sandbox.system("ALPHA"), sandbox.system("BRAVO")
    scope = "3gpp:mc:ptt_key_management_service"
    made = ctl(alpha, "client", "add", "gms", "--name", "gms", "--authentication", "client_secret_basic", "--grant", "client_credentials",
               "--scope", scope)
    status, body = curl(alpha, alpha.issuer + "/token", "-u", "gms:" + made["client_secret"], "-d", "grant_type=client_credentials", "-d",
                        "scope=" + scope)
    expect(status == 200, body)
    token = json.loads(body)["access_token"]
    over_tls = "https://" + urllib.parse.urlsplit(alpha.kms_exchange_url).netloc + urllib.parse.urlsplit(alpha.kms_url).path

    def keys(root, *certificate):
        return curl(alpha, root + "/keyprov/sip%3Agms%40alpha.example", "-X", "POST", "-H", "content-length: 0", "-H",
                    "authorization: Bearer " + token, *certificate)[0]

    own = ["--cert", alpha.kms_certificate, "--key", alpha.kms_key]
    expect(keys(over_tls, *own) == 403, "nobody said that it is one")
    ctl(alpha, "kms", "group-server", "add", "sip:gms@alpha.example", "--client", "gms", "--certificate-name", alpha.kms_uri)
    expect(keys(over_tls, *own) == 200, "token and certificate")
    expect(keys(over_tls, "--cert", bravo.kms_certificate, "--key", bravo.kms_key) == 403, "another's certificate")
    expect(keys(alpha.kms_url) == 403, "a token alone")
    restart(sandbox)
    expect(len(ctl(alpha, "kms", "group-server", "list")["items"]) == 1, "a group management server that was acknowledged")
    ctl(alpha, "kms", "group-server", "remove", "sip:gms@alpha.example", "--yes")
    expect(keys(over_tls, *own) == 403, "removed")


def ask_for_keys(system, access_token):
    return curl(system, system.kms_url + "/keyprov", "-X", "POST", "-H", "authorization: Bearer " + access_token, "-H", "content-length: 0")


def keys_over_curl(system, access_token):
    status, body = ask_for_keys(system, access_token)
    expect(status == 200, f"{status} {body}")
    return re.findall(r"<UserPubTokenPVT[^>]*>([0-9a-f]+)", body)


def check_ceremony(sandbox):
    """A domain that another KMS had until now, with the secrets of RFC 6508 and RFC 6507, appendix A of each."""
    alpha = sandbox.system("ALPHA")
    with open(os.path.join(SOURCE, "tests", "vectors", "mikey_sakke.json"), encoding="ascii") as file:
        vectors = json.load(file)
    z, z_t = vectors["rfc6508"]["z"], vectors["rfc6508"]["Z"]
    ksak, kpak = vectors["rfc6507"]["KSAK"], vectors["rfc6507"]["KPAK"]
    tool = [os.path.join(build_folder(), "bin", "clavigerctl"), "--socket", alpha.admin_socket]
    run([*tool, "tenant", "add", "brought"])
    init = [*tool, "--tenant", "brought", "--json", "kms", "init", "--uri", "kms.brought.example", "--secrets-stdin"]
    for wrong in (z, f"{z} {ksak[1:]}", f"0 {ksak}", f"{z} {'00' * 32}", f"{'ff' * 128} {ksak}", f"{z} {'ff' * 32}", f"zz {ksak}"):
        run(init, wrong + "\n", status=1)
    made = json.loads(run(init, f"{z} {ksak}\n"))
    expect(made["pub_enc_key"] == "04" + z_t["x"] + z_t["y"] and made["pub_auth_key"] == "04" + kpak["x"] + kpak["y"], f"{made}")
    run([*tool, "--tenant", "brought", "kms", "init", "--uri", "kms.other.example", "--secrets-stdin"], f"{z} {ksak}\n", status=5)
    # What clients are told of the cache is what operators see.
    told = re.search(r'CacheNum="(\d+)"', curl(alpha, alpha.kms_url + "/certcache", "-X", "POST", "-H", "content-length: 0", "-H",
                                               "authorization: Bearer " + sandbox_token(sandbox, alpha))[1])
    expect(int(told[1]) == ctl(alpha, "kms", "show")["cache_number"], "CacheNum")


def check_kills(sandbox):
    """SIGKILL right after each acknowledgement."""
    alpha, bravo = sandbox.system("ALPHA"), sandbox.system("BRAVO")
    token = sandbox_token(sandbox, alpha)
    before = keys_over_curl(alpha, token)
    restart(sandbox)
    expect(keys_over_curl(alpha, token) == before, "keys are issued once")
    ctl(alpha, "kms", "revoke", alpha.values["MCPTT_ID"], "--reason", "lost", "--yes")
    restart(sandbox)
    for _ in range(2):  # with nothing cached, and with it
        status, body = ask_for_keys(alpha, token)
        expect(status == 410, f"keys of a user who was revoked: {status} {body}")
    ctl(alpha, "kms", "restore", alpha.values["MCPTT_ID"])
    tool = [os.path.join(build_folder(), "bin", "clavigerctl"), "--socket", alpha.admin_socket, "--tenant", "alpha", "kms"]
    for verb in (["revoke", "--yes"], ["restore"], ["transport-key", "add", "--kind", "trk"]):  # a mistyped URI is said to be one
        run([*tool, *verb, "sip:nobody@alpha.example"], status=4)
    restart(sandbox)
    expect(keys_over_curl(alpha, token) == before, "a user who was restored")
    ctl(bravo, "kms", "rotate", "--yes")
    restart(sandbox, "bravo")
    shown = ctl(bravo, "kms", "show")
    expect(shown["generation"] == 2, "a rotation that was acknowledged")
    ctl(alpha, "kms", "peer", "fetch", bravo.kms_uri)
    restart(sandbox)
    waiting = [one for one in ctl(alpha, "kms", "certificate", "list")["items"] if one["state"] == "pending"]
    expect([one["fingerprint"] for one in waiting] == [shown["fingerprint"]], "a certificate that waits")
    ctl(alpha, "kms", "admit", shown["fingerprint"], "--yes")
    restart(sandbox)
    states = {one["fingerprint"]: one["state"] for one in ctl(alpha, "kms", "certificate", "list")["items"]}
    expect(states[shown["fingerprint"]] == "admitted" and "pending" not in states.values(), "an admission, whole or not at all")
    made = ctl(alpha, "seal-key", "create", "killed.example")
    restart(sandbox)
    there = ctl(alpha, "seal-key", "list", "killed.example")["items"]
    expect(len(there) == 1, f"a key that was provisioned: {made} {there}")


def sandbox_token(sandbox, system):
    sys.path.append(os.path.join(SOURCE, "tools", "demo"))
    import sign_in
    issuer = sign_in.Issuer(system.issuer, system.ca)
    about = issuer.ask("GET", system.issuer + "/.well-known/openid-configuration").json()
    values = system.values | {"SCOPES": system.km_scopes}
    return sign_in.sign_in(sign_in.Steps(is_quiet=True), issuer, about, values)["access_token"]


def restart(sandbox, name="alpha"):
    run([os.path.join(SOURCE, "tools", "sandbox"), "restart", sandbox.folder, name, "--kill"],
        environment={"CLAVIGER_BUILD": build_folder()})


def check_proxy(sandbox):
    """Where a proxy ends the TLS, keys leave only under the TrK, and certificates count only as it passes them on."""
    # It was restarted: another process.
    sandbox.values = read_environment(os.path.join(sandbox.folder, "sandbox.env"))
    alpha = sandbox.system("ALPHA")
    with nginx.Proxy(sandbox, alpha, "nginx", "https://" + urllib.parse.urlsplit(alpha.issuer).netloc) as proxy:
        sandbox.take_over(alpha, {"trusted_proxies": ["127.0.0.1/32"], "public_origin": proxy.origin})
        kms = proxy.origin + urllib.parse.urlsplit(alpha.kms_url).path
        cara = Client(alpha, os.path.join(sandbox.folder, "ue-proxy"), kms)
        cara.sign_in()
        expect("retried" not in cara.ue("keys", status=1), "keys in the clear behind a proxy")
        cara.share("ink")
        cara.ue("keys", status=1)
        cara.share("trk")
        expect("wrapped under the TrK" in cara.ue("keys"), "wrapped keys behind a proxy")
        exchange = proxy.origin + urllib.parse.urlsplit(alpha.issuer).path + "/kms-exchange/v1/certificate"
        bravo = sandbox.system("BRAVO")
        with_certificate = ["--cert", bravo.kms_certificate, "--key", bravo.kms_key]
        expect(curl(alpha, exchange)[0] == 403, "no certificate")
        expect(curl(alpha, exchange, *with_certificate)[0] == 200, "one that the proxy passed on")
        forged = ["-H", "client-cert: " + urllib.parse.quote(open(bravo.kms_certificate, encoding="ascii").read()), "-H", "x-client-verify: SUCCESS"]
        expect(curl(alpha, exchange, *forged)[0] == 403, "one that the client itself wrote")


def main():
    with Sandbox() as sandbox:
        check_clients(sandbox)
        check_service(sandbox)
        check_values(sandbox)
        check_smuggling(sandbox)
        check_group_server(sandbox)
        check_ceremony(sandbox)
        check_kills(sandbox)
        check_peers(sandbox)
        if nginx.is_installed():
            check_proxy(sandbox)
        else:
            print("nginx is not installed: nothing tried behind a proxy")
    print("keys came, were checked and exchanged; nothing acknowledged was lost")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"key_exchange: {failure}")
