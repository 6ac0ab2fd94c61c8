#!/usr/bin/env python3
"""A copy of the store taken while it serves, and a broker started from it: what was acknowledged before the copy is there.

usage: backup.py     CLAVIGER_BUILD: the build folder.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tomllib

from clavigerd import Failure, Sandbox, build_folder
from operators_day import CONFLICT, FAILED, NOT_FOUND, Ctl, expect
from user_agent import UserAgent, new_verifier
from wire import https

PASSWORD = "once-upon-a-time-9"


def restore(daemon, copy):
    return subprocess.run([os.path.join(build_folder(), "bin", "clavigerd"), "--config", daemon.config, "--restore", copy],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)


def check_config(daemon):
    return subprocess.run([os.path.join(build_folder(), "bin", "clavigerd"), "--config", daemon.config, "--check-config"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)


def check_as_root(sandbox, daemon, settings):
    """Data and key are the daemon's user's; root, who types upgrades, is told what that user would be."""
    if os.geteuid() != 0:
        return
    data, key = settings["data_directory"], settings["key_encryption_key_file"]
    nobody = pwd.getpwnam("nobody").pw_uid
    folder = os.path.dirname(key)
    modes = {}
    while folder.startswith(sandbox.folder):
        modes[folder] = os.stat(folder).st_mode & 0o777
        os.chmod(folder, 0o755)
        folder = os.path.dirname(folder)
    os.chown(data, nobody, -1)
    os.chown(key, nobody, -1)
    good = check_config(daemon)
    expect(good.returncode == 0, f"root's --check-config of a store and key of somebody else's: {good}")
    os.chown(key, 1, -1)
    told = check_config(daemon)
    expect(told.returncode == 78 and key in told.stderr and "belongs to" in told.stderr, f"whose it is is said: {told}")
    os.chown(key, 0, -1)
    os.chown(data, 0, -1)
    for path, mode in modes.items():
        os.chmod(path, mode)


def check_owner(daemon, copy, data):
    """What root restores is of whoever owns the place."""
    if os.geteuid() != 0:
        return
    parent, nobody = os.path.dirname(data), pwd.getpwnam("nobody").pw_uid
    shutil.rmtree(data)
    os.chown(parent, nobody, -1)
    done = restore(daemon, copy)
    owners = {os.stat(path).st_uid for path in [data, *(os.path.join(data, name) for name in os.listdir(data))]}
    expect("now nobody's" in done.stdout and owners == {nobody}, f"a store that root restored: {owners} {done}")
    shutil.rmtree(data)
    os.chown(parent, 0, -1)
    done = restore(daemon, copy)
    expect(done.returncode == 0 and os.stat(data).st_uid == 0, f"and where all is root's: {done}")


def run(sandbox):
    system = sandbox.system()
    daemon = sandbox.take_over(system, {})
    ctl = Ctl(system.admin_socket)
    copy = os.path.join(sandbox.folder, "copy")

    ctl.run("user", "add", "before", "--password-stdin", given=PASSWORD + "\n")
    told = ctl.json("backup", copy)
    expect(told["directory"] == copy and told["sequence"] > 0 and told["bytes"] > 0, f"{told}")
    ctl.run("user", "add", "after", "--password-stdin", given=PASSWORD + "\n")
    ctl.run("backup", copy, status=CONFLICT)
    inside = ctl.run("backup", os.path.join(system.data, "monday"), status=FAILED)
    expect("data_directory" in inside.stderr and not os.path.exists(os.path.join(system.data, "monday")), f"not into the store: {inside}")
    ctl.run("backup", os.path.join(system.data, "..", os.path.basename(system.data), "monday"), status=FAILED)
    standing = ctl.json("seal", "status")
    expect(told["key_encryption_keys"] == [standing["key_name"]], f"the key that opens it is the present one: {standing}")
    expect("folder" in ctl.run("backup", os.path.join(sandbox.folder, "none", "copy"), status=FAILED).stderr, "the parent is named")
    with open(os.path.join(system.data, "..", "audit.log"), encoding="utf-8") as log:
        expect(any('"backup.make"' in line and copy in line for line in log), "the audit log tells of it")

    refused = restore(daemon, copy)
    expect(refused.returncode == 1 and "stop it first" in refused.stderr, f"not under a daemon that serves: {refused}")
    daemon.kill()
    with open(daemon.config, "rb") as file:
        settings = tomllib.load(file)
    data = settings["data_directory"]
    with open(settings["key_encryption_key_file"], encoding="utf-8") as key, open(os.path.join(copy, "OPENS-WITH.txt"), encoding="utf-8") as names:
        expect(told["key_encryption_keys"] and all(name in names.read() for name in told["key_encryption_keys"]), f"{told}")
        expect(all(name in key.read() for name in told["key_encryption_keys"]), f"the key of the copy: {told}")
    refused = restore(daemon, copy)
    expect(refused.returncode == 1 and "data_directory" in refused.stderr and os.path.isdir(data), f"a store that is there stays: {refused}")
    shutil.rmtree(data)
    spoilt = copy + ".spoilt"
    shutil.copytree(copy, spoilt)
    table = max((os.path.join(spoilt, name) for name in os.listdir(spoilt) if name.endswith(".sst")), key=os.path.getsize)
    with open(table, "r+b") as file:
        file.seek(os.path.getsize(table) // 3)
        octet = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([octet[0] ^ 1]))
    refused = restore(daemon, spoilt)
    expect(refused.returncode == 1 and not os.path.exists(data), f"a copy that has rotted is not started from: {refused}")
    done = restore(daemon, copy)
    expect(done.returncode == 0 and "every block checked" in done.stdout, f"{done}")
    check_as_root(sandbox, daemon, settings)
    check_owner(daemon, copy, data)

    daemon.start()
    ctl.run("user", "show", "before")
    ctl.run("user", "show", "after", status=NOT_FOUND)
    expect(ctl.json("audit", "verify")["intact"], "the audit log goes on")
    agent = UserAgent(system, https(system))
    agent.code(system.username, system.password, new_verifier())
    print("backup: a copy taken online, one that has rotted refused, a broker started from the good one")


def main():
    with Sandbox() as sandbox:
        run(sandbox)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"backup: {failure}", file=sys.stderr)
        sys.exit(1)
