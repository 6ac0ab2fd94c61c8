"""Diameter (RFC 6733) for tests, on bare sockets: messages as the test wants them, right or wrong."""

import socket
import struct

CX, VENDOR = 16777216, 10415
REQUEST, PROXIABLE, ERROR, RETRANSMITTED = 0x80, 0x40, 0x20, 0x10
RESULTS = {268, 298}


def avp(code, data, vendor=0, flags=0x40):
    if isinstance(data, str):
        data = data.encode()
    elif isinstance(data, int):
        data = struct.pack(">I", data)
    flags |= 0x80 if vendor else 0
    head = struct.pack(">II", code, flags << 24 | (12 if vendor else 8) + len(data))
    head += struct.pack(">I", vendor) if vendor else b""
    return head + data + bytes(-len(data) % 4)


def message(command, application, avps, flags=REQUEST, hop_by_hop=1, end_to_end=1, length=None, version=1):
    body = b"".join(avps)
    return struct.pack(">IIIII", version << 24 | (20 + len(body) if length is None else length), flags << 24 | command,
                       application, hop_by_hop, end_to_end) + body


class Message:
    def __init__(self, octets):
        first, second, self.application, self.hop_by_hop, self.end_to_end = struct.unpack(">IIIII", octets[:20])
        self.version, self.length = first >> 24, first & 0xffffff
        self.flags, self.command = second >> 24, second & 0xffffff
        self.octets, self.avps, at = octets, [], 20
        while at < len(octets):
            code, word = struct.unpack(">II", octets[at:at + 8])
            size, head = word & 0xffffff, 12 if word >> 31 else 8
            vendor = struct.unpack(">I", octets[at + 8:at + 12])[0] if word >> 31 else 0
            self.avps.append((code, vendor, octets[at + head:at + size]))
            at += (size + 3) // 4 * 4

    def find(self, code, vendor=0):
        return next((data for each, its, data in self.avps if (each, its) == (code, vendor)), None)

    def result(self):
        data = self.find(268)
        return struct.unpack(">I", data)[0] if data else None

    def is_request(self):
        return bool(self.flags & REQUEST)


class Peer:
    """One connection to a node, as `identity`; each as after a restart (Origin-State-Id)."""

    states = 0

    def __init__(self, address, identity, realm, context=None, server_name=None, source=None):
        self.identity, self.realm = identity, realm
        self.socket = socket.create_connection(address, timeout=10, source_address=(source, 0) if source else None)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname=server_name)
        self.socket.settimeout(10)
        self.number = 100

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def origin(self):
        return [avp(264, self.identity), avp(296, self.realm)]

    def capabilities(self, application=CX):
        Peer.states += 1
        return self.origin() + [avp(257, b"\0\1\x7f\0\0\1"), avp(266, 0), avp(269, "bare", flags=0), avp(265, VENDOR),
                                avp(258, application), avp(278, Peer.states)]

    def send(self, octets):
        self.socket.sendall(octets)

    def _exactly(self, count):
        octets = b""
        while len(octets) < count:
            piece = self.socket.recv(count - len(octets))
            if not piece:
                raise EOFError
            octets += piece
        return octets

    def receive(self):
        head = self._exactly(20)
        return Message(head + self._exactly((struct.unpack(">I", head[:4])[0] & 0xffffff) - 20))

    def is_closed(self):
        """True when the node ends the connection, whatever it says before."""
        try:
            while True:
                self.receive()
        except (EOFError, ConnectionError):
            return True
        except TimeoutError:
            return False

    def answer(self):
        """The next message that is no watchdog of the node's."""
        while True:
            heard = self.receive()
            if not (heard.is_request() and heard.command == 280):
                return heard
            self.send(message(280, 0, [avp(268, 2001), *self.origin()], 0, heard.hop_by_hop, heard.end_to_end))

    def ask(self, command, application, avps, flags=REQUEST, **more):
        self.number += 1
        self.send(message(command, application, avps, flags, self.number, self.number, **more))
        answer = self.answer()
        if (answer.hop_by_hop, answer.end_to_end, answer.command) != (self.number, self.number, command):
            raise AssertionError("an answer to something else")
        return answer

    def exchange(self, application=CX):
        return self.ask(257, 0, self.capabilities(application))
