#!/usr/bin/env python3
"""Confidential and integral bodies from outside (TS 33.180 clauses 5.4, 9.3): CSKs that claviger-ue encrypts to the MC server, encrypted
and signed PUBLISH and SUBSCRIBE, protected NOTIFYs, every refusal, what the service's policy asks for, SIGKILL.

usage: protected_registration.py     CLAVIGER_BUILD: the build folder. Uses xmlsec1 where it is installed.
"""

import base64
import os
import re
import shutil
import subprocess
import sys

import sip_core
from clavigerd import Daemon, Failure, Sandbox
from configuration import sign_in
from document_notifications import LISTS, lists
from key_exchange import Client
from operators_day import Ctl, expect
from registration import TAGS, UE1, UE2, row
from sip_core import INFO, Core, multipart
from sip_protection import Body, Csk, info

class Ue(Client):
    """claviger-ue of one user, and the CSKs that it made."""

    def __init__(self, system, folder):
        super().__init__(system, folder)
        self.sign_in()
        self.ue("keys")
        self.count = 0

    def ue(self, *arguments, **named):
        """A busy machine is no finding of this test."""
        for _ in range(4):
            try:
                return super().ue(*arguments, **named)
            except Failure as failure:
                if "DeadlinePassed" not in str(failure):
                    raise
                last = failure
        raise last

    def csk(self, to=None, kind="csk", shows=True, user=None):
        self.count += 1
        secret, file = os.urandom(16), os.path.join(self.folder, f"message{self.count}")
        said = self.ue("send", to or self.system.sip_psi, "--kind", kind, "--out", file, *(["--show-identities"] if shows else []),
                       more={"CLAVIGER_UE_SENT_KEY": secret.hex()})
        number = re.search(rf"{kind} ([0-9a-f]{{8}})", said).group(1)
        with open(file, encoding="ascii") as message:
            return Csk(number, secret, user or self.system.mcptt_id, message.read().strip())


