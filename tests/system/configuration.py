#!/usr/bin/env python3
"""Configuration management from outside, row by row (TS 24.484, RFC 4825, TS 23.280 clause 10.1.4), over real sockets, with
a sandbox's demo user, an administrator's client and clavigerctl; and with SIGKILL in the middle of changes.

usage: configuration.py     CLAVIGER_BUILD: the build folder.
"""

import hashlib
import queue
import random
import re
import sys
import threading
import urllib.parse

from clavigerd import Failure, Sandbox
from operators_day import Ctl, expect
from user_agent import UserAgent, new_verifier
from wire import ConnectionLost, https

PROFILE = "application/vnd.3gpp.mcptt-user-profile+xml"
ELEMENT, ATTRIBUTE = "application/xcap-el+xml", "application/xcap-att+xml"
KILLS = 5


class Client:
    """Somebody with an access token."""

    def __init__(self, system, token):
        self.system, self.token = system, token
        self.connection = https(system)
        self.root = urllib.parse.urlsplit(system.xcap_root).path

    def ask(self, method, path, body=None, kind=PROFILE, **headers):
        fields = {"Authorization": "Bearer " + self.token} if self.token else {}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            fields["Content-Type"] = kind
        return self.connection.ask(method, self.root + path, fields, body.encode() if isinstance(body, str) else body)


def etag(answer):
    return answer.headers["etag"]


def row(name, answer, status, holds=None):
    expect(answer.status == status, f"{name}: {answer}")
    if holds is not None:
        expect(holds.encode() in answer.body, f"{name}: {answer.body!r} does not hold {holds}")
    return answer


def sign_in(system, scopes):
    agent = UserAgent(system, https(system))
    verifier = new_verifier()
    page = agent.login_page(verifier, scope=scopes)
    location = urllib.parse.urlsplit(agent.submit(page, system.username, system.password).headers["location"])
    code = urllib.parse.parse_qs(location.query)["code"][0]
    return agent, agent.redeem(code, verifier).json()


def writer_of(system):
    agent = UserAgent(system, https(system))
    answer = agent.client_credentials(system.config_client_id, system.config_client_secret)
    return Client(system, answer.json()["access_token"])


