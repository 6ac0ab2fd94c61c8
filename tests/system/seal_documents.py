#!/usr/bin/env python3
"""Documents of a VAL service written, changed in parts and removed (TS 24.546 clauses 6 and 7, RFC 4825 clauses 7 to 9): by an
administrator's program, by the VAL user himself as far as it is his, by nobody else; conditions, faults, restarts.

usage: seal_documents.py     CLAVIGER_BUILD: the build folder.
"""

import hashlib
import json
import sys
import urllib.parse

from borders import Party
from clavigerd import Failure, Sandbox
from configuration import ATTRIBUTE, ELEMENT, Client, etag, row, writer_of
from operators_day import expect
from service_documents import Vera
from user_agent import UserAgent, basic
from wire import https

SERVICE, OTHER = "v2x.alpha.example", "mine.alpha.example"
USER = "sip:vera@v2x.example"
KIND = "application/vnd.3gpp.seal-user-profile-info+xml"
UE_KIND = "application/vnd.3gpp.seal-ue-config-info+xml"
SPACE = "urn:3gpp:ns:seal:SealUserProfile:1.0"
FOLDER = f"{SERVICE}/users/{USER}/"
INDEX = urllib.parse.quote


def profile(index=0, name="Driver", extra="", inside="<Common><Speed>80</Speed></Common>"):
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<seal-user-profile xmlns="{SPACE}" user-profile-index="{index}">\n'
            f"  <ProfileName>{name}</ProfileName>\n  <Status>true</Status>{extra}\n"
            f"  <profile-configuration>{inside}</profile-configuration>\n</seal-user-profile>\n")


def path_of(index=0):
    return f"{FOLDER}seal-user-profile-{index}.xml"


def provision(vera):
    """A VAL client, a VAL server that may read, the user at both VAL services."""
    ctl, system = vera.party.ctl, vera.system
    ctl.run("client", "add", "vera-val", "--profile", "val", "--grant", "authorization_code", "--redirect-uri", system.redirect_uri,
            "--scope", "openid", "--scope", "3gpp:seal:config_management", "--scope", "3gpp:seal:key_management", "--scope", f"val:{SERVICE}")
    server = ctl.json("client", "add", "v2x-server", "--authentication", "client_secret_basic", "--grant", "client_credentials", "--scope",
                      "ss-ipp", "--scope", "3gpp:seal:config_management", "--val-server", "vs1.example", "--val-service", SERVICE)
    agent = UserAgent(system, https(system))
    answer = agent.token({"grant_type": "client_credentials", "scope": "ss-ipp"}, basic("v2x-server", server["client_secret"]))
    token = answer.json()["access_token"]
    body = {"valServerId": "vs1.example", "valSvcConf": [{"valServiceId": SERVICE, "idList": [{"valUserId": USER}]}]}
    made = agent.connection.ask("POST", f"{agent.prefix}/ss-ipp/v1/configurations",
                                {"Authorization": "Bearer " + token, "Content-Type": "application/json"}, json.dumps(body))
    expect(made.status == 201, f"provisioned: {made}")
    answer = agent.token({"grant_type": "client_credentials", "scope": "3gpp:seal:config_management"}, basic("v2x-server", server["client_secret"]))
    reader = Client(system, answer.json()["access_token"])
    return Client(system, vera.sign_in("openid 3gpp:seal:config_management", "vera-val")[1]["access_token"]), reader


