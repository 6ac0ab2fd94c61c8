"""ES256 keys and JWTs of somebody who is not us, with nothing but the openssl command: what a test's partner signs."""

import base64
import hashlib
import json
import os
import subprocess

from clavigerd import Failure


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _openssl(*arguments, given=None):
    run = subprocess.run(["openssl", *arguments], input=given, stdin=subprocess.DEVNULL if given is None else None,
                         capture_output=True, check=False, timeout=60)
    if run.returncode != 0:
        raise Failure(f"openssl {arguments[0]}: {run.stderr.decode().strip()}")
    return run.stdout


def _integer(der, at):
    """An INTEGER of DER at this place, as 32 octets; and where the next one is."""
    size = der[at + 1]
    return der[at + 2:at + 2 + size].lstrip(b"\0").rjust(32, b"\0"), at + 2 + size


class Key:
    def __init__(self, folder, name):
        self.file = os.path.join(folder, f"{name}.key.pem")
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.file)
        point = _openssl("pkey", "-in", self.file, "-pubout", "-outform", "DER")[-64:]
        self.jwk = {"crv": "P-256", "kty": "EC", "x": b64(point[:32]), "y": b64(point[32:])}
        # RFC 7638: the members in this order, without blanks.
        self.kid = b64(hashlib.sha256(json.dumps(self.jwk, separators=(",", ":")).encode()).digest())

    def jwks(self):
        return json.dumps({"keys": [self.jwk | {"kid": self.kid, "alg": "ES256", "use": "sig"}]})

    def sign(self, claims, typ="mcx-st+jwt", kid=None):
        header = {"alg": "ES256", "kid": kid or self.kid, "typ": typ}
        text = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
        der = _openssl("dgst", "-sha256", "-sign", self.file, given=text.encode())
        r, at = _integer(der, 2)
        s, _ = _integer(der, at)
        return f"{text}.{b64(r + s)}"

    def certificate(self, name):
        """Signed by itself; a file, with its key in `file`."""
        path = self.file.replace(".key.pem", ".pem")
        _openssl("req", "-x509", "-new", "-key", self.file, "-out", path, "-days", "30", "-subj", f"/CN={name}",
                 "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "extendedKeyUsage=clientAuth,serverAuth")
        return path

    def thumbprint(self, certificate):
        """x5t#S256 (RFC 8705 clause 3.1)."""
        return b64(hashlib.sha256(_openssl("x509", "-in", certificate, "-outform", "DER")).digest())
