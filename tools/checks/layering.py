#!/usr/bin/env python3
"""Arrows point down only: what each room includes and links, against the picture of the rooms.

Rooms are folders; a folder without a row belongs to the nearest room above it. A room may use itself and the rooms of its
row, and nothing below says that it may use what those use. Heavy libraries have one room each.
"""

import os
import re
import sys

import source

CORE = ["core/base", "core/codec", "core/crypto", "core/runtime", "core/pkcs11", "core/net", "core/http", "core/diameter", "core/sip"]
PROCEDURES = ["broker/identity", "broker/tokens", "broker/keys", "broker/subscriber", "broker/migration",
              "broker/administration", "broker/configuration", "broker/registration"]

MAY_USE = {
    "core/base": [],
    "core/codec": ["core/base"],
    "core/crypto": ["core/base", "core/codec"],
    "core/runtime": ["core/base"],
    "core/pkcs11": ["core/base", "core/crypto", "core/runtime"],
    "core/net": ["core/base", "core/codec", "core/crypto", "core/runtime"],
    "core/http": ["core/base", "core/codec", "core/crypto", "core/runtime", "core/net"],
    "core/diameter": ["core/base", "core/codec", "core/crypto", "core/runtime", "core/net"],
    "core/sip": ["core/base", "core/codec", "core/crypto", "core/runtime", "core/net"],
    "storage": ["core/base", "core/codec", "core/crypto", "core/runtime"],
    # The verifier is linked into other people's servers: no libuv, no RocksDB, no threads, no I/O.
    "broker/tokens/verifier": ["core/base", "core/codec", "core/crypto"],
    # Sign-in issues tokens, and the token endpoints ask who the client is: neighbours, not floors.
    "broker/tokens": CORE + ["storage", "broker", "broker/tokens/verifier", "broker/identity"],
    "broker/identity": CORE + ["storage", "broker", "broker/tokens", "broker/tokens/verifier"],
    "broker/admin": CORE + ["storage", "broker", "broker/tokens/verifier"] + PROCEDURES,
    # What the rooms of the broker stand on (tables, snapshots, context), and main, which puts them together.
    "broker": CORE + ["storage", "broker/tokens/verifier"] + PROCEDURES + ["broker/admin"],
    "tools": CORE + ["storage", "broker", "broker/tokens/verifier"] + PROCEDURES + ["broker/admin"],
    "tests": ["*"],
    "bench": ["*"],
}

# A library stays behind the front of the room that was built around it.
LIBRARY_ROOMS = {
    r"uv\.h$": ["core/runtime", "core/net"],
    r"rocksdb/": ["storage"],
    r"nghttp2/": ["core/http", "tools"],
    r"boost/": ["core/http", "tools"],
    r"simdjson": ["core/codec"],
    r"spdlog/": ["core/base"],
    r"toml\+\+/": ["broker"],
    r"CLI/": ["broker", "tools"],
    r"argon2\.h$": ["core/crypto", "broker/identity"],
    r"sodium": ["core/crypto"],
    r"gmp": ["core/crypto"],
    r"systemd/": ["broker"],
    r"p11-kit/": ["core/pkcs11"],
}
LIBRARY_TARGETS = {
    "PkgConfig::UV": ["core/runtime", "core/net"], "RocksDB::": ["storage"], "PkgConfig::NGHTTP2": ["core/http", "tools"],
    "Boost::": ["core/http", "tools"], "simdjson::": ["core/codec"], "spdlog::": ["core/base"],
    "tomlplusplus::": ["broker"], "CLI11::": ["broker", "tools"], "PkgConfig::SODIUM": ["core/crypto"],
    "PkgConfig::GMP": ["core/crypto"], "PkgConfig::SYSTEMD": ["broker"],
    "PkgConfig::P11KIT": ["core/pkcs11"],
}
# Slow to compile or leaking macros: they stay in .cc files, and in headers that only their own folder includes.
HEAVY = re.compile(r"(spdlog/|toml\+\+/|CLI/|rocksdb/|nghttp2/|simdjson|boost/|argon2\.h|systemd/)")
ROOTS = ("core", "storage", "broker", "tools", "tests", "bench")


