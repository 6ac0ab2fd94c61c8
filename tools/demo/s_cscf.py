"""An S-CSCF's side of Cx over one Diameter connection, in a few lines: what is said is all here to be read (RFC 6733,
TS 29.229)."""

import os
import socket
import struct

CX, VENDOR = 16777216, 10415
UAR, SAR, LIR, MAR, RTR = 300, 301, 302, 303, 304
COMMANDS = {257: "CER", 280: "DWR", 282: "DPR", UAR: "UAR", SAR: "SAR", LIR: "LIR", MAR: "MAR", RTR: "RTR"}


def avp(code, value, vendor=0, mandatory=True):
    """`value`: bytes, text, a number, or a list of AVPs."""
    if isinstance(value, list):
        value = b"".join(value)
    elif isinstance(value, str):
        value = value.encode()
    elif isinstance(value, int):
        value = struct.pack("!I", value)
    flags = (0x80 if vendor else 0) | (0x40 if mandatory else 0)
    head = struct.pack("!I", code) + struct.pack("!I", flags << 24 | (12 if vendor else 8) + len(value))
    head += struct.pack("!I", vendor) if vendor else b""
    return head + value + bytes(-len(value) % 4)


def cx(code, value):
    return avp(code, value, VENDOR)


def read_avps(octets):
    """[(code, vendor, data)] of a message's or a group's AVPs."""
    found, at = [], 0
    while at + 8 <= len(octets):
        code, word = struct.unpack_from("!II", octets, at)
        length, has_vendor = word & 0xFFFFFF, word >> 31
        vendor = struct.unpack_from("!I", octets, at + 8)[0] if has_vendor else 0
        found.append((code, vendor, octets[at + (12 if has_vendor else 8):at + length]))
        at += (length + 3) & ~3
    return found


class Message:
    def __init__(self, octets):
        self.octets = octets
        self.flags, self.command = octets[4], int.from_bytes(octets[5:8], "big")
        self.application, self.hop_by_hop, self.end_to_end = struct.unpack_from("!III", octets, 8)
        self.avps = read_avps(octets[20:])

    def find(self, code, vendor=0):
        return next((data for its, of, data in self.avps if (its, of) == (code, vendor)), None)

    def text(self, code, vendor=0):
        data = self.find(code, vendor)
        return None if data is None else data.decode()

    def result(self):
        """"2001", or "3GPP 5001"."""
        code = self.find(268)
        if code is not None:
            return str(int.from_bytes(code, "big"))
        group = read_avps(self.find(297) or b"")
        return "3GPP " + str(next(int.from_bytes(data, "big") for its, _, data in group if its == 298))

    def is_request(self):
        return bool(self.flags & 0x80)


class Node:
    """One connection to a Diameter node, as `identity` of `realm`."""

    def __init__(self, host, port, identity, realm, timeout=10):
        self.identity, self.realm = identity, realm
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.sessions, self.hop_by_hop = 0, int.from_bytes(os.urandom(3), "big")
        self.buffer = b""
        self.requests = []  # of the peer, that came while we waited for an answer
        self.sent, self.received = [], []
        answer = self.ask(257, 0, [avp(257, b"\0\1\x7f\0\0\1"), avp(266, 0), avp(269, "demo", mandatory=False), avp(265, VENDOR),
                                   avp(258, CX), avp(260, [avp(266, VENDOR), avp(258, CX)])], proxiable=False)
        if answer.result() != "2001":
            raise ConnectionError("capabilities exchange: " + answer.result())

    def send(self, octets):
        self.sent.append(octets)
        self.socket.sendall(octets)

    def receive(self):
        while True:
            if len(self.buffer) >= 4:
                length = int.from_bytes(self.buffer[1:4], "big")
                if len(self.buffer) >= length:
                    octets, self.buffer = self.buffer[:length], self.buffer[length:]
                    message = Message(octets)
                    self.received.append(octets)
                    if message.command == 280 and message.is_request():
                        self.answer(message, [avp(268, 2001)])
                        continue
                    return message
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("the peer has closed")
            self.buffer += more

    def request(self, command, application, avps, proxiable=True):
        self.hop_by_hop += 1
        body = b"".join([avp(264, self.identity), avp(296, self.realm), *avps]) if command in (257, 280, 282) else b"".join(avps)
        flags = 0x80 | (0x40 if proxiable else 0)
        head = struct.pack("!I", 1 << 24 | 20 + len(body)) + struct.pack("!I", flags << 24 | command)
        return head + struct.pack("!III", application, self.hop_by_hop, self.hop_by_hop) + body

    def ask(self, command, application, avps, proxiable=True):
        octets = self.request(command, application, avps, proxiable)
        self.send(octets)
        wanted = Message(octets).hop_by_hop
        while True:
            message = self.receive()
            if message.is_request():
                self.requests.append(message)
            elif message.hop_by_hop == wanted:
                return message

    def answer(self, request, avps):
        session = request.text(263)
        head = [avp(263, session)] if session else []
        body = b"".join([*head, avp(264, self.identity), avp(296, self.realm), *avps])
        octets = (struct.pack("!I", 1 << 24 | 20 + len(body)) + struct.pack("!I", (request.flags & 0x40) << 24 | request.command) +
                  struct.pack("!III", request.application, request.hop_by_hop, request.end_to_end) + body)
        self.send(octets)

    def ask_cx(self, command, realm, avps, host=None):
        """The AVPs that every request of Cx has, then `avps`."""
        self.sessions += 1
        head = [avp(263, f"{self.identity};{os.getpid()};{self.sessions};{os.urandom(4).hex()}"), avp(264, self.identity),
                avp(296, self.realm)]
        if host:
            head.append(avp(293, host))
        head += [avp(283, realm), avp(260, [avp(266, VENDOR), avp(258, CX)]), avp(277, 1)]
        return self.ask(command, CX, head + avps)

    def multimedia_auth(self, realm, impi, impu, server_name, scheme="Digest-AKAv1-MD5", resynchronisation=None, items=1):
        item = [cx(608, scheme)] + ([cx(610, resynchronisation)] if resynchronisation else [])
        return self.ask_cx(MAR, realm, [cx(601, impu), avp(1, impi), cx(607, items), cx(612, item), cx(602, server_name)])

    def user_authorization(self, realm, impi, impu, kind=None):
        asked = [cx(601, impu), avp(1, impi), cx(600, realm)]
        return self.ask_cx(UAR, realm, asked + ([cx(623, kind)] if kind is not None else []))

    def server_assignment(self, realm, impi, impu, server_name, kind):
        return self.ask_cx(SAR, realm, [avp(1, impi), cx(601, impu), cx(602, server_name), cx(614, kind), cx(624, 0)])

    def location_info(self, realm, impu):
        return self.ask_cx(LIR, realm, [cx(601, impu)])

    def close(self):
        self.socket.close()


def vector_of(answer):
    """RAND, AUTN, XRES, CK, IK of a good answer."""
    item = {code: data for code, _, data in read_avps(answer.find(612, VENDOR))}
    return item[609][:16], item[609][16:], item[610], item[625], item[626]
