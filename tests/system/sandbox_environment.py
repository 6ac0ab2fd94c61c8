#!/usr/bin/env python3
"""Each variable of a sandbox's sandbox.env does what it is there for: taken from the file as a shell reads it and used by a client that
knows nothing else (curl, openssl, sockets). Before and after restarts, with the other system down, in a folder with spaces.

usage: sandbox_environment.py [DIR]     CLAVIGER_BUILD: the build folder. DIR: a sandbox that runs, which is left as it is.
"""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

from clavigerd import SOURCE, Failure, System, build_folder
from configuration import Client, sign_in
from cx import CX, VENDOR, avp, cx, vector
from diameter_wire import PROXIABLE, REQUEST, Peer
from operators_day import Ctl, expect, sandbox_tool
from sandbox_parts import make_certificate
from sip_core import Core
from subscriber_module import Module
from user_agent import UserAgent, claims_of
from wire import https

# Whoever has one system only reads these without its name in front.
PLAIN = ("KMS_URL", "KMS_URI", "SEAL_KEY_URL", "SEAL_TOKEN", "KM_SCOPES", "VAL_SERVICE", "INK_ID", "INK", "TOKEN_EXPIRED",
         "TOKEN_REVOKED_USER", "CAPIF_KEY", "SIP_HOST", "SIP_PORT", "SIP_TLS_PORT", "SIP_PSI", "IMPU", "XCAP_ROOT", "PROFILE_URL", "ACM_URL",
         "MC_SYSTEM_ID")
UE = "urn:uuid:2f6b8c4e-0000-4000-8000-0000000000e1"


def sourced(folder):
    """sandbox.env as a shell has it."""
    script = 'set -a; . "$1"; exec python3 -c "import os, json; print(json.dumps(dict(os.environ)))"'
    done = subprocess.run(["sh", "-euc", script, "sh", os.path.join(folder, "sandbox.env")], capture_output=True, text=True, check=False,
                          env={"PATH": os.environ["PATH"]})
    expect(done.returncode == 0, f"a shell reads sandbox.env: {done.stderr}")
    return json.loads(done.stdout)


def system_of(values, name):
    return System({key[len(name) + 1:]: value for key, value in values.items() if key.startswith(name + "_")})


def curl(system, url, *arguments):
    """(status, body)"""
    done = subprocess.run(["curl", "-s", "--cacert", system.ca, "-w", "\n%{http_code}", *arguments, url], capture_output=True, text=True,
                          check=False, timeout=60)
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), body


def row(name, answer, status, holds=""):
    expect(answer[0] == status and holds in answer[1], f"{name}: {answer[0]} {answer[1][:300]} where {status} and {holds} was expected")
    return answer[1]


def bearer(token):
    return ("-H", f"Authorization: Bearer {token}")


def identity(system):
    """Issue 3: the broker itself, sign-in by each client, introspection."""
    for version in ("--http1.0", "--http1.1", "--http2"):
        row(f"ISSUER, curl {version}", curl(system, system.issuer + "/jwks", version), 200, '"keys"')
    row("ISSUER, CA", curl(system, system.issuer + "/.well-known/openid-configuration"), 200, f'"issuer":"{system.issuer}"')
    expect(Ctl(system.admin_socket).json("status")["state"] == "ready", "ADMIN_SOCKET")
    done = subprocess.run([os.path.join(build_folder(), "bin", "clavigerd"), "--config", system.config, "--check-config"], capture_output=True,
                          text=True, check=False)
    expect(done.returncode == 0 and not done.stderr, f"CONFIG: {done}")
    expect(os.path.isfile(os.path.join(system.data, "CURRENT")), "DATA")
    with open(f"/proc/{system.pid}/cmdline", "rb") as file:
        expect(os.fsencode(system.config) in file.read().split(b"\0"), "PID")
    row("METRICS", curl(system, system.metrics), 200, "claviger_ready 1")
    _, answer = sign_in(system, system.scopes)
    claims = claims_of(answer["access_token"])
    expect(claims["mcptt_id"] == system.mcptt_id and set(system.scopes.split()) <= set(claims["scope"].split()), f"SCOPES: {claims}")
    mc = System(system.values | {"CLIENT_ID": system.mc_client_id})
    of_mc_app = claims_of(sign_in(mc, system.scopes)[1]["access_token"])
    expect(of_mc_app["mcptt_id"] == system.mcptt_id and of_mc_app["client_id"] == system.mc_client_id, "MC_CLIENT_ID")
    agent = UserAgent(system, https(system))
    seen = agent.introspect(answer["access_token"]).json()
    expect(seen["active"] and seen["mcptt_id"] == system.mcptt_id, f"SERVER_CLIENT_ID: {seen}")
    expect(agent.client_credentials(system.server_client_id, system.server_client_secret).status == 200, "SERVER_CLIENT_SECRET")
    shown = Ctl(system.admin_socket).json("--tenant", system.tenant, "user", "show", system.username)
    expect(shown["mc_id"] == system.mc_id, f"MC_ID: {shown}")


