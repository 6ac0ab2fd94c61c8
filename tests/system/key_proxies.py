#!/usr/bin/env python3
"""Keys through HTTP proxies (TS 23.434 clauses 6.5.3, 13.2.5): one proxy in front of the KMS (reference points HTTP-1 and
HTTP-2), and two of different domains (HTTP-3), which know each other by certificate.

KM-UU with claviger-ue, KM-S, and SEAL-X1 of a group management server: keys leave only under a TrK, and a client certificate
counts only as a proxy that we trust passed it on. usage: key_proxies.py     CLAVIGER_BUILD: the build folder. Uses nginx.
"""

import os
import re
import sys
import time
import urllib.parse

import nginx
from clavigerd import Failure, Sandbox
from key_exchange import Client, ctl, curl, expect
from nginx import Proxy

GMS = "sip:gms@alpha.example"
SCOPE = "3gpp:mc:ptt_key_management_service"

def group_server(alpha):
    """(its token, its TrK): a group management server that the operator knows."""
    made = ctl(alpha, "client", "add", "gms", "--name", "gms", "--authentication", "client_secret_basic", "--grant", "client_credentials",
               "--scope", SCOPE)
    ctl(alpha, "kms", "group-server", "add", GMS, "--client", "gms", "--certificate-name", alpha.kms_uri)
    return made["client_secret"], ctl(alpha, "kms", "transport-key", "add", GMS, "--kind", "trk")["id"]


def token_of(alpha, secret):
    status, body = curl(alpha, alpha.issuer + "/token", "-u", "gms:" + secret, "-d", "grant_type=client_credentials", "-d", "scope=" + SCOPE)
    expect(status == 200, body)
    return re.search('"access_token":"([^"]+)', body).group(1)


def check_group_server(alpha, bravo, origin, token, trk):
    root = origin + urllib.parse.urlsplit(alpha.kms_url).path
    url = root + "/keyprov/" + urllib.parse.quote(GMS, safe="")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def ask(*arguments, wraps=True):
        body = (f'<KmsRequest xmlns="urn:3gpp:ns:mcsecKMSInterface:1.0"><UserUri>{GMS}</UserUri><KmsUri>{alpha.kms_uri}</KmsUri><Time>{now}</Time>'
                f"<ClientReqUrl>{url}</ClientReqUrl>" + (f"<TrK-ID>{trk}</TrK-ID>" if wraps else "") + "</KmsRequest>")
        return curl(alpha, url, "-H", "authorization: Bearer " + token, "-H", "content-type: application/xml", "-d", body, *arguments)

    own = ["--cert", alpha.kms_certificate, "--key", alpha.kms_key]
    status, body = ask(*own)
    expect(status == 200 and "EncryptedKey" in body and "KeyContentType\"" not in body.replace("EncKeyContentType\"", ""), f"SEAL-X1: {status} {body}")
    expect(ask(*own, wraps=False)[0] == 403, "SEAL-X1 in the clear")
    expect(ask()[0] == 403, "SEAL-X1 without a certificate")
    expect(ask("--cert", bravo.kms_certificate, "--key", bravo.kms_key)[0] == 403, "SEAL-X1 with another's certificate")
    with open(alpha.kms_certificate, encoding="ascii") as file:
        forged = ["-H", "client-cert: " + urllib.parse.quote(file.read()), "-H", "x-client-verify: SUCCESS"]
    expect(ask(*forged)[0] == 403, "SEAL-X1 with a certificate that the client wrote itself")


def check_all(sandbox, alpha, bravo, origin, name, token, trk):
    check_group_server(alpha, bravo, origin, token, trk)
    seal = origin + urllib.parse.urlsplit(alpha.seal_key_url).path
    status, body = curl(alpha, seal + "?val-service-id=" + alpha.val_service, "-H", "authorization: Bearer " + alpha.seal_token)
    expect(status == 200 and "keyInfo" in body, f"KM-S {name}: {status} {body}")
    expect(curl(alpha, seal + "?val-service-id=" + alpha.val_service)[0] == 401, f"KM-S {name} without a token")
    user = Client(alpha, os.path.join(sandbox.folder, "ue-" + name), origin + urllib.parse.urlsplit(alpha.kms_url).path)
    user.sign_in()
    user.ue("keys", status=1)
    user.share("ink")
    user.share("trk")
    expect("wrapped under the TrK" in user.ue("keys"), f"KM-UU {name}")


def main():
    if not nginx.is_installed():
        print("nginx is not installed")
        sys.exit(77)
    with Sandbox() as sandbox:
        alpha, bravo = sandbox.system("ALPHA"), sandbox.system("BRAVO")
        secret, trk = group_server(alpha)
        broker = "https://" + urllib.parse.urlsplit(alpha.issuer).netloc
        own = Proxy(sandbox, alpha, "own", broker)
        # bravo's proxy shows bravo's certificate to alpha's, which takes nobody else.
        border = Proxy(sandbox, alpha, "border", broker, only=bravo.kms_certificate)
        far = Proxy(sandbox, bravo, "far", border.origin, certificate=(bravo.kms_certificate, bravo.kms_key))
        daemon = sandbox.take_over(alpha, {"trusted_proxies": ["127.0.0.1/32"], "public_origin": own.origin})
        for proxy, name in ((own, "one"), (far, "two")):
            daemon.stop()
            set_origin(daemon, proxy.origin)
            daemon.start()
            with border, proxy:
                check_all(sandbox, alpha, bravo, proxy.origin, name, token_of(alpha, secret), trk)
                nobody = curl(alpha, border.origin + "/", "--cert", alpha.kms_certificate, "--key", alpha.kms_key)
                expect(nobody[0] == 403, "the border takes its partner's proxy and nobody else")
                expect(curl(alpha, border.origin + "/")[0] == 400, "the border wants a certificate")
    print("keys came through one proxy and through two of different domains")


def set_origin(daemon, origin):
    with open(daemon.config, encoding="utf-8") as file:
        text = re.sub('public_origin = "[^"]*"', f'public_origin = "{origin}"', file.read())
    with open(daemon.config, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"key_proxies: {failure}")
