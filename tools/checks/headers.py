#!/usr/bin/env python3
"""A header is a contract: it opens with a comment that says what it is, then #pragma once, then its includes.

And a .cc includes its own header before anything else, so that the header's own includes are complete.
"""

import os
import re
import sys

import source


def check_header(path, text):
    lines = text.split("\n")
    if not lines[0].startswith("// ") or len(lines[0]) < 20:
        yield f"{path}:1: opens with what it is, who owns it, where it lives: a comment of sentences"
    pragma = next((number for number, line in enumerate(lines, 1) if line.strip() == "#pragma once"), None)
    code = next((number for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("//")), None)
    if pragma is None:
        yield f"{path}:1: no #pragma once"
    elif pragma != code:
        yield f"{path}:{code}: #pragma once comes right after the opening comment"
    if re.search(r"^#ifndef\s+\w+_H_?\b", text, re.MULTILINE):
        yield f"{path}:1: #pragma once, not an include guard"
    clean = source.without_comments(text)
    match = re.search(r"^using namespace\b", clean, re.MULTILINE)
    if match:
        yield f"{path}:{source.line_of(clean, match.start())}: a header opens no namespace to those who include it"


def check_own_header_first(root, path, text):
    own = path[:-3] + ".h"
    if not os.path.exists(os.path.join(root, own)):
        return
    first = re.search(r'^#include\s+[<"]([^>"]+)[>"]', source.without_comments(text, keep_literals=True), re.MULTILINE)
    if first and first.group(1) != own:
        yield f'{path}:{source.line_of(text, first.start())}: its own header comes first: #include "{own}"'


def check(root):
    complaints = []
    for path in source.files(root):
        if path.endswith(".h"):
            complaints += check_header(path, source.read(root, path))
        elif path.endswith(".cc"):
            complaints += check_own_header_first(root, path, source.read(root, path))
    return complaints


if __name__ == "__main__":
    sys.exit(source.main(check, "headers"))