def keys(system, folder):
    """Issue 5."""
    token = sign_in(system, system.km_scopes)[1]["access_token"]
    row("KMS_URL, KM_SCOPES", curl(system, system.kms_url + "/init", "-X", "POST", *bearer(token)), 200, system.kms_uri)
    row("its keys", curl(system, system.kms_url + "/keyprov", "-X", "POST", *bearer(token)), 200, "KmsKeySet")
    row("TOKEN_EXPIRED", curl(system, system.kms_url + "/init", "-X", "POST", *bearer(system.token_expired)), 401)
    expect(claims_of(system.token_expired)["mcptt_id"] == system.mcptt_id, "whose it was")
    row("TOKEN_REVOKED_USER", curl(system, system.kms_url + "/keyprov", "-X", "POST", *bearer(system.token_revoked_user)), 410)
    expect(claims_of(system.token_revoked_user)["mcptt_id"] == system.revoked_mcptt_id, "whose that is")
    records = f"{system.seal_key_url}?val-service-id={system.val_service}"
    row("SEAL_KEY_URL, SEAL_TOKEN", curl(system, records, *bearer(system.seal_token)), 200, "keyInfo")
    row("a service that is none", curl(system, records + ".not", *bearer(system.seal_token)), 403)
    expect(len(bytes.fromhex(system.ink)) in (16, 32) and len(bytes.fromhex(system.trk)) in (16, 32), "INK, TRK")
    ue = os.path.join(folder, "ue of " + system.tenant)
    for arguments, environment in (
            (("sign-in", "--issuer", system.issuer, "--client", system.client_id, "--redirect-uri", system.redirect_uri, "--scope", system.km_scopes,
              "--ca", system.ca, "--kms", system.kms_url, "--kms-uri", system.kms_uri), {}),
            (("shared-key", "ink", system.ink_id), {"CLAVIGER_UE_SHARED_KEY": system.ink}), (("keys",), {}), (("sign-off",), {})):
        done = subprocess.run([os.path.join(build_folder(), "bin", "claviger-ue"), "--state", ue, "--user", system.username, *arguments],
                              env=os.environ | {"CLAVIGER_UE_PASSWORD": system.password} | environment, capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"claviger-ue {arguments[0]}, INK: {done.stdout}{done.stderr}")
    done = subprocess.run(["openssl", "pkey", "-in", system.capif_key, "-noout"], capture_output=True, check=False)
    expect(done.returncode == 0, "CAPIF_KEY")


