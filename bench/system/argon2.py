"""libargon2 itself, through ctypes: what a hash costs alone, and hashes as another server would hand them over."""

import ctypes
import ctypes.util

from machine import own_cpu_of

_COSTS = [ctypes.c_uint32] * 3
_TEXTS = [ctypes.c_char_p, ctypes.c_size_t] * 2


def _library():
    name = ctypes.util.find_library("argon2")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.argon2id_hash_raw.argtypes = [*_COSTS, *_TEXTS, ctypes.c_char_p, ctypes.c_size_t]
    library.argon2id_hash_encoded.argtypes = [*_COSTS, *_TEXTS, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    return library


def phc(password, memory_kib, passes, lanes):
    """A PHC string; None without the library."""
    library, out, secret, salt = _library(), ctypes.create_string_buffer(256), password.encode(), b"0123456789abcdef"
    if library is None or library.argon2id_hash_encoded(passes, memory_kib, lanes, secret, len(secret), salt, len(salt), 32, out, 256):
        return None
    return out.value.decode()


def cost_us(memory_kib, passes, lanes, count=2000):
    """CPU microseconds of one hash; None without the library."""
    library, out = _library(), ctypes.create_string_buffer(32)
    if library is None:
        return None

    def hash_all():
        for _ in range(count):
            library.argon2id_hash_raw(passes, memory_kib, lanes, b"correct horse", 13, b"0123456789abcdef", 16, out, 32)

    return own_cpu_of(hash_all) / count * 1e6
