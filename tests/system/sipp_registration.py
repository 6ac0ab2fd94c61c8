#!/usr/bin/env python3
"""SIPp is the SIP core and its UEs: registration, authorisation, refresh, subscription, NOTIFY, end, over UDP and TCP.

usage: sipp_registration.py     CLAVIGER_BUILD: the build folder. 77: there is no sipp.
"""

import os
import shutil
import subprocess
import sys

from clavigerd import SOURCE, Failure, Sandbox
from configuration import sign_in

SKIPPED = 77
SCENARIO = os.path.join(SOURCE, "tests", "system", "sipp", "registration.xml")


def run(sandbox, system, token, mode, calls):
    done = subprocess.run(
        ["sipp", f"{system.sip_host}:{system.sip_port}", "-sf", SCENARIO, "-t", mode, "-i", "127.0.0.1", "-m", str(calls), "-l", "1",
         "-r", "10", "-key", "psi", system.sip_psi, "-key", "impu", f"sipp.{mode}", "-key", "token", token, "-key", "mcid", system.mcptt_id,
         "-nostdin", "-timeout", "60s", "-trace_err", "-error_file", os.path.join(sandbox.folder, f"sipp.{mode}.err")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False, cwd=sandbox.folder)
    if done.returncode != 0:
        errors = os.path.join(sandbox.folder, f"sipp.{mode}.err")
        said = open(errors, encoding="utf-8", errors="replace").read()[:3000] if os.path.exists(errors) else ""
        raise Failure(f"sipp -t {mode}: status {done.returncode}\n{done.stdout[-1500:]}\n{said}")
    print(f"sipp -t {mode}: {calls} calls", flush=True)


def main():
    if not shutil.which("sipp"):
        sys.exit(SKIPPED)
    with Sandbox() as sandbox:
        system = sandbox.system()
        _, answer = sign_in(system, system.scopes)
        # SIPp answers a NOTIFY on the connection it opened itself, which may be another shard's: several connections.
        for mode in ("u1", "t1", "t1", "t1", "t1"):
            run(sandbox, system, answer["access_token"], mode, 8)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
