#!/usr/bin/env python3
"""Five lifetimes, each by itself (registration, binding, publication, subscription, token), by a clock that is set; shareable UEs,
gateways, several UEs, access without 3GPP; what an expired token does; our own subscription to registration events; figures.

usage: service_lifetimes.py     CLAVIGER_BUILD: the build folder.
"""

import concurrent.futures
import re
import sys
import urllib.request

from clavigerd import Daemon, Failure, Sandbox
from configuration import sign_in
from operators_day import Ctl, expect
from registration import TAGS, UE1, UE2, row
from sip_core import INFO, Core, info, multipart
from user_agent import claims_of

SERVER = "sip:mcptt-server.alpha.example"
LIMITS = {"limits": {"sign_in_tries": 1000, "source_tries": 1_000_000}}
REGINFO = '<?xml version="1.0"?><reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="{}" state="{}">{}</reginfo>'


class World:
    def __init__(self, system):
        self.system = system
        self.ctl = Ctl(system.admin_socket)
        self.core = Core(system, "tcp")
        self.users = set()

    def advance(self, seconds):
        self.ctl.run("clock", "set", "--advance", str(seconds))

    def token(self, system=None):
        return sign_in(system or self.system, self.system.scopes)[1]["access_token"]

    def user(self, name):
        if name not in self.users:
            self.users.add(name)
            self.ctl.run("--tenant", "alpha", "user", "add", name, "--mc-id", f"sip:{name}@alpha.example", "--mcptt-id",
                         f"sip:{name}.mcptt@alpha.example", "--password-stdin", given=f"{name}-password-1\n")
        return type(self.system)(self.system.values | {"USERNAME": name, "PASSWORD": f"{name}-password-1",
                                                       "MCPTT_ID": f"sip:{name}.mcptt@alpha.example"})

    def begin(self, name, client=UE1, expires=3600, token=None):
        """Registered and authorised: the identity, and the entity tag."""
        impu = f"sip:{name}@ims.alpha.example"
        row("register", self.core.register(impu, expires), 200)
        return impu, row("authorise", self.core.authorise(impu, token or self.token(), client), 200).get("sip-etag")

    def fetch(self, impu, mc_id=None, status=200):
        """What the identity is told of its user's state; empty where it is nobody's."""
        answer = row("fetch", self.core.subscribe(impu, mc_id or self.system.mcptt_id, expires=0), status)
        if status != 200:
            return ""
        while (told := self.core.notify("terminated;reason=timeout")).tag("from") != answer.tag("to"):
            pass
        return told.body

    def seen_by_server(self, mc_id, holds):
        row("a server watches", self.core.subscribe(SERVER, mc_id, expires=0), 200)
        told = self.core.notify(holds)
        return told.body


def apart(world):
    """Publication, subscription, registration run out one after the other; none takes another along but the last."""
    core, system = world.core, world.system
    impu, etag = world.begin("apart")
    row("subscribe", core.subscribe(impu, system.mcptt_id), 200, expires="240")
    expect("automatic" in core.notify("active").body, "settings")
    world.advance(130)
    told = core.notify("active").body
    expect(UE1 in told and "automatic" not in told, f"subscribers hear that the publication has run out: {told}")
    row("the publication has run out", core.publish(impu, if_match=etag), 412)
    expect(UE1 in (state := world.fetch(impu)) and "automatic" not in state, f"the binding has not, nor has the token's use: {state}")
    world.advance(120)
    core.notify("terminated;reason=timeout")
    expect(UE1 in world.fetch(impu), "the subscription has run out, the binding has not")
    again = row("published again, without a token", core.publish(
        impu, *multipart((INFO.format("mcptt"), info(uri=system.mcptt_id, client=UE1)), ("application/poc-settings+xml", settings()))), 200)
    expect(again.get("sip-etag") != etag, "under a new entity tag")
    row("subscribe", core.subscribe(impu, system.mcptt_id), 200)
    core.notify("active")
    row("registered for longer", core.register(impu, 3600), 200)
    world.advance(200)
    expect(UE1 in world.fetch(impu), "a refresh keeps all of it")
    row("subscribe", core.subscribe(impu, system.mcptt_id), 200)
    core.notify("active")
    row("registered for a short time", core.register(impu, 100), 200)
    core.notifies.queue.clear()
    world.advance(140)
    core.notify("terminated;reason=noresource")
    world.fetch(impu, status=403)
    row("the registration has run out", core.authorise(impu, world.token(), UE1), 404, warning="141")
    expect('why-not="expired"' in world.seen_by_server(system.mcptt_id, "expired"), "why")


