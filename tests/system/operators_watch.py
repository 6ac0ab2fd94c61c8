#!/usr/bin/env python3
"""What an operator needs when something goes wrong: copies and their keys, the audit chain, the log, what is measured, who cannot get in.

usage: operators_watch.py     CLAVIGER_BUILD: the build folder.
"""

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import tomllib

from clavigerd import Failure, Sandbox, build_folder
from operators_day import FAILED, NOT_FOUND, USAGE, Ctl, expect
from user_agent import Refused, UserAgent, new_verifier
from wire import https

PASSWORD = "once-upon-a-time-9"
PAUSE = threading.Event()


def clavigerd(daemon, *arguments):
    return subprocess.run([os.path.join(build_folder(), "bin", "clavigerd"), "--config", daemon.config, *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def metric(ctl, name):
    """The value of the first sample of that name, labels or none."""
    for line in ctl.run("metrics").stdout.splitlines():
        if line.startswith("claviger_" + name) and line[len("claviger_" + name)] in " {":
            return float(line.rsplit(" ", 1)[1])
    raise Failure(f"no metric {name}")


def check_keys_of_copies(sandbox, ctl, daemon):
    """The key-encryption key turns: the copy of before opens with the former one, and everybody is told so."""
    with open(daemon.config, "rb") as file:
        settings = tomllib.load(file)
    data, key = settings["data_directory"], settings["key_encryption_key_file"]
    old, new = (os.path.join(sandbox.folder, name) for name in ("copy-old", "copy-new"))
    names_old = ctl.json("backup", old)["key_encryption_keys"]
    ctl.run("seal", "rotate", "--key-encryption-key", "--yes")
    former = ctl.json("seal", "status")["former_keys"]
    expect(len(former) == 1 and former[0].startswith(key + ".former-"), f"the former key is kept: {former}")
    expect(stat.S_IMODE(os.stat(former[0]).st_mode) == 0o600, "for the daemon's eyes only")
    names_new = ctl.json("backup", new)["key_encryption_keys"]
    expect(names_old != names_new and names_old[0] in text_of(os.path.join(old, "OPENS-WITH.txt")), "a copy names its key")
    expect(names_old[0] in text_of(former[0]) and names_new[0] in text_of(key), "as the key files do")

    daemon.stop()
    shutil.move(data, data + ".aside")
    done = clavigerd(daemon, "--restore", old)
    expect(done.returncode == 78 and former[0] in done.stderr and names_old[0] in done.stderr, f"the other key is named: {done}")
    started = clavigerd(daemon)
    expect(started.returncode == 1 and key in started.stderr and former[0] in started.stderr, f"at the start, too: {started}")
    checked = clavigerd(daemon, "--check-config")
    expect(checked.returncode == 78 and former[0] in checked.stderr, f"and by --check-config: {checked}")
    shutil.move(key, key + ".aside")
    checked = clavigerd(daemon, "--check-config")
    expect(checked.returncode == 78 and "missing" in checked.stderr and key in checked.stderr, f"a key that is not there: {checked}")
    shutil.copy(former[0], key)
    checked = clavigerd(daemon, "--check-config")
    expect(checked.returncode == 0, f"the former key opens the former copy: {checked}")
    daemon.start()
    ctl.run("user", "list")
    daemon.stop()
    shutil.rmtree(data)
    shutil.move(key + ".aside", key)
    done = clavigerd(daemon, "--restore", new)
    expect(done.returncode == 0 and "opens with" in done.stdout, f"the present copy and key: {done}")
    expect(not os.path.exists(os.path.join(data, "OPENS-WITH.txt")), "the note is of the copy, not of the store")
    daemon.start()


def check_audit_breaks(sandbox, ctl, daemon):
    """A deleted log is found and stays found: by verify, status and metrics, over rotation and restart."""
    path = os.path.join(sandbox.folder, "alpha", "audit.log")
    expect(metric(ctl, "audit_breaks") == 0 and ctl.json("audit", "verify")["intact"], "nothing was found yet")
    os.rename(path, path + ".1")
    ctl.run("reload")
    expect(metric(ctl, "audit_breaks") == 0 and ctl.json("audit", "verify", "audit.log.1", "audit.log")["intact"], "a rotation is no break")
    expect("not_looked_at" not in ctl.json("audit", "verify", "--all"), "all of it is all of it")
    early = ctl.json("audit", "verify", "audit.log.1")
    expect(early["intact"] and f"entries {early['last_seq'] + 1} to " in early["not_looked_at"], f"what came later was not seen: {early}")
    ctl.run("audit", "verify", "--all", "audit.log.1", status=FAILED)
    os.unlink(path)
    ctl.run("reload")
    report = ctl.run("audit", "verify", status=FAILED)
    expect("deleted" in report.stdout, f"verify says so: {report}")
    expect(metric(ctl, "audit_breaks") == 1 and ctl.json("status")["audit_breaks"] == 1, "so do metrics and status")
    daemon.stop()
    os.unlink(path)
    daemon.start()
    report = ctl.run("audit", "verify", status=FAILED)
    expect("break" in report.stdout and metric(ctl, "audit_breaks") == 2, f"found at the start: {report}")
    os.rename(path, path + ".2")
    ctl.run("reload")
    expect(metric(ctl, "audit_breaks") == 2, "a rotation does not make it good")
    expect("audit.log.1" in ctl.run("audit", "verify", "other.log", status=FAILED).stderr, "what names are taken is said")


def check_log(ctl, daemon, log):
    """A renamed log is begun anew within a second."""
    os.rename(log, log + ".1")
    for _ in range(1000):
        daemon.process.send_signal(signal.SIGHUP)
        ctl.run("status")
        if os.path.exists(log) and "reload.applied" in text_of(log):
            return
    raise Failure("a renamed log is not begun anew")


def until(what, is_so):
    for _ in range(600):
        if is_so():
            return
        PAUSE.wait(0.1)
    raise Failure(what)


def check_figures(sandbox, ctl, daemon):
    with open(daemon.config, "rb") as file:
        disk = os.statvfs(tomllib.load(file)["data_directory"])
    expect(metric(ctl, "disk_bytes") == disk.f_blocks * disk.f_frsize, "the disk of the data")
    expect(0 < metric(ctl, "disk_free_bytes") < metric(ctl, "disk_bytes"), "what is free of it")
    expect(metric(ctl, "kms_queue") == 0 and metric(ctl, "outbox_failing") == 0, "nobody waits for keys, nothing fails")
    until("the partner is reached", lambda: metric(ctl, "partner_reached") == 1)
    expect(metric(ctl, "partner_keys_age_seconds") < 600, "its keys are fetched every five minutes")
    until("its feed is heard", lambda: metric(ctl, "partner_feed_age_seconds") < 60)
    # Away and back: what an operator alarms on follows.
    partner = sandbox.take_over(sandbox.system("BRAVO"), {})
    partner.kill()
    until("a partner that is away shows", lambda: metric(ctl, "partner_reached") == 0)
    partner.start()
    until("it is back", lambda: metric(ctl, "partner_reached") == 1)


def check_sign_ins(ctl, system, log):
    """The operator reads why somebody cannot get in; the page says to all of them the same."""
    sub = ctl.json("user", "add", "eve", "--mcptt-id", "sip:eve.ptt@alpha.example", "--password-stdin", given=PASSWORD + "\n")["sub"]
    for login, password in (("eve", "not hers at all"), ("nobody-of-that-name", PASSWORD)):
        agent = UserAgent(system, https(system))
        try:
            agent.code(login, password, new_verifier())
        except Refused:
            continue
        raise Failure(f"{login} got in")
    refusals = []
    while len(refusals) < 2:  # the log is written behind the answers
        ctl.run("status")
        refusals = [line for line in text_of(log).splitlines() if "sign_in.refused" in line]
    expect(any("wrong password" in line and sub in line for line in refusals), f"whose password it was: {refusals}")
    expect(any("unknown user" in line for line in refusals), f"that there is nobody: {refusals}")
    expect(not any("nobody-of-that-name" in line for line in refusals), "what was typed is nobody's business")
    shown = ctl.json("user", "show", "sip:eve.ptt@alpha.example")
    expect(shown["login"] == "eve", "found by what the radio says")
    changed = ctl.json("user", "set", "eve", "--display-name", "Eve", "--scope", "openid", "--mc-id", "sip:eve@alpha.example")
    expect((changed["display_name"], changed["scopes"], changed["mcptt_id"]) == ("Eve", ["openid"], "sip:eve.ptt@alpha.example"), f"{changed}")
    refused = ctl.run("kms", "revoke", "sip:eve@alpha.example", "--yes", status=NOT_FOUND)
    expect("sip:eve.ptt@alpha.example" in refused.stderr, f"which identity the KMS wants: {refused}")


def check_passwords(ctl):
    refused = ctl.run("user", "add", "short", "--password-stdin", given="short\n", status=FAILED)
    expect("characters" in refused.stderr, f"{refused}")
    ctl.run("user", "add", "umlaut", "--password-stdin", given="äöüßäöü\n", status=FAILED)  # seven, of fourteen octets
    ctl.run("user", "add", "umlauts", "--password-stdin", given="äöüßäöüß\n")
    ctl.run("policy", "set", "--password-length", "12")
    expect(ctl.json("policy", "show")["password_length"] == 12, "it is shown")
    ctl.run("user", "set-password", "umlauts", "--password-stdin", given="elevenchars\n", status=FAILED)
    ctl.run("user", "set-password", "umlauts", "--password-stdin", given="twelve chars\n")
    ctl.run("policy", "set", "--second-factor", "on-request")
    ctl.run("policy", "set", "--enrolment", "self")
    shown = ctl.json("policy", "show")
    expect((shown["second_factor"], shown["enrolment"], shown["password_length"]) == ("on-request", "self", 12), f"what is not named stays: {shown}")
    ctl.run("policy", "set", "--clear", "second-factor", status=FAILED)  # nobody can be asked
    ctl.run("policy", "set", "--clear", "second-factor", "--yes")
    shown = ctl.json("policy", "show")
    expect((shown["second_factor"], shown["enrolment"]) == ("", "self"), f"cleared: {shown}")
    for wrong in ((), ("--password-length", "65"), ("--enrolment", "self", "--clear", "enrolment")):
        ctl.run("policy", "set", *wrong, status=USAGE)
    ctl.run("policy", "set", "--user", "umlauts", "--password-length", "9", status=FAILED)
    for wrong in (("user", "set", "umlauts"), ("user", "list", "--limit", "-1")):
        ctl.run(*wrong, status=USAGE)
    ctl.run("administrator", "remove", "4711", "--yes", status=NOT_FOUND)
    expect("The addresses" in ctl.run("--help").stdout, "each noun is described")
    ctl.run("policy", "set", "--reset", "--yes")
    expect("password_length" not in ctl.json("policy", "show"), "nothing is said any more")


def check_secrets(ctl, system):
    made = ctl.json("client", "add", "overlapped", "--authentication", "client_secret_basic", "--grant", "client_credentials")
    first = made["client_secret"]

    def works(secret):
        return UserAgent(system, https(system)).client_credentials("overlapped", secret).status == 200

    turned = ctl.json("client", "rotate-secret", "overlapped", "--overlap", "600", "--yes")
    second = turned["client_secret"]
    expect(works(first) and works(second) and works(first), "both, for a while")
    expect(ctl.json("client", "show", "overlapped")["former_secret_until"] == turned["former_secret_until"] > 600, f"and until when is shown: {turned}")
    ctl.run("clock", "set", "--advance", "601")
    expect(works(second) and not works(first), "then the new one alone")
    expect("former_secret_until" not in ctl.json("client", "show", "overlapped"), "nothing to tell of any more")
    third = ctl.json("client", "rotate-secret", "overlapped", "--overlap", "600", "--yes")["client_secret"]
    fourth = ctl.json("client", "rotate-secret", "overlapped", "--overlap", "600", "--yes")["client_secret"]
    expect(not works(second) and works(third) and works(fourth), "never more than two")
    fifth = ctl.json("client", "rotate-secret", "overlapped", "--yes")
    expect("former_secret_until" not in fifth, f"there is none: {fifth}")
    fifth = fifth["client_secret"]
    expect(works(fifth) and not works(fourth) and not works(third), "without an overlap the old ones end at once")
    ctl.json("client", "rotate-secret", "overlapped", "--overlap", "600", "--yes")
    ctl.run("client", "remove", "overlapped", "--yes")
    ctl.json("client", "add", "overlapped", "--authentication", "client_secret_basic", "--grant", "client_credentials")
    expect(not works(fifth), "who has the name next has not the secrets")
    ctl.run("client", "rotate-secret", "overlapped", "--overlap", "2592001", "--yes", status=FAILED)
    note = ctl.run("client", "add", "blind", "--authentication", "client_secret_basic", "--introspect")
    expect("--audience" in note.stderr, f"a server that would be told nothing: {note}")


def run(sandbox):
    system = sandbox.system()
    log = os.path.join(sandbox.folder, "daemon.log")
    daemon = sandbox.take_over(system, {"log": {"file": log}})
    ctl = Ctl(system.admin_socket)
    check_keys_of_copies(sandbox, ctl, daemon)
    check_audit_breaks(sandbox, ctl, daemon)
    check_log(ctl, daemon, log)
    check_figures(sandbox, ctl, daemon)
    check_sign_ins(ctl, system, log)
    check_passwords(ctl)
    check_secrets(ctl, system)
    print("operators_watch: copies and keys, audit breaks, the log, figures, refused sign-ins, passwords, secrets")


def main():
    with Sandbox() as sandbox:
        run(sandbox)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"operators_watch: {failure}", file=sys.stderr)
        sys.exit(1)