def documents(user, writer, path):
    """Whole documents: conditions, refusals."""
    got = row("get", user.ask("GET", path), 200, "mcptt-user-profile")
    expect(got.headers["content-type"] == PROFILE, "the document's own media type")
    text = got.body.decode()
    row("not modified", user.ask("GET", path, If_None_Match=etag(got)), 304)
    row("not modified, weakly", user.ask("GET", path, If_None_Match='"other", W/' + etag(got)), 304)
    row("modified", user.ask("GET", path, If_None_Match='"other"'), 200)
    row("if-match on get", user.ask("GET", path, If_Match='"other"'), 412)
    row("encoded otherwise", user.ask("GET", path.replace("sip:", "sip%3A").replace("@", "%40")), 200)
    row("no token", Client(user.system, "").ask("GET", path), 403)
    row("no good token", Client(user.system, user.token[:-4] + "AAAA").ask("GET", path), 401)
    row("another's", user.ask("GET", path.replace("demo.mcptt", "revoked.mcptt")), 403)
    row("another's, to change", user.ask("PUT", path.replace("demo.mcptt", "revoked.mcptt"), text), 403)
    row("no such profile", user.ask("GET", path.replace("-0.xml", "-9.xml")), 404)
    row("no such usage", user.ask("GET", path.replace("mcptt.user", "mcptt.nothing")), 404)
    row("no name of a document", user.ask("GET", "org.3gpp.mcptt.user-profile/users/x"), 404)
    row("post", user.ask("POST", path, text), 405)
    # What a user may change himself, and what not.
    own = text.replace("<ProfileName>Patrol", "<ProfileName>Night patrol")
    row("his own part", user.ask("PUT", path, own), 200)
    row("not his to change", user.ask("PUT", path, own.replace("allow-private-call>true", "allow-private-call>false")), 403)
    row("no new one", user.ask("PUT", path.replace("-0.xml", "-1.xml"), own.replace('index="0">\n  <Name', 'index="1">\n  <Name')), 403)
    row("no deletion", user.ask("DELETE", path), 403)
    # An administrator.
    second = path.replace("-0.xml", "-1.xml")
    other = text.replace('user-profile-index="0"', 'user-profile-index="1"')
    row("only if there is none", writer.ask("PUT", path, text, If_None_Match="*"), 412)
    made = row("new", writer.ask("PUT", second, other, If_None_Match="*"), 201)
    expect("Pre-selected" not in user.ask("GET", path).body.decode(), "one profile is pre-selected, the last")
    row("replaced", writer.ask("PUT", second, other.replace("Patrol", "Day"), If_Match=etag(made)), 200)
    row("replaced in another state", writer.ask("PUT", second, other, If_Match=etag(made)), 412)
    for name, body, fault in (
            ("not well formed", "<a", "not-well-formed"),
            ("a document type", '<!DOCTYPE a [<!ENTITY b "c">]>' + text, "not-well-formed"),
            ("not UTF-8", b"<a>\xff</a>", "not-utf-8"),
            ("another root", "<a/>", "schema-validation-error"),
            ("no Status", other.replace("<Status>true</Status>", ""), "schema-validation-error"),
            ("a child nobody knows", other.replace("<Status>", "<Stat/><Status>"), "schema-validation-error"),
            ("not a boolean", other.replace("allow-private-call>true", "allow-private-call>perhaps"), "schema-validation-error"),
            ("another's identity", other.replace('XUI-URI="sip:demo', 'XUI-URI="sip:other'), "constraint-failure"),
            ("another index", text, "constraint-failure"),
            ("an entry without its index", other.replace('<entry index="1">', "<entry>"), "schema-validation-error"),
            ("an entry without its URI", other.replace("<uri-entry>sip:command@alpha.example</uri-entry>", ""), "schema-validation-error"),
            ("no list of groups", re.sub("<MCPTTGroupInfo>.*</MCPTTGroupInfo>", "", other, flags=re.DOTALL), "schema-validation-error"),
            ("a number that is none", other.replace("N2>5", "N2>five"), "schema-validation-error"),
            ("an index twice", other.replace('<entry index="1">', '<entry index="0">'), 'uniqueness-failure phrase="Two &lt;entry&gt; have one '
             'index."><exists field="mcptt-user-profile/OnNetwork/MCPTTGroupInfo/entry[2]/@index"/>')):
        answer = row(name, writer.ask("PUT", second, body), 409, f"<{fault}")
        expect(answer.headers["content-type"] == "application/xcap-error+xml", name)
    kept = other.replace("<MaxAffiliationsN2>", '<x:y xmlns:x="urn:x" of="ours"/><LaterRelease/><anyExt><Anything/></anyExt><MaxAffiliationsN2>')
    row("extensions", writer.ask("PUT", second, kept), 200)
    expect(user.ask("GET", second).body.decode() == kept, "extensions are kept")
    instructed = other.replace("<mcptt-user-profile", "<?xml-stylesheet href='a'?><mcptt-user-profile").replace("<Status>true", "<?a b?><Status>true<?c?>")
    row("processing instructions", writer.ask("PUT", second, instructed), 200)
    row("a part beside them", user.ask("GET", second + "/~~/mcptt-user-profile/Status"), 200, "<Status>true<?c?></Status>")
    expect(user.ask("GET", second).body.decode() == instructed, "instructions are kept")
    part = second + "/~~/mcptt-user-profile/OnNetwork/MCPTTGroupInfo/entry"
    row("a part without its index", writer.ask("PUT", part, "<entry><uri-entry>sip:x@a</uri-entry></entry>", ELEMENT), 409)
    row("another media type", writer.ask("PUT", second, other, "text/plain"), 415)
    noted = '<entry index="7" note="sip:/@x"><uri-entry>sip:x@a</uri-entry></entry>'
    row("a value that looks like a step", writer.ask("PUT", part + urllib.parse.quote('[@note="sip:/@x"]'), noted, ELEMENT), 201)
    row("and back", writer.ask("PUT", second, other), 200)
    row("its media type in capitals", writer.ask("PUT", second, other, PROFILE.upper() + " ;charset=utf-8"), 200)
    row("an attribute of the prefix xml", writer.ask("PUT", second + "/~~/mcptt-user-profile/Name/@xml:lang", "en", ATTRIBUTE), 201)
    row("and back", user.ask("GET", second + "/~~/mcptt-user-profile/Name/@xml:lang"), 200, "en")
    row("too large", writer.ask("PUT", second, other + "<!--" + "x" * (300 << 10) + "-->"), 413)
    row("deleted in another state", writer.ask("DELETE", second, If_Match='"other"'), 412)
    row("deleted", writer.ask("DELETE", second), 200)
    row("deleted twice", writer.ask("DELETE", second), 404)
    row("back", writer.ask("PUT", path, text), 200)
    present = row("capabilities", user.ask("GET", "xcap-caps/global/index"), 200, "org.3gpp.mcptt.user-profile")
    row("capabilities are the same", user.ask("GET", "xcap-caps/global/index", If_None_Match=etag(present)), 304)
    part = row("a part of them", user.ask("GET", "xcap-caps/global/index/~~/xcap-caps/auids/auid%5b1%5d"), 200, "<auid>xcap-caps</auid>")
    expect(part.headers["content-type"] == ELEMENT, "type of a part")
    row("what they do not say", user.ask("GET", "xcap-caps/global/index/~~/xcap-caps/other"), 404)
    row("capabilities are read", user.ask("PUT", "xcap-caps/global/index", "<a/>"), 405)
    row("directory", user.ask("GET", path.replace("org.3gpp.mcptt.user-profile", "org.openmobilealliance.xcap-directory")
                              .replace("mcptt-user-profile-0", "directory")), 200, "mcptt-user-profile-0.xml")