def whole(user, writer, server):
    """PUT and DELETE of documents (RFC 4825 clauses 7.1 to 7.3; conditions of RFC 9110 clause 13)."""
    path, text = path_of(), profile()
    row("before it is there", user.ask("GET", path), 404)
    row("nothing to remove", writer.ask("DELETE", path), 404)
    row("the user makes none", user.ask("PUT", path, text, KIND), 403)
    row("if there is one", writer.ask("PUT", path, text, KIND, If_Match='"0"'), 412)
    row("if there is any", writer.ask("PUT", path, text, KIND, If_Match="*"), 412)
    made = row("new", writer.ask("PUT", path, text, KIND, If_None_Match="*"), 201)
    expect(not made.body and etag(made) == f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"', f"what a PUT answers: {made}")
    got = row("read", user.ask("GET", path), 200)
    expect(got.body.decode() == text and etag(got) == etag(made) and got.headers["content-type"] == KIND, f"octet for octet: {got}")
    row("only if there is none", writer.ask("PUT", path, text, KIND, If_None_Match="*"), 412)
    same = row("the same again", writer.ask("PUT", path, text, KIND), 200)
    expect(etag(same) == etag(made), "the same octets are the same tag")
    for kind in ("application/xml", UE_KIND, "text/xml", ELEMENT):
        row(f"as {kind}", writer.ask("PUT", path, text, kind), 415)
    row("with a parameter", writer.ask("PUT", path, text, KIND + "; charset=utf-8"), 200)
    for name, body, fault in (
            ("not well formed", text[:-5], "not-well-formed"),
            ("nothing", b"", "not-well-formed"),
            ("a document type", '<!DOCTYPE a [<!ENTITY b "c">]>' + text.split("\n", 1)[1], "not-well-formed"),
            ("not UTF-8", text.replace("Driver", "\xff").encode("latin-1"), "not-utf-8"),
            ("another root", text.replace("seal-user-profile", "seal-UE-configuration"), "schema-validation-error"),
            ("another namespace", text.replace("SealUserProfile", "Other"), "schema-validation-error"),
            ("no Status", text.replace("<Status>true</Status>", ""), "schema-validation-error"),
            ("Status twice", profile(extra="<Status>true</Status>"), "schema-validation-error"),
            ("Status of no type", text.replace(">true<", ">perhaps<"), "schema-validation-error"),
            ("a child nobody knows", profile(extra="<OnNetwork/>"), "schema-validation-error"),
            ("a name twice", profile(extra="<ProfileName>x</ProfileName>"), "schema-validation-error"),
            ("an index of no type", profile(index="one"), "schema-validation-error"),
            ("an index too high", profile(index=256), "schema-validation-error"),
            ("no index", text.replace(' user-profile-index="0"', ""), "schema-validation-error"),
            ("another index", profile(1), "constraint-failure"),
            ("a mark of no type", text.replace('index="0"', 'index="0" isDefault="perhaps"'), "schema-validation-error"),
            ("another's", text.replace('index="0"', 'index="0" XUI-URI="sip:other@v2x.example"'), "constraint-failure")):
        answer = row(name, writer.ask("PUT", path, body, KIND), 409, f"<{fault}")
        expect(answer.headers["content-type"] == "application/xcap-error+xml", f"{name}: {answer}")
    expect(user.ask("GET", path).body.decode() == text, "what was refused changed nothing")
    row("too large", writer.ask("PUT", path, text + "<!--" + "x" * (300 << 10) + "-->", KIND), 413)
    # The index as an element, as the standard's prose has it.
    other = profile(1).replace(' user-profile-index="1"', "").replace("<ProfileName>", "<user-profile-index>1</user-profile-index><ProfileName>")
    second = path_of(1)
    row("an index as an element", writer.ask("PUT", second, other, KIND), 201)
    row("removed in another state", writer.ask("DELETE", second, If_Match=etag(made)), 412)
    row("not his to remove", user.ask("DELETE", second), 403)
    row("nor a server's", server.ask("DELETE", second), 405)
    removed = row("removed", writer.ask("DELETE", second, If_Match=etag(row("read again", user.ask("GET", second), 200))), 200)
    expect(not removed.body, f"what a DELETE answers: {removed}")
    row("removed twice", writer.ask("DELETE", second), 404)
    row("gone", user.ask("GET", second), 404)
    row("and back", writer.ask("PUT", second, other, KIND, If_None_Match="*"), 201)
    row("and gone", writer.ask("DELETE", second), 200)


def his_own(user, writer, server):
    """What a VAL user changes himself (TS 23.434 clause 11.3.4): the name, which one is his default; and nothing of anybody else."""
    path = path_of()
    before = row("as it is", user.ask("GET", path), 200)
    text = before.body.decode()
    row("his name", user.ask("PUT", path, text.replace("Driver", "Night driver"), KIND, If_Match=etag(before)), 200)
    row("in another state", user.ask("PUT", path, text, KIND, If_Match=etag(before)), 412)
    row("not what was configured", user.ask("PUT", path, text.replace("80", "130"), KIND), 403)
    row("not his Status", user.ask("PUT", path, text.replace(">true<", ">false<"), KIND), 403)
    row("not his index", user.ask("PUT", path, profile(1), KIND), 409, "constraint-failure")
    row("not removed", user.ask("DELETE", path), 403)
    row("another's", user.ask("PUT", path.replace("vera@", "bob@"), text, KIND), 403)
    row("another's, removed", user.ask("DELETE", path.replace("vera@", "bob@")), 403)
    row("of another VAL service", user.ask("PUT", path.replace(SERVICE, OTHER), text, KIND), 403)
    row("of another VAL service, removed", user.ask("DELETE", path.replace(SERVICE, OTHER)), 403)
    row("a server reads", server.ask("GET", path), 200)
    row("a server writes nothing", server.ask("PUT", path, text, KIND), 405)
    nobody = Client(user.system, "")
    for verb in ("PUT", "DELETE"):
        body = text if verb == "PUT" else None
        row(f"no token: {verb}", nobody.ask(verb, path, body, KIND), 403)
        row(f"no good token: {verb}", Client(user.system, user.token[:-4] + "AAAA").ask(verb, path, body, KIND), 401)
        row(f"a VAL service that is none: {verb}", user.ask(verb, path.replace(SERVICE, "org.3gpp.nothing"), body, KIND), 404)
    # His default is one; whatever says so, the other one loses it.
    second = path_of(1)
    row("a second one", writer.ask("PUT", second, profile(1, extra="<Pre-selected-indication/>"), KIND), 201)
    row("the first is his default", user.ask("PUT", path, text.replace('index="0"', 'index="0" isDefault="true"'), KIND), 200)
    expect(b"Pre-selected-indication" not in user.ask("GET", second).body, "the second is not any more")
    mark = "<Pre-selected-indication/>"
    row("the second is, again", user.ask("PUT", second + "/~~/seal-user-profile/Pre-selected-indication", mark, ELEMENT), 201)
    expect(b'isDefault="false"' in user.ask("GET", path).body, "the first is not any more")
    row("back", writer.ask("PUT", path, text, KIND), 200)
    row("without the second", writer.ask("DELETE", second), 200)


def parts(user, writer):
    """Elements and attributes (RFC 4825 clauses 7.4 to 7.9), with the SEAL namespace as the usage's own."""
    path = path_of()
    root = path + "/~~/seal-user-profile"
    before = row("as it is", user.ask("GET", path), 200)
    got = row("an element", user.ask("GET", root + "/profile-configuration/Common/Speed"), 200)
    expect(got.headers["content-type"] == ELEMENT and b">80<" in got.body, f"{got}")
    row("with a prefix", user.ask("GET", path + f"/~~/s:seal-user-profile/s:Status?xmlns(s={SPACE})"), 200, "true")
    lane = root + "/profile-configuration/Common/Lane" + INDEX('[@id="a"]')
    made = row("a new element", writer.ask("PUT", lane, '<Lane id="a">left</Lane>', ELEMENT), 201)
    expect(etag(user.ask("GET", path)) == etag(made), "a part's PUT answers the document's tag")
    row("changed", writer.ask("PUT", lane, '<Lane id="a">right</Lane>', ELEMENT), 200)
    row("in another state", writer.ask("PUT", lane, '<Lane id="a"/>', ELEMENT, If_Match=etag(before)), 412)
    row("not what it selects", writer.ask("PUT", lane, '<Lane id="b"/>', ELEMENT), 409, "cannot-insert")
    row("two elements", writer.ask("PUT", lane, '<Lane id="a"/><Lane id="a"/>', ELEMENT), 409, "not-xml-frag")
    row("no element", writer.ask("PUT", lane, "<Lane", ELEMENT), 409, "not-xml-frag")
    row("no parent", writer.ask("PUT", root + "/Nothing/Lane", "<Lane/>", ELEMENT), 409, "<ancestor>")
    row("no document", writer.ask("PUT", path_of(9) + "/~~/seal-user-profile/Status", "<Status>true</Status>", ELEMENT), 409, "no-parent")
    row("as a document", writer.ask("PUT", lane, '<Lane id="a"/>', KIND), 415)
    row("a child nobody knows", writer.ask("PUT", root + "/Stat", "<Stat/>", ELEMENT), 409, "schema-validation-error")
    row("not his", user.ask("PUT", lane, '<Lane id="a">mine</Lane>', ELEMENT), 403)
    row("not his to remove", user.ask("DELETE", lane), 403)
    row("his name", user.ask("PUT", root + "/ProfileName", "<ProfileName>Chief</ProfileName>", ELEMENT), 200)
    row("his name, removed", user.ask("DELETE", root + "/ProfileName"), 200)
    row("removed twice", user.ask("DELETE", root + "/ProfileName"), 404)
    row("what a profile needs", writer.ask("DELETE", root + "/Status"), 409, "schema-validation-error")
    row("the root", writer.ask("DELETE", root), 409)
    # Attributes.
    side = lane + "/@side"
    row("an attribute that is not there", user.ask("GET", side), 404)
    row("a new attribute", writer.ask("PUT", side, "a &amp; b", ATTRIBUTE), 201)
    got = row("its value", user.ask("GET", side), 200, "a &amp; b")
    expect(got.headers["content-type"] == ATTRIBUTE, f"{got}")
    row("changed", writer.ask("PUT", side, "c", ATTRIBUTE), 200)
    row("no value", writer.ask("PUT", side, "<", ATTRIBUTE), 409, "not-xml-att-value")
    row("as an element", writer.ask("PUT", side, "c", ELEMENT), 415)
    row("not his attribute", user.ask("PUT", side, "d", ATTRIBUTE), 403)
    row("an index that is another's", writer.ask("PUT", root + "/@user-profile-index", "1", ATTRIBUTE), 409, "constraint-failure")
    row("removed in another state", writer.ask("DELETE", side, If_Match=etag(before)), 412)
    row("removed", writer.ask("DELETE", side), 200)
    row("removed twice", writer.ask("DELETE", side), 404)
    row("the element, too", writer.ask("DELETE", lane), 200)
    row("his name again", user.ask("PUT", root + "/ProfileName", "<ProfileName>Driver</ProfileName>", ELEMENT), 201)
    row("namespaces are read only", writer.ask("PUT", root + "/namespace::*", "x", ELEMENT), 405)
    row("nor removed", writer.ask("DELETE", root + "/namespace::*"), 405)


def equipment(user, writer):
    """VAL UE configurations: an administrator's alone."""
    ue = FOLDER + "seal-ue-config-1.xml"
    text = '<seal-UE-configuration xmlns="urn:3gpp:ns:seal:SealUEConfig:1.0"><on-network><t1>3</t1></on-network></seal-UE-configuration>'
    row("UE: not the user's to make", user.ask("PUT", ue, text, UE_KIND), 405)
    made = row("UE: made", writer.ask("PUT", ue, text, UE_KIND), 201)
    row("UE: changed", writer.ask("PUT", ue + "/~~/seal-UE-configuration/on-network/t1", "<t1>5</t1>", ELEMENT), 200)
    row("UE: in another state", writer.ask("DELETE", ue, If_Match=etag(made)), 412)
    row("UE: read", user.ask("GET", ue), 200, "<t1>5</t1>")
    for answer in (user.ask("DELETE", ue), user.ask("PUT", ue + "/~~/seal-UE-configuration/on-network/t1", "<t1/>", ELEMENT)):
        expect(answer.headers["allow"] == "GET, HEAD", f"UE: what may be done: {answer}")
        row("UE: not the user's to change", answer, 405)
    row("UE: removed", writer.ask("DELETE", ue), 200)
    row("UE: gone", user.ask("GET", ue), 404)


def kept(user, writer, daemon):
    """What was acknowledged survives SIGKILL: a change, and that something is gone."""
    path, second = path_of(), path_of(1)
    row("a second one", writer.ask("PUT", second, profile(1), KIND), 201)
    changed = row("changed", writer.ask("PUT", path, profile(name="After"), KIND), 200)
    row("removed", writer.ask("DELETE", second), 200)
    daemon.kill()
    daemon.start()
    again = Client(user.system, user.token)
    expect(etag(row("after SIGKILL", again.ask("GET", path), 200, "After")) == etag(changed), "another tag")
    row("gone for good", again.ask("GET", second), 404)


def main():
    with Sandbox() as sandbox:
        alpha = Party(sandbox, "ALPHA")
        vera, writer = Vera(alpha), writer_of(alpha.system)
        user, server = provision(vera)
        whole(user, writer, server)
        print("documents: ok", flush=True)
        his_own(user, writer, server)
        print("the user's own: ok", flush=True)
        parts(user, writer)
        print("elements and attributes: ok", flush=True)
        equipment(user, writer)
        print("UE configuration: ok", flush=True)
        kept(user, writer, alpha.daemon)
        print("SIGKILL: ok", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"seal_documents.py: {failure}")