def together(world):
    """A subscription lasts as long as the registration, and ends with it: for the reason that it is over, not its own time."""
    core, system = world.core, world.system
    impu, _ = world.begin("together", expires=100)
    answer = row("subscribe for ever", core.subscribe(impu, system.mcptt_id), 200)
    expect(0 < int(answer.get("expires")) <= 100, f"no longer than the registration: {answer}")
    core.notify("active")
    core.notifies.queue.clear()
    world.advance(105)
    world.advance(60)
    core.notify("terminated;reason=noresource")
    world.fetch(impu, status=403)


def settings():
    return ('<poc-settings xmlns="urn:oma:params:xml:ns:poc:poc-settings">'
            f'<entity id="{UE1}"><am-settings><answer-mode>manual</answer-mode></am-settings></entity></poc-settings>')


def same_again(world):
    impu, etag = world.begin("again")
    answer = row("the same user on the same UE", world.core.authorise(impu, world.token(), UE1), 200)
    expect(answer.get("sip-etag") not in ("", etag) and not answer.body, f"in place, one device: {answer}")
    row("the former entity tag", world.core.publish(impu, if_match=etag), 412)
    second = row("another UE", world.core.authorise(impu, world.token(), UE2), 200)
    expect("multiple-devices-ind" in second.body, f"several: {second}")
    state = world.fetch(impu)
    expect(UE1 in state and UE2 in state, f"each by itself: {state}")
    row("deregister", world.core.register(impu, 0), 200)


def kept(world):
    impu, _ = world.begin("kept", expires=100_000)
    world.advance(4000)
    expect(UE1 in world.fetch(impu), "an expired token, policy keep")
    row("deregister", world.core.register(impu, 0), 200)


def strict(world):
    core, system = world.core, world.system
    impu, _ = world.begin("strict", expires=100_000)
    row("subscribe", core.subscribe(impu, system.mcptt_id), 200)
    core.notify("active")
    world.advance(200)
    row("a newer token", core.authorise(impu, world.token(), UE1), 200)
    world.advance(200)
    expect(UE1 in world.fetch(impu), "the former token's end is no end")
    core.notifies.queue.clear()
    world.advance(200)
    core.notify("terminated;reason=deactivated")
    world.fetch(impu, status=403)
    expect("token-expired" in world.seen_by_server(system.mcptt_id, "token-expired"), "why")
    row("authorised anew", core.authorise(impu, world.token(), UE1), 200)
    expect(UE1 in world.fetch(impu), "and back")
    row("deregister", core.register(impu, 0), 200)


def grace(world):
    impu, _ = world.begin("grace", expires=100_000)
    world.advance(350)
    expect(UE1 in world.fetch(impu), "within the grace")
    world.advance(100)
    for _ in range(50):
        world.core.notifies.queue.clear()
        answer = world.core.subscribe(impu, world.system.mcptt_id, expires=0)
        if answer.status == 403:
            break
        world.core.notify("terminated")
    expect(answer.status == 403, f"behind it: {answer}")
    row("deregister", world.core.register(impu, 0), 200)


