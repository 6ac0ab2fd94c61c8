"""HTTP/2 frames made by hand (RFC 9113), so that a test may send what no library would; and enough of a reader to see
how the peer takes it. Header fields are literals without indexing or Huffman coding (RFC 7541 clause 6.2.2), unless
asked otherwise."""

import socket
import ssl
import struct
import time

import wire

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, HAS_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
INITIAL_WINDOW_SIZE = 0x4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _integer(value, prefix_bits, first):
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = [first | limit], value - limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def _text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return _integer(len(data), 7, 0) + data


def field(name, value, is_indexed=False):
    return (b"\x40" if is_indexed else b"\x00") + _text(name) + _text(value)


def indexed(index):
    return _integer(index, 7, 0x80)


def fields(*pairs):
    return b"".join(field(name, value) for name, value in pairs)


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", name, value) for name, value in pairs))


class Peer:
    """A TLS connection with the preface sent. `cut` says why the server ended it; None while it has not."""

    def __init__(self, system, source=None, preface=PREFACE + settings()):
        self.host, port = wire.address_of(system.issuer)
        self.authority = f"{self.host}:{port}"
        plain = socket.create_connection((self.host, port), wire.ANSWER_SECONDS_MAX,
                                         source_address=(source, 0) if source else None)
        context = wire.trust(system.ca)
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(plain, server_hostname=self.host)
        self.socket.setblocking(False)
        self.received = b""
        self.frames = []     # (kind, flags, stream, payload), without those of DATA
        self.cut = None
        if self.socket.selected_alpn_protocol() != "h2":
            self.cut = "no h2 by ALPN"
        self.send(preface)

    def request(self, stream, method, path, *more, is_last=True, headers_end=True):
        block = fields((":method", method), (":scheme", "https"), (":authority", self.authority), (":path", path), *more)
        return frame(HEADERS, (END_STREAM if is_last else 0) | (END_HEADERS if headers_end else 0), stream, block)

    def send(self, data):
        """Until sent, or the peer is gone; reads meanwhile so that neither side waits for the other."""
        view = memoryview(data)
        while view and self.cut is None:
            try:
                view = view[self.socket.send(view):]
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                self.read(wire.ANSWER_SECONDS_MAX, for_writing=True)
            except OSError as error:
                self.cut = self.cut or f"closed ({type(error).__name__})"
        self.read(0)

    def read(self, seconds, for_writing=False):
        """Takes what is there; waits up to `seconds` for the first byte."""
        if not wire.ready([self.socket], seconds, for_writing) and not self.socket.pending():
            return
        try:
            while data := self.socket.recv(1 << 16):
                self.received += data
            self.cut = self.cut or "closed"
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self.cut = self.cut or f"closed ({type(error).__name__})"
        self._take_frames()

    def _take_frames(self):
        while len(self.received) >= 9:
            length = int.from_bytes(self.received[:3], "big")
            if len(self.received) < 9 + length:
                return
            kind, flags, stream = self.received[3], self.received[4], int.from_bytes(self.received[5:9], "big")
            payload, self.received = self.received[9:9 + length], self.received[9 + length:]
            if kind == GOAWAY:
                self.cut = f"GOAWAY {int.from_bytes(payload[4:8], 'big')}"
            if kind != DATA:
                self.frames.append((kind, flags, stream, payload))

    def wait_for(self, wanted, seconds):
        """True once a frame satisfies `wanted(kind, flags, stream, payload)`; False when the time is over or the peer gone."""
        end = time.monotonic() + seconds
        while True:
            if any(wanted(*one) for one in self.frames):
                return True
            left = end - time.monotonic()
            if left <= 0 or (self.cut or "").startswith("closed"):
                return False
            self.read(left)

    def wait_until_cut(self, seconds):
        end = time.monotonic() + seconds
        while self.cut is None and (left := end - time.monotonic()) > 0:
            self.read(left)
        return self.cut

    def close(self):
        self.socket.close()
