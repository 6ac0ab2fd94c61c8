#!/usr/bin/env python3
"""MC service registration where something else ends: one ID for two services, a client that goes to another identity, a subscriber
who cannot be reached, a tenant that is disabled or not there; and a changed configuration that needs a restart.

usage: registration_borders.py     CLAVIGER_BUILD: the build folder.
"""

import os
import socket
import subprocess
import sys
import time

from clavigerd import Failure, Sandbox, System, build_folder
from configuration import sign_in
from operators_day import NOT_FOUND, Ctl, expect
from registration import UE1, UE2, row
from sip_core import INFO, SETTINGS, Core, info, multipart, settings

SCOPES = "openid 3gpp:mc:ptt_service 3gpp:mc:video_service"
SERVER = "sip:mcptt-server.alpha.example"
SECONDS_MAX = 30


class World:
    def __init__(self, system):
        self.system, self.ctl, self.core = system, Ctl(system.admin_socket), Core(system, "tcp")
        # TS 23.280 clause 10.1.4.1: the same ID may be a user's for all services.
        self.mc_id = "sip:both@alpha.example"
        self.ctl.run("--tenant", "alpha", "user", "add", "both", "--mcptt-id", self.mc_id, "--mcvideo-id", self.mc_id, "--password-stdin",
                     given="a-password-for-both\n")
        self.user = System(system.values | {"USERNAME": "both", "PASSWORD": "a-password-for-both"})
        self.token = sign_in(self.user, SCOPES)[1]["access_token"]

    def begin(self, impu, client=UE1, service="mcptt"):
        row("register", self.core.register(impu), 200)
        return row("authorise", self.core.authorise(impu, self.token, client, service=service), 200).get("sip-etag")

    def subscribe(self, impu, service="mcptt"):
        answer = row("subscribe", self.core.subscribe(impu, self.mc_id, service=service), 200)
        self.told(answer.tag("to"), "active")
        return answer.tag("to")

    def told(self, tag, holds):
        while (notify := self.core.notify(holds)).tag("from") != tag:
            pass
        return notify

    def listed(self, impu):
        return self.ctl.json("--tenant", "alpha", "registration", "show", impu)["subscriptions"]


def services(world):
    impu = "sip:both@ims.alpha.example"
    world.begin(impu)
    etag = row("video, too", world.core.authorise(impu, world.token, UE1, service="mcvideo"), 200).get("sip-etag")
    of_ptt, of_video = world.subscribe(impu), world.subscribe(impu, "mcvideo")
    row("log-off from video", world.core.publish(impu, expires=0, if_match=etag), 200)
    world.told(of_video, "terminated;reason=noresource")
    expect(len(world.listed(impu)) == 1, "the other service's lives")
    row("deregister", world.core.register(impu, 0), 200)
    world.told(of_ptt, "terminated;reason=noresource")


def identities(world):
    first, second = "sip:both.first@ims.alpha.example", "sip:both.second@ims.alpha.example"
    world.begin(first)
    tag = world.subscribe(first)
    world.begin(second)
    world.told(tag, "terminated;reason=noresource")
    shown = world.ctl.json("--tenant", "alpha", "registration", "show", first)
    expect(shown["clients"] == 0 and not shown["bindings"] and not shown["subscriptions"], f"nothing is left there: {shown}")
    shown = world.ctl.json("--tenant", "alpha", "registration", "show", second)
    expect([each["full_access"] for each in shown["bindings"]] == [True], f"it is here: {shown}")
    row("deregister", world.core.register(first, 0), 200)
    row("and still authorised", world.core.subscribe(second, world.mc_id, expires=0), 200)
    row("deregister", world.core.register(second, 0), 200)


def entity_tags(world):
    """A retired entity tag is good for the same request again, and for no other (RFC 3903 clause 6)."""
    impu = "sip:both@ims.alpha.example"
    first = world.begin(impu)

    def modified(mode, if_match):
        body = multipart((INFO.format("mcptt"), info(uri=world.mc_id, client=UE1)), (SETTINGS, settings(UE1, mode)))
        return world.core.publish(impu, *body, if_match=if_match)

    second = row("modified", modified("manual", first), 200).get("sip-etag")
    expect(row("the same again", modified("manual", first), 200).get("sip-etag") == second, "the same answer")
    row("another change under the retired one", modified("automatic", first), 412)
    row("another token under it", world.core.authorise(impu, sign_in(world.user, SCOPES)[1]["access_token"], UE1, if_match=first), 412)
    row("the same token", world.core.authorise(impu, world.token, UE1, mode="manual", if_match=first), 200)
    asked = row("a server asks", world.core.subscribe(SERVER, world.mc_id, expires=0), 200)
    expect("manual" in world.told(asked.tag("to"), "terminated").body, "what was acknowledged")
    row("deregister", world.core.register(impu, 0), 200)


