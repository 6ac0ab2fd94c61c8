"""Peers found on the machine. What is not there is said, not guessed; npm packages are installed with --install only."""

import os
import re
import shutil
import subprocess

from clavigerd import free_port
from machine import SERVER_CPU, Process, cpu_seconds, pinned

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


NGINX = """daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log error;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  keepalive_requests 100000000;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{ default_type application/json; return 200 "{answer}"; }}
  }}
}}
"""


def nginx(folder, certificate, key, answer_bytes):
    """A running nginx that answers with so many octets of constant text, and its port; or None."""
    if shutil.which("nginx") is None:
        return None, 0
    port = free_port()
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(NGINX.format(folder=folder, port=port, certificate=certificate, key=key, answer="a" * answer_bytes))
    return NginxProcess("nginx", "-p", folder, "-c", path, says_ready=False), port


class NginxProcess(Process):
    """Its worker does not end by itself when the master is killed: the master is asked to."""

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()


def nginx_cpu(peer):
    """Of the master and its worker."""
    with open(f"/proc/{peer.pid}/task/{peer.pid}/children", encoding="ascii") as file:
        return sum(cpu_seconds(int(pid)) for pid in [peer.pid, *file.read().split()])


def nghttpd(folder, certificate, key):
    """A running nghttpd and its port, or None. It takes no port 0."""
    if shutil.which("nghttpd") is None:
        return None, 0
    port = free_port()
    return Process("nghttpd", "-a", "127.0.0.1", "-d", folder, str(port), key, certificate, says_ready=False), port


def es256_signature_us():
    """A bare ECDSA P-256 signature, as the openssl command measures it on the server's CPU."""
    if shutil.which("openssl") is None:
        return None
    run = subprocess.run(pinned(SERVER_CPU, "openssl", "speed", "-seconds", "1", "ecdsap256"), capture_output=True, text=True, check=False)
    found = re.search(r"nistp256\)\s+[\d.]+s\s+[\d.]+s\s+([\d.]+)", run.stdout)
    return 1e6 / float(found.group(1)) if found else None
