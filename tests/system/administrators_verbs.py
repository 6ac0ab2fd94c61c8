#!/usr/bin/env python3
"""Every verb of `clavigerctl profile` and `clavigerctl acm`, with --json and its exit status; validity times, all or nothing,
the audit log of what came over HTTPS; and that the list which administration delivers is the one that migration service
authorisation asks (TS 23.280 clauses 10.1.4, 10.6.3, 10.17; TR 23.700-38 clause 7).

usage: administrators_verbs.py     CLAVIGER_BUILD: the build folder.
"""

import datetime
import json
import os
import sys
import threading
import time
import tomllib

from administration import AcmClient, chief_of, fresh, migrates, request, settled, sign_in, statuses
from borders import Party
from clavigerd import Failure, Sandbox
from migration_service import post, token_there
from operators_day import CONFLICT, FAILED, NOT_FOUND, USAGE, expect

TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<mcptt-user-profile xmlns="urn:3gpp:mcptt:user-profile:1.0" XUI-URI="{{identity}}" user-profile-index="{{index}}">
  <Name>{{display_name}}</Name><Status>true</Status><ProfileName>Officer</ProfileName>
  <Common index="0"><MCPTTUserID><uri-entry>{{mcptt_id}}</uri-entry></MCPTTUserID></Common>
  <OnNetwork index="0"><MCPTTGroupInfo/></OnNetwork>