def shareable(world):
    """TS 22.179 clause 4.5.4: who takes the UE signs the one before off."""
    core, system, second = world.core, world.system, world.user("relief")
    ue = "urn:uuid:2f6b8c4e-0000-4000-8000-0000000000aa"
    world.ctl.run("--tenant", "alpha", "ue", "add", ue, "--class", "shareable")
    impu, etag = world.begin("pool", client=ue)
    row("subscribe", core.subscribe(impu, system.mcptt_id), 200)
    core.notify("active")
    core.notifies.queue.clear()
    answer = row("the next shift", core.authorise(impu, world.token(second), ue), 200)
    core.notify("terminated;reason=noresource")
    world.fetch(impu, status=403)
    expect(ue in world.fetch(impu, second.mcptt_id), "the UE is his")
    expect('why-not="replaced"' in world.seen_by_server(system.mcptt_id, "replaced"), "why")
    row("the former's entity tag", core.publish(impu, if_match=etag), 412)
    row("his own", core.publish(impu, if_match=answer.get("sip-etag")), 200)
    row("and back", core.authorise(impu, world.token(), ue), 200)
    world.fetch(impu, second.mcptt_id, status=403)
    # At a public identity of his own the UE is no other one, for him who signed in on it.
    own = "sip:relief@ims.alpha.example"
    row("the relief registers", core.register(own), 200)
    row("only says so", core.authorise(own, world.token(second), ue), 200)
    expect(ue in world.fetch(impu), "whoever only names a UE takes it from nobody elsewhere")
    token = world.token(second)
    ue = next(one["ue_id"] for one in world.ctl.json("--tenant", "alpha", "session", "list", second.username)["items"]
              if one["sid"] == claims_of(token)["sid"])
    world.ctl.run("--tenant", "alpha", "ue", "add", ue, "--class", "shareable")
    row("another UE", core.authorise(impu, world.token(), ue), 200)
    row("subscribe", core.subscribe(impu, system.mcptt_id), 200)
    core.notify("active")
    row("and takes the UE", core.authorise(own, token, ue), 200)
    expect(ue not in core.notify().body, "the former user hears that it is not his any more")
    expect(ue not in world.fetch(impu), "and so it is")
    expect(ue in world.fetch(own, second.mcptt_id), "the UE is his, at his identity")
    row("deregister", core.register(impu, 0), 200)
    row("deregister", core.register(own, 0), 200)


def lost(world):
    """An operator says that a UE is lost, or ends what is on it: no service on it, whatever session its token is of."""
    core, system = world.core, world.system
    ue = "urn:uuid:2f6b8c4e-0000-4000-8000-0000000000cc"
    world.ctl.run("--tenant", "alpha", "ue", "add", ue, "--class", "gateway")
    impu, _ = world.begin("lost", client=ue)
    token = world.token()
    for verb, status in ((("session", "revoke", "--all-on", ue, "--yes"), 200), (("ue", "lost", ue, "--yes"), 403)):
        row("subscribe", core.subscribe(impu, system.mcptt_id), 200)
        core.notify("active")
        core.notifies.queue.clear()
        world.ctl.run("--tenant", "alpha", *verb)
        core.notify("terminated;reason=rejected")
        world.fetch(impu, status=403)
        row("authorise again", core.authorise(impu, token, ue), status)
    row("a registration stands", core.register(impu, ue={"contact": TAGS, "body": (INFO.format("mcptt"), info(token=token, client=ue))}), 200)
    world.fetch(impu, status=403)
    world.ctl.run("--tenant", "alpha", "ue", "found", ue)
    row("found", core.authorise(impu, token, ue), 200)
    world.ctl.run("--tenant", "alpha", "ue", "remove", ue, "--yes")
    world.fetch(impu, status=403)
    row("deregister", core.register(impu, 0), 200)


def gateway(world):
    """Clause 5.11: many users at one identity and client, none of which disturbs another."""
    core, system, second = world.core, world.system, world.user("relief")
    ue = "urn:uuid:2f6b8c4e-0000-4000-8000-0000000000bb"
    world.ctl.run("--tenant", "alpha", "ue", "add", ue, "--class", "gateway", "--max-users", "8")
    impu, first_tag = world.begin("gateway", client=ue)
    row("subscribe", core.subscribe(impu, system.mcptt_id), 200)
    core.notify("active")
    core.notifies.queue.clear()
    answer = row("a second user", core.authorise(impu, world.token(second), ue), 200)
    expect("multiple-devices-ind" not in answer.body, "he has one device")
    expect(ue in world.fetch(impu) and ue in world.fetch(impu, second.mcptt_id), "both")
    row("which one leaves", core.publish(impu, expires=0), 400)
    row("the second", core.publish(impu, expires=0, if_match=answer.get("sip-etag")), 200, expires="0")
    world.fetch(impu, second.mcptt_id, status=403)
    expect(ue in world.fetch(impu), "the first stays")
    row("his entity tag, too", core.publish(impu, if_match=first_tag), 200)
    row("deregister", core.register(impu, 0), 200)
    core.notify("terminated;reason=noresource")


