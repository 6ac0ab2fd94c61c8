#!/usr/bin/env python3
"""House rules that a machine can see: the top level, no machine's paths, nothing unfinished, no sleep, no giant, no orphan."""

import json
import os
import re
import sys

import source

TOP = {"CMakeLists.txt", "README.md", "bench", "broker", "core", "storage", "tests", "tools"}
NO_ROOM = {"utils", "util", "common", "helpers", "misc"}
# A concept that needs more has a second noun in it. Data of tests (vectors, corpora) and generated files do not count.
LINES_MAX = 600
CODE = (".h", ".cc", ".py", ".sh", ".cmake", ".mjs", ".js", ".fbs", ".toml", ".txt", ".md", ".service", ".html", ".css")
BYTES_MAX = 1 << 20

# Paths and hosts of the machines that we happen to work on. Written in pieces, so that this file may be checked, too.
MACHINE = re.compile(r"(?<![\w.])/(?:wo" r"rk|fa" r"rm)/\w|/ro" r"ot/\w|artifact" r"ory|regis" r"try\.npm|\.inter" r"nal/")
# A lock file of npm writes down the mirror it was made with; it may name the public registry or none.
PUBLIC_REGISTRY = "https://regis" "try.npmjs.org/"
SLEEP = re.compile(r"\b(?:sleep|usleep|nanosleep|clock_nanosleep|sleep_for|sleep_until)\s*\(")
SCRIPT_SLEEP = re.compile(r"\btime\.sleep\s*\(|^\s*sleep\s+[\d.$\"]", re.MULTILINE)
# The verifier looks at the alignment of a vector's length, four bytes, and not at that of the elements behind it.
WIDE_VECTOR = re.compile(r"\[\s*(?:u?int64|u?long|double|float64)\s*\]|^\s*struct\b", re.MULTILINE)
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|not (?:yet )?implem" r"ented")


def is_data(path):
    return path.startswith(("tests/vectors/", "tests/fuzz/corpus/"))


def check_tree(paths):
    for name in sorted({path.split("/")[0] for path in paths}):
        if not name.startswith(".") and name not in TOP:
            yield f"{name}: the top level holds {', '.join(sorted(TOP))} and dot-files"
    for folder in sorted({os.path.dirname(path) for path in paths}):
        if NO_ROOM & set(folder.split("/")):
            yield f"{folder}: a thing without a named home is not understood yet"


def is_script(path, text):
    return path.endswith(CODE) or text.startswith("#!")


def check_text(path, text):
    for pattern, wrong in ((MACHINE, "a path or host of one machine"), (UNFINISHED, "unfinished: do it, or file an issue")):
        if pattern is UNFINISHED and not is_script(path, text):
            continue
        for match in pattern.finditer(text):
            yield f"{path}:{source.line_of(text, match.start())}: {wrong} ({match.group(0)})"
    if source.is_cpp(path) and not path.startswith("tools/"):  # a tool may wait for the time itself to pass
        clean = source.without_comments(text)
        for match in SLEEP.finditer(clean):
            yield f"{path}:{source.line_of(clean, match.start())}: no sleep: wait for what you wait for, with a deadline"
    elif path.startswith("tests/") and is_script(path, text):
        for match in SCRIPT_SLEEP.finditer(text):
            yield f"{path}:{source.line_of(text, match.start())}: no sleep in tests"
    if path.endswith(".fbs"):
        for match in WIDE_VECTOR.finditer(text):
            yield f"{path}:{source.line_of(text, match.start())}: a stored vector of this would be read misaligned"
    lines = text.count("\n")
    if is_script(path, text) and lines > LINES_MAX:
        yield f"{path}: {lines} lines: look for the second noun"


def unrolled(text):
    """A CMakeLists.txt whose innermost foreach blocks are written out: foreach(name a b) ${name}.cc endforeach()."""

    def write_out(match):
        return "".join(match.group(3).replace("${" + match.group(1) + "}", value) for value in match.group(2).split())

    return re.sub(r"foreach\((\w+)\s+([^()]*)\)(.*?)endforeach\(\)", write_out, text, flags=re.DOTALL)


def check_orphans(root, paths):
    """Each .cc is named in the CMakeLists.txt of its folder or one above: a test that nobody builds never fails."""
    by_path = "".join(source.read(root, path) for path in paths if path.endswith((".cmake", "CMakeLists.txt")))
    lists = {os.path.dirname(path): unrolled(source.read(root, path)) for path in paths
             if os.path.basename(path) == "CMakeLists.txt"}
    for path in paths:
        if not path.endswith(".cc"):
            continue
        folder, name, found = os.path.dirname(path), path, False
        while not found:
            relative = os.path.relpath(name, folder) if folder else name
            found = re.search(rf"(?<![\w./]){re.escape(relative)}(?![\w.])", lists.get(folder, "")) is not None
            if not folder:
                break
            folder = os.path.dirname(folder)
        if not found and path not in by_path:
            yield f"{path}: no CMakeLists.txt builds it"


def check_fuzz(paths):
    """Each fuzz target has a corpus to start from, named by its path without _fuzz.cc."""
    corpora = {os.path.dirname(path) for path in paths if path.startswith("tests/fuzz/corpus/")}
    for path in paths:
        if path.startswith("tests/fuzz/") and path.endswith("_fuzz.cc"):
            corpus = "tests/fuzz/corpus/" + path[len("tests/fuzz/"):-len("_fuzz.cc")]
            if not any(folder == corpus or folder.startswith(corpus + "/") for folder in corpora):
                yield f"{path}: its corpus {corpus} is empty"


def check_lock(path, text):
    packages = json.loads(text).get("packages", {})
    for name, package in packages.items():
        if not package.get("resolved", PUBLIC_REGISTRY).startswith(PUBLIC_REGISTRY):
            yield f"{path}: {name} comes from {package['resolved']}"


def check(root):
    paths = source.files(root)
    complaints = list(check_tree(paths)) + list(check_orphans(root, paths)) + list(check_fuzz(paths))
    for path in paths:
        if os.path.basename(path) == "package-lock.json":
            complaints += check_lock(path, source.read(root, path))
            continue
        if is_data(path):
            continue
        if os.path.getsize(os.path.join(root, path)) > BYTES_MAX:
            complaints.append(f"{path}: more than {BYTES_MAX} bytes")
            continue
        complaints += check_text(path, source.read(root, path))
    return complaints


if __name__ == "__main__":
    sys.exit(source.main(check, "house"))
