"""A subscriber module (USIM, ISIM) in software: Milenage with an AES of its own, the array of sequence numbers, and HTTP
Digest AKA with it (TS 35.206, TS 33.102 annex C, RFC 3310). It shares no line with what it tests."""

import base64
import hashlib
import re
import secrets

IND_BITS = 5
DELTA = 1 << 28


def _tables():
    """FIPS 197 clause 5.1.1: inverses in GF(2^8), then the affine map."""
    exponent, logarithm, value = [0] * 256, [0] * 256, 1
    for i in range(255):
        exponent[i], logarithm[value] = value, i
        value ^= (value << 1) ^ (0x11B if value & 0x80 else 0)
        value &= 0xFF
    box = []
    for i in range(256):
        inverse = exponent[(255 - logarithm[i]) % 255] if i else 0
        result = 0x63
        for shift in range(5):
            result ^= ((inverse << shift) | (inverse >> (8 - shift))) & 0xFF
        box.append(result)
    return box


BOX = _tables()


def _double(octet):
    return ((octet << 1) ^ (0x1B if octet & 0x80 else 0)) & 0xFF


def xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


class Aes128:
    def __init__(self, key):
        words, constant = [list(key[i:i + 4]) for i in range(0, 16, 4)], 1
        for i in range(4, 44):
            word = list(words[i - 1])
            if i % 4 == 0:
                word = [BOX[octet] for octet in word[1:] + word[:1]]
                word[0] ^= constant
                constant = _double(constant)
            words.append([a ^ b for a, b in zip(words[i - 4], word)])
        self.keys = [bytes(sum(words[i:i + 4], [])) for i in range(0, 44, 4)]

    def encrypt(self, block):
        state = list(xor(block, self.keys[0]))
        for number in range(1, 11):
            state = [BOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
            if number < 10:
                mixed = []
                for column in range(0, 16, 4):
                    a = state[column:column + 4]
                    total = a[0] ^ a[1] ^ a[2] ^ a[3]
                    mixed += [a[i] ^ total ^ _double(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
                state = mixed
            state = list(xor(state, self.keys[number]))
        return bytes(state)


class Milenage:
    def __init__(self, key, opc):
        self.cipher, self.opc = Aes128(key), opc

    def _output(self, rand, octets, constant):
        mixed = xor(self.cipher.encrypt(xor(rand, self.opc)), self.opc)
        turned = bytearray(mixed[octets:] + mixed[:octets])
        turned[15] ^= constant
        return xor(self.cipher.encrypt(bytes(turned)), self.opc)

    def f1(self, rand, sqn, amf):
        """MAC-A, MAC-S."""
        block = xor((sqn + amf) * 2, self.opc)
        out = xor(self.cipher.encrypt(xor(self.cipher.encrypt(xor(rand, self.opc)), block[8:] + block[:8])), self.opc)
        return out[:8], out[8:]

    def f2_f5(self, rand):
        """RES, AK."""
        out = self._output(rand, 0, 1)
        return out[8:], out[:6]

    def f5_star(self, rand):
        return self._output(rand, 12, 8)[:6]


class Refused(Exception):
    """The network does not have our key."""


class Module:
    def __init__(self, key, opc):
        self.functions = Milenage(bytes.fromhex(key), bytes.fromhex(opc))
        self.highest = [0] * (1 << IND_BITS)

    def sequence(self, nonce):
        """SQN of a challenge, whatever it is worth."""
        rand, autn = nonce[:16], nonce[16:32]
        _, ak = self.functions.f2_f5(rand)
        sqn = xor(autn[:6], ak)
        if self.functions.f1(rand, sqn, autn[6:8])[0] != autn[8:]:
            raise Refused
        return int.from_bytes(sqn)

    def take(self, nonce):
        """RES; or None when the challenge is not fresh: then auts() is the answer."""
        sqn = self.sequence(nonce)
        seq, ind = sqn >> IND_BITS, sqn & ((1 << IND_BITS) - 1)
        if seq <= self.highest[ind] or seq - max(self.highest) > DELTA:
            return None
        self.highest[ind] = seq
        return self.functions.f2_f5(nonce[:16])[0]

    def auts(self, nonce):
        sqn = (max(self.highest) << IND_BITS).to_bytes(6)
        return xor(sqn, self.functions.f5_star(nonce[:16])) + self.functions.f1(nonce[:16], sqn, b"\0\0")[1]


def parameters_of(challenge):
    return {name.lower(): quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', challenge)}


def first(impi):
    return f'Digest username="{impi}", realm="", nonce="", uri="/", response=""'


def answer(impi, challenge, method, target, response_of):
    """`response_of(nonce)` is RES as octets, or None and AUTS."""
    asked = parameters_of(challenge)
    nonce = base64.b64decode(asked["nonce"])
    res, auts = response_of(nonce)
    cnonce, count = secrets.token_hex(8), "00000001"

    def md5(octets):
        return hashlib.md5(octets).hexdigest()

    a1 = md5(f'{impi}:{asked["realm"]}:'.encode() + (res or b""))
    response = md5(":".join((a1, asked["nonce"], count, cnonce, "auth", md5(f"{method}:{target}".encode()))).encode())
    header = (f'Digest username="{impi}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{target}", '
              f'response="{response}", algorithm=AKAv1-MD5, qop=auth, nc={count}, cnonce="{cnonce}"')
    if "opaque" in asked:
        header += f', opaque="{asked["opaque"]}"'
    return header + (f', auts="{base64.b64encode(auts).decode()}"' if auts else "")