def crowd(world):
    """Identities that authorise one client at once: each takes it from the one before, and all of them are answered."""
    core, token = world.core, world.token()
    impus = [f"sip:crowd{i}@ims.alpha.example" for i in range(8)]
    for impu in impus:
        row("register", core.register(impu), 200)
    with_token = {"contact": TAGS, "body": (INFO.format("mcptt"), info(token=token, client=UE1))}
    with concurrent.futures.ThreadPoolExecutor(len(impus)) as pool:
        for one in (lambda impu: core.authorise(impu, token, UE1), lambda impu: core.register(impu, ue=with_token)):
            for _ in range(4):
                for answer in list(pool.map(one, impus)):
                    row("one of many", answer, 200)
    expect(sum(core.subscribe(impu, world.system.mcptt_id, expires=0).status == 200 for impu in impus) == 1, "whoever was last has it")
    for impu in impus:
        row("deregister", core.register(impu, 0), 200)
    core.notifies.queue.clear()


def without_3gpp(world):
    """Dispatchers and administrators: no access network information, no instance, a telephone number as identity."""
    core, system = world.core, world.system
    impu = "tel:+1-555-0100"
    row("register", core.register(impu), 200)
    row("authorise", core.authorise("tel:+15550100", world.token(), UE1), 200)
    expect(UE1 in world.fetch("tel:+15550100"), "one identity, however its number is written")
    row("over WLAN", core.register(impu, **{"P-Access-Network-Info": 'IEEE-802.11;i-wlan-node-id="00"'}), 200)
    expect(UE1 in world.fetch("tel:+15550100"), "and no other")
    row("log-off", core.publish("tel:+15550100", expires=0), 200)
    row("deregister", core.register(impu, 0), 200)


def figures(world):
    row("an unknown etag", world.core.publish("sip:x@ims.alpha.example", if_match="none"), 404)
    row("a bad token", world.core.authorise(world.begin("figures")[0], "bad", UE1), 403, warning="101")
    with urllib.request.urlopen(world.system.metrics, timeout=20) as answer:
        text = answer.read().decode()
    value = lambda name: int(re.search(rf"^claviger_{re.escape(name)} (\d+)$", text, re.MULTILINE).group(1))
    for name in ("sip_registrations_total", "sip_deregistrations_total", 'service_authorisations_total{service="mcptt"}',
                 'service_publications_total{service="mcptt"}', 'service_subscriptions_total{service="mcptt"}',
                 'service_notifications_total{service="mcptt"}', 'service_endings_total{service="mcptt"}',
                 'service_refusals_total{service="mcptt",reason="token"}', 'service_refusals_total{service="none",reason="unknown"}'):
        expect(value(name) > 0, f"{name}: {value(name)}")
    for name in ('service_authorisations_total{service="mcvideo"}', 'service_refusals_total{service="mcdata",reason="protection"}'):
        expect(value(name) == 0, f"{name}: {value(name)}")


class Events:
    """The registration event package of a core of ours (RFC 3680)."""

    def __init__(self, world, impu):
        self.core, self.impu, self.number, self.version = world.core, impu, 100, -1

    def asked(self, method="SUBSCRIBE"):
        request = self.core.notify()
        expect(request.method == method and request.get("event") == "reg", f"a subscription to events: {request}")
        expect("application/reginfo+xml" in request.get("accept") and self.impu in request.get("to"), f"as the standard has it: {request}")
        return request

    def notify(self, request, inside, state="full", version=None, subscription="active;expires=3700", **fields):
        self.version = self.version + 1 if version is None else version
        self.number += 1
        target = re.search(r"<([^>]+)>", request.get("contact")).group(1)
        return self.core.ask("NOTIFY", target, {"From": f"<{self.impu}>;tag={self.core.subscribe_tag}", "To": request.get("from"), "Event": "reg",
                                                "Subscription-State": subscription} | fields,
                             "application/reginfo+xml" if inside is not None else "",
                             REGINFO.format(self.version, state, inside) if inside is not None else "",
                             call_id=request.get("call-id"), sequence=self.number)


def registration(impu, state, *contacts):
    return f'<registration aor="{impu}" id="a" state="{state}">' + "".join(contacts) + "</registration>"


def contact(state, event, instance=UE1, **attributes):
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (f'<contact id="c{instance[-3:]}" state="{state}" event="{event}"{more}><uri>sip:ue@192.0.2.10</uri>'
            f'<unknown-param name="+sip.instance">"&lt;{instance}&gt;"</unknown-param></contact>')


