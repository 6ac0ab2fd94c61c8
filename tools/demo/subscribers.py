"""Subscribers of a sandbox's SIP database whose keys are for tests, and a user who signs in with such a module.

SUBSCRIBER_STATIC_ and SUBSCRIBER_DYNAMIC_ are to migrate, the one with a binding of the configuration, the other with one
that is made on the way; SUBSCRIBER_SIM_ is the module of the user SIM_USERNAME.
"""

import contextlib
import json
import os
import secrets

HOME = "alpha"
NAMES = ("static", "dynamic", "sim")


def provision(system, write):
    """What the environment file says of them, by name without the system's prefix. What is there already stays."""
    if system.name != HOME:
        return {}
    path = os.path.join(system.folder, "subscribers.json")
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
        return json.load(file)
    facts = {}
    for name in NAMES:
        key, code = secrets.token_hex(16), secrets.token_hex(16)
        impi = f"{name}@ims.{system.name}.example"
        system.ctl("subscriber", "remove", impi, "--yes", may_fail=True)  # of a run that was broken off: the keys are lost
        system.ctl("subscriber", "add", impi, "--impu", f"sip:{impi}", password=f"{key} {code}")
        facts |= {f"SUBSCRIBER_{name.upper()}_{member}": value
                  for member, value in (("IMPI", impi), ("IMPU", f"sip:{impi}"), ("K", key), ("OPC", code))}
    # Nothing but an operator's word binds a user to a subscription.
    system.ctl("user", "remove", "sim", "--yes", may_fail=True)
    system.ctl("user", "add", "sim", "--display-name", "Demo User with a SIM", "--no-password")
    system.ctl("authenticator", "add", "sim", "aka", "--serial", facts["SUBSCRIBER_SIM_IMPI"])
    facts["SIM_USERNAME"] = "sim"
    write(path, json.dumps(facts, indent=1))
    return facts
