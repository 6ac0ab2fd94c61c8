#!/usr/bin/env python3
"""Changes of documents over SIP (Event: xcap-diff; RFC 5874, RFC 5875; TS 24.484 clauses 6.3.13, A.2.2, A.2.3): subscribed with
an access token in the body, notified with entity tags and nothing else; refusals; refresh, fetch, the end by expiry, sign-off,
revocation; an answer that never comes; SIGKILL between a change and its notification.

usage: document_notifications.py     CLAVIGER_BUILD: the build folder.
"""

import re
import sys

from clavigerd import Failure, Sandbox
from configuration import Client, etag, sign_in, writer_of
from operators_day import Ctl, expect
from sip_core import INFO, Core, info, multipart

LISTS = "application/resource-lists+xml"
KILLS = 3
NUMBER = iter(range(1, 1 << 30))


def lists(*uris):
    entries = "".join(f'<entry uri="{uri}"/>' for uri in uris)
    return f'<?xml version="1.0"?><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>{entries}</list></resource-lists>'


def row(name, answer, status, **fields):
    expect(answer.status == status, f"{name}: {answer}")
    for field, holds in fields.items():
        expect(holds in answer.get(field.replace("_", "-")), f"{name}: {field} of {answer}")
    return answer


class Story:
    def __init__(self, system, transport):
        self.system = system
        self.impu = "sip:demo@ims.alpha.example"
        self.core = Core(system, transport)
        # Another one for each transport: the same twice in 32 s is a forked request (RFC 3261 clause 8.2.2.2).
        self.dialog = "told-" + transport
        self.user = Client(system, "")
        self.writer = writer_of(system)
        self.path = system.profile_url[len(system.xcap_root):]
        self.folder = self.path[:self.path.rindex("/") + 1]
        self.new_token()

    def new_token(self):
        self.agent, self.tokens = sign_in(self.system, self.system.config_scopes)
        self.token = self.user.token = self.tokens["access_token"]

    def subscribe(self, *uris, token=None, body=None, expires=3600, impu=None, uri=None, **named):
        kind = ""
        if body is None:
            kind, body = multipart((INFO.format("mcptt"), info(token=self.token if token is None else token)), (LISTS, lists(*uris)))
        elif body:
            kind, body = body
        fields = {"P-Asserted-Identity": f"<{impu or self.impu}>", "Event": "xcap-diff;diff-processing=aggregate", "Expires": str(expires),
                  "Accept": "application/xcap-diff+xml, message/external-body",
                  "From": f"<{impu or self.impu}>;tag=" + (named.get("call_id") or f"x{next(NUMBER)}")} | named.pop("fields", {})
        return self.core.ask("SUBSCRIBE", uri or self.system.sip_psi, fields, kind, body, **named)

    def change(self, text="promoted"):
        before = self.user.ask("GET", self.path)
        changed = re.sub("<Name>[^<]*", f"<Name>{text} {next(NUMBER)}", before.body.decode())
        put = self.writer.ask("PUT", self.path, changed)
        expect(put.status == 200, f"the change: {put}")
        return etag(before).strip('"'), etag(put).strip('"')

    def quiet(self, what, seconds=2):
        try:
            message = self.core.notify(seconds=seconds)
        except Failure:
            return
        raise Failure(f"{what}: told {message}")

    def refusals(self):
        self.new_token()
        row("no token", self.subscribe(self.path, token=""), 403, warning="101")
        row("a bad token", self.subscribe(self.path, token=self.token[:-4] + "AAAA"), 403, warning="101")
        other = sign_in(self.system, self.system.km_scopes)[1]["access_token"]
        row("a token of another scope", self.subscribe(self.path, token=other), 403, warning="101")
        row("another's documents", self.subscribe(self.path.replace("demo.mcptt", "revoked.mcptt")), 403, warning="101")
        row("no document", self.subscribe(), 403)
        row("no name", self.subscribe("nothing"), 403)
        row("no list", self.subscribe(body=(INFO.format("mcptt"), info(token=self.token))), 415, accept=LISTS)
        row("no body", self.subscribe(body=""), 403)
        row("not XML", self.subscribe(body=multipart((INFO.format("mcptt"), info(token=self.token)), (LISTS, "<a"))), 400)
        row("a document type", self.subscribe(body=multipart((INFO.format("mcptt"), info(token=self.token)), (LISTS, "<!DOCTYPE a><a/>"))), 400)
        row("too many", self.subscribe(*[f"{self.folder}p{i}.xml" for i in range(17)]), 403)
        row("too short", self.subscribe(self.path, expires=10), 423, min_expires="60")
        row("another service", self.subscribe(self.path, uri="sip:somebody@alpha.example"), 404)
        row("no identity", self.subscribe(self.path, fields={"P-Asserted-Identity": None}), 403)
        row("a dialog nobody knows", self.subscribe(self.path, fields={"To": f"<{self.system.sip_psi}>;tag=unknown"}), 481)
        answer = self.core.ask("SUBSCRIBE", self.system.sip_psi, {"P-Asserted-Identity": f"<{self.impu}>", "Event": "presence"})
        row("another package", answer, 489, allow_events="xcap-diff")
        self.quiet("after refusals", 0.5)

    def told(self):
        """Subscribed, told the present state, then each change: which document and which entity tags, never what is in it."""
        self.core.notifies.queue.clear()
        present = etag(self.user.ask("GET", self.path)).strip('"')
        encoded = self.path.replace("sip:", "sip%3A")
        answer = row("subscribed", self.subscribe(encoded, call_id=self.dialog, sequence=10), 200, contact="sip:")
        self.tag = answer.tag("to")
        first = self.core.notify("active")
        expect(first.get("event") == "xcap-diff" and first.get("content-type") == "application/xcap-diff+xml", f"{first}")
        expect(f'new-etag="{present}"' in first.body and "previous-etag" not in first.body, f"the present state: {first.body}")
        expect(f'sel="{encoded}"' in first.body and f'xcap-root="{self.system.xcap_root}"' in first.body, f"as it was written: {first.body}")
        sequence = int(first.get("cseq").split()[0])
        before, after = self.change()
        told = self.core.notify("xcap-diff")
        expect(f'previous-etag="{before}"' in told.body and f'new-etag="{after}"' in told.body, f"the change: {told.body}")
        expect("promoted" not in told.body, "a notification carries no data")
        expect(int(told.get("cseq").split()[0]) > sequence, "numbers rise")
        expect(self.user.ask("GET", self.path, If_None_Match=f'"{before}"').status == 200, "the get that follows")
        self.quiet("nothing changed", 1)

    def dialogs(self):
        sent = {"call_id": self.dialog, "fields": {"To": f"<{self.system.sip_psi}>;tag={self.tag}"}}
        row("refreshed", self.subscribe(self.path, sequence=11, body="", **sent), 200)
        full = self.core.notify("active")
        expect("new-etag" in full.body and "previous-etag" not in full.body, f"the whole state again: {full.body}")
        row("an old number", self.subscribe(self.path, sequence=11, body="", **sent), 500)
        row("not his", self.subscribe(self.path, sequence=12, body="", impu="sip:other@ims.alpha.example", **sent), 481)
        row("unsubscribed", self.subscribe(self.path, sequence=13, body="", expires=0, **sent), 200, expires="0")
        expect("timeout" in self.core.notify("terminated").get("subscription-state"), "ended")
        row("gone", self.subscribe(self.path, sequence=14, body="", **sent), 481)
        self.change()
        self.quiet("after unsubscription")

    def fetch(self):
        row("fetched", self.subscribe(self.path, expires=0), 200, expires="0")
        once = self.core.notify("terminated")
        expect("timeout" in once.get("subscription-state") and "new-etag" in once.body, f"once, with the state: {once}")

    def folders(self):
        """All documents of a user: also one that is made later, and one that goes."""
        row("subscribed", self.subscribe(self.folder), 200)
        expect("mcptt-user-profile-0.xml" in self.core.notify("active").body, "those that are there")
        text = self.user.ask("GET", self.path).body.decode()
        second = self.path.replace("-0.xml", "-1.xml")
        made = self.writer.ask("PUT", second, text.replace('user-profile-index="0"', 'user-profile-index="1"'))
        expect(made.status == 201, f"made: {made}")
        told = self.core.notify("mcptt-user-profile-1.xml")
        expect(f'new-etag="{etag(made).strip(chr(34))}"' in told.body and f'sel="{second}"' in told.body, f"a new one: {told.body}")
        expect(self.writer.ask("DELETE", second).status == 200, "deleted")
        told = self.core.notify('sel="' + second)
        expect("previous-etag" in told.body and "new-etag" not in told.body.split("profile-1.xml")[0].rsplit("<document", 1)[1], f"gone: {told.body}")

    def servers(self):
        """An MC server: by its asserted identity, the service configuration of an organisation (TS 24.484 clause A.2.3)."""
        name, kind = "org.3gpp.mcptt.service-config/global/org1/service-config.xml", "application/vnd.3gpp.mcptt-service-config+xml"
        text = '<service-configuration-info xmlns="urn:3gpp:ns:mcpttServiceConfig:1.0"/>'
        host = self.system.sip_psi.partition(":")[2].rpartition("@")[2]
        uri = f"sip:org1@{host};auid=org.3gpp.mcptt.service-config"
        row("not a server", self.subscribe(uri=uri, body=""), 403)
        row("a server", self.subscribe(uri=uri, body="", impu="sip:server@alpha.example"), 200)
        self.core.notify("active")
        made = self.writer.ask("PUT", name, text, kind)
        expect(made.status in (200, 201), f"{made}")
        told = self.core.notify(name)
        expect(etag(made).strip('"') in told.body, f"{told.body}")

    def unanswered(self):
        """The subscriber does not know the dialog any more: it is forgotten."""
        row("subscribed", self.subscribe(self.path), 200)
        self.core.notify("active")
        self.core.notify_status = 481
        self.change()
        self.core.notify("xcap-diff")
        self.core.notify_status = 200
        self.core.notifies.queue.clear()
        self.change()

    def ended(self):
        """Sign-off and revocation end it at once, and tell nothing of the documents."""
        for name, end in (("sign-off", lambda: self.agent.connection.post_form(
                f"{self.agent.prefix}/revoke", {"token": self.tokens.get("refresh_token", self.token), "client_id": self.system.client_id})),
                          ("disabled", lambda: Ctl(self.system.admin_socket).run("user", "disable", self.system.username, "--yes"))):
            self.new_token()
            row("subscribed", self.subscribe(self.path, call_id=name), 200)
            self.core.notify("active")
            self.core.notifies.queue.clear()
            end()
            while True:
                last = self.core.notify("terminated")
                if last.get("call-id") == name:
                    break
            expect("rejected" in last.get("subscription-state") and "etag" not in last.body, f"{name}: {last}")
            Ctl(self.system.admin_socket).run("user", "enable", self.system.username)
        self.new_token()
        self.core.notifies.queue.clear()


