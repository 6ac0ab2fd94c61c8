#!/usr/bin/env python3
"""Every test that tests/rows names exists: a row whose test was renamed or removed shows.

A file there has sections ("== what") and rows ("row | test; test"); a test is Suite.Name of GoogleTest, or "file: words",
where the words stand in that file; "none: why" says that there is none.
"""

import os
import re
import sys

import source

TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
NAME = re.compile(r"^\w+\.\w+$")
FILE = re.compile(r"^([\w.-]+\.(?:py|mjs|cc)): (.+)$")


def check(root):
    paths = source.files(root)
    known, by_name, tables = set(), {}, []
    for path in paths:
        if path.startswith("tests/rows/") and path.endswith(".txt"):
            tables.append(path)
        elif path.startswith(("tests/", "tools/demo/")):
            by_name.setdefault(os.path.basename(path), []).append(path)
            if path.endswith("_test.cc"):
                known |= {f"{suite}.{name}" for suite, name in TEST.findall(source.read(root, path))}
    complaints = []
    for table in tables:
        has_section = False
        for number, line in enumerate(source.read(root, table).split("\n"), 1):
            here = f"{table}:{number}"
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("== "):
                has_section = True
                continue
            row, bar, tests = line.partition(" | ")
            if not bar or not row.strip() or not has_section:
                complaints.append(f"{here}: not a row of a section")
                continue
            if tests.startswith("none: ") and len(tests) > 10:
                continue
            for test in tests.split("; "):
                if NAME.match(test):
                    if test not in known:
                        complaints.append(f"{here}: there is no test {test}")
                    continue
                named = FILE.match(test)
                if not named:
                    complaints.append(f"{here}: {test!r} names no test")
                elif not any(named[2] in source.read(root, path) for path in by_name.get(named[1], [])):
                    complaints.append(f"{here}: {named[1]} does not say {named[2]!r}")
    return complaints


if __name__ == "__main__":
    sys.exit(source.main(check, "rows"))
