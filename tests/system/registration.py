#!/usr/bin/env python3
"""MC service registration from outside, row by row (TS 24.379 clause 7, TS 24.229 clause 5.7.1), with a core of ours over UDP,
TCP and TLS, and with SIGKILL in the middle.

usage: registration.py [--kills N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import base64
import os
import random
import socket
import sys
import threading

from clavigerd import Failure, Sandbox
from configuration import sign_in
from operators_day import Ctl, expect
from sip_core import INFO, SETTINGS, Core, info, multipart, settings

UE1, UE2 = "urn:uuid:2f6b8c4e-0000-4000-8000-000000000001", "urn:uuid:2f6b8c4e-0000-4000-8000-000000000002"
TAGS = ";+sip.instance=\"<" + UE1 + ">\";+g.3gpp.mcptt;+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.mcptt\""


def row(name, answer, status, **fields):
    expect(answer.status == status, f"{name}: {answer}")
    for field, holds in fields.items():
        expect(holds in answer.get(field.replace("_", "-")), f"{name}: {field} of {answer}")
    return answer


class Story:
    def __init__(self, sandbox, transport):
        self.sandbox, self.system = sandbox, sandbox.system()
        self.transport = transport
        self.impu = f"sip:demo.{transport}@ims.alpha.example"
        self.mc_id = self.system.mcptt_id
        certificate = [os.path.join(sandbox.folder, "bravo", name) for name in ("sip.pem", "sip.key")]
        self.core = Core(self.system, transport, self.system.ca, certificate)
        self.new_token()

    def new_token(self):
        self.agent, answer = sign_in(self.system, self.system.scopes)
        self.token = answer["access_token"]
        self.answer = answer

    def run(self):
        self.before_registration()
        self.register()
        self.authorise()
        self.watch()
        self.refusals()
        self.settings_only()
        self.forked()
        self.chain()
        self.second_device()
        self.features()
        self.end()
        self.embedded()
        self.revoke()
        self.core.close()

    def before_registration(self):
        row("publish before register", self.core.authorise(self.impu, self.token, UE1), 404, warning="141")
        row("subscribe before register", self.core.subscribe(self.impu, self.mc_id), 403)

    def register(self):
        answer = row("third-party register", self.core.register(self.impu, 3720), 200, expires="3720", p_charging_vector="term-ioi")
        expect(answer.get("expires") == "3720", "the same expiration value")
        row("registered, not authorised", self.core.subscribe(self.impu, self.mc_id), 403)

    def authorise(self):
        answer = row("authorise", self.core.authorise(self.impu, self.token, UE1), 200)
        self.etag = answer.get("sip-etag")
        expect(self.etag and int(answer.get("expires")) > 0, f"an entity tag: {answer}")

    def watch(self):
        self.core.notifies.queue.clear()
        answer = row("subscribe", self.core.subscribe(self.impu, self.mc_id, call_id="watch" + self.transport, sequence=10), 200, contact="sip:")
        self.dialog_tag = answer.tag("to")
        first = self.core.notify("active")
        expect(UE1 in first.body and "automatic" in first.body, f"the state: {first}")
        expect(first.tag("from") == self.dialog_tag, "in the dialog")
        self.watch_from = first.get("to")
        if self.transport != "udp":
            # As SIPp's scenarios have it: whoever is connected from there is told there.
            contact = {"Contact": f"<sip:ue@127.0.0.1:{self.core.port}>"}
            row("a Contact without transport", self.core.subscribe(self.impu, self.mc_id, expires=0, fields=contact), 200)
            self.core.notify("terminated;reason=timeout")
        fetched = row("fetch", self.core.subscribe(self.impu, self.mc_id, expires=0), 200, expires="0")
        ended = self.core.notify("terminated;reason=timeout")
        expect(ended.tag("from") == fetched.tag("to") and UE1 in ended.body, "the whole state once")
        in_dialog = {"From": self.watch_from, "To": f"<{self.system.sip_psi}>;tag={self.dialog_tag}"}
        row("refresh", self.core.subscribe(self.impu, self.mc_id, call_id="watch" + self.transport, sequence=11, fields=in_dialog), 200)
        self.core.notify("active")
        row("an old number", self.core.subscribe(self.impu, self.mc_id, call_id="watch" + self.transport, sequence=11, fields=in_dialog), 500)
        row("no dialog", self.core.subscribe(self.impu, self.mc_id, call_id="other", fields=in_dialog), 481)

    def refusals(self):
        core, impu = self.core, self.impu
        row("bad token", core.authorise(impu, self.token[:-6] + "AAAAAA", UE1), 403, warning="101 service authorisation failed")
        row("wrong scope", core.authorise(impu, self.token, UE1, service="mcvideo"), 403, warning="101")
        row("no identity", core.publish(impu, fields={"P-Asserted-Identity": None}), 403)
        row("other PSI", core.ask("PUBLISH", "sip:other@alpha.example", {"P-Asserted-Identity": f"<{impu}>", "Event": "poc-settings"}), 404)
        # TS 24.379 clause 7.3: the PSI, by whatever route; the body is looked at, and lacks.
        port, other_port = self.system.sip_port, int(self.system.sip_port) + 1
        for psi, status in ((f"{self.system.sip_psi}:{port}", 400), (f"{self.system.sip_psi}:{port};transport=tcp", 400),
                            (f"{self.system.sip_psi}:{self.system.sip_tls_port}", 400), (f"{self.system.sip_psi}:{other_port}", 404),
                            (f"{self.system.sip_psi}x:{port}", 404)):
            row(f"PUBLISH {psi}", core.ask("PUBLISH", psi, {"P-Asserted-Identity": f"<{impu}>", "Event": "poc-settings"}), status)
        row("event", core.publish(impu, fields={"Event": "presence"}), 489, allow_events="poc-settings")
        row("no event", core.publish(impu, fields={"Event": None}), 489)
        row("stale etag", core.publish(impu, if_match="stale"), 412)
        row("too brief", core.publish(impu, if_match=self.etag, expires=5), 423, min_expires="60")
        row("initial without body", core.publish(impu), 400)
        row("no settings", core.publish(impu, INFO.format("mcptt"), info(token=self.token, client=UE1)), 415, accept="poc-settings")
        row("unknown type", core.publish(impu, "text/plain", "x"), 415)
        part = (INFO.format("mcptt"), info(token=self.token, client=UE1))
        row("two infos", core.publish(impu, *multipart(part, part, (SETTINGS, settings(UE1)))), 400)
        row("not closed", core.publish(impu, "multipart/mixed;boundary=b1", "--b1\r\n\r\nx"), 400)
        entity = '<!DOCTYPE a [<!ENTITY b "c">]>' + info(token="t", client=UE1).replace('<?xml version="1.0"?>', "")
        row("DTD", core.publish(impu, *multipart((INFO.format("mcptt"), entity), (SETTINGS, settings(UE1)))), 400)
        encrypted = info(token="x", client=UE1).replace('access-token type="Normal"', 'access-token type="Encrypted"')
        row("encrypted without a CSK", core.publish(impu, *multipart((INFO.format("mcptt"), encrypted), (SETTINGS, settings(UE1)))), 403, warning="140")
        row("invite", core.ask("INVITE", self.system.sip_psi, {}), 405, allow="PUBLISH")
        row("unknown method", core.ask("FROB", self.system.sip_psi, {}), 501)
        row("require", core.ask("OPTIONS", self.system.sip_psi, {"Require": "unheard-of"}), 420, unsupported="unheard-of")
        row("options", core.ask("OPTIONS", self.system.sip_psi, {}), 200, allow="SUBSCRIBE")
        bare = row("options of whoever takes another body", core.ask("OPTIONS", self.system.sip_psi, {"Accept": "text/nobody-knows-this"}), 200,
                   allow="SUBSCRIBE")
        expect(not bare.body, f"no body is acceptable to all: {bare}")
        row("scheme", core.ask("OPTIONS", "nobodyKnows:this", {"To": "<sip:a@b.c>"}), 416)
        row("a To of another scheme", core.ask("REGISTER", self.system.sip_psi, {"To": "<isbn:2983792873>", "Expires": "60"}), 404)
        row("a To that is no URI", core.ask("REGISTER", self.system.sip_psi, {"To": "<nobody>", "Expires": "60"}), 400)
        row("no answer in settings", core.subscribe(impu, self.mc_id, fields={"Accept": "text/plain"}), 406)
        row("two Contacts", core.subscribe(impu, self.mc_id, fields={"Contact": "<sip:a@127.0.0.1>, <sip:b@127.0.0.1>"}), 400)
        coded = core.authorise(impu, self.token, UE1, fields={"Content-Encoding": "gzip"})
        row("a coding that nobody undoes", coded, 415, accept_encoding="identity")
        inner_kind, inner = multipart(part, (SETTINGS, settings(UE1)), boundary="b2")
        self.etag = row("parts of a part", core.publish(impu, *multipart((inner_kind, inner))), 200).get("sip-etag")
        row("cancel of nothing", core.ask("CANCEL", self.system.sip_psi, {}), 481)
        self.encodings()

    def encodings(self):
        """RFC 2045 clause 6: any part may come in base64; what we do not undo is 415 with the reason."""
        def coded(name, kind, text, how=lambda text: base64.encodebytes(text.encode()).decode()):
            return f"{kind}\r\nContent-Transfer-Encoding: {name}", how(text).replace("\n", "\r\n")
        whole = info(token=self.token, client=UE1)
        parts = [coded("base64", INFO.format("mcptt"), whole), coded("Base64", SETTINGS, settings(UE1))]
        self.etag = row("parts in base64", self.core.publish(self.impu, *multipart(*parts)), 200).get("sip-etag")
        parts[0] = coded("quoted-printable", INFO.format("mcptt"), whole, str)
        row("another encoding", self.core.publish(self.impu, *multipart(*parts)), 415, warning="Content-Transfer-Encoding")
        parts[0] = coded("base64", INFO.format("mcptt"), whole, str)
        row("what is no base64", self.core.publish(self.impu, *multipart(*parts)), 400)
        asked = self.core.ask("SUBSCRIBE", self.system.sip_psi, {"P-Asserted-Identity": f"<{self.impu}>", "Event": "poc-settings", "Expires": "0",
                              "Content-Transfer-Encoding": "base64"}, INFO.format("mcptt"), base64.b64encode(info(uri=self.mc_id).encode()).decode())
        row("a body in base64", asked, 200)
        self.core.notify("terminated;reason=timeout")

    def settings_only(self):
        body = multipart((INFO.format("mcptt"), info(uri=self.mc_id, client=UE1)), (SETTINGS, settings(UE1, "manual")))
        self.etag = row("settings only", self.core.publish(self.impu, *body), 200).get("sip-etag")
        self.core.notify("manual")
        other = multipart((INFO.format("mcptt"), info(uri="sip:nobody@alpha.example", client=UE1)), (SETTINGS, settings(UE1)))
        row("settings without binding", self.core.publish(self.impu, *other), 404, warning="141")

    def forked(self):
        """RFC 3261 clause 8.2.2.2: the second branch of what a proxy forked does nothing."""
        psi, said = self.system.sip_psi, {"P-Asserted-Identity": f"<{self.impu}>", "Event": "poc-settings"}
        statuses, _ = self.core.forked("REGISTER", psi, {"To": f"<{self.impu}>", "Expires": "3720", "Event": "registration"})
        expect(statuses == [200, 482], f"a forked REGISTER: {statuses}")
        statuses, answer = self.core.forked("PUBLISH", psi, said | {"Expires": "600", "SIP-If-Match": self.etag})
        expect(statuses == [200, 482], f"a forked PUBLISH: {statuses}")
        self.etag = row("the one entity tag", self.core.publish(self.impu, if_match=answer.get("sip-etag")), 200).get("sip-etag")
        self.core.notifies.queue.clear()
        statuses, answer = self.core.forked("SUBSCRIBE", psi, said | {"Expires": "0"}, INFO.format("mcptt"), info(uri=self.mc_id))
        expect(statuses == [200, 482], f"a forked SUBSCRIBE: {statuses}")
        expect(self.core.notify("terminated;reason=timeout").tag("from") == answer.tag("to"), "its NOTIFY")
        row("by another way, with another number", self.core.subscribe(self.impu, self.mc_id, expires=0), 200)
        other = self.core.notify("terminated;reason=timeout")
        expect(other.tag("from") != answer.tag("to"), "and no other one's")

    def chain(self):
        for _ in range(5):
            answer = row("refresh", self.core.publish(self.impu, if_match=self.etag), 200)
            expect(answer.get("sip-etag") not in ("", self.etag), "another entity tag")
            before, self.etag = self.etag, answer.get("sip-etag")
        again = row("the same again", self.core.publish(self.impu, if_match=before), 200)
        expect(again.get("sip-etag") == self.etag, "the same result")
        if self.transport == "udp":
            text, key = self.core.text("PUBLISH", self.system.sip_psi, {"P-Asserted-Identity": f"<{self.impu}>", "Event": "poc-settings",
                                                                        "Expires": "600", "SIP-If-Match": self.etag})
            first, second = self.core.exchange(text, key), self.core.exchange(text, key)
            expect(first.status == 200 and first.get("sip-etag") == second.get("sip-etag"), "a repeated datagram")
            self.etag = first.get("sip-etag")

    def second_device(self):
        answer = row("second device", self.core.authorise(self.impu, self.token, UE2), 200)
        expect("multiple-devices-ind" in answer.body, f"several devices: {answer}")
        self.core.notify(UE2)
        row("which one", self.core.publish(self.impu, expires=0), 400)
        row("log-off of one", self.core.publish(self.impu, expires=0, if_match=answer.get("sip-etag")), 200, expires="0")
        while True:
            state = self.core.notify(UE1)
            if UE2 not in state.body:
                break
        server = "sip:mcptt-server.alpha.example"
        row("a server watches", self.core.subscribe(server, self.mc_id, expires=0), 200)
        seen = self.core.notify("terminated")
        expect('full-access="true"' in seen.body and 'why-not="logged-off"' in seen.body and self.impu in seen.body, f"all UEs: {seen}")
        row("a server asks for one", self.core.subscribe(server, self.mc_id, expires=0, client=UE1), 200)
        seen = self.core.notify("terminated")
        expect(UE1 in seen.body and UE2 not in seen.body, f"one UE: {seen}")

    def features(self):
        row("register with the feature", self.core.register(self.impu, ue={"contact": TAGS}), 200)
        row("still there", self.core.publish(self.impu, if_match=self.etag), 200)
        other = ";+g.3gpp.mcvideo,<sip:ue@192.0.2.10:5060>"
        row("a Contact for each service", self.core.register(self.impu, ue={"contact": other + TAGS}), 200)
        row("in two headers", self.core.register(self.impu, ue={"contact": ";+g.3gpp.mcvideo\r\nContact: <sip:ue@192.0.2.10:5060>" + TAGS}), 200)
        self.etag = row("its service, too", self.core.publish(self.impu, if_match=self.etag), 200).get("sip-etag")
        row("register without it", self.core.register(self.impu, ue={"contact": ";+g.3gpp.mcvideo"}), 200)
        self.core.notify("terminated;reason=noresource")
        row("logged off", self.core.subscribe(self.impu, self.mc_id), 403)
        row("authorised once more", self.core.authorise(self.impu, self.token, UE1), 200)
        second = TAGS.replace(UE1, UE2)
        row("and on a second UE", self.core.authorise(self.impu, self.token, UE2), 200)
        row("both offer it", self.core.register(self.impu, ue={"contact": second}), 200)
        row("the second one no more", self.core.register(self.impu, ue={"contact": second.replace(".mcptt", ".mcvideo")}), 200)
        self.core.notifies.queue.clear()
        row("the first one stays", self.core.subscribe(self.impu, self.mc_id, expires=0), 200)
        state = self.core.notify("terminated;reason=timeout").body
        expect(UE1 in state and UE2 not in state, f"one of two UEs: {state}")
        row("its Contact is taken away", self.core.register(self.impu, ue={"contact": TAGS + ";expires=0"}), 200)
        row("and its service with it", self.core.subscribe(self.impu, self.mc_id), 403)

    def end(self):
        row("authorised again", self.core.authorise(self.impu, self.token, UE1), 200)
        row("subscribed again", self.core.subscribe(self.impu, self.mc_id), 200)
        self.core.notify("active")
        row("deregistered", self.core.register(self.impu, 0), 200, expires="0")
        self.core.notify("terminated;reason=noresource")
        row("nobody", self.core.authorise(self.impu, self.token, UE1), 404, warning="141")
        row("deregistered twice", self.core.register(self.impu, 0), 200)

    def embedded(self):
        good = (INFO.format("mcptt"), info(token=self.token, client=UE1))
        bad = (INFO.format("mcptt"), info(token="bad", client=UE1))
        row("a bad token does not end the registration", self.core.register(self.impu, ue={"contact": TAGS, "body": bad}), 200)
        row("but opens nothing", self.core.subscribe(self.impu, self.mc_id), 403)
        row("another's REGISTER inside", self.core.register(self.impu, ue={"contact": TAGS, "body": good, "to": "sip:b@ims.alpha.example"}), 200)
        row("opens nothing either", self.core.subscribe(self.impu, self.mc_id), 403)
        row("a good token", self.core.register(self.impu, ue={"contact": TAGS, "body": multipart(good)}), 200)
        row("opens", self.core.subscribe(self.impu, self.mc_id), 200)
        self.core.notify("active")

    def revoke(self):
        Ctl(self.system.admin_socket).run("--tenant", "alpha", "session", "revoke", "--all-of", self.system.username, "--yes")
        self.core.notify("terminated;reason=rejected")
        row("revoked", self.core.authorise(self.impu, self.token, UE1), 403, warning="101")
        row("nothing left", self.core.subscribe(self.impu, self.mc_id), 403)


def strangers(sandbox):
    """Framing and hostile bytes; the daemon stays."""
    system = sandbox.system()
    address = (system.sip_host, int(system.sip_port))
    for text in (b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nContent-Length: -1\r\n\r\n",
                 b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n\r\n"):
        with socket.create_connection(address) as connection:
            connection.sendall(text)
            got = b""
            while piece := connection.recv(4096):
                got += piece
            expect(got.startswith(b"SIP/2.0 400 "), f"an answer, then the end: {got}")
    with socket.create_connection(address) as connection:
        connection.sendall(b"\r\n\r\n")
        expect(connection.recv(10) == b"\r\n", "a ping has a pong")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for _ in range(2000):
            datagrams.sendto(random.randbytes(random.randrange(1, 600)), address)
    core = Core(system)
    row("after noise", core.ask("OPTIONS", system.sip_psi, {}), 200)
    core.close()


def kills(sandbox, count):
    """What was acknowledged is there after SIGKILL: registrations, entity tags, subscriptions with their dialogs."""
    system = sandbox.system()
    daemon = sandbox.take_over(system, {"lifetimes": {"access_token": 3600}})
    _, answer = sign_in(system, system.scopes)
    token = answer["access_token"]
    impus = [f"sip:k{i}@ims.alpha.example" for i in range(8)]
    books = {}
    core = Core(system, "udp")
    for i, impu in enumerate(impus):
        row("register", core.register(impu), 200)
        books[impu] = row("authorise", core.authorise(impu, token, f"urn:uuid:k{i}"), 200).get("sip-etag")
    row("subscribe", core.subscribe(impus[0], system.mcptt_id), 200)
    sequences = [int(core.notify("active").get("cseq").split()[0])]
    for round_number in range(count):
        stop = threading.Event()
        worker = Core(system, "tcp")

        enough, wanted = threading.Event(), random.randrange(2, 60)

        def write(to=worker, enough=enough, wanted=wanted):
            done = 0
            try:
                while not stop.is_set():
                    done += 1
                    if done == wanted:
                        enough.set()
                    impu = random.choice(impus)
                    answer = to.publish(impu, if_match=books[impu])
                    if answer.status == 200:
                        books[impu] = answer.get("sip-etag")
            except (ConnectionError, Failure):
                pass

        thread = threading.Thread(target=write)
        thread.start()
        enough.wait(30)
        daemon.kill()
        stop.set()
        worker.close()
        thread.join()
        daemon.start()
        for impu in impus:
            # The tag in the books, or the one that a lost answer would have given: the former is good for 32 s.
            answer = row(f"round {round_number}", core.publish(impu, if_match=books[impu]), 200)
            books[impu] = answer.get("sip-etag")
        mode = ("manual", "automatic")[round_number % 2]
        body = multipart((INFO.format("mcptt"), info(uri=system.mcptt_id, client="urn:uuid:k0")), (SETTINGS, settings("urn:uuid:k0", mode)))
        books[impus[0]] = row("change", core.publish(impus[0], *body), 200).get("sip-etag")
        while True:
            told = core.notify()
            sequences.append(int(told.get("cseq").split()[0]))
            if f'urn:uuid:k0"><am-settings><answer-mode>{mode}' in told.body:
                break
        expect(sequences == sorted(set(sequences)), f"CSeq grows, over restarts, too: {sequences}")
    core.close()


def wire(sandbox):
    """What is odd about a message and yet good, and what is too much of it."""
    story = Story(sandbox, "udp")
    core, psi = story.core, story.system.sip_psi
    text, key = core.text("OPTIONS", psi, {})
    row("empty lines in front of a datagram", core.exchange("\r\n\r\n" + text, key), 200, allow_events="xcap-diff")
    row("a start line beyond all bounds", core.ask("OPTIONS", "sip:" + "a" * 3000 + "@b.example", {"To": f"<{psi}>"}), 413)
    row("more parts than any body has", core.publish(story.impu, *multipart(*[("text/plain", "x")] * 17)), 413)
    for expires, answered in (("99999999999", "99999999999"), ("soon", "4294967295")):
        answer = row("what a registration says of its time", core.register(story.impu, expires), 200)
        expect(answer.get("expires") == answered, f"{expires}: {answer}")
    answer = core.register(story.impu, Expires=None, Contact="<sip:scscf.example.org>;expires=700")
    expect(row("in its Contact", answer, 200).get("expires") == "700", f"the contact's time: {answer}")
    row("xcap-diff that may not be told", core.subscribe(story.impu, story.mc_id, fields={"Event": "xcap-diff", "Accept": "text/plain"}), 406)
    row("deregister", core.register(story.impu, 0), 200)
    core.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args()
    with Sandbox() as sandbox:
        for transport in ("udp", "tcp", "tls"):
            Story(sandbox, transport).run()
            print(f"{transport}: every row", flush=True)
        wire(sandbox)
        strangers(sandbox)
        kills(sandbox, options.kills)
        print(f"{options.kills} kills: nothing lost", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
