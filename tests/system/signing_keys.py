#!/usr/bin/env python3
"""The life of signing keys in running daemons: schedule, emergency, import, a PKCS #11 token that goes and comes back; with
kill -9 in between. CLAVIGER_BUILD: the build folder. Without SoftHSM: status 77.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request

import wire
from clavigerd import Failure, Sandbox, build_folder
from feed_example import ExampleServer
from operators_day import FAILED, USAGE, Ctl, expect, is_active, tokens_of
from user_agent import UserAgent, claims_of, new_verifier

DAY = 24 * 3600
# What a sandbox's schedule may take to see that the clock has moved, on a busy machine.
SECONDS_MAX = 30


def header_of(token):
    text = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def published(system):
    answer = wire.https(system).ask("GET", "/" + system.issuer.split("/", 3)[3] + "/jwks")
    expect(answer.status == 200, f"jwks: {answer}")
    return {key["kid"] for key in answer.json()["keys"]}


def in_state(ctl, state):
    return [key for key in ctl.json("key", "list")["items"] if key["state"] == state]


def wait_for(what, is_so):
    deadline = time.monotonic() + SECONDS_MAX
    while not is_so():
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {SECONDS_MAX} s")


def readiness(system):
    try:
        with urllib.request.urlopen(system.metrics.rsplit("/", 1)[0] + "/readyz", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def emergency(system, ctl, daemon):
    token = tokens_of(system, system.username, system.password)["access_token"]
    stolen = header_of(token)["kid"]
    audience = claims_of(token)["aud"]
    server = ExampleServer(system, audience if isinstance(audience, str) else audience[0])
    subject = claims_of(token)["sub"]
    server.wait_for(token, f"accept {subject}", "signed in")
    ctl.run("key", "rotate", "--emergency", "--yes")
    server.wait_for(token, "refuse TokenRevoked", "emergency rotation")
    expect(not is_active(system, token), "introspection after the emergency rotation")
    expect(stolen not in published(system), "the stolen key is published")
    fresh = tokens_of(system, system.username, system.password)["access_token"]
    expect(header_of(fresh)["kid"] != stolen, "the stolen key signs")
    server.wait_for(fresh, f"accept {subject}", "the next key")
    expect(server.end() == 0, "feed_example")

    daemon.kill()
    daemon.start()
    late = ExampleServer(system, audience if isinstance(audience, str) else audience[0])
    expect(late.says(token) != f"accept {subject}", "a server that starts later takes the stolen key")
    expect(late.end() == 0, "feed_example")
    expect(not is_active(system, token), "introspection after kill -9")
    expect(stolen not in published(system), "the stolen key is published after kill -9")


def schedule(system, ctl, daemon):
    cached = published(system)  # a verifier that fetches once a day
    first = in_state(ctl, "active")[0]["kid"]
    ctl.run("clock", "set", "--advance", str(90 * DAY))
    wait_for("the scheduled rotation", lambda: in_state(ctl, "active")[0]["kid"] != first)
    second = in_state(ctl, "active")[0]["kid"]
    expect(second in cached, "a key signs that was not published ahead")
    expect(first in published(system), "the retiring key is published")
    token = tokens_of(system, system.username, system.password)["access_token"]
    expect(header_of(token)["kid"] == second, "who signs")
    cached = published(system)
    daemon.kill()
    daemon.start()
    expect(in_state(ctl, "active")[0]["kid"] == second, "rotated again by a restart")
    # The sandbox's clock begins at today again; the keys are from the day that it was set to.
    ctl.run("clock", "set", "--advance", str(91 * DAY))  # longer than any token lives
    wait_for("the end of the retiring key", lambda: first not in published(system))
    ctl.run("clock", "set", "--advance", str(90 * DAY))
    wait_for("the second rotation", lambda: in_state(ctl, "active")[0]["kid"] != second)
    expect(in_state(ctl, "active")[0]["kid"] in cached, "a key signs that was not published ahead")


def make_pem(path, kind):
    subprocess.run(["openssl", "genpkey", "-algorithm", *kind.split(), "-out", path], check=True, capture_output=True)
    os.chmod(path, 0o600)


def from_file(system, ctl, folder):
    good, weak = os.path.join(folder, "good.pem"), os.path.join(folder, "weak.pem")
    make_pem(good, "EC -pkeyopt ec_paramgen_curve:P-256")
    make_pem(weak, "RSA -pkeyopt rsa_keygen_bits:1024")
    ctl.run("key", "import", weak, status=FAILED)
    os.chmod(good, 0o644)
    ctl.run("key", "import", good, status=USAGE)
    os.chmod(good, 0o600)
    ctl.run("key", "import", status=USAGE)
    ctl.run("key", "import", good)
    imported = in_state(ctl, "next")[0]["kid"]
    expect(imported in published(system), "an imported key is not published")
    ctl.run("key", "rotate", "--yes")
    token = tokens_of(system, system.username, system.password)["access_token"]
    expect(header_of(token)["kid"] == imported, "the imported key does not sign")
    expect(is_active(system, token), "a token of the imported key")


def softhsm(folder, *arguments):
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True,
                   env=os.environ | {"SOFTHSM2_CONF": os.path.join(folder, "softhsm2.conf")})


def make_token(folder):
    os.mkdir(os.path.join(folder, "tokens"))
    with open(os.path.join(folder, "softhsm2.conf"), "w", encoding="utf-8") as file:
        file.write(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    with open(os.open(os.path.join(folder, "pin"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write("5678\n")
    softhsm(folder, "--init-token", "--free", "--label", "claviger", "--so-pin", "1234", "--pin", "5678")
    make_pem(os.path.join(folder, "hsm.pem"), "EC -pkeyopt ec_paramgen_curve:P-256")
    softhsm(folder, "--import", os.path.join(folder, "hsm.pem"), "--token", "claviger", "--pin", "5678", "--label", "ceremony-1", "--id", "01")
    with open(os.path.join(folder, "aes"), "wb") as file:
        file.write(os.urandom(16).hex().encode())  # as text: softhsm2-util reads a key up to the first newline or zero
    softhsm(folder, "--import", os.path.join(folder, "aes"), "--aes", "--token", "claviger", "--pin", "5678", "--label", "kek-1", "--id", "02")


def in_token(system, ctl, daemon):
    away = os.environ["CLAVIGER_TEST_TOKEN_AWAY"]
    ctl.run("key", "import", "--pkcs11", "no-such-key", status=4)
    ctl.run("key", "import", "--pkcs11", "ceremony-1")
    ctl.run("key", "rotate", "--yes")
    active = in_state(ctl, "active")[0]
    expect(active["label"] == "ceremony-1", f"the key in the token does not sign: {active}")
    expect(in_state(ctl, "next")[0]["stored"] == "pkcs11", "its successor is not made in the token")
    tokens = tokens_of(system, system.username, system.password)
    expect(header_of(tokens["access_token"])["kid"] == active["kid"], "who signs")
    expect(is_active(system, tokens["access_token"]), "a token that the token signed")

    agent = UserAgent(system, wire.https(system))
    verifier = new_verifier()
    code = agent.code(system.username, system.password, verifier)
    with open(away, "w", encoding="utf-8"):
        pass
    wait_for("/readyz says that the token is away", lambda: readiness(system) == (503, "not ready: PKCS #11: the token is missing\n"))
    refused = agent.redeem(code, verifier)
    expect(refused.status == 503 and refused.headers["retry-after"], f"a code while the token is away: {refused}")
    expect(is_active(system, tokens["access_token"]), "tokens are not verified while the token is away")
    os.unlink(away)
    wait_for("/readyz says that the token is back", lambda: readiness(system)[0] == 200)
    granted = agent.redeem(code, verifier)
    expect(granted.status == 200, f"the code after the token came back: {granted}")
    daemon.kill()
    daemon.start()
    tokens = tokens_of(system, system.username, system.password)
    expect(header_of(tokens["access_token"])["kid"] == active["kid"], "who signs after kill -9")


def sealing(system, ctl, daemon):
    before = ctl.json("seal", "status")
    expect(before["key_encryption_key"] == "pkcs11" and before["wrapped_by_former"] == before["data_keys"], f"seal status: {before}")
    rotated = ctl.json("seal", "rotate", "--yes")
    expect(rotated["data_key"] == before["data_key"] + 1, f"seal rotate: {rotated}")
    moved = ctl.json("seal", "rotate", "--key-encryption-key", "--yes")
    expect(moved["wrapped_by_former"] == 0, f"seal rotate --key-encryption-key: {moved}")
    with open(daemon.config, "rb") as file:
        os.unlink(tomllib.load(file)["key_encryption_key_file"])
    daemon.kill()
    daemon.start()
    tokens_of(system, system.username, system.password)


def main():
    if shutil.which("softhsm2-util") is None:
        print("softhsm2 is not installed")
        return 77
    try:
        with Sandbox() as sandbox:
            folder = os.path.join(sandbox.folder, "hsm")
            os.mkdir(folder)
            make_token(folder)
            os.environ["SOFTHSM2_CONF"] = os.path.join(folder, "softhsm2.conf")
            os.environ["CLAVIGER_TEST_TOKEN_AWAY"] = os.path.join(folder, "away")
            system = sandbox.system()
            ctl = Ctl(system.admin_socket)
            daemon = sandbox.take_over(system, {"pkcs11": {
                "module_file": os.path.join(build_folder(), "bin", "breakable_pkcs11.so"), "token": "claviger",
                "pin_file": os.path.join(folder, "pin"), "sessions": 2, "key_encryption_keys": ["kek-1"]}})
            emergency(system, ctl, daemon)
            from_file(system, ctl, folder)
            in_token(system, ctl, daemon)
            sealing(system, ctl, daemon)
            schedule(system, ctl, daemon)
            daemon.stop()
    except (Failure, wire.ConnectionLost) as failure:
        print(f"FAILED\n{failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