def unreachable(world):
    """A NOTIFY that ends a subscription reaches nobody: it is tried again, and the subscription is none any more."""
    impu = "sip:both@ims.alpha.example"
    world.begin(impu)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nowhere = {"Contact": f"<sip:ue@127.0.0.1:{gone.getsockname()[1]};transport=tcp>"}
    row("fetch", world.core.subscribe(impu, world.mc_id, expires=0, fields=nowhere), 200)
    expect(world.listed(impu) == [], "what asks once is no subscription")
    row("subscribe", world.core.subscribe(impu, world.mc_id, expires=60, fields=nowhere), 200)
    expect(len(world.listed(impu)) == 1, "one that lives")
    world.ctl.run("clock", "set", "--advance", "61")
    expect(world.listed(impu) == [], "and is over")
    row("deregister", world.core.register(impu, 0), 200)


def tenants(world):
    """Disabled: nobody is served, a core's registrations stand and no other comes, and whoever leaves may."""
    impu, other = "sip:both@ims.alpha.example", "sip:both.other@ims.alpha.example"
    world.token = sign_in(world.user, SCOPES)[1]["access_token"]
    etag = world.begin(impu)
    world.ctl.run("tenant", "disable", "alpha", "--yes")
    row("publish", world.core.authorise(impu, world.token, UE2), 503, retry_after="")
    row("subscribe", world.core.subscribe(impu, world.mc_id), 503)
    row("a server asks", world.core.subscribe(SERVER, world.mc_id, expires=0), 503)
    row("a core registers", world.core.register(other), 503)
    world.ctl.run("--tenant", "alpha", "registration", "show", other, status=NOT_FOUND)
    row("and refreshes", world.core.register(impu), 503)
    row("whoever leaves may", world.core.publish(impu, expires=0, if_match=etag), 200)
    row("and deregister", world.core.register("sip:gone@ims.alpha.example", 0), 200)
    world.ctl.run("tenant", "enable", "alpha")
    row("a core registers", world.core.register(other), 200)
    row("publish", world.core.authorise(impu, world.token, UE1), 200)
    row("and the other", world.core.authorise(other, world.token, UE2), 200)
    for each in (impu, other):
        row("deregister", world.core.register(each, 0), 200)
        world.ctl.run("--tenant", "alpha", "registration", "show", each, status=NOT_FOUND)


def checked(file):
    done = subprocess.run([os.path.join(build_folder(), "bin", "clavigerd"), "--config", file, "--check-config"], capture_output=True,
                          text=True, check=False)
    expect(done.returncode == 0, f"--check-config: {done}")
    return [line for line in done.stderr.splitlines() if "there is no tenant" in line]


def configurations(world, daemon):
    with open(daemon.config, encoding="utf-8") as file:
        good = file.read()

    def written(text):
        with open(daemon.config, "w", encoding="utf-8") as file:
            file.write(text)

    expect(checked(daemon.config) == [], "the tenant is there, in a store that somebody has open")
    written(good.replace('psi = "sip:mc-as.alpha.example"', 'psi = "sip:mc-as.alpha.example"\nconfiguration_psi = "sip:cms.alpha.example"'))
    expect(world.ctl.json("reload")["needs_restart"] == ["sip"], "where documents are subscribed to is read at the start")
    written(good)
    expect(world.ctl.json("reload")["needs_restart"] == [], "and back")
    head, sip = good.split("[sip]\n")
    written(head + "[sip]\n" + sip.replace('tenant = "alpha"', 'tenant = "gamma"', 1))
    said = checked(daemon.config)
    expect(len(said) == 1 and "gamma" in said[0] and "[sip]" in said[0], f"a tenant that is none: {said}")
    world.core.close()
    daemon.stop()
    expect(len(checked(daemon.config)) == 1, "of a store that nobody has open")
    daemon.start()
    core = Core(world.system, "tcp")
    row("a core is told, too", core.register("sip:both@ims.gamma.example"), 503)
    row("and nobody is served", core.subscribe(SERVER, world.mc_id, expires=0), 503)
    core.close()
    log = os.path.join(os.path.dirname(world.system.config), "clavigerd.log")
    end = time.monotonic() + SECONDS_MAX
    while True:
        with open(log, encoding="utf-8") as file:
            warned = [line for line in file if "tenant.missing" in line and "gamma" in line]
        if warned or time.monotonic() > end:
            break
    expect(len(warned) == 1 and "[sip]" in warned[0], f"said at the start: {warned}")
    written(good.replace('data_directory = "', 'data_directory = "/nowhere'))
    expect(len(checked(daemon.config)) == 2, "no store yet: no tenant")


def main():
    with Sandbox() as sandbox:
        system = sandbox.system()
        daemon = sandbox.take_over(system, {"limits": {"sign_in_tries": 1000}})
        world = World(system)
        for part in (services, identities, entity_tags, unreachable, tenants):
            part(world)
            print(f"{part.__name__}: as it should", flush=True)
        configurations(world, daemon)
        print("configurations: as they should")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
