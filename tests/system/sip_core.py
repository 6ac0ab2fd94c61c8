"""A SIP core and its UEs in one, as an application server sees them: third-party REGISTER, PUBLISH, SUBSCRIBE in their
names over UDP or TCP, and NOTIFYs answered. Whoever uses it is at the S-CSCF's place: it asserts identities.
"""

import itertools
import queue
import re
import socket
import ssl
import threading
import uuid

from clavigerd import Failure

ANSWER_SECONDS_MAX = 20
INFO = "application/vnd.3gpp.{}-info+xml"
SETTINGS = "application/poc-settings+xml"
NUMBERS = itertools.count(1)


class Message:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        self.start, *lines = head.split("\r\n")
        self.fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            self.fields.setdefault(name.strip().lower(), []).append(value.strip())
        parts = self.start.split(" ", 2)
        self.status = int(parts[1]) if parts[0] == "SIP/2.0" else 0
        self.method = parts[0]

    def get(self, name):
        return self.fields.get(name.lower(), [""])[0]

    def tag(self, name):
        found = re.search(r";tag=([^;]+)", self.get(name))
        return found.group(1) if found else ""

    def __str__(self):
        return f"{self.start} {self.fields} {self.body}"


def info(service="mcptt", token=None, client=None, uri=None):
    def element(name, kind, value):
        return f'<{service}-{name} type="Normal"><{service}{kind}>{value}</{service}{kind}></{service}-{name}>' if value else ""
    return (f'<?xml version="1.0"?><{service}info xmlns="urn:3gpp:ns:{service}Info:1.0"><{service}-Params>'
            + element("access-token", "String", token) + element("client-id", "String", client)
            + element("request-uri", "URI", uri) + f"</{service}-Params></{service}info>")


def settings(client, mode="automatic", index=1):
    return ('<poc-settings xmlns="urn:oma:params:xml:ns:poc:poc-settings" xmlns:m="urn:3gpp:mcsSettings:1.0">'
            f'<entity id="{client}"><am-settings><answer-mode>{mode}</answer-mode></am-settings><m:selected-user-profile-index>'
            f"<m:user-profile-index>{index}</m:user-profile-index></m:selected-user-profile-index></entity></poc-settings>")


