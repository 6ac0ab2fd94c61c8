"""What tools/sandbox sets up for administration between systems: an ACM client with a user, and the agreement of both."""

import contextlib
import json
import os
import secrets

from sandbox_parts import write

SCOPES = "openid 3gpp:mc:ptt_service acm.user-setup"


def acm_url(system):
    return f"https://127.0.0.1:{system.acm}/acm/v1/{system.name}/user-setups"


def provision(system, other):
    """What the environment file says of it. What is there already stays."""
    path = os.path.join(system.folder, "administration.json")
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return json.load(file)
    chief = f"sip:chief.mcptt@{system.name}.example"
    facts = {"ACM_URL": acm_url(system), "ACM_CLIENT": chief, "ACM_APP": "demo-acm-app", "ACM_SCOPES": SCOPES,
             "ACM_USERNAME": "chief", "ACM_PASSWORD": secrets.token_urlsafe(12),
             "ACM_CERTIFICATE": os.path.join(system.folder, "acm.pem"), "ACM_KEY": os.path.join(system.folder, "acm.key")}
    for kind, name in (("user", "chief"), ("client", "demo-acm-app")):
        system.ctl(kind, "remove", name, "--yes", may_fail=True)  # of a run that was broken off
    system.ctl("user", "add", "chief", "--display-name", "Chief", "--mcptt-id", chief, "--password-stdin", password=facts["ACM_PASSWORD"])
    system.ctl("client", "add", "demo-acm-app", "--name", "Demo ACM client", "--profile", "plain", "--grant", "authorization_code",
               "--redirect-uri", system.redirect_uri, "--access-token-life", "43200", *(word for scope in SCOPES.split() for word in ("--scope", scope)))
    system.ctl("acm", "client", "add", chief, "--partner", f"{other.name}.example", "--domain", f"{system.name}.example", "--may-approve")
    system.ctl("acm", "partner", "add", f"{other.name}.example", "--as", f"{system.name}.example", "--url", acm_url(other),
               "--ca", os.path.join(system.sandbox.folder, "ca.pem"), "--certificate", facts["ACM_CERTIFICATE"], "--key",
               facts["ACM_KEY"], "--peer-certificate", os.path.join(other.folder, "acm.pem"), "--idms", other.name, "--domain",
               f"{other.name}.example", "--service", "mcptt")
    write(path, json.dumps(facts, indent=1))
    return facts
