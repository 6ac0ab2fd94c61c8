"""What tools/sandbox is made of beside its systems: ports that it reserves, files, keys and certificates."""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import socket
import stat
import subprocess
import tempfile

# Ports of one sandbox: of its interfaces, and room for later ones.
PORTS = 32
PORT_LOWEST, PORT_HIGHEST = 20000, 65535
# Single ports for what stands beside a sandbox: below all blocks and outside the ephemeral range, so that no client's
# connection can have taken one between the moment it is found free and the moment its server listens.
LONE_PORT_LOWEST, LONE_PORT_HIGHEST = 12000, PORT_LOWEST - 1
# sockaddr_un::sun_path has 108 bytes with its NUL.
SOCKET_PATH_BYTES_MAX = 107


class Failure(Exception):
    """What the user is told, without a trace."""


def write(path, text, mode=0o600):
    """A new file takes the old one's name: readers see the one or the other."""
    descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


@contextlib.contextmanager
def locked(path):
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            raise Failure(f"{path} belongs to somebody else")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


class Ports:
    """Who has which block of ports, for all sandboxes of this user, in one file under a lock."""

    def __init__(self):
        folder = "/run/lock" if os.access("/run/lock", os.W_OK) else tempfile.gettempdir()
        self.path = os.path.join(folder, f"claviger-sandboxes.{os.getuid()}")

    @staticmethod
    def blocks():
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            low, high = map(int, file.read().split())
        below = range(PORT_LOWEST, min(low, PORT_HIGHEST) - PORTS + 1, PORTS)
        return [*below, *range(max(high + 1, PORT_LOWEST), PORT_HIGHEST - PORTS + 2, PORTS)]

    @staticmethod
    def is_free(port, kind=socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # remains of closed connections do not count
                probe.bind(("127.0.0.1", port))
                if kind == socket.SOCK_STREAM:
                    probe.listen(1)
            except OSError:
                return False
            return True

    def take(self, folder):
        """The first port of a block that nobody has, reserved for `folder` as long as it holds a sandbox."""
        with locked(self.path) as descriptor:
            content = os.read(descriptor, 1 << 20)
            taken = json.loads(content) if content else {}
            taken = {first: owner for first, owner in taken.items()
                     if owner != folder and os.path.exists(os.path.join(owner, "sandbox.json"))}
            for first in self.blocks():
                is_free = all(self.is_free(first + i, kind) for i in range(PORTS) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
                if str(first) in taken or not is_free:
                    continue
                taken[str(first)] = folder
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(taken).encode(), 0)
                # Before the lock is gone: without this file the block would be taken for nobody's.
                write(os.path.join(folder, "sandbox.json"), json.dumps({"first_port": first}))
                return first
        raise Failure("no block of ports is free")


def free_port(kind=socket.SOCK_STREAM):
    """A port of 127.0.0.1 for a server that takes no port 0. Each call gives the next one, over all processes of this
    user: thousands of others are given before the same one is given again."""
    folder = "/run/lock" if os.access("/run/lock", os.W_OK) else tempfile.gettempdir()
    with locked(os.path.join(folder, f"claviger-ports.{os.getuid()}")) as descriptor:
        content = os.read(descriptor, 16)
        last = int(content) if content.isdigit() else LONE_PORT_HIGHEST
        span = LONE_PORT_HIGHEST - LONE_PORT_LOWEST + 1
        for step in range(1, span + 1):
            port = LONE_PORT_LOWEST + (last - LONE_PORT_LOWEST + step) % span
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                    if kind == socket.SOCK_STREAM:
                        probe.listen(1)
                except OSError:
                    continue
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(port).encode(), 0)
            return port
    raise Failure("no port is free")


def openssl(*arguments):
    run = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failure(f"openssl {arguments[0]}: {run.stderr.strip()}")


def private_key(path):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # openssl keeps the mode of what is there
    os.close(descriptor)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def openssl_bytes(*arguments, octets=b""):
    run = subprocess.run(["openssl", *arguments], input=octets, capture_output=True, check=False)
    if run.returncode != 0:
        raise Failure(f"openssl {arguments[0]}: {run.stderr.decode(errors='replace').strip()}")
    return run.stdout


def es256_jwk(path):
    point = openssl_bytes("pkey", "-in", path, "-pubout", "-outform", "DER")[-64:]
    jwk = {"crv": "P-256", "kty": "EC", "x": base64url(point[:32]), "y": base64url(point[32:])}
    thumbprint = json.dumps(jwk, separators=(",", ":"), sort_keys=True)  # RFC 7638
    return jwk | {"use": "sig", "alg": "ES256", "kid": base64url(hashlib.sha256(thumbprint.encode()).digest())}


def es256_token(path, claims):
    header = {"alg": "ES256", "typ": "JWT", "kid": es256_jwk(path)["kid"]}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    der = openssl_bytes("dgst", "-sha256", "-sign", path, octets=signed.encode())
    numbers, at = [], 2  # SEQUENCE of two INTEGERs, each shorter than 128 octets
    for _ in range(2):
        numbers.append(der[at + 2:at + 2 + der[at + 1]].lstrip(b"\0").rjust(32, b"\0"))
        at += 2 + der[at + 1]
    return signed + "." + base64url(b"".join(numbers))


def make_ca(folder):
    if os.path.exists(os.path.join(folder, "ca.pem")):
        return
    key = os.path.join(folder, "ca.key")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(key)
    private_key(key)
    openssl("req", "-x509", "-new", "-key", key, "-out", os.path.join(folder, "ca.pem.new"), "-days", "3650", "-subj",
            "/CN=Claviger sandbox CA", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign")
    os.rename(os.path.join(folder, "ca.pem.new"), os.path.join(folder, "ca.pem"))


def diameter_identity(system):
    return f"diameter.{system}.example"


def make_certificate(folder, system, kind="server", names="IP:127.0.0.1,DNS:localhost", usage="serverAuth"):
    own = os.path.join(folder, system)
    certificate, key, request = (os.path.join(own, f"{kind}.{ending}") for ending in ("pem", "key", "csr"))
    if os.path.exists(certificate):
        return
    with contextlib.suppress(FileNotFoundError):
        os.unlink(key)
    private_key(key)
    openssl("req", "-new", "-key", key, "-out", request, "-subj", f"/CN={system}.sandbox")
    extensions = os.path.join(own, f"{kind}.ext")
    write(extensions, f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n"
                      f"keyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\n")
    openssl("x509", "-req", "-in", request, "-CA", os.path.join(folder, "ca.pem"), "-CAkey", os.path.join(folder, "ca.key"),
            "-set_serial", "0x" + secrets.token_hex(16), "-days", "825", "-extfile", extensions, "-out", certificate + ".new")
    os.unlink(request)
    os.unlink(extensions)
    os.rename(certificate + ".new", certificate)


def socket_path(folder, system):
    path = os.path.join(folder, system, "admin.sock")
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
        return path
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    short = os.path.join(base, f"claviger-{os.getuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}")
    os.makedirs(short, mode=0o700, exist_ok=True)
    status = os.lstat(short)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise Failure(f"{short} is not a folder of ours alone")
    path = os.path.join(short, system)
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
        raise Failure(f"{path} is too long for a socket")
    return path