class Story:
    def __init__(self, sandbox, system, transport, ue):
        self.sandbox, self.system, self.ue = sandbox, system, ue
        self.core = Core(system, transport)
        self.impu = f"sip:protected.{transport}@ims.alpha.example"
        self.mc_id = system.mcptt_id
        self.token = sign_in(system, system.scopes)[1]["access_token"]

    def publish(self, body, impu=None, **named):
        return self.core.publish(impu or self.impu, *body.done(), **named)

    def authorising(self, csk, client=UE1, token=None, message=True, mode="automatic", service="mcptt"):
        body = Body(service).info(info(service, csk, token=token or self.token, client=client)).settings(client, mode, csk)
        return body.mikey(csk.message) if message else body

    def watch(self, csk, signed=False):
        body = Body().info(info(csk=csk, uri=self.mc_id))
        if signed:
            body.sign(csk)
        kind, text = body.done()
        return self.core.ask("SUBSCRIBE", self.system.sip_psi, {"P-Asserted-Identity": f"<{self.impu}>", "Event": "poc-settings", "Expires": "600",
                                                                "From": f"<{self.impu}>;tag=w{id(body)}"}, kind, text)

    def clients_in(self, notify, csk):
        """Identities of the entities, decrypted; none stands in the clear."""
        expect("urn:uuid" not in notify.body, f"nothing in the clear: {notify}")
        return [csk.open_attribute(value) for value in re.findall(r'<entity id="([^"]*)"', notify.body)]

    def run(self):
        self.confidential()
        self.integral()
        self.refusals()
        self.replaced()
        self.hidden()
        self.registered()
        self.core.close()

    def confidential(self):
        csk = self.csk = self.ue.csk()
        row("a key before registration", self.publish(self.authorising(csk)), 404, warning="141")
        row("register", self.core.register(self.impu), 200)
        row("an encrypted body whose key nobody uploaded", self.publish(self.authorising(csk, message=False)), 403, warning="140")
        row("encrypted, with the key", self.publish(self.authorising(csk)), 200)
        row("the same message again", self.publish(self.authorising(csk)), 200)
        row("a key that is known", self.publish(self.authorising(csk, message=False)), 200)
        row("watch, encrypted", self.watch(csk), 200)
        expect(self.clients_in(told := self.core.notify("active"), csk) == [UE1], f"an encrypted NOTIFY: {told}")
        self.core.notifies.queue.clear()
        body = Body().info(info(csk=csk, uri=self.mc_id, client=UE1)).settings(UE1, "manual", csk)
        row("settings only, encrypted", self.publish(body), 200)
        told = self.core.notify("manual")
        expect(self.clients_in(told, csk) == [UE1], "told of it, encrypted")

    def integral(self):
        csk = self.csk
        row("encrypted and signed", self.publish(self.authorising(csk).sign(csk)), 200)
        clear = Body().info(sip_core.info(token=self.token, client=UE1)).settings(UE1).sign(csk)
        row("signed only", self.publish(clear), 200)
        self.core.notifies.queue.clear()
        row("watch, signed", self.watch(csk, signed=True), 200)
        while "multipart/mixed" not in (told := self.core.notify("active")).get("content-type"):
            pass
        parts = re.findall(r"--claviger-parts\r\n(.*?)\r\n\r\n(.*?)\r\n(?=--claviger-parts)", told.body, re.DOTALL)
        expect(len(parts) == 2 and "settings@claviger.invalid" in parts[0][0] and "mcptt-signed+xml" in parts[1][0], f"two parts: {told}")
        expect(csk.signature("settings@claviger.invalid", parts[0][1]) in parts[1][1], f"our own signature of it: {told}")
        expect([csk.open_attribute(value) for value in re.findall(r'<entity id="([^"]*)"', parts[0][1])] == [UE1], "and encrypted")
        if shutil.which("xmlsec1"):
            self.verify_by_xmlsec(csk, *(text for _, text in parts))

    def verify_by_xmlsec(self, csk, text, signatures):
        files = {"mac": csk.mac, "settings.xml": text.encode(), "signed.xml": signatures.encode()}
        for name, content in files.items():
            with open(os.path.join(self.sandbox.folder, name), "wb") as file:
                file.write(content)
        command = ["xmlsec1", "--verify", f"--hmackey:{csk.name}", "mac", "--url-map:cid:settings@claviger.invalid", "settings.xml", "signed.xml"]
        done = subprocess.run(command, cwd=self.sandbox.folder, capture_output=True, text=True, check=False)
        expect(done.returncode == 0, f"xmlsec1: {done.stderr}")

    def refusals(self):
        csk, other = self.csk, Csk(self.csk.id.hex(), os.urandom(16), self.mc_id)
        bad = lambda name, body, text: row(name, self.publish(body), 403, warning=text)
        bad("another key under its name", self.authorising(other, message=False), "140")
        bad("a key for another user's identity", self.authorising(Csk(csk.id.hex(), csk.secret, "sip:x@alpha.example"), message=False), "140")
        bad("an unknown CSK-ID", self.authorising(Csk("2fffffff", csk.secret, self.mc_id), message=False), "140")
        bad("said to be encrypted", Body().info(info(csk=csk, token="x", client=UE1).replace("<xenc:EncryptedData", "<xenc:Encrypted")
                                                .replace("/xenc:EncryptedData", "/xenc:Encrypted")).settings(UE1), "140")
        bad("an encrypted bad token", self.authorising(csk, token="bad", message=False), "101")
        bad("signed with another key", self.authorising(csk).sign(other), "139")
        body = self.authorising(csk)
        body.signed[0] = ("info@ue", "something else")
        bad("a signature over something else", body.sign(csk), "139")
        bad("a signature of no part", self.authorising(csk).signing_too("gone@ue").sign(csk), "139")
        bad("no message at all", self.authorising(csk, message=False).mikey("AAAA"), "140")
        bad("no base64", self.authorising(csk, message=False).mikey("?"), "140")
        raw = bytearray(base64.b64decode(self.ue.csk().message))
        raw[-5] ^= 1
        bad("a message whose signature is broken", self.authorising(csk, message=False).mikey(base64.b64encode(raw).decode()), "140")
        bad("and again, from the list", self.authorising(csk, message=False).mikey(base64.b64encode(raw).decode()), "140")
        bad("a message to somebody else", self.authorising(self.ue.csk(to="sip:else@alpha.example")), "140")
        bad("a key for something else", self.authorising(self.ue.csk(kind="pck")), "140")
        kind, text = Body().info(info(csk=csk, uri=self.mc_id)).mikey(csk.message).done()
        row("a key in a SUBSCRIBE", self.core.ask("SUBSCRIBE", self.system.sip_psi, {"P-Asserted-Identity": f"<{self.impu}>", "Event": "poc-settings"},
                                                  kind, text), 403, warning="140")
        row("another's state under his own key", self.core.ask(
            "SUBSCRIBE", self.system.sip_psi, {"P-Asserted-Identity": f"<{self.impu}>", "Event": "poc-settings"},
            *Body().info(info(csk=csk, uri="sip:revoked.mcptt@alpha.example")).done()), 403, warning="101")
        row("still good", self.publish(self.authorising(csk, message=False)), 200)

    def replaced(self):
        former, self.csk = self.csk, self.ue.csk()
        row("the next key", self.publish(self.authorising(self.csk)), 200)
        row("the former is gone", self.publish(self.authorising(former, message=False)), 403, warning="140")
        self.core.notifies.queue.clear()
        body = Body().info(info(csk=self.csk, uri=self.mc_id, client=UE1)).settings(UE1, "manual", self.csk)
        row("a change", self.publish(body), 200)
        expect(self.clients_in(self.core.notify("manual"), self.csk) == [UE1], "told under the new key")
        row("a second client", self.publish(self.authorising(self.csk, UE2)), 200)
        row("it leaves", self.core.publish(self.impu, expires=0, if_match=self.publish(self.authorising(self.csk, UE2)).get("sip-etag")), 200)
        row("the key stays with the first", self.publish(self.authorising(self.csk, message=False)), 200)

    def hidden(self):
        row("a UID instead of an identity, of who is bound here", self.publish(self.authorising(self.ue.csk(shows=False))), 200)
        row("deregister", self.core.register(self.impu, 0), 200)
        row("register", self.core.register(self.impu), 200)
        hidden = self.ue.csk(shows=False)
        row("a UID of nobody that is known", self.publish(self.authorising(hidden)), 403, warning="140")
        hidden = self.ue.csk(shows=False)
        clear = Body().info(sip_core.info(token=self.token, client=UE1)).settings(UE1).mikey(hidden.message).sign(hidden)
        row("a UID beside its token in the clear", self.publish(clear), 200)
        row("and then encrypted", self.publish(self.authorising(hidden, message=False)), 200)

    def registered(self):
        row("deregister", self.core.register(self.impu, 0), 200)
        csk = self.ue.csk()
        inner = Body().info(info(csk=csk, token=self.token, client=UE1)).mikey(csk.message).sign(csk)
        row("all of it in REGISTER", self.core.register(self.impu, ue={"contact": TAGS, "body": inner.done()}), 200)
        self.core.notifies.queue.clear()
        row("opens", self.watch(csk), 200)
        expect(self.clients_in(self.core.notify("active"), csk) == [UE1], "an encrypted NOTIFY")
        self.core.notifies.queue.clear()
        row("deregister", self.core.register(self.impu, 0), 200)
        told = self.core.notify("terminated;reason=noresource")
        expect("entity" not in told.body, f"the key is gone: nothing that it would hide: {told}")
        row("register", self.core.register(self.impu), 200)
        row("its key went with it", self.publish(self.authorising(csk, message=False)), 403, warning="140")
        alone = self.ue.csk()
        row("a key alone in REGISTER", self.core.register(self.impu, ue={"contact": TAGS, "body": Body().mikey(alone.message).done()}), 200)
        row("and a PUBLISH under it", self.publish(self.authorising(alone, message=False)), 200)
        row("a bad key in REGISTER does not end the registration",
            self.core.register(self.impu, ue={"contact": TAGS, "body": Body().mikey("AAAA").done()}), 200)
        self.csk = alone


