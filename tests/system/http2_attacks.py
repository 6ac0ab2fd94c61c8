"""Attacks on HTTP/2, each ending in "the server cut this peer off" or in a stream refused while the connection lives.

Every attack is a function of a Target and returns one line that says how it ended; Failure when the server let it pass.
"""

import struct

from clavigerd import Failure
from http2_frames import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE, PING, PREFACE,
                          PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, Peer, field, fields, frame, indexed, settings)

# Frames without work that a peer may send before it must have been stopped: a hundred times what any client needs.
FLOOD_FRAMES = 200_000
CHUNK = 200
# The time a server may take to act on what it has received.
REACTION_SECONDS = 15
FORM = ("content-type", "application/x-www-form-urlencoded")


class Target:
    def __init__(self, system, prefix, source):
        self.system, self.prefix, self.source = system, prefix, source
        self.jwks = prefix + "/jwks"
        self.token = prefix + "/token"

    def peer(self, **options):
        return Peer(self.system, self.source, **options)


def flood(peer, make, what):
    """Sends make(i) for i = 0, 1, 2... until the peer is cut off."""
    sent = 0
    while sent < FLOOD_FRAMES and peer.cut is None:
        peer.send(b"".join(make(sent + i) for i in range(CHUNK)))
        sent += CHUNK
    how = peer.wait_until_cut(REACTION_SECONDS)
    peer.close()
    if how is None:
        raise Failure(f"{sent} frames of {what} and the connection lives")
    return f"{how} after at most {sent} frames"


def opened(peer, target):
    """Stream 1: a POST whose body does not end."""
    peer.send(peer.request(1, "POST", target.token, FORM, is_last=False))
    return peer


def rapid_reset(target):
    peer = target.peer()
    return flood(peer, lambda i: peer.request(2 * i + 1, "GET", target.jwks) +
                 frame(RST_STREAM, 0, 2 * i + 1, struct.pack(">I", 8)), "HEADERS and RST_STREAM")


def empty_data(target):
    return flood(opened(target.peer(), target), lambda _: frame(DATA, 0, 1), "empty DATA")


def padded_data(target):
    return flood(opened(target.peer(), target), lambda _: frame(DATA, 0x8, 1, b"\x04\0\0\0\0"), "DATA of padding")


def priorities(target):
    return flood(target.peer(), lambda i: frame(PRIORITY, 0, 2 * (i % 1000) + 1, struct.pack(">IB", 0, 7)), "PRIORITY")


def pings(target):
    return flood(target.peer(), lambda i: frame(PING, 0, 0, struct.pack(">Q", i)), "PING")


def ping_answers(target):
    return flood(target.peer(), lambda i: frame(PING, ACK, 0, struct.pack(">Q", i)), "PING answers")


def settings_flood(target):
    return flood(target.peer(), lambda i: settings((INITIAL_WINDOW_SIZE, 65535 - i % 2)), "SETTINGS")


def window_updates(target):
    return flood(target.peer(), lambda _: frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)), "WINDOW_UPDATE")


def unknown_frames(target):
    return flood(target.peer(), lambda i: frame(0x40 + i % 100, 0, 0, b"x"), "unknown types")


def continuations(target):
    peer = target.peer()
    peer.send(peer.request(1, "GET", target.jwks, headers_end=False))
    return flood(peer, lambda i: frame(CONTINUATION, 0, 1, field(f"x-{i}", "y" * 8)), "CONTINUATION")


def empty_continuations(target):
    peer = target.peer()
    peer.send(peer.request(1, "GET", target.jwks, headers_end=False))
    return flood(peer, lambda _: frame(CONTINUATION, 0, 1), "empty CONTINUATION")


def resets_of_the_server(target):
    """Made You Reset: each stream is one that the server must reset itself."""
    peer = target.peer()
    return flood(peer, lambda i: peer.request(2 * i + 1, "GET", target.jwks) +
                 frame(WINDOW_UPDATE, 0, 2 * i + 1, struct.pack(">I", 0)), "streams that the server resets")


def oversized_lists(target):
    """Header lists that decode to more than the bound, on many streams."""
    peer = target.peer()
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields((":method", "GET"), (":scheme", "https"), (":authority", "x"),
                                                               (":path", target.jwks)) + field("x-bomb", "b" * 3900, True)))
    bomb = fields((":method", "GET"), (":scheme", "https"), (":authority", "x"), (":path", target.jwks)) + indexed(62) * 2000
    for i in range(1, 200):
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, bomb))
    how = peer.wait_until_cut(REACTION_SECONDS)
    peer.close()
    if how is None:
        raise Failure("199 header lists of 8 MB each and the connection lives")
    return how


def broken(what, make, preface=None):
    """One malformed thing for which the whole connection must go (RFC 9113 clause 5.4.1)."""

    def attack(target):
        peer = target.peer(**({"preface": preface} if preface is not None else {}))
        peer.send(make(peer, target))
        how = peer.wait_until_cut(REACTION_SECONDS)
        peer.close()
        if how is None:
            raise Failure(f"{what}: the connection lives")
        return how

    attack.__name__ = what
    return attack


def malformed(what, make):
    """A malformed request: its stream is reset or answered with 4xx, never served; the connection may go as well."""

    def attack(target):
        peer = target.peer()
        peer.send(make(peer, target))
        # An answer of ours begins with :status, 0x88 of which is 200.
        refused = peer.wait_for(lambda kind, _, stream, payload: stream == 1 and (
            kind == RST_STREAM or (kind == HEADERS and payload[:1] != b"\x88")), REACTION_SECONDS)
        served = any(kind == HEADERS and stream == 1 and payload[:1] == b"\x88" for kind, _, stream, payload in peer.frames)
        how = peer.cut or "stream refused"
        peer.close()
        if served or not (refused or peer.cut):
            raise Failure(f"{what}: {'served' if served else 'no reaction'}")
        return how

    attack.__name__ = what
    return attack


