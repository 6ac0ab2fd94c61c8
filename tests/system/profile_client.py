#!/usr/bin/env python3
"""claviger-ue as configuration management client (TS 23.280 clauses 10.1.4.3 and 10.1.4.4): get with identity and credential,
what it keeps on disk, watch: notified, fetched again, printed; never notified without an earlier get; nothing left after
sign-off.

usage: profile_client.py     CLAVIGER_BUILD: the build folder.
"""

import os
import pathlib
import signal
import subprocess
import sys

from clavigerd import Failure, Sandbox, build_folder
from configuration import Client, sign_in, writer_of
from operators_day import Ctl, expect, sandbox_tool

WATCH_SECONDS_MAX = 60


class Ue:
    """claviger-ue as one user."""

    def __init__(self, system, folder):
        self.system, self.folder = system, folder

    def command(self, *arguments):
        return [os.path.join(build_folder(), "bin", "claviger-ue"), "--state", self.folder, "--user", self.system.username, *arguments]

    def environment(self, password=None):
        return os.environ | {"CLAVIGER_UE_PASSWORD": password or self.system.password}

    def run(self, *arguments, status=0, password=None):
        done = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                              env=self.environment(password), check=False)
        expect(done.returncode == status,
               f"claviger-ue {' '.join(arguments)}: status {done.returncode} where {status} was expected\n{done.stdout}{done.stderr}")
        return done

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, env=self.environment())

    def sign_in(self, scopes):
        self.run("sign-in", "--issuer", self.system.issuer, "--client", self.system.client_id, "--redirect-uri",
                 self.system.redirect_uri, "--scope", scopes, "--ca", self.system.ca)

    def octets(self):
        return b"".join(file.read_bytes() for file in pathlib.Path(self.folder).iterdir())


def getting(ue, system, path):
    expect("not signed in" in ue.run("profile", "get", status=1).stderr, "nobody without sign-in")
    ue.sign_in(system.config_scopes)
    expect("--xcap-root" in ue.run("profile", "get", status=1).stderr, "where from")
    expect("nothing was fetched" in ue.run("profile", "watch", "--seconds", "1", status=1).stderr, "no notification without a get")
    text = ue.run("profile", "get", "--xcap-root", system.xcap_root).stdout
    expect(text.rstrip("\n") == writer_of(system).ask("GET", path).body.decode().rstrip("\n"), "the profile, octet for octet")
    expect(ue.run("profile", "get", "--index", "0").stdout == text, "by its index")
    expect("as it is kept" in ue.run("profile", "get", "--document", path, "--out", os.path.join(ue.folder, "out")).stdout,
           "not fetched twice")
    os.unlink(os.path.join(ue.folder, "out"))
    expect("NotFound" in ue.run("profile", "get", "--index", "9", status=1).stderr, "no such profile")
    another = path.replace("demo.mcptt", "revoked.mcptt")
    expect("AccessDenied" in ue.run("profile", "get", "--document", another, status=1).stderr, "another's")
    expect("AccessDenied" in ue.run("profile", "get", "--service", "mcvideo", "--index", "0", status=1).stderr, "another service's")
    # What is on disk.
    expect(ue.run("profile", "get", "--offline").stdout == text, "what is kept")
    octets = ue.octets()
    for secret in (b"mcptt-user-profile", b"Patrol", b"sip:", b"eyJ", b"https"):
        expect(secret not in octets, f"{secret} lies on disk in the clear")
    expect("does not open" in ue.run("profile", "get", "--offline", status=1, password="somebody else's").stderr, "his sign-in only")
    return text


def meanwhile(sandbox, ue, system, path):
    """What happens between a notification and the GET that follows it: the document goes, or the server does."""
    ue.run("profile", "get")
    text = ue.run("profile", "get", "--offline").stdout.rstrip("\n") + "\n"
    watch = ue.start("profile", "watch", "--changes", "4", "--seconds", str(WATCH_SECONDS_MAX))
    try:
        expect(watch.stdout.readline().startswith("watching"), "it waits")
        writer = writer_of(system)
        watch.send_signal(signal.SIGSTOP)
        expect(writer.ask("PUT", path, text.replace("promoted", "dismissed")).status == 200, "a change")
        expect(writer.ask("DELETE", path).status == 200, "and the end of it")
        watch.send_signal(signal.SIGCONT)
        told = [watch.stdout.readline() for _ in range(2)]
        expect("deleted" in told[1], f"told of the deletion: {told}")
        expect(writer.ask("PUT", path, text, If_None_Match="*").status == 201, "back")
    finally:
        watch.kill()
    ue.run("profile", "get")
    watch = ue.start("profile", "watch", "--changes", "1", "--seconds", str(WATCH_SECONDS_MAX))
    try:
        expect(watch.stdout.readline().startswith("watching"), "it waits")
        watch.send_signal(signal.SIGSTOP)
        expect(writer.ask("PUT", path, text.replace("promoted", "retired")).status == 200, "a change")
        os.kill(int(system.pid), signal.SIGKILL)
        watch.send_signal(signal.SIGCONT)
        sandbox_tool("restart", sandbox.folder, "alpha")
        rest = watch.communicate(timeout=WATCH_SECONDS_MAX)[0]
        expect("+  <Name>Demo user, retired</Name>" in rest and watch.returncode == 0, f"told behind a restart: {rest}")
    finally:
        watch.kill()


