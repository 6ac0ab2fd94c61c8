#!/usr/bin/env python3
"""Many sandboxes side by side do not collide: all are made at once, a user signs in at each, and their ports stay.

usage: side_by_side.py [--sandboxes N]     CLAVIGER_BUILD: the build folder.
"""

import argparse
import os
import socket
import subprocess
import sys
import threading

from clavigerd import SOURCE, Failure, Sandbox, build_folder


def ports_of(values):
    return {values[name] for name in ("ALPHA_ISSUER", "BRAVO_ISSUER", "ALPHA_METRICS", "BRAVO_METRICS", "ALPHA_REDIRECT_URI")}


def sign_in(sandbox):
    done = subprocess.run([sys.executable, "-B", os.path.join(SOURCE, "tools", "demo", "sign_in.py"), sandbox.folder, build_folder()],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise Failure(f"{sandbox.folder}: {done.stdout}{done.stderr}")


class Side(threading.Thread):
    def __init__(self):
        super().__init__()
        self.sandbox, self.failure, self.values = Sandbox(), None, {}
        self.is_up, self.may_go = threading.Event(), threading.Event()

    def run(self):
        try:
            with self.sandbox as sandbox:
                self.values = sandbox.values
                sign_in(sandbox)
                self.is_up.set()
                self.may_go.wait()
        except Failure as failure:
            self.failure = failure
        finally:
            self.is_up.set()


def check_port_in_use():
    """Somebody else on its port: an error that names it, and nothing of his is touched."""
    with Sandbox() as sandbox:
        port = int(sandbox.values["BRAVO_ISSUER"].split(":")[2].split("/")[0])
        tool = [os.path.join(SOURCE, "tools", "sandbox")]
        subprocess.run([*tool, "down", sandbox.folder], stdin=subprocess.DEVNULL, check=True, timeout=300)
        with socket.create_server(("127.0.0.1", port)):
            done = subprocess.run([*tool, "up", sandbox.folder], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                                  timeout=300, env=os.environ | {"CLAVIGER_BUILD": build_folder()})
            if done.returncode == 0 or str(port) not in done.stderr:
                raise Failure(f"up with port {port} in use: status {done.returncode} {done.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandboxes", type=int, default=10)
    options = parser.parse_args()
    sides = [Side() for _ in range(options.sandboxes)]
    for side in sides:
        side.start()
    for side in sides:
        side.is_up.wait()
    all_ports = [port for side in sides for port in ports_of(side.values)] if all(side.values for side in sides) else []
    for side in sides:
        side.may_go.set()
    for side in sides:
        side.join()
    failures = [str(side.failure) for side in sides if side.failure]
    if failures:
        raise Failure("\n".join(failures))
    if len(set(all_ports)) != len(all_ports):
        raise Failure(f"a port twice: {sorted(all_ports)}")
    check_port_in_use()
    print(f"{options.sandboxes} sandboxes side by side")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"side_by_side: {failure}")
