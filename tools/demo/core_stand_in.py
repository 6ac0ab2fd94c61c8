"""What stands between UEs and an MC service where Kamailio is not installed: enough of an S-CSCF to be registered through.

The same conduct as kamailio_core.py's, in a few lines that can be read: a UE is who its certificate says, his REGISTER becomes
a third-party REGISTER with the MC service, everything else is passed on with an asserted identity, one hop each way.
"""

import re
import secrets
import socket
import ssl
import threading

EXPIRES_GRACE = 120


def header(text, name):
    found = re.search(rf"(?im)^{name}:[ ]*(.*?)\r$", text)
    return found.group(1) if found else ""


def without(text, name):
    return re.sub(rf"(?im)^{name}:.*\r\n", "", text)


def uri_of(value):
    return re.search(r"<?([^<>;]+)", value.rpartition("<")[2] if "<" in value else value).group(1)


class StandIn:
    """Runs until close(). `server`: the MC service's PSI, at `address`; `files`: certificate, key and CA of the core."""

    def __init__(self, realm, server, address, files):
        self.realm, self.server, self.sent = realm, server, []
        self.lock, self.waiting, self.connections, self.registered = threading.Lock(), {}, {}, {}
        accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        calling = ssl.create_default_context(cafile=files[2])
        for context in (accepting, calling):
            context.load_cert_chain(files[0], files[1])
        accepting.load_verify_locations(files[2])
        accepting.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.upstream = calling.wrap_socket(socket.create_connection(address), server_hostname="localhost")
        self._follow(self.upstream)
        threading.Thread(target=self._accept, args=(accepting,), daemon=True).start()

    def passed(self):
        with self.lock:
            return list(self.sent)

    def _accept(self, context):
        while True:
            try:
                raw, (_, port) = self.listener.accept()
            except OSError:
                return
            try:
                connection = context.wrap_socket(raw, server_side=True)
            except (ssl.SSLError, OSError):
                continue
            self.connections[port] = connection
            self._follow(connection)

    def _follow(self, connection):
        threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        buffered = b""
        try:
            while piece := connection.recv(65536):
                buffered += piece
                while b"\r\n\r\n" in buffered:
                    head = buffered.partition(b"\r\n\r\n")[0]
                    size = len(head) + 4 + int(header(head.decode() + "\r\n", "Content-Length"))
                    if len(buffered) < size:
                        break
                    text, buffered = buffered[:size].decode(), buffered[size:]
                    self._response(text) if text.startswith("SIP/2.0 ") else self._request(text, connection)
        except (OSError, ValueError):
            pass

    def _send(self, connection, text, what):
        with self.lock:
            self.sent.append(what)
            connection.sendall(text.encode())

    def _answer(self, request, connection, status, fields=""):
        copied = "".join(f"{name}: {header(request, name)}\r\n" for name in ("Via", "From", "To", "Call-ID", "CSeq"))
        copied = copied.replace("\r\nCall-ID", f";tag={secrets.token_hex(4)}\r\nCall-ID", 1)
        self._send(connection, f"SIP/2.0 {status} X\r\n{copied}{fields}Content-Length: 0\r\n\r\n",
                   f"{status} to {header(request, 'CSeq').split()[1]} of {uri_of(header(request, 'From'))}, to the UE")

    def _through(self, request, connection, whence, what):
        """On, with us on top of its way back."""
        branch = "z9hG4bK" + secrets.token_hex(8)
        self.waiting[branch] = whence
        start, _, rest = request.partition("\r\n")
        self._send(connection, f"{start}\r\nVia: SIP/2.0/TLS 127.0.0.1:{self.port};branch={branch}\r\n{rest}", what)

    def _response(self, text):
        branch = re.search(r"branch=([^;\r]+)", header(text, "Via")).group(1)
        what = f"{text.split()[1]} to {header(text, 'CSeq').split()[1]} of {uri_of(header(text, 'From'))}, certificate verified 1"
        whence = self.waiting.pop(branch)
        if whence is None:  # ours
            with self.lock:
                self.sent.append(what)
        else:
            self._send(whence, re.sub(r"(?im)^Via:.*\r\n", "", text, count=1), what)

    def _request(self, text, connection):
        method, target = text.split(" ")[:2]
        what = f"{method} of {uri_of(header(text, 'From'))}, certificate verified 1"
        if connection is not self.upstream and target != self.server and method != "REGISTER":
            # From the MC service, along the recorded route: the UE's Contact is the connection that it registered over.
            port = int(re.search(r":(\d+)", target.partition("@")[2] or target[4:]).group(1))
            return self._through(without(text, "Route"), self.connections[port], connection, what)
        alternatives = connection.getpeercert().get("subjectAltName", ())
        if ("URI", uri_of(header(text, "To" if method == "REGISTER" else "From"))) not in alternatives:
            return self._answer(text, connection, 403)
        if method == "REGISTER":
            with self.lock:
                self.sent.append(what)
            return self._register(text, connection)
        asserted = f"P-Asserted-Identity: <{uri_of(header(text, 'From'))}>\r\nRecord-Route: <sip:127.0.0.1:{self.port};transport=tls;lr>\r\n"
        start, _, rest = without(without(text, "P-Preferred-Identity"), "P-Asserted-Identity").partition("\r\n")
        return self._through(f"{start}\r\n{asserted}{rest}", self.upstream, connection, what)

    def _register(self, text, connection):
        expires, impu = int(header(text, "Expires")), uri_of(header(text, "To"))
        self._answer(text, connection, 200, f"Contact: {header(text, 'Contact')};expires={expires}\r\n")
        own = f"sip:scscf.{self.realm}:{self.port}"
        third = (f"REGISTER {self.server} SIP/2.0\r\nMax-Forwards: 70\r\nFrom: <{own}>;tag={secrets.token_hex(4)}\r\nTo: <{impu}>\r\n"
                 f"Call-ID: {secrets.token_hex(8)}\r\nCSeq: 1 REGISTER\r\nContact: <{own}>\r\n"
                 f"Expires: {expires + EXPIRES_GRACE if expires else 0}\r\nContent-Type: message/sip\r\n"
                 f"Content-Length: {len(text.encode())}\r\n\r\n{text}")
        self._through(third, self.upstream, None, f"third-party REGISTER of {impu}")

    def close(self):
        for each in (self.listener, self.upstream, *self.connections.values()):
            try:
                each.close()
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