def strangers(story):
    """A user's key does not carry another's token."""
    system = story.system
    ctl = Ctl(system.admin_socket)
    ctl.run("--tenant", "alpha", "user", "add", "second", "--mc-id", "sip:second@alpha.example", "--mcptt-id",
            "sip:second.mcptt@alpha.example", "--password-stdin", given="second-password-1\n")
    second = type(system)(system.values | {"USERNAME": "second", "PASSWORD": "second-password-1", "MCPTT_ID": "sip:second.mcptt@alpha.example"})
    ue = Ue(second, os.path.join(story.sandbox.folder, "ue-second"))
    token = sign_in(second, second.scopes)[1]["access_token"]
    csk = ue.csk()
    story.core = Core(system, "tcp")
    row("register", story.core.register(story.impu), 200)
    row("the first user", story.publish(story.authorising(own := story.ue.csk())), 200)
    row("one's token under the other's key", story.publish(story.authorising(csk, UE2)), 403, warning="101")
    row("each his own", story.publish(story.authorising(csk, UE2, token=token)), 200)
    mixed = Body().info(info(csk=csk, token=token, client=UE2)).settings(UE2).sign(own)
    row("encrypted under one key and signed with the other", story.publish(mixed), 403, warning="140")
    documents = sign_in(second, second.config_scopes)[1]["access_token"]
    for name, key, status in (("the other's documents under one's key", own, 403), ("each his own documents", csk, 200)):
        body = Body().info(info(csk=key, token=documents)).add(LISTS, lists("org.3gpp.mcptt.user-profile/users/sip:second.mcptt@alpha.example/"))
        answer = story.core.ask("SUBSCRIBE", system.sip_psi, {"P-Asserted-Identity": f"<{story.impu}>", "Event": "xcap-diff"}, *body.done())
        row(name, answer, status, **({"warning": "101"} if status == 403 else {}))
    row("a gateway's other user keeps his", story.publish(story.authorising(own, message=False)), 200)
    return own


