"""MC service registration through a SIP core, step by step: the 18 messages of the registration sequence (TS 33.180 clause 5.1,
TS 24.379 clause 7) and what each of them did. Kamailio is the core where it is installed, core_stand_in.py where it is not.
"""

import os
import select
import time

import core_stand_in
import kamailio_core
from mc_ue import Ue
from sandbox_parts import make_certificate
from sign_in import Failure

REGISTERED_SECONDS_MAX = 10


def start_core(sandbox, name, facts):
    """A core of system `name`. Kamailio, or its stand-in."""
    files = [facts["SIP_CORE_CERTIFICATE"], facts["SIP_CORE_KEY"], facts["CA"]]
    address = (facts["SIP_HOST"], int(facts["SIP_TLS_PORT"]))
    realm = facts["IMPU"].rpartition("@")[2]
    if kamailio_core.is_installed():
        return kamailio_core.Kamailio(os.path.join(sandbox, name, "kamailio"), realm, facts["SIP_PSI"], address, files)
    return core_stand_in.StandIn(realm, facts["SIP_PSI"], address, files)


def start_ue(sandbox, name, core, facts, impu, client, kind="ue"):
    """With a certificate that says who he is to the core."""
    make_certificate(sandbox, name, kind, f"URI:{impu}", "clientAuth")
    certificate = [os.path.join(sandbox, name, f"{kind}.{ending}") for ending in ("pem", "key")]
    return Ue(core.port, impu, facts["SIP_PSI"], facts["CA"], certificate, client)


def wait_until_passed(core, what, times=1):
    until = time.monotonic() + REGISTERED_SECONDS_MAX
    while sum(line.startswith(what) for line in core.passed()) < times:
        if time.monotonic() > until:
            raise Failure(f"{what} never passed the core: {core.passed()}")
        select.select([], [], [], 0.005)  # the core says nothing when it has answered itself


def expect(answer, status, what):
    if answer.status != status:
        raise Failure(f"{what}: {answer} where {status} was expected")
    return answer


def register_service(steps, core, ue, token, mc_id):
    """From the certificate to full access; the last NOTIFY."""
    certificate = ue.peer_certificate
    steps.begin()
    expect(ue.sign_on(), 200, "REGISTER")
    steps.end(" 2-4  the UE registers with the SIP core, over TLS both ways", f"{ue.impu}, {ue.socket.version()}; the core's certificate: "
              + ", ".join(value for _, value in certificate["subjectAltName"]))
    steps.begin()
    wait_until_passed(core, f"200 to REGISTER of sip:scscf.{core.realm}")
    steps.end(" 5-6  the core registers him with the MC service", "third-party REGISTER with his own in the body: registered, no access yet")
    steps.begin()
    answer = expect(ue.authorise_with(token), 200, "PUBLISH")
    steps.end(" 7-10 his client publishes the access token and its settings", f"PUBLISH by way of the core: valid for {answer.get('expires')} s, "
              f"SIP-ETag {answer.get('sip-etag')}")
    ue.etag = answer.get("sip-etag")
    steps.begin()
    expect(ue.watch(mc_id), 200, "SUBSCRIBE")
    steps.end("11-14 and subscribes to his own service state")
    steps.begin()
    told = ue.notify("active")
    if ue.client not in told.body:
        raise Failure(f"no full access: {told}")
    steps.end("15-18 NOTIFY: registered and authorised, he has full access", f"{told.get('subscription-state')}; entity {ue.client}")
    return told