def diameter(system, folder):
    """Issue 6: a server that `peer` admits, in the clear and under TLS, and a vector from the SIP database."""
    realm = system.diameter_realm
    name = f"scscf.sandbox.{realm}"
    sandbox_tool("peer", folder, system.tenant, name, "127.0.0.1", "0", realm)
    address = (system.diameter_host, int(system.diameter_port))
    with Peer(address, name, realm) as peer:
        capabilities = peer.exchange()
        expect(capabilities.result() == 2001 and capabilities.find(264) == system.diameter_identity.encode(), "DIAMETER_PORT, _IDENTITY")
        if system.tenant == "alpha":
            impi, impu = system.subscriber_static_impi, system.subscriber_static_impu
            asked = [avp(263, f"{name};1;1"), avp(260, avp(266, VENDOR) + avp(258, CX)), avp(277, 1), *peer.origin(), avp(283, realm),
                     cx(601, impu), avp(1, impi), cx(607, 1), cx(612, cx(608, "Digest-AKAv1-MD5")), cx(602, "sip:scscf")]
            nonce, expected = vector(peer.ask(303, CX, asked, REQUEST | PROXIABLE), impi, impu)
            module = Module(system.subscriber_static_k, system.subscriber_static_opc)
            module.highest = [(module.sequence(nonce) >> 5) - 1] * len(module.highest)
            expect(module.take(nonce) == expected, "K, OPC")
    ctl = Ctl(system.admin_socket)
    ctl.run("--tenant", system.tenant, "peer", "remove", name, "--yes")
    ctl.run("--tenant", system.tenant, "peer", "add", name, realm, "--transport", "tls")
    make_certificate(folder, system.tenant, "scscf", f"DNS:{name}", "clientAuth")
    context = ssl.create_default_context(cafile=system.ca)
    context.load_cert_chain(*(os.path.join(folder, system.tenant, "scscf." + ending) for ending in ("pem", "key")))
    address = (system.diameter_host, int(system.diameter_tls_port))
    with Peer(address, name, realm, context, system.diameter_identity) as peer:
        expect(peer.exchange().result() == 2001, "DIAMETER_TLS_PORT")
    ctl.run("--tenant", system.tenant, "peer", "remove", name, "--yes")


def migrants(values, folder):
    bravo = system_of(values, "BRAVO")
    name = "scscf.sandbox.bravo.example"
    sandbox_tool("peer", folder, "bravo", name, "127.0.0.1", "0", bravo.diameter_realm)
    with Peer((bravo.diameter_host, int(bravo.diameter_port)), name, bravo.diameter_realm) as peer:
        expect(peer.exchange().result() == 2001, "a core of bravo's")
        for number, kind in enumerate(("STATIC", "DYNAMIC")):
            of = f"MIGRANT_{kind}_"
            impi, impu = values[of + "PARTNER_IMPI"], values[of + "PARTNER_IMPU"]
            asked = [avp(263, f"{name};1;{number}"), avp(260, avp(266, VENDOR) + avp(258, CX)), avp(277, 1), *peer.origin(),
                     avp(283, bravo.diameter_realm), cx(601, impu), avp(1, impi), cx(607, 1), cx(612, cx(608, "Digest-AKAv1-MD5")),
                     cx(602, "sip:scscf.bravo.example")]
            nonce, expected = vector(peer.ask(303, CX, asked, REQUEST | PROXIABLE), impi, impu)
            module = Module(values[of + "K"], values[of + "OPC"])
            module.highest = [(module.sequence(nonce) >> 5) - 1] * len(module.highest)
            expect(module.take(nonce) == expected, f"{of}K, _OPC, _PARTNER_*")
            expect("@ims.alpha.example" in values[of + "PRIMARY_IMPI"] and values[of + "PRIMARY_IMPU"].endswith(values[of + "PRIMARY_IMPI"]), of)
    Ctl(bravo.admin_socket).run("--tenant", "bravo", "peer", "remove", name, "--yes")


def services(system):
    """Issue 7: over each transport registered, authorised, told."""
    own = (system.sip_core_certificate, system.sip_core_key)
    token = sign_in(system, system.scopes)[1]["access_token"]
    for transport in ("udp", "tcp", "tls"):
        core = Core(system, transport, system.ca, own)
        expect(core.ask("OPTIONS", system.sip_psi, {}).status == 200, f"SIP_HOST, SIP_PORT, SIP_TLS_PORT: OPTIONS over {transport}")
        expect(core.register(system.impu).status == 200, f"IMPU registers over {transport}")
        expect(core.authorise(system.impu, token, UE).status == 200, f"SIP_PSI, IMPU over {transport}")
        expect(core.subscribe(system.sip_server, system.mcptt_id, expires=0).status == 200, f"SIP_SERVER over {transport}")
        expect(UE in core.notify("terminated").body, "full access")
        expect(core.register(system.impu, 0).status == 200, "and back")
        core.close()
    listed = Ctl(system.admin_socket).json("--tenant", system.tenant, "registration", "list")["items"]
    expect(system.impu not in [each["identity"] for each in listed], f"nothing is left: {listed}")
    config = sign_in(system, system.config_scopes)[1]["access_token"]
    row("XCAP_ROOT", curl(system, system.xcap_root + "xcap-caps/global/index", *bearer(config)), 200, "<auids>")
    row("PROFILE_URL", curl(system, system.profile_url, *bearer(config)), 200, system.mcptt_id)
    expect(system.profile_url.startswith(system.xcap_root), "PROFILE_URL lies below XCAP_ROOT")
    agent = UserAgent(system, https(system))
    writer = agent.client_credentials(system.config_client_id, system.config_client_secret)
    expect(writer.status == 200, f"CONFIG_CLIENT_ID: {writer}")
    row("ACM_URL, ACM_TOKEN", curl(system, system.acm_url + "/" + "0" * 32, *bearer(system.acm_token)), 404)
    row("and nobody's", curl(system, system.acm_url + "/" + "0" * 32), 401)
    expect(system.mc_system_id == f"{system.tenant}.example", "MC_SYSTEM_ID")


