#!/usr/bin/env python3
"""Every path that a README names exists: hand-kept maps rot.

Looked at are words in backticks and in code blocks that look like a path of the tree: `core/base/slice.h`, `slice.h`,
`tools/test full`, `core/base/{slice,secret}.h`, `broker/*/README.md`. A path is looked for from the root and from the
README's own folder; a bare file name anywhere in the tree. What a build or a run makes is left out.
"""

import fnmatch
import os
import re
import sys

import source

TOP = {"bench", "broker", "core", "storage", "tests", "tools", ".ci"}
FILE_NAME = re.compile(r"[\w*-]+\.(h|cc|py|cmake|fbs|toml|service|md|mjs|html|css)$")
SHAPE = re.compile(r"[\w.*{},+-]+(/[\w.*{},+-]+)*/?$")


def braces(pattern):
    """`a/{b,c}.h` as a/b.h and a/c.h."""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if not match:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end():]
    return [whole for part in match.group(1).split(",") for whole in braces(before + part + after)]


def words(text):
    """(line, word) of each candidate."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        if fenced or line.startswith("    "):
            candidates = re.split(r"[\s;|&()\"']+", line.split(" #")[0])
            yield from ((number, word) for word in candidates if word.split("/")[0] in TOP and "/" in word)
        else:
            for quoted in re.findall(r"`([^`]+)`", line):
                word = quoted.split()[0] if quoted.split() else ""
                yield number, word
                yield from ((number, more) for more in quoted.split()[1:] if more.split("/")[0] in TOP and "/" in more)
            for target in re.findall(r"\]\(([^)#\s]+)", line):
                if "://" not in target:
                    yield number, target


def check(root):
    paths = source.files(root)
    folders = {os.path.dirname(path) for path in paths}
    folders |= {"/".join(folder.split("/")[:depth]) for folder in folders for depth in range(1, folder.count("/") + 1)}
    names = {os.path.basename(path) for path in paths}
    everything = set(paths) | folders

    def exists(pattern):
        return pattern in everything or ("*" in pattern and any(fnmatch.fnmatchcase(path, pattern) for path in everything))

    complaints = []
    for readme in paths:
        if os.path.basename(readme) != "README.md":
            continue
        here = os.path.dirname(readme)
        for line, word in words(source.read(root, readme)):
            word = re.sub(r"(:\d+)?[.,:]*$", "", word.removeprefix("./")).rstrip("/")
            if not SHAPE.match(word):
                continue
            is_path = "/" in word and (word.split("/")[0] in TOP or FILE_NAME.search(word)
                                       or os.path.isdir(os.path.join(root, here, word.split("/")[0])))
            if not is_path and not FILE_NAME.match(word):
                continue
            for pattern in braces(word):
                found = exists(pattern) or exists(os.path.normpath(os.path.join(here, pattern)))
                if not found and "/" not in pattern:
                    found = any(fnmatch.fnmatchcase(name, pattern) for name in names)
                if not found:
                    complaints.append(f"{readme}:{line}: there is no {pattern}")
    return complaints


if __name__ == "__main__":
    sys.exit(source.main(check, "readmes"))
