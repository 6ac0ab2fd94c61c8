"""HTTP/1.1 as the system tests speak it: over TLS to the listeners, over the Unix socket to the operator's room.

A connection belongs to one thread. Whatever breaks it is a ConnectionLost: the request may or may not have been done.
"""

import http.client
import json
import select
import socket
import ssl
import urllib.parse

# Whoever waits longer than this for an answer to a good request was not served.
ANSWER_SECONDS_MAX = 20


class ConnectionLost(Exception):
    pass


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def error(self):
        try:
            return self.json().get("error", "")
        except (ValueError, AttributeError):
            return ""

    def __str__(self):
        return f"{self.status} {self.headers.get('location', '')} {self.body[:300].decode('utf-8', 'replace')}"


class Connection:
    """Opens itself when it is first used, and again after it was lost."""

    def __init__(self, make):
        self._make = make
        self._connection = None

    def send(self, method, target, headers=None, body=None):
        try:
            if self._connection is None:
                self._connection = self._make()
            self._connection.request(method, target, body=body, headers=headers or {})
        except (OSError, http.client.HTTPException) as error:
            self._lost(error)

    def receive(self):
        try:
            return Answer(self._connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            self._lost(error)

    def ask(self, method, target, headers=None, body=None):
        self.send(method, target, headers, body)
        return self.receive()

    def post_form(self, target, fields, headers=None):
        return self.ask("POST", target, {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {}),
                        urllib.parse.urlencode(fields))

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _lost(self, error):
        self.close()
        raise ConnectionLost(f"{type(error).__name__}: {error}") from None


def ready(sockets, seconds, for_writing=False):
    """Those of the sockets that may be read (or written) without waiting; waits for the first. Not select(): an attack
    has more descriptors open than that takes."""
    poll = select.poll()
    by_descriptor = {one.fileno(): one for one in sockets}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN | (select.POLLOUT if for_writing else 0))
    return [by_descriptor[descriptor] for descriptor, _ in poll.poll(max(0, seconds) * 1000)]


def trust(ca_file):
    return ssl.create_default_context(cafile=ca_file)


def address_of(issuer):
    parts = urllib.parse.urlsplit(issuer)
    return parts.hostname, parts.port or 443


def https(system, context=None):
    host, port = address_of(system.issuer)
    context = context or trust(system.ca)
    return Connection(lambda: http.client.HTTPSConnection(host, port, timeout=ANSWER_SECONDS_MAX, context=context))


class _UnixHttp(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=ANSWER_SECONDS_MAX)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Admin:
    """The admin socket: JSON in, JSON out; `tenant` stands in front of the paths that belong to one."""

    def __init__(self, system):
        self._connection = Connection(lambda: _UnixHttp(system.admin_socket))
        self._tenant = f"/admin/v1/tenants/{system.tenant}"

    def ask(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        return self._connection.ask(method, "/admin/v1" + path, {"Content-Type": "application/json"} if text else {}, text)

    def of_tenant(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        return self._connection.ask(method, self._tenant + path, {"Content-Type": "application/json"} if text else {}, text)

    def close(self):
        self._connection.close()
