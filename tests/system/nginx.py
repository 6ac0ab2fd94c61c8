"""nginx as an HTTP proxy in front of a broker: ends the clients' TLS and opens its own to what is behind it (TS 23.434
clauses 6.5.3, 13.2.5: reference points HTTP-1 and HTTP-2; HTTP-3 between two of different domains).

Towards clients it replaces what they write of themselves by what they proved; behind another domain's proxy, which it knows
by certificate and which is the only one it takes, it passes on what that one says.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time

from clavigerd import START_SECONDS_MAX, Failure, free_port

# It tells nobody when it listens.
LOOK_AGAIN_SECONDS = 0.02

CONFIGURATION = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_client_certificate {ca};
    {clients}
    location / {{
      {who}
      proxy_pass {behind}; proxy_http_version 1.1;
      proxy_ssl_trusted_certificate {ca}; proxy_ssl_verify on; proxy_ssl_name localhost;
      {shows}
    }}
  }}
}}
"""
FIRST = """proxy_set_header Client-Cert $ssl_client_escaped_cert;
      proxy_set_header X-Client-Verify $ssl_client_verify;
      proxy_set_header X-Forwarded-For $remote_addr;"""
SECOND = """proxy_set_header Client-Cert $http_client_cert;
      proxy_set_header X-Client-Verify $http_x_client_verify;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"""


def is_installed():
    return shutil.which("nginx") is not None


def fingerprint(certificate):
    said = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha1"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if said.returncode != 0:
        raise Failure(f"openssl x509: {said.stderr}")
    return said.stdout.split("=", 1)[1].strip().replace(":", "").lower()


class Proxy:
    def __init__(self, sandbox, system, name, behind, certificate=None, only=None):
        """`behind`: an origin. `certificate`: shown there, with its key. `only`: the one client it takes, by certificate."""
        self.folder = os.path.join(sandbox.folder, name)
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.origin = f"https://127.0.0.1:{self.port}"
        own = os.path.dirname(system.config)
        shows = FIRST if only is None else SECOND
        if certificate:
            shows += f"\n      proxy_ssl_certificate {certificate[0]}; proxy_ssl_certificate_key {certificate[1]};"
        who = f'if ($ssl_client_fingerprint != "{fingerprint(only)}") {{ return 403; }}' if only else ""
        with open(os.path.join(self.folder, "nginx.conf"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.folder, port=self.port, behind=behind, ca=system.ca, who=who, shows=shows,
                                            clients="ssl_verify_client " + ("on;" if only else "optional;"),
                                            certificate=os.path.join(own, "server.pem"), key=os.path.join(own, "server.key")))

    def __enter__(self):
        self.process = subprocess.Popen(["nginx", "-c", os.path.join(self.folder, "nginx.conf"), "-e", os.path.join(self.folder, "error.log")],
                                        stdin=subprocess.DEVNULL)
        try:
            self.wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_it_listens(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), START_SECONDS_MAX):
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise Failure(f"nginx: status {self.process.wait(timeout=LOOK_AGAIN_SECONDS)}, see {self.folder}/error.log")
        raise Failure(f"nginx does not listen after {START_SECONDS_MAX} s")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