def watching(sandbox, ue, system, path, text):
    watch = ue.start("profile", "watch", "--changes", "2", "--seconds", str(WATCH_SECONDS_MAX))
    try:
        expect(watch.stdout.readline().startswith("watching"), "it waits")
        writer = writer_of(system)
        changed = text.replace("<Name>Demo user", "<Name>Demo user, promoted").rstrip("\n") + "\n"
        expect(writer.ask("PUT", path, changed).status == 200, "the change")
        told = [watch.stdout.readline() for _ in range(6)]
        expect("-  <Name>Demo user</Name>\n" in told and "+  <Name>Demo user, promoted</Name>\n" in told, f"the change printed: {told}")
        # The vault is free while it waits: another command of his has it meanwhile.
        expect("promoted" in ue.run("profile", "get", "--offline").stdout, "what was fetched again is kept")
        expect(writer.ask("DELETE", path).status == 200, "deleted")
        rest = watch.communicate(timeout=WATCH_SECONDS_MAX)[0]
        expect("deleted" in rest and watch.returncode == 0, f"told of the deletion: {rest}")
        expect(writer.ask("PUT", path, changed, If_None_Match="*").status == 201, "back")
    finally:
        watch.kill()
    meanwhile(sandbox, ue, system, path)
    # One that waits while he signs off, on another client: his access ends, and it says so.
    ue.run("profile", "get")
    watch = ue.start("profile", "watch", "--poll", "2", "--seconds", str(WATCH_SECONDS_MAX))
    try:
        expect(watch.stdout.readline().startswith("watching"), "it waits")
        ue.run("sign-off")
        rest = watch.communicate(timeout=WATCH_SECONDS_MAX)[0]
        expect("signed off: watching ends" in rest and watch.returncode == 0, f"ended: {watch.returncode} {rest}")
    finally:
        watch.kill()
    left = [file.name for file in pathlib.Path(ue.folder).iterdir()]
    expect(not left, f"left on disk after sign-off: {left}")
    expect("not signed in" in ue.run("profile", "get", "--offline", status=1).stderr, "nothing is kept after sign-off")


def revoked(ue, system):
    """The server's side of a sign-off: whoever was disabled hears nothing more."""
    ue.sign_in(system.config_scopes)
    ue.run("profile", "get", "--xcap-root", system.xcap_root)
    watch = ue.start("profile", "watch", "--poll", "2", "--seconds", str(WATCH_SECONDS_MAX))
    try:
        expect(watch.stdout.readline().startswith("watching"), "it waits")
        Ctl(system.admin_socket).run("user", "disable", system.username, "--yes")
        rest = watch.communicate(timeout=WATCH_SECONDS_MAX)[0]
        expect("his access has ended" in rest and watch.returncode == 1, f"refused: {watch.returncode} {rest}")
        expect("AccessDenied" in ue.run("profile", "get", status=1).stderr, "a disabled user gets nothing")
    finally:
        watch.kill()
        Ctl(system.admin_socket).run("user", "enable", system.username)


def main():
    with Sandbox() as sandbox:
        system = sandbox.system("ALPHA")
        path = system.profile_url[len(system.xcap_root):]
        # No other client of the user's: sign-off is of this one.
        expect(Client(system, sign_in(system, system.config_scopes)[1]["access_token"]).ask("GET", path).status == 200, "a profile")
        ue = Ue(system, os.path.join(sandbox.folder, "ue"))
        text = getting(ue, system, path)
        watching(sandbox, ue, system, path, text)
        revoked(ue, system)
        print("profile client: got, sealed, notified, fetched again, erased")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"profile_client.py: {failure}")
