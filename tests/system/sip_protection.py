"""The UE's side of protected bodies (TS 33.180 clauses 5.4, 9.3, F.1.4), written from the standard: keys from a CSK, encrypted elements
and attributes, signatures over parts. AES-GCM is libcrypto's, by ctypes.
"""

import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import re

from sip_core import INFO, SETTINGS, settings

CRYPTO = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
for function in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm"):
    getattr(CRYPTO, function).restype = ctypes.c_void_p
GET_TAG, SET_TAG = 0x10, 0x11
DS, XENC = "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/04/xmlenc#"


def aes_gcm(key, iv, data, tag=None):
    """Encrypts to (ciphertext, tag); with a tag decrypts, and None where it does not hold."""
    way = "Encrypt" if tag is None else "Decrypt"
    context = ctypes.c_void_p(CRYPTO.EVP_CIPHER_CTX_new())
    out, size = ctypes.create_string_buffer(len(data) + 16), ctypes.c_int()
    try:
        getattr(CRYPTO, f"EVP_{way}Init_ex")(context, ctypes.c_void_p(CRYPTO.EVP_aes_128_gcm()), None, key, iv)
        getattr(CRYPTO, f"EVP_{way}Update")(context, out, ctypes.byref(size), data, len(data))
        text = out.raw[:size.value]
        if tag is not None:
            CRYPTO.EVP_CIPHER_CTX_ctrl(context, SET_TAG, 16, tag)
            return text if CRYPTO.EVP_DecryptFinal_ex(context, out, ctypes.byref(size)) == 1 else None
        CRYPTO.EVP_EncryptFinal_ex(context, out, ctypes.byref(size))
        made = ctypes.create_string_buffer(16)
        CRYPTO.EVP_CIPHER_CTX_ctrl(context, GET_TAG, 16, made)
        return text, made.raw
    finally:
        CRYPTO.EVP_CIPHER_CTX_free(context)


def b64(data):
    return base64.b64encode(data).decode()


class Csk:
    """A CSK with its identifier, and what is derived from it for one MC service ID."""

    def __init__(self, number, secret, user, message=""):
        self.id, self.secret, self.user, self.message = bytes.fromhex(number), secret, user, message
        self.name = b64(self.id)
        self.cipher, self.mac = self.derive(0x51), self.derive(0x52)

    def derive(self, use):
        user = self.user.encode()
        text = bytes([use]) + user + len(user).to_bytes(2, "big") + self.id + (4).to_bytes(2, "big")
        return hmac.new(self.secret, text, hashlib.sha256).digest()[-16:]

    def element(self, content):
        iv = os.urandom(12)
        text, tag = aes_gcm(self.cipher, iv, content.encode())
        return (f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Content"><xenc:EncryptionMethod '
                f'Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/><ds:KeyInfo xmlns:ds="{DS}"><ds:KeyName>{self.name}</ds:KeyName>'
                f"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{b64(iv + text + tag)}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>")

    def attribute(self, value):
        iv = os.urandom(12)
        text, tag = aes_gcm(self.cipher, iv, value.encode())
        return f"sip:{b64(text + tag)};iv={b64(iv)};key-id={self.name};alg=128-aes-gcm@ue.example"

    def open_attribute(self, value):
        found = re.fullmatch(r"sip:([^;]+);iv=([^;]+);key-id=([^;]+);alg=128-aes-gcm@.*", value)
        if not found or found.group(3) != self.name:
            return None
        sealed, iv = base64.b64decode(found.group(1)), base64.b64decode(found.group(2))
        text = aes_gcm(self.cipher, iv, sealed[:-16], sealed[-16:])
        return text.decode() if text is not None else None

    def signature(self, content_id, octets):
        digest = b64(hashlib.sha256(octets.encode()).digest())
        signed = (f'<SignedInfo xmlns="{DS}"><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315">'
                  '</CanonicalizationMethod><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"></SignatureMethod>'
                  f'<Reference URI="cid:{content_id}"><DigestMethod Algorithm="{XENC}sha256"></DigestMethod><DigestValue>{digest}</DigestValue>'
                  "</Reference></SignedInfo>")
        value = b64(hmac.new(self.mac, signed.encode(), hashlib.sha256).digest())
        return (f'<Signature xmlns="{DS}">{signed}<SignatureValue>{value}</SignatureValue><KeyInfo><KeyName>{self.name}</KeyName></KeyInfo>'
                "</Signature>")


def info(service="mcptt", csk=None, token=None, client=None, uri=None):
    """As sip_core.info(), encrypted under the CSK."""
    def element(name, kind, value):
        if not value:
            return ""
        inside = f"<{service}{kind}>{value}</{service}{kind}>"
        return f'<{service}-{name} type="Encrypted">{csk.element(inside)}</{service}-{name}>'
    return (f'<?xml version="1.0"?><{service}info xmlns="urn:3gpp:ns:{service}Info:1.0"><{service}-Params>'
            + element("access-token", "String", token) + element("client-id", "String", client)
            + element("request-uri", "URI", uri) + f"</{service}-Params></{service}info>")


class Body:
    """A multipart body, part by part."""

    def __init__(self, service="mcptt"):
        self.service, self.parts, self.signed = service, [], []

    def add(self, kind, text, content_id="", encoding=""):
        head = f"Content-Type: {kind}\r\n" + (f"Content-ID: <{content_id}>\r\n" if content_id else "")
        head += f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else ""
        self.parts.append(head + "\r\n" + text)
        if content_id:
            self.signed.append((content_id, text))
        return self

    def info(self, text):
        return self.add(INFO.format(self.service), text, "info@ue")

    def settings(self, client, mode="automatic", csk=None):
        text = settings(client, mode)
        return self.add(SETTINGS, text.replace(f'id="{client}"', f'id="{csk.attribute(client)}"') if csk else text, "settings@ue")

    def mikey(self, message):
        return self.add("application/mikey", message, encoding="base64")

    def signing_too(self, content_id):
        self.signed.append((content_id, "x"))
        return self

    def sign(self, csk, only=None):
        inside = "".join(csk.signature(content_id, text) for content_id, text in self.signed if only is None or content_id in only)
        document = f'<?xml version="1.0"?><signatures xmlns="urn:3gpp:ns:{self.service}SignedDoc:1.0">{inside}</signatures>'
        return self.add(f"application/vnd.3gpp.{self.service}-signed+xml", document)

    def done(self):
        return "multipart/mixed;boundary=b7", "".join(f"--b7\r\n{part}\r\n" for part in self.parts) + "--b7--\r\n"