</mcptt-user-profile>
"""
PASSWORD = "correct horse battery"
# The validity of visitors is looked at every 15 seconds.
VALIDITY_SECONDS_MAX = 60


def wait_for(what, is_so):
    deadline = time.monotonic() + VALIDITY_SECONDS_MAX
    while not is_so():
        expect(time.monotonic() < deadline, what)
        threading.Event().wait(0.5)


def profiles(ctl, folder):
    for login in ("ann", "bob"):
        ctl.run("user", "add", login, "--display-name", login + " & co", "--mcptt-id", f"sip:{login}.mcptt@alpha.example",
                "--mc-id", f"sip:{login}@alpha.example", "--password-stdin", given=PASSWORD + "\n")
    ctl.run("user", "add", "nobody", "--password-stdin", given=PASSWORD + "\n")
    file, backup = os.path.join(folder, "officer.xml"), os.path.join(folder, "profiles.ndjson")
    with open(file, "w", encoding="utf-8") as out:
        out.write(TEMPLATE)
    # Templates for a class of users.
    ctl.run("profile", "template", "set", "Bad name", file, status=FAILED)
    ctl.run("profile", "template", "apply", "officer", "ann", status=NOT_FOUND)
    etag = ctl.json("profile", "template", "set", "officer", file)["etag"]
    expect(ctl.json("profile", "template", "set", "officer", file)["etag"] == etag, "set again, it is the same")
    expect([each["name"] for each in ctl.json("profile", "template", "list")["items"]] == ["officer"], "one template")
    expect(ctl.json("profile", "template", "show", "officer")["document"] == TEMPLATE, "its text")
    expect(ctl.run("profile", "template", "show", "officer").stdout.startswith("<?xml"), "its text, for people")
    made = ctl.json("profile", "template", "apply", "officer", "ann", "bob", "--index", "1", "--migration-system", "bravo.example")
    expect([each["result"] for each in made["items"]] == ["created", "created"], f"made: {made}")
    refused = json.loads(ctl.run("--json", "profile", "template", "apply", "officer", "ann", "nobody", "absent", "--index", "1",
                                 status=FAILED).stdout)
    expect([each["result"] for each in refused["items"]] == ["unchanged", "refused", "refused"], f"refused: {refused}")
    ctl.run("profile", "template", "apply", "officer", status=USAGE)

    path = "org.3gpp.mcptt.user-profile/users/sip:ann.mcptt@alpha.example/mcptt-user-profile-1.xml"
    shown = ctl.json("profile", "show", "ann", "--index", "1")
    expect(shown["path"] == path and shown["template"] == "officer" and shown["migration_systems"] == ["bravo.example"], f"{shown}")
    expect(ctl.json("profile", "show", path)["etag"] == shown["etag"], "by its path")
    text = ctl.run("profile", "show", "ann", "--index", "1", "--text").stdout
    expect("<Name>ann &amp; co</Name>" in text and "sip:ann.mcptt@alpha.example" in text, f"expanded: {text}")
    expect(path in [each["path"] for each in ctl.json("profile", "list")["items"]] and path in ctl.run("profile", "list").stdout, "listed")

    # Somebody changes one of two; the template changes; what was changed since stays.
    mine = os.path.join(folder, "mine.xml")
    with open(mine, "w", encoding="utf-8") as out:
        out.write(text.replace("Officer", "Dispatcher"))
    ctl.run("profile", "set", "ann", mine, "--index", "1", "--if-match", "0" * 32, status=CONFLICT)
    expect(ctl.json("profile", "set", "ann", mine, "--index", "1", "--if-match", shown["etag"])["result"] == "changed", "changed")
    with open(file, "w", encoding="utf-8") as out:
        out.write(TEMPLATE.replace("Officer", "Sergeant"))
    ctl.run("profile", "template", "set", "officer", file)
    renewed = ctl.json("profile", "template", "apply", "officer", "ann", "bob", "--index", "1")
    expect([each["result"] for each in renewed["items"]] == ["unchanged", "changed"], f"renewed: {renewed}")
    expect("Dispatcher" in ctl.run("profile", "show", "ann", "--index", "1", "--text").stdout, "his own stays")

    # History: who and when; what is different.
    versions = ctl.json("profile", "history", "ann", "--index", "1")["items"]
    expect(len(versions) == 2 and all("administrator" in each["who"] and each["updated_at"] for each in versions), f"{versions}")
    expect("Officer" in ctl.run("profile", "history", "ann", "--index", "1", "--revision", str(versions[0]["revision"])).stdout, "the first")
    diff = ctl.json("profile", "diff", "ann", "--index", "1")["diff"]
    expect("-" in diff and "Officer" in diff and "+" in diff and "Dispatcher" in diff, f"difference: {diff}")
    expect("Dispatcher" in ctl.run("profile", "diff", "ann", str(versions[0]["revision"]), str(versions[1]["revision"]), "--index", "1").stdout,
           "two named ones")
    ctl.run("profile", "diff", "ann", "1", "--index", "1", status=USAGE)

    # Out and in again: what export writes, import takes, all of it.
    expect("documents in" in ctl.run("profile", "export", backup).stdout, "exported")
    with open(backup, encoding="utf-8") as lines:
        exported = [json.loads(line) for line in lines]
    expect(path in [each["path"] for each in exported], "exported")
    again = ctl.json("profile", "import", backup)
    expect(again == {"created": 0, "changed": 0, "unchanged": len(exported), "bad": 0}, f"imported again: {again}")
    expect(ctl.run("--json", "profile", "delete", "ann", "--index", "1", "--yes").stdout, "deleted")
    ctl.run("profile", "show", "ann", "--index", "1", status=NOT_FOUND)
    ctl.run("profile", "delete", "ann", "--index", "1", "--yes", status=NOT_FOUND)
    back = ctl.json("profile", "import", backup)
    expect(back["created"] == 1 and back["bad"] == 0, f"imported: {back}")
    expect(ctl.json("profile", "show", "ann", "--index", "1")["migration_systems"] == ["bravo.example"], "for which systems, too")
    expect([each["status"] for each in ctl.json("profile", "history", "ann", "--index", "1")["items"]][-2:] == ["deleted", "active"],
           "the deletion stands in the history")
    # What the template wrote is the template's again, unless its text is another one in the file.
    of_bob = next(each for each in exported if each["path"].startswith("org.3gpp.mcptt.user-profile/users/sip:bob"))
    for changes, template in (({}, "officer"), ({"modified": True}, None), ({"document": of_bob["document"].replace("Sergeant", "Captain")}, None)):
        ctl.run("profile", "delete", "bob", "--index", "1", "--yes")
        ctl.run("profile", "import", "-", given=json.dumps(of_bob | changes))
        expect(ctl.json("profile", "show", "bob", "--index", "1").get("template") == template, f"imported: {changes}")
    bad = ctl.run("--json", "profile", "import", "-", given='\n{"path":"x","document":"y"}\n \r\n\nnot json\n', status=FAILED)
    expect(json.loads(bad.stdout)["bad"] == 2 and "line 2" in bad.stderr and "line 5" in bad.stderr, f"bad lines: {bad}")
    ctl.run("profile", "set", "ann", "--index", "1", "--no-migration")
    expect(ctl.json("profile", "show", "ann", "--index", "1")["migration_systems"] == [], "for nobody")
    ctl.run("profile", "template", "delete", "officer", "--yes")
    ctl.run("profile", "template", "show", "officer", status=NOT_FOUND)
    ctl.run("profile", "template", "delete", "officer", "--yes", status=NOT_FOUND)


def partner_options(own, other):
    return ["--url", other.acm_url, "--ca", own.ca, "--certificate", own.acm_certificate, "--key", own.acm_key, "--peer-certificate",
            other.acm_certificate, "--idms", other.tenant, "--domain", f"{other.tenant}.example", "--service", "mcptt"]


def parties(alpha, bravo):
    """Who may ask whom."""
    ctl, client = alpha.ctl, "sip:other.mcptt@alpha.example"
    ctl.run("acm", "client", "add", client, "--operator", "sip:x@alpha.example", "--partner", "bravo.example", "--domain", "alpha.example")
    added = next(each for each in ctl.json("acm", "client", "list")["items"] if each["id"] == client)
    expect(added["operators"] == ["sip:x@alpha.example"] and not added["may_approve"], f"{added}")
    ctl.run("acm", "client", "remove", client, status=FAILED)  # nobody can be asked
    ctl.run("acm", "client", "remove", client, "--yes")
    ctl.run("acm", "client", "remove", client, "--yes", status=NOT_FOUND)
    expect(alpha.system.acm_client in ctl.run("acm", "client", "list").stdout, "the other one stays")
    ctl.run("acm", "partner", "add", "x", "--url", "y", status=FAILED)
    for own, other in ((alpha, bravo), (bravo, alpha)):
        name = f"{other.system.tenant}.example"
        own.ctl.run("acm", "partner", "remove", name, status=FAILED)
        own.ctl.run("acm", "partner", "remove", name, "--yes")
        own.ctl.run("acm", "partner", "remove", name, "--yes", status=NOT_FOUND)
        own.ctl.run("acm", "partner", "add", name, "--as", f"{own.system.tenant}.example", *partner_options(own.system, other.system))
        listed = own.ctl.json("acm", "partner", "list")["items"]
        expect([each["system"] for each in listed] == [name] and "key" not in json.dumps(listed), f"{listed}")
        expect(name in own.ctl.run("acm", "partner", "list").stdout, "listed for people")
    ctl.run("acm", "client", "add", alpha.system.acm_client, "--partner", "bravo.example", "--domain", "alpha.example", "--may-approve")


def asked(ctl, *arguments):
    return ctl.json("acm", "setup", *arguments)["request_id"]


def ended(ctl, identity, status):
    wait_for(f"{identity} never was {status}: {ctl.json('acm', 'status', identity)}",
             lambda: ctl.json("acm", "status", identity)["status"] == status)


def verbs(alpha, bravo):
    ctl, client = alpha.ctl, ["--client", alpha.system.acm_client, "--target", "bravo.example"]
    ctl.run("acm", "setup", "sip:ann@alpha.example", status=USAGE)
    ctl.run("acm", "setup", "sip:absent@alpha.example", *client, status=FAILED)
    ctl.run("acm", "status", "absent", status=NOT_FOUND)
    first = asked(ctl, "sip:ann@alpha.example", *client, "--key", "the-first-of-them")
    expect(asked(ctl, "sip:ann@alpha.example", *client, "--key", "the-first-of-them") == first, "the same again is the same")
    ctl.run("acm", "setup", "sip:bob@alpha.example", *client, "--key", "the-first-of-them", status=CONFLICT)
    ended(ctl, first, "DONE")
    expect("good" in ctl.json("acm", "status", first)["items"][0] and "DONE" in ctl.run("acm", "status", first).stdout, "progress")
    users = ctl.json("acm", "status", first, "--users")["items"]
    expect([each["status"] for each in users] == ["CREATED"], f"{users}")
    expect("sip:ann@alpha.example" in ctl.run("acm", "status", first, "--users").stdout, "each user")
    expect(first in ctl.run("acm", "list").stdout and first in [each["request_id"] for each in ctl.json("acm", "list")["items"]], "listed")
    expect(first in bravo.ctl.run("acm", "list", "--inbound").stdout, "listed at the partner")
    expect(migrates(alpha.system, bravo.system, "ann", PASSWORD).status == 200, "she migrates")
    ctl.run("acm", "withdraw", first, "--yes")
    ended(ctl, first, "WITHDRAWN")
    expect(migrates(alpha.system, bravo.system, "ann", PASSWORD).status == 400, "no more")
    users = ctl.json("acm", "status", first, "--users")["items"]
    expect([each["status"] for each in users] == ["WITHDRAWN"], f"what she was is not what she is: {users}")

    # Somebody decides, on the command line.
    bravo.ctl.run("acm", "partner", "add", "alpha.example", "--as", "bravo.example", *partner_options(bravo.system, alpha.system),
                  "--manual")
    for verb, status in (("approve", "DONE"), ("reject", "FAILED")):
        pending = asked(ctl, "sip:ann@alpha.example", *client)
        wait_for("it never came", lambda: any(each["request_id"] == pending and each["stage"] == "PENDING"
                                              for each in bravo.ctl.json("acm", "list", "--inbound")["items"]))
        said = ("--yes",) if verb == "reject" else ()
        bravo.ctl.run("acm", verb, "alpha.example", pending, *said)
        bravo.ctl.run("acm", verb, "alpha.example", pending, *said, status=CONFLICT)
        ended(ctl, pending, status)
        if verb == "approve":
            ctl.run("acm", "withdraw", pending, "--yes")
            ended(ctl, pending, "WITHDRAWN")
    bravo.ctl.run("acm", "approve", "alpha.example", "absent", status=NOT_FOUND)
    bravo.ctl.run("acm", "partner", "add", "alpha.example", "--as", "bravo.example", *partner_options(bravo.system, alpha.system))


def moment(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def validity(alpha, bravo):
    """From when and until when, without a message in between."""
    ctl, client = alpha.ctl, ["--client", alpha.system.acm_client, "--target", "bravo.example"]
    later = asked(ctl, "sip:ann@alpha.example", *client, "--from", moment(8))
    ended(ctl, later, "DONE")
    expect(migrates(alpha.system, bravo.system, "ann", PASSWORD).status == 400, "her time has not come")
    short = asked(ctl, "sip:bob@alpha.example", *client, "--until", moment(10))
    ended(ctl, short, "DONE")
    expect(migrates(alpha.system, bravo.system, "bob", PASSWORD).status == 200, "his time is now")
    wait_for("her time never came", lambda: migrates(alpha.system, bravo.system, "ann", PASSWORD).status == 200)
    wait_for("his time never ended", lambda: migrates(alpha.system, bravo.system, "bob", PASSWORD).status == 400)
    over = asked(ctl, "sip:bob@alpha.example", *client, "--until", moment(-60))
    ended(ctl, over, "FAILED")
    for identity in (later, short):
        ctl.run("acm", "withdraw", identity, "--yes")
        ended(ctl, identity, "WITHDRAWN")


def all_or_nothing(alpha, bravo):
    """The partner refuses one of two: with all or nothing nobody is set up, else the other one."""
    users = [{"mc_id": "sip:ann@alpha.example"}, {"mc_id": "sip:bob@alpha.example", "valid_until": moment(-60)}]
    chief = chief_of(alpha.system)
    for partial, expected in ((False, {"REJECTED"}), (True, {"CREATED", "REJECTED"})):
        body = {"targets": ["bravo.example"], "users": users, "mode": {"partial": partial}}
        answer = chief.ask("POST", "", body, fresh())
        expect(answer.status == 202, f"asked: {answer}")
        result = settled(chief, answer.json()["request_id"])
        expect(set(statuses(result, "bravo.example").values()) == expected, f"{partial}: {result}")
        is_there = migrates(alpha.system, bravo.system, "ann", PASSWORD).status == 200
        expect(is_there == partial, f"ann is{'' if is_there else ' not'} set up: {result}")
        expect(chief.ask("DELETE", answer.json()["request_id"]).status == 202, "withdrawn")
        settled(chief, answer.json()["request_id"])


def audit(alpha, bravo):
    """What came over HTTPS stands in the chained log of both sides, with who, what and the outcome; refusals, too."""
    chief = chief_of(alpha.system)
    body = request(["sip:ann@alpha.example"], "bravo.example")
    done = chief.ask("POST", "", body, fresh()).json()["request_id"]
    settled(chief, done)
    chief.ask("DELETE", done)
    settled(chief, done)
    demo = sign_in(alpha.system, alpha.system.username, alpha.system.password, alpha.system.client_id, alpha.system.scopes)[1]
    expect(AcmClient(alpha.system, demo).ask("POST", "", body, fresh()).status == 403, "refused")
    for party, wanted in ((alpha, [("acm.setup", "begun"), ("acm.setup", "ok"), ("acm.withdraw", "begun"), ("acm.withdraw", "ok"),
                                   ("acm.setup", "BearerScope")]),
                          (bravo, [("acm.accept", "begun"), ("acm.accept", "ok"), ("acm.withdraw", "begun"), ("acm.withdraw", "ok")])):
        with open(party.system.config, "rb") as file:
            log = tomllib.load(file)["audit_log_file"]
        with open(log, encoding="utf-8") as lines:
            entries = [json.loads(line) for line in lines]
        network = [each for each in entries if each["verb"].startswith("acm.") and each["uid"] == 0xFFFFFFFF]
        seen = [(each["verb"], each["outcome"]) for each in network]
        missing = [each for each in wanted if each not in seen]
        expect(not missing, f"not in the audit log of {party.system.tenant}: {missing}; there: {seen[-12:]}")
        who = "by=" + (alpha.system.acm_client if party is alpha else "alpha.example")
        of_it = [each for each in network if done in each["target"]]
        expect(of_it and all(who in each["detail"] for each in of_it), f"who: {of_it}")
        party.ctl.run("audit", "verify")


def listed(alpha, bravo):
    """A list that administration delivers is about those it came with: whom an operator mapped it neither lets in nor keeps out."""
    token = token_there(alpha, bravo)
    body = {"service": "mcptt", "primary_mc_service_id": alpha.system.mcptt_id, "mc_service_id": bravo.system.visitor_mcptt_id}

    def cause():
        answer = post(bravo, "service-authorization", body, token)
        return answer.json().get("cause", answer.status)
    expect(cause() == 200, f"no list was delivered, so nobody is missed on it: {cause()}")
    chief = chief_of(alpha.system)

    def set_up(user, service_id):
        answer = chief.ask("POST", "", {"targets": ["bravo.example"],
                                        "users": [{"mc_id": user, "mc_service_ids": {"mcptt": service_id}}]}, fresh())
        expect(answer.status == 202, f"asked: {answer}")
        result = settled(chief, answer.json()["request_id"])
        expect(result["status"] == "DONE", f"{result}")
        return answer.json()["request_id"]

    other = set_up("sip:ann@alpha.example", "sip:ann.mcptt@alpha.example")
    expect(cause() == 200, f"somebody else's list: {cause()}")
    his = set_up(alpha.system.mc_id, alpha.system.mcptt_id)
    expect(cause() == 200, f"he is on it: {cause()}")
    chief.ask("DELETE", his)
    settled(chief, his)
    # With his set-up ended what the migration configuration had given him there: that says his home, and no list.
    expect(cause() == "MigrationNotAllowed", f"withdrawn: {cause()}")
    chief.ask("DELETE", other)
    settled(chief, other)


def main():
    with Sandbox() as sandbox:
        alpha, bravo = Party(sandbox, "ALPHA"), Party(sandbox, "BRAVO")
        profiles(alpha.ctl, sandbox.folder)
        print("clavigerctl profile: ok", flush=True)
        parties(alpha, bravo)
        verbs(alpha, bravo)
        print("clavigerctl acm: ok", flush=True)
        listed(alpha, bravo)
        print("delivered list: ok", flush=True)
        all_or_nothing(alpha, bravo)
        validity(alpha, bravo)
        print("all or nothing, validity: ok", flush=True)
        audit(alpha, bravo)
        print("audit: ok", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"administrators_verbs.py: {failure}")