def kept(story, daemon, csk):
    """Over SIGKILL; and no secret in the clear on the disk."""
    daemon.kill()
    daemon.start()
    story.core = Core(story.system, "tcp")
    row("after SIGKILL, under the key from before", story.publish(story.authorising(csk, message=False)), 200)
    folder = os.path.dirname(story.system.config)
    for root, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    text = file.read()
                expect(csk.secret not in text and csk.cipher not in text and csk.mac not in text, f"the key lies in {name}")


def policy(story):
    """What a service asks for."""
    csk, core = story.ue.csk(), story.core
    row("register", core.register(story.impu), 200)
    row("in the clear", core.authorise(story.impu, story.token, UE1), 403, warning="139")
    row("encrypted only", story.publish(story.authorising(csk)), 403, warning="139")
    clear = Body().info(sip_core.info(token=story.token, client=UE1)).settings(UE1).mikey(csk.message).sign(csk)
    row("signed only", story.publish(clear), 403, warning="140")
    row("settings not signed", story.publish(story.authorising(csk).sign(csk, only=["info@ue"])), 403, warning="139")
    row("both", story.publish(story.authorising(csk).sign(csk)), 200)
    etag = row("again", story.publish(story.authorising(csk, message=False).sign(csk)), 200).get("sip-etag")
    alone = lambda: Body().settings(UE1, "manual", csk)
    row("settings alone, not signed", story.publish(alone(), if_match=etag), 403, warning="139")
    etag = row("settings alone, signed", story.publish(alone().sign(csk), if_match=etag), 200).get("sip-etag")
    row("by another client's name", story.publish(Body().info(info(csk=csk, uri=story.mc_id, client=UE2)).settings(UE2, "manual", csk).sign(csk),
                                                  if_match=etag), 403)
    changes_of_documents(story, csk)
    row("watched in the clear", core.subscribe(story.impu, story.mc_id), 403, warning="139")
    row("watched with both", story.watch(csk, signed=True), 200)
    core.notify("active")
    row("in the clear in REGISTER", core.register("sip:clear@ims.alpha.example", ue={
        "contact": TAGS, "body": multipart((INFO.format("mcptt"), sip_core.info(token=story.token, client=UE1)))}), 200)
    row("opens nothing", core.subscribe("sip:clear@ims.alpha.example", story.mc_id), 403)
    row("a server watches in the clear", core.subscribe("sip:mcptt-server.alpha.example", story.mc_id, expires=0), 200)


