"""libjwt through ctypes: what a token costs when it is verified, ES256, with the key parsed from PEM each time (its only way)."""

import ctypes
import ctypes.util
import subprocess

from machine import own_cpu_of

ES256 = 7  # jwt_alg_t
TOKENS, ROUNDS = 16, 2000


def _library():
    name = ctypes.util.find_library("jwt")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.jwt_new.argtypes = [ctypes.POINTER(ctypes.c_void_p)]
    library.jwt_free.argtypes = [ctypes.c_void_p]
    library.jwt_add_grant.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    library.jwt_set_alg.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.jwt_encode_str.argtypes = [ctypes.c_void_p]
    library.jwt_encode_str.restype = ctypes.c_void_p
    library.jwt_decode.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
    return library


def _pem_pair():
    def openssl(*arguments, given=None):
        return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout

    private = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    return private, openssl("pkey", "-pubout", given=private)


def _token(library, private, number):
    jwt = ctypes.c_void_p()
    if library.jwt_new(ctypes.byref(jwt)) != 0:
        return None
    for name, value in (("sub", f"user-{number}"), ("iss", "https://idms.example/idms/v1/alpha"), ("scope", "a" * 300)):
        library.jwt_add_grant(jwt, name.encode(), value.encode())
    library.jwt_set_alg(jwt, ES256, private, len(private))
    made = library.jwt_encode_str(jwt)
    library.jwt_free(jwt)
    return ctypes.string_at(made) if made else None


def verification_us():
    """CPU microseconds of one decode and verification; None without the library."""
    library = _library()
    if library is None:
        return None
    private, public = _pem_pair()
    tokens = [_token(library, private, i) for i in range(TOKENS)]
    if None in tokens:
        return None
    refused = 0

    def verify_all():
        nonlocal refused
        jwt = ctypes.c_void_p()
        for i in range(ROUNDS):
            if library.jwt_decode(ctypes.byref(jwt), tokens[i % TOKENS], public, len(public)) == 0:
                library.jwt_free(jwt)
            else:
                refused += 1

    spent = own_cpu_of(verify_all)
    return None if refused else spent / ROUNDS * 1e6