def request_of(*pairs):
    return lambda peer, target: frame(HEADERS, END_HEADERS | END_STREAM, 1, fields(*[
        (name, value.format(authority=peer.authority, path=target.jwks) if isinstance(value, str) else value)
        for name, value in pairs]))


GOOD = ((":method", "GET"), (":scheme", "https"), (":authority", "{authority}"), (":path", "{path}"))

FLOODS = [rapid_reset, empty_data, padded_data, priorities, pings, ping_answers, settings_flood, window_updates, unknown_frames,
          continuations, empty_continuations, resets_of_the_server, oversized_lists]

BROKEN = [
    broken("garbage for a preface", lambda *_: b"", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + b"\xff" * 64),
    broken("first frame not SETTINGS", lambda *_: frame(PING, 0, 0, bytes(8)), PREFACE),
    broken("frame of 16 MiB - 1", lambda *_: b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(20_000)),
    broken("SETTINGS of 5 bytes", lambda *_: frame(SETTINGS, 0, 0, bytes(5))),
    broken("SETTINGS on a stream", lambda *_: frame(SETTINGS, 0, 1)),
    broken("window of 2^31", lambda *_: settings((INITIAL_WINDOW_SIZE, 1 << 31))),
    broken("PING of 7 bytes", lambda *_: frame(PING, 0, 0, bytes(7))),
    broken("DATA on an idle stream", lambda *_: frame(DATA, 0, 1, b"x")),
    broken("DATA on stream 0", lambda *_: frame(DATA, 0, 0, b"x")),
    broken("HEADERS on an even stream", lambda peer, target: peer.request(2, "GET", target.jwks)),
    broken("padding longer than the frame", lambda *_: frame(HEADERS, END_HEADERS | 0x8, 1, b"\xff\x00")),
    broken("HPACK index 0", lambda *_: frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x80")),
    broken("HPACK index out of table", lambda *_: frame(HEADERS, END_HEADERS | END_STREAM, 1, indexed(9999))),
    broken("HPACK integer without end", lambda *_: frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff" * 64)),
    broken("HPACK table of 1 GiB", lambda *_: frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x3f\xe1\xff\xff\xff\x03" + b"\x82")),
    broken("another frame within a header block", lambda peer, target: peer.request(1, "GET", target.jwks, headers_end=False) +
           frame(PING, 0, 0, bytes(8))),
    broken("WINDOW_UPDATE of 0 on the connection", lambda *_: frame(WINDOW_UPDATE, 0, 0, bytes(4))),
    broken("window beyond 2^31 - 1", lambda *_: frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2),
    broken("PUSH_PROMISE from a client", lambda *_: frame(5, END_HEADERS, 1, struct.pack(">I", 2))),
    broken("RST_STREAM on an idle stream", lambda *_: frame(RST_STREAM, 0, 7, bytes(4))),
    broken("GOAWAY on a stream", lambda *_: frame(GOAWAY, 0, 1, bytes(8))),
]

MALFORMED = [
    malformed("no :path", request_of(*GOOD[:3])),
    malformed("no :method", request_of(*GOOD[1:])),
    malformed("no :scheme", request_of(GOOD[0], *GOOD[2:])),
    malformed("two :path", request_of(*GOOD, GOOD[3])),
    malformed("empty :path", request_of(*GOOD[:3], (":path", ""))),
    malformed("unknown pseudo-header", request_of(*GOOD, (":surprise", "1"))),
    malformed("pseudo-header after a field", request_of(*GOOD[:3], ("x-a", "b"), GOOD[3])),
    malformed("upper case in a name", request_of(*GOOD, ("X-Upper", "b"))),
    malformed("connection-specific field", request_of(*GOOD, ("connection", "keep-alive"))),
    malformed("transfer-encoding", request_of(*GOOD, ("transfer-encoding", "chunked"))),
    malformed("line break in a value", request_of(*GOOD, ("x-a", b"b\r\nx-injected: 1"))),
    malformed("NUL in a value", request_of(*GOOD, ("x-a", b"b\0c"))),
    malformed("space in the path", request_of(*GOOD[:3], (":path", "{path} HTTP/1.1"))),
    malformed("host differs from :authority", request_of(*GOOD, ("host", "elsewhere.example"))),
    malformed("body longer than content-length", lambda peer, target: peer.request(
        1, "POST", target.token, FORM, ("content-length", "2"), is_last=False) + frame(DATA, END_STREAM, 1, b"a=bc")),
    malformed("body shorter than content-length", lambda peer, target: peer.request(
        1, "POST", target.token, FORM, ("content-length", "20"), is_last=False) + frame(DATA, END_STREAM, 1, b"a=bc")),
    malformed("header list of 17 KiB", lambda peer, target: b"".join([
        peer.request(1, "GET", target.jwks, headers_end=False)] + [
        frame(CONTINUATION, 0x4 if i == 4 else 0, 1, field(f"x-{i}", "h" * 3400)) for i in range(5)])),
    malformed("body of 80 KiB", lambda peer, target: peer.request(1, "POST", target.token, FORM, is_last=False) +
              frame(DATA, 0, 1, b"a" * 16384) * 4 + frame(DATA, END_STREAM, 1, b"a" * 16384)),
]
