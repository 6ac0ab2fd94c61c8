"""The registration sequence with Kamailio as the SIP core (ims_registrar_scscf, ims_isc), certificates verified between UE and
core and between core and MC service: registration_sequence.py SANDBOX. Each of the 18 steps is looked for in what passed the
core; then the same once more without Kamailio. Prints what happened; exit status 77: Kamailio is not here.
"""

import os
import ssl
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(SOURCE, "tools", "demo"), os.path.join(SOURCE, "tests", "system")]

import core_stand_in  # noqa: E402
import kamailio_core  # noqa: E402
import service_registration as story  # noqa: E402
import sign_in  # noqa: E402
from clavigerd import Failure  # noqa: E402
from mc_ue import Ue  # noqa: E402

CLIENT = "urn:uuid:2f6b8c4e-0000-4000-8000-000000000018"
VERIFIED = ", certificate verified 1"


def expect(holds, what):
    if not holds:
        raise Failure(what)


def in_order(passed, *expected):
    """Each after the one before; what else passed does not matter."""
    rest = iter(passed)
    for line in expected:
        if not any(line == each for each in rest):
            raise Failure(f"'{line}' did not pass in its place: {passed}")


def check_sequence(core, ue, facts):
    impu, own, server = ue.impu, f"sip:scscf.{core.realm}:{core.port}", facts["SIP_PSI"]
    if isinstance(core, core_stand_in.StandIn):
        story.wait_until_passed(core, f"200 to NOTIFY of {server}")
    passed = core.passed()
    in_order(passed, f"REGISTER of {impu}{VERIFIED}", f"200 to REGISTER of {impu}, to the UE", f"third-party REGISTER of {impu}",
             f"200 to REGISTER of {own}{VERIFIED}", f"PUBLISH of {impu}{VERIFIED}", f"200 to PUBLISH of {impu}{VERIFIED}",
             f"SUBSCRIBE of {impu}{VERIFIED}", f"200 to SUBSCRIBE of {impu}{VERIFIED}")
    in_order(passed, f"SUBSCRIBE of {impu}{VERIFIED}", f"NOTIFY of {server}{VERIFIED}", f"200 to NOTIFY of {server}{VERIFIED}")


def sequence(core, sandbox, facts, token):
    """Steps 2 to 18, then what changes afterwards."""
    ue = story.start_ue(sandbox, "alpha", core, facts, facts["IMPU"], CLIENT)
    told = story.register_service(sign_in.Steps(is_quiet=True), core, ue, token, facts["MCPTT_ID"])
    expect(len(told.fields["via"]) == 2, f"the NOTIFY came by way of the core: {told}")
    expect("transport=tls" in told.get("contact"), f"what follows in the dialog stays on TLS: {told}")
    story.wait_until_passed(core, f"200 to NOTIFY of {facts['SIP_PSI']}")
    check_sequence(core, ue, facts)
    ue.notifies.queue.clear()
    answer = ue.authorise_with(token, "manual")
    expect(answer.status == 200 and "manual" in ue.notify("manual").body, f"a change is told: {answer}")
    expect(ue.sign_on().status == 200, "the REGISTER again")
    story.wait_until_passed(core, f"200 to REGISTER of sip:scscf.{core.realm}", 2)
    answer = ue.watch(facts["MCPTT_ID"], 0)
    expect(answer.status == 200 and "transport=tls" in answer.get("contact") and CLIENT in ue.notify("terminated").body, "nothing is lost by it")
    expect(ue.sign_on(0).status == 200, "de-registration")
    expect("noresource" in ue.notify("terminated").get("subscription-state"), "the service ends with the registration")
    story.wait_until_passed(core, f"200 to REGISTER of sip:scscf.{core.realm}", 3)
    expect(ue.authorise_with(token).status == 404, "and nobody is authorised without one")
    ue.close()


def strangers(core, sandbox, facts, token):
    """Without a certificate nobody speaks, with one nobody is another."""
    try:
        naked = Ue(core.port, facts["IMPU"], facts["SIP_PSI"], facts["CA"], None, CLIENT)
        naked.sign_on()
        raise Failure("a UE without a certificate is served")
    except (ConnectionError, ssl.SSLError, OSError):
        pass
    other = story.start_ue(sandbox, "alpha", core, facts, facts["IMPU"], CLIENT)
    other.impu = "sip:somebody.else@ims.alpha.example"
    expect(other.sign_on().status == 403, "REGISTER of another")
    expect(other.authorise_with(token).status == 403, "PUBLISH of another")
    other.close()


def main():
    if not kamailio_core.is_installed():
        print("Kamailio's IMS and TLS modules are not installed")
        return 77
    sandbox = sys.argv[1]
    values = sign_in.read_environment(os.path.join(sandbox, "sandbox.env"))
    facts = {name.removeprefix("ALPHA_"): value for name, value in values.items() if name.startswith("ALPHA_")}
    issuer = sign_in.Issuer(facts["ISSUER"], facts["CA"])
    about = issuer.ask("GET", facts["ISSUER"] + "/.well-known/openid-configuration").json()
    token = sign_in.sign_in(sign_in.Steps(is_quiet=True), issuer, about, facts)["access_token"]
    print("1: an access token for the MC service")
    began = time.monotonic()
    with story.start_core(sandbox, "alpha", facts) as core:
        sequence(core, sandbox, facts, token)
        print(f"2-18 through Kamailio, settings changed, registered again, left: {time.monotonic() - began:.1f} s")
        strangers(core, sandbox, facts, token)
        print("strangers are refused by the core")
    files = [facts["SIP_CORE_CERTIFICATE"], facts["SIP_CORE_KEY"], facts["CA"]]
    with core_stand_in.StandIn("ims.alpha.example", facts["SIP_PSI"], (facts["SIP_HOST"], int(facts["SIP_TLS_PORT"])), files) as core:
        sequence(core, sandbox, facts, token)
        print("2-18 through its stand-in")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, sign_in.Failure) as failure:
        sys.exit(f"FAILED: {failure}")
