"""Attacks below and beside HTTP/1.1: slow and half-open peers, oversized everything, requests that two parsers would
read in two ways. Bytes go out as they are written here."""

import socket
import ssl
import time

import wire
from clavigerd import Failure
from http2_frames import HEADERS, INITIAL_WINDOW_SIZE, PREFACE, WINDOW_UPDATE, Peer, frame, settings

# A server that waits longer for a peer's next byte than this has no deadline: ours are 10 s. Room beside it for a busy machine.
# An answer that is not taken is given up after 30 s (limits.h, send_stall), its idle connection 75 s later.
PATIENCE_SECONDS = 150
SLOW_PEERS = 64
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


class RawPeer:
    def __init__(self, target, is_tls=True):
        self.target = target
        host, port = wire.address_of(target.system.issuer)
        self.socket = socket.create_connection((host, port), wire.ANSWER_SECONDS_MAX, source_address=(target.source, 0))
        if is_tls:
            context = wire.trust(target.system.ca)
            context.set_alpn_protocols(["http/1.1"])
            self.socket = context.wrap_socket(self.socket, server_hostname=host)
        self.received = b""
        self.is_closed = False

    def send(self, data):
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except OSError:
            self.is_closed = True

    def read(self, seconds):
        pending = getattr(self.socket, "pending", lambda: 0)
        if not wire.ready([self.socket], seconds) and not pending():
            return
        try:
            data = self.socket.recv(1 << 16)
            self.received += data
            self.is_closed = self.is_closed or not data
        except (ssl.SSLWantReadError, TimeoutError):
            pass
        except OSError:
            self.is_closed = True

    def read_until_closed(self, seconds):
        end = time.monotonic() + seconds
        while not self.is_closed and (left := end - time.monotonic()) > 0:
            self.read(left)
        self.socket.close()
        return self.is_closed


# Slow peers: (what, how to begin, what to send every half second) ------------------------------------------------------

def _head(target, line, *more):
    return f"{line} HTTP/1.1\r\nHost: {wire.address_of(target.system.issuer)[0]}\r\n" + "".join(more)


def silence(target):
    return RawPeer(target, is_tls=False), b""


def half_a_hello(target):
    peer = RawPeer(target, is_tls=False)
    peer.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    return peer, b""