def room_of(path):
    while path and path not in MAY_USE:
        path = os.path.dirname(path)
    return path


def refuses(user, used):
    """Whether room `user` may not use room `used`."""
    allowed = MAY_USE.get(user, [])
    return user != used and "*" not in allowed and used not in allowed


def within(room, rooms):
    return room in ("tests", "bench") or any(room == allowed or room.startswith(allowed + "/") for allowed in rooms)


def includes(root, path):
    """(line, name, whether in quotes) of each include."""
    text = source.without_comments(source.read(root, path), keep_literals=True)
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', text, re.MULTILINE):
        yield source.line_of(text, match.start()), match.group(2), match.group(1) == '"'


def check_includes(path, included, includers):
    room, folder = room_of(os.path.dirname(path)), os.path.dirname(path)
    for line, name, is_quoted in included:
        where = f"{path}:{line}"
        if name.split("/")[0] in ROOTS and is_quoted:
            used = room_of(os.path.dirname(name))
            if not used:
                yield f"{where}: {name} is in no room that this check knows (tools/checks/layering.py)"
            elif refuses(room, used):
                yield f"{where}: {room} must not include {used}"
        elif is_quoted and "/" not in name and room not in ("tests", "bench") and not name.endswith("_generated.h"):
            yield f'{where}: include from the root: "{folder}/{name}"'
        for library, rooms in LIBRARY_ROOMS.items():
            if re.match(library, name) and not within(room, rooms):
                yield f"{where}: <{name}> belongs behind the front of {' or '.join(rooms)}"
        if HEAVY.match(name) and path.endswith(".h") and room not in ("tests", "bench"):
            outside = sorted(includer for includer in includers.get(path, []) if os.path.dirname(includer) != folder)
            if outside:
                yield f"{where}: <{name}> is heavy, and {outside[0]} includes this header: keep the library in a .cc"


def commands(text):
    """(name, arguments, line) of each CMake command, comments taken out."""
    text = re.sub(r"#[^\n]*", lambda match: " " * len(match.group(0)), text)
    for match in re.finditer(r"^[ \t]*([A-Za-z_]\w*)[ \t]*\(([^()]*)\)", text, re.MULTILINE):
        yield match.group(1).lower(), match.group(2).split(), source.line_of(text, match.start())


def check_targets(root, paths):
    home, links = {}, []
    for path in paths:
        if os.path.basename(path) != "CMakeLists.txt":
            continue
        folder = os.path.dirname(path)
        for name, arguments, line in commands(source.read(root, path)):
            if name.startswith("claviger_") and arguments:
                target = arguments[0]
                if name not in ("claviger_test", "claviger_bench", "claviger_fuzz"):
                    home[target] = folder
                links += [(folder, path, line, used) for used in arguments[1:]]
            elif name in ("add_library", "add_executable") and arguments:
                home.setdefault(arguments[0], folder)
            elif name == "target_link_libraries" and arguments:
                links += [(folder, path, line, used) for used in arguments[1:]]
    for folder, path, line, used in links:
        room = room_of(folder)
        plain = re.sub(r"^claviger(::|_)", "", used)
        target_folder = home.get(plain, home.get(used))
        if target_folder is not None and used.startswith("claviger"):
            used_room = room_of(target_folder)
            if refuses(room, used_room):
                yield f"{path}:{line}: {room} must not link {used} ({used_room})"
        elif used.startswith("claviger::"):
            yield f"{path}:{line}: no folder makes a target {used}"
        for library, rooms in LIBRARY_TARGETS.items():
            if used.startswith(library) and not within(room, rooms):
                yield f"{path}:{line}: {used} belongs behind the front of {' or '.join(rooms)}"


def check(root):
    paths = source.files(root)
    included = {path: list(includes(root, path)) for path in paths if source.is_cpp(path) and path.split("/")[0] in ROOTS}
    includers = {}
    for path, found in included.items():
        for _, name, _ in found:
            if not path.startswith(("tests/", "bench/")):
                includers.setdefault(name, []).append(path)
    complaints = [text for path in included for text in check_includes(path, included[path], includers)]
    return complaints + list(check_targets(root, paths))


if __name__ == "__main__":
    sys.exit(source.main(check, "layering"))