def changes_of_documents(story, csk):
    """The other event package obeys the same policy, and opens the same bodies (TS 24.484 clause 6.3.13)."""
    system = story.system
    token = sign_in(system, system.config_scopes)[1]["access_token"]
    path = system.profile_url[len(system.xcap_root):]

    def watch(body):
        return story.core.ask("SUBSCRIBE", system.sip_psi, {"P-Asserted-Identity": f"<{story.impu}>", "Event": "xcap-diff", "Expires": "600",
                                                            "From": f"<{story.impu}>;tag=d{id(body)}"}, *body.done())
    encrypted = lambda key=csk: Body().info(info(csk=key, token=token)).add(LISTS, lists(path), "lists@ue")
    row("documents, in the clear", watch(Body().info(sip_core.info(token=token)).add(LISTS, lists(path))), 403, warning="139")
    row("encrypted only", watch(encrypted()), 403, warning="139")
    row("signed only", watch(Body().info(sip_core.info(token=token)).add(LISTS, lists(path), "lists@ue").sign(csk)), 403, warning="140")
    row("the list not signed", watch(encrypted().sign(csk, only=["info@ue"])), 403, warning="139")
    row("a list that was changed", watch(encrypted().signing_too("lists@ue").sign(csk)), 403, warning="139")
    row("a key that nobody uploaded", watch(encrypted(Csk("2fffffff", csk.secret, story.mc_id)).sign(csk)), 403, warning="140")
    row("a key that comes along", watch(encrypted().mikey(csk.message).sign(csk)), 403, warning="140")
    story.core.notifies.queue.clear()
    row("both", watch(encrypted().sign(csk)), 200)
    expect(path in story.core.notify("active").body, "told of it")
    row("a server, in the clear", story.core.ask("SUBSCRIBE", system.sip_psi, {"P-Asserted-Identity": "<sip:mcptt-server.alpha.example>", "Event":
                                                 "xcap-diff", "Expires": "0"}, *Body().info(sip_core.info(token=token)).add(LISTS, lists(path)).done()), 200)


def main():
    with Sandbox() as sandbox:
        system = sandbox.system()
        ue = Ue(system, os.path.join(sandbox.folder, "ue-alpha"))
        for transport in ("tcp", "udp"):
            story = Story(sandbox, system, transport, ue)
            story.run()
            print(f"{transport}: every row", flush=True)
        daemon = sandbox.take_over(system, {"limits": {"sign_in_tries": 1000}})
        kept(story, daemon, strangers(story))
        daemon.stop()
        daemon = Daemon(system, {"sip": {"confidentiality_required": ["mcptt"], "integrity_required": ["mcptt"]}})
        sandbox.daemons.append(daemon)
        daemon.start()
        story.core = Core(system, "tcp")
        policy(story)
        print("strangers, SIGKILL, policy: as they should", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