def a_dripping_hello(target):
    peer = RawPeer(target, is_tls=False)
    peer.send(b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03")
    return peer, b"\0"


def tls_and_silence_amid_a_line(target):
    peer = RawPeer(target)
    peer.send("GET /")
    return peer, b""


def a_dripping_head(target):
    peer = RawPeer(target)
    peer.send(_head(target, f"GET {target.jwks}", "X-Slow: "))
    return peer, b"a"


def endless_fields(target):
    peer = RawPeer(target)
    peer.send(_head(target, f"GET {target.jwks}"))
    return peer, b"X: y\r\n"


def a_dripping_body(target):
    peer = RawPeer(target)
    peer.send(_head(target, f"POST {target.token}", FORM, "Content-Length: 60000\r\n\r\n"))
    return peer, b"a"


def dripping_chunks(target):
    peer = RawPeer(target)
    peer.send(_head(target, f"POST {target.token}", FORM, "Transfer-Encoding: chunked\r\n\r\n"))
    return peer, b"1\r\na\r\n"


class SlowHttp2(Peer):
    """Speaks to the slow-peer loop as a RawPeer does."""

    @property
    def is_closed(self):
        return self.cut is not None or any(kind == 3 for kind, *_ in self.frames)


def half_a_preface(target):
    return SlowHttp2(target.system, target.source, PREFACE[:12]), b""


def an_unfinished_header_block(target):
    peer = SlowHttp2(target.system, target.source)
    peer.send(peer.request(1, "GET", target.jwks, headers_end=False))
    return peer, b""


def a_dripping_stream(target):
    peer = SlowHttp2(target.system, target.source)
    peer.send(peer.request(1, "POST", target.token, ("content-type", "application/x-www-form-urlencoded"), is_last=False))
    return peer, frame(0, 0, 1, b"a")


def answers_that_nobody_takes(target):
    """Window 0: a hundred answers wait for room that never comes."""
    peer = SlowHttp2(target.system, target.source, PREFACE + settings((INITIAL_WINDOW_SIZE, 0)))
    peer.send(b"".join(peer.request(2 * i + 1, "GET", target.jwks) for i in range(100)))
    return peer, b""


def answers_taken_drop_by_drop(target):
    """Window 0, and a byte of it every half second."""
    peer = SlowHttp2(target.system, target.source, PREFACE + settings((INITIAL_WINDOW_SIZE, 0)))
    peer.send(peer.request(1, "GET", target.jwks))
    return peer, frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")


SLOW = [silence, half_a_hello, a_dripping_hello, tls_and_silence_amid_a_line, a_dripping_head, endless_fields, a_dripping_body,
        dripping_chunks, half_a_preface, an_unfinished_header_block, a_dripping_stream, answers_that_nobody_takes,
        answers_taken_drop_by_drop]


def run_slow_peers(target):
    """All of them at once, some dozen of each; returns a line for each kind."""
    peers = [(begin, *begin(target)) for begin in SLOW for _ in range(SLOW_PEERS // len(SLOW) + 1)]
    began = time.monotonic()
    gone = {}
    while peers and time.monotonic() - began < PATIENCE_SECONDS:
        readable = wire.ready([peer.socket for _, peer, _ in peers], 0.5)
        for begin, peer, drip in peers:
            if peer.socket in readable:
                peer.read(0)
            elif drip and not peer.is_closed:
                peer.send(drip)
            if peer.is_closed:
                peer.socket.close()
                gone[begin.__name__] = time.monotonic() - began
        peers = [one for one in peers if not one[1].is_closed]
    left = sorted({begin.__name__ for begin, _, _ in peers})
    for _, peer, _ in peers:
        peer.socket.close()
    if left:
        raise Failure(f"not cut off after {PATIENCE_SECONDS} s: {', '.join(left)}")
    return [f"{name}: cut off after {seconds:.0f} s" for name, seconds in gone.items()]


# One request, one exact reply -----------------------------------------------------------------------------------------

def oversized(target):
    """(what, request, statuses that say so)"""
    host = wire.address_of(target.system.issuer)[0]
    get, post = f"GET {target.jwks} HTTP/1.1\r\nHost: {host}\r\n", f"POST {target.token} HTTP/1.1\r\nHost: {host}\r\n" + FORM
    return [
        ("target of 9 KiB", f"GET {target.jwks}?{'a' * 9216} HTTP/1.1\r\nHost: {host}\r\n\r\n", (414,)),
        ("target of a megabyte", f"GET /{'a' * (1 << 20)} HTTP/1.1\r\nHost: {host}\r\n\r\n", (414,)),
        ("field of 17 KiB", get + f"X-Long: {'a' * 17 * 1024}\r\n\r\n", (431,)),
        ("name of 17 KiB", get + f"{'X' * 17 * 1024}: a\r\n\r\n", (431,)),
        ("2000 fields", get + "".join(f"X-{i}: a\r\n" for i in range(2000)) + "\r\n", (431,)),
        ("method of 10 KiB", f"{'G' * 10240} / HTTP/1.1\r\nHost: {host}\r\n\r\n", (400, 414, 431, 501)),
        ("body of 65 KiB", post + f"Content-Length: {65 * 1024}\r\n\r\n" + "a" * 65 * 1024, (413,)),
        ("body said to be of an exabyte", post + "Content-Length: 1152921504606846976\r\n\r\n", (413,)),
        ("chunks without end", post + "Transfer-Encoding: chunked\r\n\r\n" + ("4000\r\n" + "a" * 0x4000 + "\r\n") * 5, (413,)),
        ("chunk said to be of an exabyte", post + "Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\na", (400, 413)),
        ("chunk extension of 17 KiB", post + f"Transfer-Encoding: chunked\r\n\r\n1;{'e' * 17 * 1024}\r\na\r\n0\r\n\r\n", (400, 413, 431)),
        ("trailer of 17 KiB", post + f"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: {'t' * 17 * 1024}\r\n\r\n", (400, 413, 431)),
    ]


def ambiguous(target):
    """(what, request): whoever reads them in another way than a proxy before him lets requests be smuggled. 400, and
    what follows on the connection is not answered."""
    host = wire.address_of(target.system.issuer)[0]
    line, named = f"POST {target.token} HTTP/1.1\r\n", f"POST {target.token} HTTP/1.1\r\nHost: {host}\r\n" + FORM
    chunks = "1\r\na\r\n0\r\n\r\n"
    return [
        ("length beside chunked", named + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
        ("chunked beside length", named + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + chunks),
        ("two lengths", named + "Content-Length: 3\r\nContent-Length: 5\r\n\r\na=bcd"),
        ("the same length twice", named + "Content-Length: 3\r\nContent-Length: 3\r\n\r\na=b"),
        ("a list of lengths", named + "Content-Length: 3, 3\r\n\r\na=b"),
        ("length with a sign", named + "Content-Length: +3\r\n\r\na=b"),
        ("negative length", named + "Content-Length: -3\r\n\r\na=b"),
        ("hexadecimal length", named + "Content-Length: 0x3\r\n\r\na=b"),
        ("length with a fraction", named + "Content-Length: 3.0\r\n\r\na=b"),
        ("empty length", named + "Content-Length: \r\n\r\na=b"),
        ("length of 2^64 + 3", named + "Content-Length: 18446744073709551619\r\n\r\na=b"),
        ("xchunked", named + "Transfer-Encoding: xchunked\r\n\r\n" + chunks),
        ("chunked, identity", named + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunks),
        ("identity, chunked", named + "Transfer-Encoding: identity, chunked\r\n\r\n" + chunks),
        ("gzip, chunked", named + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks),
        ("chunked twice", named + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
        ("vertical tab before chunked", named + "Transfer-Encoding: \x0bchunked\r\n\r\n" + chunks),
        ("chunked in HTTP/1.0", named.replace("1.1", "1.0") + "Transfer-Encoding: chunked\r\n\r\n" + chunks),
        ("space before the colon", named + "Content-Length : 3\r\n\r\na=b"),
        ("tab before the colon", named + "Transfer-Encoding\t: chunked\r\n\r\n" + chunks),
        ("folded field", named + "X-A: b\r\n c\r\nContent-Length: 3\r\n\r\na=b"),
        ("blank before the first field", line + f" Host: {host}\r\n" + FORM + "Content-Length: 3\r\n\r\na=b"),
        ("bare line feeds", named.replace("\r\n", "\n") + "Content-Length: 3\n\na=b"),
        ("bare carriage return", named + "X-A: b\rContent-Length: 3\r\n\r\n"),
        ("NUL in a value", named + "X-A: b\0c\r\nContent-Length: 3\r\n\r\na=b"),
        ("NUL in a name", named + "X-\0A: b\r\nContent-Length: 3\r\n\r\na=b"),
        ("no name", named + ": b\r\nContent-Length: 3\r\n\r\na=b"),
        ("no colon", named + "Nonsense\r\nContent-Length: 3\r\n\r\na=b"),
        ("no Host", line + FORM + "Content-Length: 3\r\n\r\na=b"),
        ("two Hosts", named + f"Host: {host}\r\nContent-Length: 3\r\n\r\na=b"),
        ("chunk size that is none", named + "Transfer-Encoding: chunked\r\n\r\nxyz\r\na\r\n0\r\n\r\n"),
        ("chunk size with a sign", named + "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n"),
        ("chunk size of 17 digits", named + "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n"),
        ("chunk longer than said", named + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"),
        ("chunk lines with bare line feeds", named + "Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n"),
        ("lower-case protocol", f"GET {target.jwks} http/1.1\r\nHost: {host}\r\n\r\n"),
        ("HTTP/3.7", f"GET {target.jwks} HTTP/3.7\r\nHost: {host}\r\n\r\n"),
        ("two blanks in the request line", f"GET  {target.jwks} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("tab in the request line", f"GET\t{target.jwks} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("control character in the target", f"GET {target.jwks}\x01 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("byte beyond ASCII in the target", f"GET {target.jwks}é HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("no target", f"GET HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("HTTP/2 preface after ALPN said HTTP/1.1", PREFACE.decode()),
        ("binary", "\x00\x01\x02\x03" * 64),
    ]


# What follows a refused request on its connection. An answer to it would be a smuggled one.
SMUGGLED = "GET /livez-that-nobody-serves HTTP/1.1\r\nHost: smuggled\r\n\r\n"


def statuses_of(target, request):
    peer = RawPeer(target)
    peer.send(request)
    peer.send(SMUGGLED)
    if not peer.read_until_closed(wire.ANSWER_SECONDS_MAX):
        raise Failure("answered, but the connection was not closed")
    parts = peer.received.split(b"HTTP/1.1 ")[1:]
    return [int(part[:3]) for part in parts]


def expect_refusals(target):
    """Oversized and ambiguous requests; a list of what is wrong."""
    wrong = []
    cases = oversized(target) + [(what, request, (400, 501, 505)) for what, request in ambiguous(target)]
    for what, request, wanted in cases:
        try:
            statuses = statuses_of(target, request)
        except Failure as failure:
            wrong.append(f"{what}: {failure}")
            continue
        # A server may also hang up on what is no HTTP at all, or when the sender does not stop.
        if statuses and (len(statuses) > 1 or statuses[0] not in wanted):
            wrong.append(f"{what}: answered {statuses}, not one of {wanted}")
        elif not statuses and what not in ("binary", "target of a megabyte", "HTTP/2 preface after ALPN said HTTP/1.1"):
            wrong.append(f"{what}: hung up without a word")
    return len(cases), wrong


def expect_plain_text_refused(target):
    """HTTP without TLS on the TLS port."""
    peer = RawPeer(target, is_tls=False)
    peer.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    if not peer.read_until_closed(wire.ANSWER_SECONDS_MAX) or b" 200 " in peer.received:
        raise Failure("plain HTTP on the TLS port is not refused")
    return "refused"


def crowd(target, count):
    """More connections from one address than the broker takes; others are served meanwhile. How many were open at once."""
    peers = []
    try:
        for _ in range(count):
            try:
                peers.append(RawPeer(target, is_tls=False))
            except OSError:
                break
        refused = wire.ready([peer.socket for peer in peers], 2)
        return len(peers) - len(refused)
    finally:
        for peer in peers:
            peer.socket.close()


def silent_connections(address, sources, count):
    """Connections to (host, port) that say nothing, `count` from each source: as many as the server lets in."""
    held = []
    for source in sources:
        for _ in range(count):
            try:
                held.append(socket.create_connection(address, wire.ANSWER_SECONDS_MAX, source_address=(source, 0)))
            except OSError:
                break
    return held


def aborted_handshakes(target, count):
    """Handshakes begun and dropped at once, by RST."""
    for _ in range(count):
        peer = RawPeer(target, is_tls=False)
        peer.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32))
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.socket.close()
    return f"{count} of them"
