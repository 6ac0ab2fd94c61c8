"""Two systems of a sandbox that agree about users who migrate, and two users who do."""

import contextlib
import hashlib
import json
import os

import sign_in
import subscribers
from sandbox_parts import base64url, make_certificate, openssl_bytes, write


def thumbprint(certificate):
    """x5t#S256 (RFC 8705 clause 3.1)."""
    return base64url(hashlib.sha256(openssl_bytes("x509", "-in", certificate, "-outform", "DER")).digest())


def agree(system, other):
    """The agreement with `other` about users who migrate, and identities here for its users."""
    path = os.path.join(system.folder, "agreement.json")
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return json.load(file)
    ours, theirs = system.provision(), other.provision()
    facts = {"MC_SYSTEM": f"{system.name}.example", "MIGRATION_URL": f"https://127.0.0.1:{system.https}/migration/v1/{system.name}",
             "MIGRATION_CERTIFICATE": os.path.join(system.folder, "migration.pem"),
             "MIGRATION_KEY": os.path.join(system.folder, "migration.key"), "MIGRATION_CLIENT_ID": f"mms-{system.name}",
             "VISITED_DOMAIN": f"visitors.{system.name}.example"}
    make_certificate(system.sandbox.folder, system.name, "migration", f"DNS:mms.{system.name}.example", "clientAuth")
    partner = f"{other.name}.example"
    system.ctl("agreement", "remove", partner, "--yes", may_fail=True)  # of a run that was broken off
    other.ctl("client", "remove", f"mms-{system.name}", "--yes", may_fail=True)
    other.ctl("client", "add", f"mms-{system.name}", "--name", f"Migration management server of {system.name}", "--authentication",
              "self_signed_tls_client_auth", "--tls-certificate", thumbprint(facts["MIGRATION_CERTIFICATE"]), "--certificate-bound", "--grant",
              "client_credentials", "--scope", "migration")
    # A sandbox is there to be loaded, too, and has one migrant of each kind: the bounds of an agreement are out of the way.
    system.ctl("agreement", "add", partner, "--own-system", facts["MC_SYSTEM"], "--partner", other.name, "--inbound", "both",
             "--outbound", "listed", "--requests-per-second", "1000000", "--requests-per-minute-of-user", "1000000",
             "--service", "mcptt", "--domain", f"{other.name}.example", "--domain",
             f"ims.{other.name}.example", "--domain", f"visitors.{other.name}.example", "--range", facts["VISITED_DOMAIN"],
             "--realm", f"{other.name}.example", "--core-host", f"diameter.{other.name}.example", "--mms-host",
             f"diameter.{other.name}.example", "--access-realm", facts["VISITED_DOMAIN"],
             "--access-proxy", f"sip:pcscf.{system.name}.example", "--access-network", f"mcs.{system.name}.example",
             "--url", f"https://127.0.0.1:{other.https}/migration/v1/{other.name}", "--token-endpoint",
             theirs["ISSUER"] + "/token", "--client-id", facts["MIGRATION_CLIENT_ID"], "--caller", f"mms-{other.name}",
             "--ca", os.path.join(system.sandbox.folder, "ca.pem"), "--certificate", facts["MIGRATION_CERTIFICATE"],
             "--key", facts["MIGRATION_KEY"])
    system.ctl("agreement", "pool", "add", partner, "--impi", f"v{{n}}@{facts['VISITED_DOMAIN']}", "--impu",
             f"sip:v{{n}}@{facts['VISITED_DOMAIN']}", "--from", "100", "--count", "100")
    write(path, json.dumps(facts, indent=1))
    return facts


def provision(system, other):
    """Two users of ours who may migrate to `other`: one by exchanged lists, one by asking."""
    path = os.path.join(system.folder, "migrants.json")
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return json.load(file)
    demo, visited = system.provision(), agree(other, system)["VISITED_DOMAIN"]
    modules = subscribers.provision(system, write)
    facts = {}
    for kind, login in (("STATIC", "migrant"), ("DYNAMIC", demo["USERNAME"])):
        of, module = f"MIGRANT_{kind}_", f"SUBSCRIBER_{kind}_"
        facts |= {of + "USERNAME": login, of + "PRIMARY_IMPI": modules[module + "IMPI"], of + "PRIMARY_IMPU": modules[module + "IMPU"],
                  of + "K": modules[module + "K"], of + "OPC": modules[module + "OPC"]}
    if not system.ctl("user", "show", "migrant", may_fail=True):
        system.ctl("user", "add", "migrant", "--display-name", "Migrant by list", "--mcptt-id",
                   f"sip:migrant.mcptt@{system.name}.example", "--no-password")
    static = {name: facts["MIGRANT_STATIC_" + name] for name in ("PRIMARY_IMPI", "PRIMARY_IMPU")}
    static |= {"PARTNER_IMPI": f"v1@{visited}", "PARTNER_IMPU": f"sip:v1@{visited}"}
    pair = ["--partner-impi", static["PARTNER_IMPI"], "--partner-impu", static["PARTNER_IMPU"], "--primary-impi",
            static["PRIMARY_IMPI"], "--primary-impu", static["PRIMARY_IMPU"]]
    other.ctl("binding", "add", f"{system.name}.example", *pair)
    system.ctl("binding", "add", f"{other.name}.example", "--user", "migrant", *pair, "--access-realm", visited)
    system.ctl("binding", "add", f"{other.name}.example", "--user", demo["USERNAME"], "--mode", "dynamic", "--primary-impi",
             facts["MIGRANT_DYNAMIC_PRIMARY_IMPI"], "--primary-impu", facts["MIGRANT_DYNAMIC_PRIMARY_IMPU"])
    token = system.token(demo, demo["USERNAME"], demo["PASSWORD"], "openid 3gpp:mc:ptt_config_management_service")
    issuer = sign_in.Issuer(demo["ISSUER"], os.path.join(system.sandbox.folder, "ca.pem"))
    given = issuer.post_json(demo["ISSUER"] + "/migration/configuration", {"mc_system": f"{other.name}.example"}, token)
    facts |= {"MIGRANT_STATIC_" + name: value for name, value in static.items()}
    facts |= {"MIGRANT_DYNAMIC_PARTNER_IMPI": given["private_identity"],
              "MIGRANT_DYNAMIC_PARTNER_IMPU": given["public_identities"][0]}
    write(path, json.dumps(facts, indent=1))
    return facts