def all_of(folder):
    values = sourced(folder)
    for name in PLAIN:
        expect(values[name] == values["ALPHA_" + name], f"{name} is alpha's")
    alpha, bravo = system_of(values, "ALPHA"), system_of(values, "BRAVO")
    for system in (alpha, bravo):
        identity(system)
        keys(system, folder)
        diameter(system, folder)
        services(system)
    migrants(values, folder)
    return values


def same_but(before, after, *names):
    """Everything as before: ports, addresses, secrets; but the named ones."""
    changed = {name for name in before if name.split("_", 1)[0] in ("ALPHA", "BRAVO") and before[name] != after.get(name)}
    expect(changed <= set(names), f"changed: {changed - set(names)}")


def restarts(folder, before):
    tokens = [f"{name}_{token}" for name in ("ALPHA", "BRAVO") for token in ("TOKEN_REVOKED_USER", "ACM_TOKEN")]
    sandbox_tool("restart", folder, "alpha")
    after = all_of(folder)
    same_but(before, after, "ALPHA_PID", *tokens)
    # With the other system down, and again with a user's password changed by whoever plays here.
    os.kill(int(after["BRAVO_PID"]), 9)
    sandbox_tool("restart", folder, "alpha", status=1)
    alone = sourced(folder)
    same_but(after, alone, "ALPHA_PID", "BRAVO_PID", *tokens)
    identity(system_of(alone, "ALPHA"))
    expect(not alone["BRAVO_PID"], "bravo is down")
    Ctl(alone["ALPHA_ADMIN_SOCKET"]).run("--tenant", "alpha", "user", "disable", "revoked", "--yes")
    sandbox_tool("restart", folder, "bravo")
    sandbox_tool("restart", folder, "alpha", "--kill")
    same_but(after, sourced(folder), "ALPHA_PID", "BRAVO_PID", *tokens)
    Ctl(alone["ALPHA_ADMIN_SOCKET"]).run("--tenant", "alpha", "user", "enable", "revoked")
    sandbox_tool("down", folder)
    sandbox_tool("status", folder, status=1)
    sandbox_tool("up", folder)
    same_but(before, all_of(folder), "ALPHA_PID", "BRAVO_PID", *tokens)
    port = int(after["ALPHA_SIP_PORT"])
    sandbox_tool("down", folder)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", port))
        done = subprocess.run([os.path.join(SOURCE, "tools", "sandbox"), "up", folder], capture_output=True, text=True, check=False,
                              env=os.environ | {"CLAVIGER_BUILD": build_folder()})
        expect(done.returncode == 1 and str(port) in done.stderr, f"a datagram port in use is an error that names it: {done}")


def main():
    if len(sys.argv) > 1:
        all_of(os.path.abspath(sys.argv[1]))
        print("every variable does what it is there for")
        return
    outer = tempfile.mkdtemp(prefix="claviger-system.")
    folder = os.path.join(outer, "a folder with 'spaces' and \"more\"")
    try:
        sandbox_tool("up", folder)
        restarts(folder, all_of(folder))
        print("every variable does what it is there for: at first, after restarts, and up again")
    finally:
        sandbox_tool("down", folder)
        shutil.rmtree(outer, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"sandbox_environment.py: {failure}")
