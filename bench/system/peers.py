"""Peers found on the machine. What is not there is said, not guessed; npm packages are installed with --install only."""

import os
import re
import shutil
import socket
import subprocess

from machine import SERVER_CPU, Process, pinned

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ["oidc-provider@9.13.3", "fast-jwt@6.3.6"]


def install(folder):
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, *PACKAGES],
                   stdin=subprocess.DEVNULL, check=False)


def has_package(folder, name):
    return shutil.which("node") is not None and os.path.isdir(os.path.join(folder, "node_modules", name))


def fast_jwt_rate(folder):
    if not has_package(folder, "fast-jwt"):
        return None
    run = subprocess.run(pinned(SERVER_CPU, "node", os.path.join(HERE, "fast_jwt.mjs"), folder), capture_output=True, text=True, check=False)
    return float(run.stdout) if run.returncode == 0 else None


def oidc_provider(folder):
    """A running one, or None. Its first line is its port."""
    if not has_package(folder, "oidc-provider"):
        return None
    return Process("node", os.path.join(HERE, "oidc_provider.mjs"), folder, env=os.environ | {"NODE_ENV": "production"})


def nghttpd(folder, certificate, key):
    """A running nghttpd and its port, or None. It takes no port 0, so a free one is asked for first."""
    if shutil.which("nghttpd") is None:
        return None, 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Process("nghttpd", "-a", "127.0.0.1", "-d", folder, str(port), key, certificate, says_ready=False), port


def es256_signature_us():
    """A bare ECDSA P-256 signature, as the openssl command measures it on the server's CPU."""
    if shutil.which("openssl") is None:
        return None
    run = subprocess.run(pinned(SERVER_CPU, "openssl", "speed", "-seconds", "1", "ecdsap256"), capture_output=True, text=True, check=False)
    found = re.search(r"nistp256\)\s+[\d.]+s\s+[\d.]+s\s+([\d.]+)", run.stdout)
    return 1e6 / float(found.group(1)) if found else None