def configurations(user, writer):
    """Service and UE configurations: everybody's and his own, to read."""
    name = "org.3gpp.mcptt.service-config/global/alpha.example/service-config.xml"
    kind = "application/vnd.3gpp.mcptt-service-config+xml"
    text = '<service-configuration-info xmlns="urn:3gpp:ns:mcpttServiceConfig:1.0"/>'
    row("no service configuration", user.ask("GET", name), 404)
    row("nobody's to write", user.ask("PUT", name, text, kind), 405)
    row("written", writer.ask("PUT", name, text, kind), 201)
    row("read", user.ask("GET", name), 200, "service-configuration-info")
    own = f"org.3gpp.mcptt.ue-config/users/{user.system.mcptt_id}/ue-config.xml"
    text = '<mcptt-UE-configuration xmlns="urn:3gpp:mcptt:mcpttUEConfig:1.0" domain="alpha.example"/>'
    row("UE configuration", writer.ask("PUT", own, text, "application/vnd.3gpp.mcptt-ue-config+xml"), 201)
    row("UE configuration is read", user.ask("GET", own), 200)
    row("not written by UEs", user.ask("DELETE", own), 405)
    system = user.system.partner + ".example"
    name = f"claviger.migration-connectivity/users/{user.system.mcptt_id}/{system}.xml"
    text = (f'<migration-connectivity xmlns="urn:claviger:migration-connectivity:1.0" system="{system}">'
            "<private-identity>m1@bravo.example</private-identity><public-identity>sip:m1@bravo.example</public-identity>"
            "</migration-connectivity>")
    row("connectivity", writer.ask("PUT", name, text, "application/xml"), 201)
    row("connectivity is the user's to read", user.ask("GET", name), 200, "m1@bravo.example")


