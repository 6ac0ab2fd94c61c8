#!/usr/bin/env python3
"""A migration between the two systems of a sandbox, step by step: what each step says and how long it takes.

  tools/demo/migrate.py SANDBOX BUILD     both migrants of alpha's register in bravo, with an S-CSCF and a UE that are played here

The steps are those of TS 23.280 clauses 10.6.2.2 (static) and 10.6.2.3 (dynamic). The subscriber module, Milenage and all,
is tests/system/subscriber_module.py.
"""

import os
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tests", "system"))
import s_cscf as cx  # noqa: E402
import sign_in  # noqa: E402
from subscriber_module import Module  # noqa: E402

REALM, CSCF, SERVER = "bravo.example", "scscf.demo.bravo.example", "sip:scscf.demo.bravo.example"


def expect(answer, result, what):
    if answer.result() != result:
        raise sign_in.Failure(f"{what}: {answer.result()} where {result} was expected")


def migrate(steps, cscf, values, kind, clause):
    print(f"\n{kind.lower()} configuration (TS 23.280 clause {clause}): {values[f'MIGRANT_{kind}_PRIMARY_IMPI']} registers in bravo as "
          f"{values[f'MIGRANT_{kind}_PARTNER_IMPI']}")
    steps_of(steps, cscf, values, kind)


def steps_of(steps, cscf, values, kind):
    impi, impu = values[f"MIGRANT_{kind}_PARTNER_IMPI"], values[f"MIGRANT_{kind}_PARTNER_IMPU"]
    module = Module(values[f"MIGRANT_{kind}_K"], values[f"MIGRANT_{kind}_OPC"])
    steps.begin()
    expect(cscf.user_authorization(REALM, impi, impu), "3GPP 2001", "UAR")
    steps.end(" 2    REGISTER reaches bravo's SIP core, which asks who serves him", "bravo knows the identity: first registration")
    steps.begin()
    answer = cscf.multimedia_auth(REALM, impi, impu, SERVER)
    expect(answer, "2001", "MAR")
    rand, autn, xres, _, _ = cx.vector_of(answer)
    steps.end(" 3-10 authentication vector: bravo's MMS, alpha, back", f"asked for {impi}, answered for {answer.text(1)}",
              f"RAND {rand.hex()}", f"AUTN {autn.hex()}")
    steps.begin()
    # A module that was never used is far behind a sequence number that goes with the time.
    module.highest = [(module.sequence(rand + autn) >> 5) - 1] * len(module.highest)
    response = module.take(rand + autn)
    if response != xres:
        raise sign_in.Failure("the module's RES is not the network's XRES")
    steps.end("11-12 the module checks AUTN and answers the challenge", f"RES {response.hex()}")
    steps.begin()
    expect(cscf.server_assignment(REALM, impi, impu, SERVER, 1), "2001", "SAR")
    steps.end("13-14 registered")
    steps.begin()
    expect(cscf.server_assignment(REALM, impi, impu, SERVER, 5), "2001", "SAR")
    steps.end("      and gone again")


def main():
    folder, build = sys.argv[1:]
    values = sign_in.read_environment(os.path.join(folder, "sandbox.env"))
    # Admitted once; a second run finds it there.
    subprocess.run([os.path.join(ROOT, "tools", "sandbox"), "peer", folder, "bravo", CSCF, "127.0.0.1", "0", REALM], check=False,
                   stdin=subprocess.DEVNULL, capture_output=True, env=os.environ | {"CLAVIGER_BUILD": build})
    steps = sign_in.Steps()
    cscf = cx.Node(values["BRAVO_DIAMETER_HOST"], int(values["BRAVO_DIAMETER_PORT"]), CSCF, REALM)
    migrate(steps, cscf, values, "STATIC", "10.6.2.2")
    migrate(steps, cscf, values, "DYNAMIC", "10.6.2.3")
    cscf.close()


if __name__ == "__main__":
    try:
        main()
    except (sign_in.Failure, ConnectionError) as failure:
        sys.exit(f"migrate: {failure}")