def events(world):
    """SUBSCRIBE, its NOTIFYs, and what each of them ends."""
    core, system = world.core, world.system
    impu, other = "sip:events@ims.alpha.example", "sip:events2@ims.alpha.example"
    core.notifies.queue.clear()
    token = (INFO.format("mcptt"), info(token=world.token(), client=UE1))
    row("register", core.register(impu, ue={"contact": TAGS, "body": token}), 200)
    package = Events(world, impu)
    request = package.asked()
    row("the first state", package.notify(request, registration(impu, "active", contact("active", "registered"))), 200)
    second = (INFO.format("mcptt"), info(token=world.token(), client=UE2))
    row("a second UE", core.register(impu, ue={"contact": TAGS.replace(UE1, UE2), "body": second}), 200)
    row("partial", package.notify(request, registration(impu, "active", contact("active", "created", UE2)), "partial"), 200)
    expect(UE1 in (state := world.fetch(impu)) and UE2 in state, "both")
    row("one UE is gone", package.notify(request, registration(impu, "active", contact("terminated", "deactivated", UE2)), "partial"), 200)
    expect(UE1 in (state := world.fetch(impu)) and UE2 not in state, f"its service alone: {state}")
    row("an old document", package.notify(request, registration(impu, "terminated"), "full", version=0), 200)
    package.version = 2
    expect(UE1 in world.fetch(impu), "says nothing any more")
    core.notifies.queue.clear()
    row("one was lost", package.notify(request, registration(impu, "active", contact("terminated", "expired")), "partial", version=7), 200)
    refresh = package.asked()
    expect(refresh.get("call-id") == request.get("call-id") and "tag=core1" in refresh.get("to"), f"in the dialog: {refresh}")
    expect(UE1 in world.fetch(impu), "a gap ends nothing")
    row("another dialog's", package.notify(request, None, **{"From": f"<{impu}>;tag=else"}), 481)
    row("no document", core.ask("NOTIFY", system.sip_psi, {"To": request.get("from"), "Event": "reg", "From": f"<{impu}>;tag=core1",
                                                          "Subscription-State": "active"}, "application/reginfo+xml", "<reginfo/>",
                                call_id=request.get("call-id"), sequence=300), 400)
    row("another content", core.ask("NOTIFY", system.sip_psi, {"To": request.get("from"), "Event": "reg", "From": f"<{impu}>;tag=core1",
                                                               "Subscription-State": "active"}, "text/plain", "x",
                                    call_id=request.get("call-id"), sequence=300), 415)
    row("an unknown package", core.ask("NOTIFY", system.sip_psi, {"To": request.get("from"), "Event": "presence"}), 481)
    row("an old number", core.ask("NOTIFY", system.sip_psi, {"To": request.get("from"), "Event": "reg", "From": f"<{impu}>;tag=core1",
                                                             "Subscription-State": "active"}, call_id=request.get("call-id"), sequence=1), 500)
    row("the core ends the subscription", package.notify(request, None, version=7, subscription="terminated;reason=deactivated"), 200)
    core.notifies.queue.clear()
    again = package.asked()
    expect(again.get("call-id") != request.get("call-id"), f"another one: {again}")
    package.version = -1
    row("register the other", core.register(other), 200)
    row("subscribe", core.subscribe(impu, system.mcptt_id), 200)
    core.notify("active")
    row("the end of both", package.notify(again, registration(impu, "terminated", contact("terminated", "unregistered"))
                                          + registration(other, "terminated")), 200)
    core.notify("terminated;reason=noresource")
    world.fetch(impu, status=403)
    for gone in (impu, other):
        row("nobody is registered", core.authorise(gone, world.token(), UE1), 404, warning="141")
    row("the watch went with it", package.notify(again, None, version=9), 481)


def main():
    with Sandbox() as sandbox:
        system = sandbox.system()
        daemon = None
        for changes, parts in (
                ({"publication_max": 120, "subscription_max": 240}, (same_again, shareable, lost, gateway, crowd, without_3gpp, apart, together)),
                ({}, (kept, figures)), ({"token_expiry": "strict"}, (strict,)), ({"token_expiry": "grace", "token_grace": 100}, (grace,)),
                ({"reg_event": True}, (events,))):
            settings_of_all = LIMITS | {"lifetimes": {"access_token": 300}, "sip": changes}
            if daemon is None:
                daemon = sandbox.take_over(system, settings_of_all)
            else:
                daemon.stop()
                daemon = Daemon(system, settings_of_all)
                sandbox.daemons.append(daemon)
                daemon.start()
            world = World(system)
            for part in parts:
                part(world)
                print(f"{part.__name__}: as it should", flush=True)
            world.core.close()


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