def parts(user, writer, path):
    """Elements and attributes (RFC 4825 clauses 7.4 to 7.10)."""
    group = path + "/~~/mcptt-user-profile/OnNetwork/MCPTTGroupInfo/entry"
    quoted = urllib.parse.quote('[@index="0"]')
    answer = row("element", user.ask("GET", group + quoted), 200, "sip:patrol@")
    expect(answer.headers["content-type"] == ELEMENT, "an element's media type")
    row("by position", user.ask("GET", group + "%5B2%5D"), 200, "sip:command@")
    row("several", user.ask("GET", group), 404)
    row("none", user.ask("GET", group + "%5B7%5D"), 404)
    answer = row("attribute", user.ask("GET", path + "/~~/mcptt-user-profile/@user-profile-index"), 200, "0")
    expect(answer.headers["content-type"] == ATTRIBUTE, "an attribute's media type")
    row("namespaces", user.ask("GET", path + "/~~/mcptt-user-profile/namespace::*"), 200, "common-policy")
    answer = row("namespaces are read only", writer.ask("PUT", path + "/~~/mcptt-user-profile/namespace::*", "x", ELEMENT), 405)
    expect(answer.headers["allow"] == "GET, HEAD", "what may be done with namespaces")
    rule = path + "/~~/mcptt-user-profile/c:ruleset/c:rule?xmlns(c=urn:ietf:params:xml:ns:common-policy)"
    row("with a prefix", user.ask("GET", rule), 200, 'id="demo"')
    row("a prefix that is not bound", user.ask("GET", rule.split("?")[0]), 400)
    row("not a selector", user.ask("GET", path + "/~~/mcptt-user-profile%5B"), 400)
    before = user.ask("GET", path)
    alias = path + "/~~/mcptt-user-profile/Common/UserAlias/alias-entry" + urllib.parse.quote('[@index="1"]')
    row("his alias", user.ask("PUT", alias, '<alias-entry index="1">Two</alias-entry>', ELEMENT), 201)
    row("his alias again", user.ask("PUT", alias, '<alias-entry index="1">Zwei</alias-entry>', ELEMENT), 200)
    row("the document changed", user.ask("GET", path, If_None_Match=etag(before)), 200, "Zwei")
    row("not what it selects", user.ask("PUT", alias, '<alias-entry index="2"/>', ELEMENT), 409, "cannot-insert")
    row("not an element", user.ask("PUT", alias, "<alias-entry", ELEMENT), 409, "not-xml-frag")
    row("two elements", user.ask("PUT", alias, "<a/><a/>", ELEMENT), 409, "not-xml-frag")
    row("of another type", user.ask("PUT", alias, "<alias-entry/>", "text/xml"), 415)
    row("in another state", user.ask("PUT", alias, "<alias-entry/>", ELEMENT, If_Match=etag(before)), 412)
    row("not his", user.ask("PUT", group + quoted, '<entry index="0"><uri-entry>sip:x@y</uri-entry></entry>', ELEMENT), 403)
    row("no parent", writer.ask("PUT", path + "/~~/mcptt-user-profile/Nothing/entry", "<entry/>", ELEMENT), 409, "<ancestor>")
    row("no document", writer.ask("PUT", path.replace("-0.xml", "-8.xml") + "/~~/mcptt-user-profile/Name", "<Name/>", ELEMENT), 409, "no-parent")
    language = alias + "/@entry-note"
    row("attribute put", user.ask("PUT", language, "a &amp; b", ATTRIBUTE), 201)
    row("attribute got", user.ask("GET", language), 200, "a &amp; b")
    row("attribute again", user.ask("PUT", language, "c", ATTRIBUTE), 200)
    row("not a value", user.ask("PUT", language, "<", ATTRIBUTE), 409, "not-xml-att-value")
    row("attribute deleted", user.ask("DELETE", language), 200)
    row("attribute deleted twice", user.ask("DELETE", language), 404)
    row("first of two", user.ask("DELETE", path + "/~~/mcptt-user-profile/Common/UserAlias/alias-entry%5B1%5D"), 409, "cannot-delete")
    row("alias deleted", user.ask("DELETE", alias), 200)
    after = user.ask("GET", path)
    expect(after.body == before.body and etag(after) == etag(before), "octets and entity tag are what they were")