def multipart(*parts, boundary="b1"):
    text = "".join(f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n" for kind, body in parts)
    return f"multipart/mixed;boundary={boundary}", text + f"--{boundary}--\r\n"


class Core:
    def __init__(self, system, transport="udp", ca=None, certificate=None):
        self.system, self.transport = system, transport
        self.notifies = queue.Queue()
        self.answers = {}
        self.notify_status = 200
        self.subscribe_tag = "core1"  # of our end of dialogs that the server begins
        self.lock = threading.Lock()
        self.is_closed = self.is_lost = False
        address = (system.sip_host, int(system.sip_port))
        if transport == "udp":
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(("127.0.0.1", 0))
            self.socket.connect(address)
        elif transport == "tcp":
            self.socket = socket.create_connection(address)
        else:
            context = ssl.create_default_context(cafile=ca)
            if certificate:
                context.load_cert_chain(*certificate)
            raw = socket.create_connection((system.sip_host, int(system.sip_tls_port)))
            self.socket = context.wrap_socket(raw, server_hostname="localhost")
            # Now: while another thread reads what follows the handshake, it counts as not done.
            self.peer_certificate = self.socket.getpeercert()
        self.host, self.port = self.socket.getsockname()[:2]
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def close(self):
        self.is_closed = True
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        # A reader that is still in the kernel would read from the next socket that is given this number: one message of
        # that socket's was lost now and then.
        if threading.current_thread() is not self.thread:
            self.thread.join()
        self.socket.close()

    def _messages(self):
        if self.transport == "udp":
            while True:
                yield self.socket.recv(65535).decode()
        buffered = b""
        while True:
            while b"\r\n\r\n" in buffered:
                head = buffered.partition(b"\r\n\r\n")[0]
                length = int(re.search(rb"(?i)content-length:\s*(\d+)", head).group(1))
                size = len(head) + 4 + length
                if len(buffered) < size:
                    break
                yield buffered[:size].decode()
                buffered = buffered[size:]
            piece = self.socket.recv(65535)
            if not piece:
                return
            buffered += piece

    def _read(self):
        try:
            for text in self._messages():
                message = Message(text)
                if message.status:
                    waiting = self.answers.get((message.get("call-id"), message.get("cseq")))
                    if waiting:
                        waiting.put(message)
                    continue
                self.notifies.put(message)
                if self.notify_status:
                    self._answer(message, self.notify_status)
        except (OSError, ValueError, KeyError):
            if not self.is_closed:
                self.notifies.put(None)
        # Nobody answers any more: whoever waits is told, instead of waiting for his time to be over.
        self.is_lost = True
        for waiting in list(self.answers.values()):
            waiting.put(None)

    def _answer(self, request, status):
        if request.method == "SUBSCRIBE" and not request.tag("to"):
            request.fields["to"] = [request.get("to") + f";tag={self.subscribe_tag}"]
        copied = "".join(f"{name}: {value}\r\n" for name in ("via", "from", "to", "call-id", "cseq") for value in request.fields[name])
        self._send(f"SIP/2.0 {status} X\r\n{copied}Content-Length: 0\r\n\r\n")

    def _send(self, text):
        with self.lock:
            self.socket.sendall(text.encode())

    def uri(self):
        suffix = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"sip:127.0.0.1:{self.port}{suffix}"

    def text(self, method, uri, fields, kind="", body="", call_id=None, sequence=None, branch=None):
        """The request, and what its answer is known by."""
        call_id = call_id or f"{uuid.uuid4()}@core"
        sequence = sequence or next(NUMBERS)
        lines = {"Via": f"SIP/2.0/{self.transport.upper()} 127.0.0.1:{self.port};branch={branch or 'z9hG4bK' + uuid.uuid4().hex};rport",
                 "Max-Forwards": "70", "From": f"<{self.uri()}>;tag=c{next(NUMBERS)}", "To": f"<{uri}>", "Call-ID": call_id,
                 "CSeq": f"{sequence} {method}", "Contact": f"<{self.uri()}>"} | fields
        lines = {name: value for name, value in lines.items() if value is not None}
        if kind:
            lines["Content-Type"] = kind
        lines["Content-Length"] = str(len(body.encode()))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {uri} SIP/2.0\r\n{head}\r\n{body}", (call_id, f"{sequence} {method}")

    def ask(self, *arguments, **named):
        text, key = self.text(*arguments, **named)
        return self.exchange(text, key)

    def forked(self, *arguments, **named):
        """A request whose two branches a proxy sends us at once: the statuses, and an answer that is a success."""
        text, key = self.text(*arguments, branch="z9hG4bK" + uuid.uuid4().hex, **named)
        both = [text, text.replace("branch=z9hG4bK", "branch=z9hG4bKfork", 1)]
        answers = self.answers[key] = queue.Queue()
        for piece in both if self.transport == "udp" else ["".join(both)]:
            self._send(piece)
        heard = [answers.get(timeout=ANSWER_SECONDS_MAX) for _ in both]
        del self.answers[key]
        return sorted(each.status for each in heard), min(heard, key=lambda each: each.status)

    def exchange(self, text, key):
        waiting = self.answers[key] = queue.Queue()
        try:
            if self.is_lost:
                raise ConnectionError("the connection has ended")
            self._send(text)
            answer = waiting.get(timeout=ANSWER_SECONDS_MAX)
            if answer is None:
                raise ConnectionError("the connection ended before the answer")
            return answer
        except queue.Empty:
            raise Failure(f"no answer to {text.splitlines()[0]}") from None
        except OSError as error:
            raise ConnectionError(str(error)) from None
        finally:
            del self.answers[key]

    # What a core and its UEs ask for

    def register(self, impu, expires=3600, ue=None, kind="", body="", **fields):
        if ue is not None:
            inner_kind, inner = ue.get("body", ("", ""))
            lines = [f"REGISTER sip:ims.example.org SIP/2.0", f"To: <{ue.get('to', impu)}>", f"From: <{impu}>;tag=1", "Call-ID: ue@ue",
                     "CSeq: 1 REGISTER", f"Contact: <sip:ue@192.0.2.10:5060>{ue.get('contact', '')}"]
            if inner_kind:
                lines.append(f"Content-Type: {inner_kind}")
            kind, body = "message/sip", "\r\n".join(lines) + "\r\n\r\n" + inner
        return self.ask("REGISTER", self.system.sip_psi,
                        {"To": f"<{impu}>", "Expires": str(expires), "Event": "registration",
                         "P-Charging-Vector": "icid-value=ab12;orig-ioi=ims.example.org"} | fields, kind, body)

    def publish(self, impu, kind="", body="", expires=4294967295, if_match=None, **named):
        fields = {"P-Asserted-Identity": f"<{impu}>", "Event": "poc-settings", "Expires": None if expires is None else str(expires)}
        if if_match:
            fields["SIP-If-Match"] = if_match
        return self.ask("PUBLISH", self.system.sip_psi, fields | named.pop("fields", {}), kind, body, **named)

    def authorise(self, impu, token, client, service="mcptt", mode="automatic", **named):
        kind, body = multipart((INFO.format(service), info(service, token=token, client=client)), (SETTINGS, settings(client, mode)))
        return self.publish(impu, kind, body, **named)

    def subscribe(self, impu, mc_id, expires=4294967295, service="mcptt", client=None, **named):
        return self.ask("SUBSCRIBE", self.system.sip_psi,
                        {"P-Asserted-Identity": f"<{impu}>", "Event": "poc-settings", "Expires": str(expires),
                         "From": f"<{impu}>;tag=s{next(NUMBERS)}"} | named.pop("fields", {}),
                        INFO.format(service), info(service, uri=mc_id, client=client), **named)

    def notify(self, holds=None, seconds=ANSWER_SECONDS_MAX):
        """The next NOTIFY; with `holds` the next one that holds it, in its state or its body."""
        while True:
            try:
                message = self.notifies.get(timeout=seconds)
            except queue.Empty:
                raise Failure(f"no NOTIFY with {holds}") from None
            if message is None:
                raise Failure("the connection was closed")
            if holds is None or holds in message.get("subscription-state") or holds in message.body:
                return message