def killed(sandbox, story, daemon):
    """A change was acknowledged, its notification was not sent: it comes after the restart."""
    row("subscribed", story.subscribe(story.path, call_id="killed"), 200)
    story.core.notify("active")
    story.core.notifies.queue.clear()
    for _ in range(KILLS):
        # Told only once the answer is there: none comes before the kill.
        story.core.notify_status = 0
        _, after = story.change()
        daemon.kill()
        story.core.notifies.queue.clear()
        story.core.notify_status = 200
        daemon.start()
        story.user, story.writer = Client(story.system, story.token), writer_of(story.system)
        while True:
            told = story.core.notify(f'new-etag="{after}"')
            if told.get("call-id") == "killed":
                break
        before, after = story.change()
        told = story.core.notify(f'new-etag="{after}"')
        expect(f'previous-etag="{before}"' in told.body, f"from what was told last: {told.body}")


def main():
    with Sandbox() as sandbox:
        system = sandbox.system("ALPHA")
        daemon = sandbox.take_over(system, {"sip": {"servers": ["sip:server@alpha.example"]}})
        for transport in ("udp", "tcp"):
            story = Story(system, transport)
            story.refusals()
            story.told()
            story.dialogs()
            story.fetch()
            story.folders()
            story.core.close()
            print(f"{transport}: subscribed, told, refreshed, fetched, folders", flush=True)
        story = Story(system, "udp")
        story.servers()
        story.unanswered()
        story.ended()
        print("servers, unanswered, signed off, disabled", flush=True)
        killed(sandbox, story, daemon)
        print(f"document notifications: all rows; {KILLS} kills, no change lost")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"document_notifications.py: {failure}")