def watching(user, writer, path):
    """Network-initiated update: change, notification, get, data (TS 23.280 clause 10.1.4.4)."""
    def changes(known, wait, client=user):
        query = urllib.parse.urlencode({"document": path, "etag": known.strip('"'), "wait": wait})
        return client.ask("GET", "changes?" + query)
    before = user.ask("GET", path)
    row("nothing happened", changes(etag(before), 0), 204)
    quoted = urllib.parse.urlencode({"document": path, "etag": etag(before), "wait": 0})
    row("nothing happened, as the ETag field says it", user.ask("GET", "changes?" + quoted), 204)
    row("never got it", changes("0" * 32, 0), 412)
    row("another's is not watched", user.ask("GET", "changes?" + urllib.parse.urlencode(
        {"document": path.replace("demo.mcptt", "revoked.mcptt"), "etag": "0" * 32})), 403)
    answers = []
    watcher = Client(user.system, user.token)
    thread = threading.Thread(target=lambda: answers.append(changes(etag(before), 60, watcher)))
    thread.start()
    changed = before.body.decode().replace("<Name>Demo user", "<Name>Demo user, promoted")
    put = row("change", writer.ask("PUT", path, changed), 200)
    thread.join(30)
    expect(len(answers) == 1, "the poll was not told")
    told = row("notification", answers[0], 200, f'new-etag="{etag(put).strip(chr(34))}"')
    expect(b"promoted" not in told.body, "a notification carries no data")
    row("get again", user.ask("GET", path), 200, "promoted")
    row("told at once who is late", changes(etag(before), 60), 200, "previous-etag")


def operators(ctl, system):
    login = system.username
    shown = ctl.json("profile", "show", login)
    expect(shown["migration_systems"] == [system.partner + ".example"], f"marked for migration: {shown}")
    versions = ctl.json("profile", "history", login)["items"]
    expect(any("sip:" in each["who"] for each in versions) and any("administrator" in each["who"] for each in versions),
           "history says who")
    expect("promoted" in ctl.run("profile", "diff", login).stdout, "the last difference")


def killed(sandbox, system, daemon, path):
    """What was acknowledged is there, after every SIGKILL."""
    writer = writer_of(system)
    text = writer.ask("GET", path).body.decode()
    acknowledged = None
    number = 0
    for _ in range(KILLS):
        stop = threading.Event()
        acknowledgements, failed = queue.Queue(), []

        def change():
            nonlocal acknowledged, number
            client = Client(system, writer.token)
            while not stop.is_set():
                number += 1
                body = re.sub("<Name>[^<]*", f"<Name>number {number}", text)
                try:
                    answer = client.ask("PUT", path, body)
                except (ConnectionLost, OSError):
                    return
                if answer.status != 200:
                    failed.append(str(answer))
                    return
                acknowledged = number
                acknowledgements.put(number)

        thread = threading.Thread(target=change)
        thread.start()
        for _ in range(random.randrange(10, 60)):
            acknowledgements.get(timeout=30)
        daemon.kill()
        stop.set()
        thread.join()
        expect(not failed, f"a change failed: {failed}")
        daemon.start()
        got = writer_of(system).ask("GET", path)
        there = int(re.search(rb"number (\d+)", got.body).group(1))
        expect(there in (acknowledged, number), f"acknowledged {acknowledged}, there is {there}")
        expect(etag(got) == f'"{hashlib.sha256(got.body).hexdigest()[:32]}"', "the entity tag is that of the octets")
    return number


def main():
    with Sandbox() as sandbox:
        system = sandbox.system("ALPHA")
        daemon = sandbox.take_over(system, {})
        user = Client(system, sign_in(system, system.config_scopes)[1]["access_token"])
        writer = writer_of(system)
        path = system.profile_url[len(system.xcap_root):]
        documents(user, writer, path)
        configurations(user, writer)
        parts(user, writer, path)
        watching(user, writer, path)
        row("a token for something else", Client(system, sign_in(system, system.km_scopes)[1]["access_token"]).ask("GET", path), 403)
        operators(Ctl(system.admin_socket), system)
        ctl = Ctl(system.admin_socket)
        ctl.run("user", "disable", system.username, "--yes")
        row("a disabled user's token opens nothing", user.ask("GET", path), 401)
        ctl.run("user", "enable", system.username)
        changes = killed(sandbox, system, daemon, path)
        print(f"configuration: all rows; {changes} changes, {KILLS} kills, none lost")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"configuration.py: {failure}")
