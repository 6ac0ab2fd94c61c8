#!/usr/bin/env python3
"""The document of a run: what every bench command writes, and what the report and bench/compare read.

usage: bench/report/document.py RUN.json [REPORT.html]      draws the report of a run again

  {"kind": "run",                 which command made it: run, day, peers, profile, compare
   "title", "command",            words for the head and foot of the report (may be missing)
   "machine": {...},              machine.describe()
   "rows": [{name, ours, unit, peer, peer_value, ratio, bar, is_met, samples, peer_samples}],
                                  samples: one value a repetition, in their order; bench/compare tests these
   "interleaved": "...",          the same in two documents whose repetitions were taken in turn
   "series": {name: {"unit", "t": [...], "v": [...]}},
                                  t in seconds from the beginning; with "x": "users" it counts those instead;
                                  "a/b" or "a p99" is a line of plot a
   "events": [{"t", "what"}],     marks in the plots
   "tables": [{"title", "columns", "rows", "note"}],
   "flames": [{"title", "stacks": {"thread;outer;inner": samples}}],
   "cards": {name: number},       beside the count of bars met
   "notes": ["..."]}
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import page  # noqa: E402

KINDS = tuple(page.KINDS)


class Malformed(Exception):
    """A file that is not a run of ours; says what is wrong with it."""


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError) as error:
        raise Malformed(f"{path}: {error}") from None
    check(document, path)
    return document


def check(document, path="document"):
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise Malformed(f"{path}: no kind: not written by a bench command")
    for row in document.get("rows", []):
        if not isinstance(row.get("name"), str) or "ours" not in row:
            raise Malformed(f"{path}: a row without name and ours")
    for name, one in (document.get("series") or {}).items():
        if len(one.get("t", ())) != len(one.get("v", ())):
            raise Malformed(f"{path}: series {name}: {len(one.get('t', ()))} times, {len(one.get('v', ()))} values")
    for event in document.get("events") or []:
        if not isinstance(event.get("t"), (int, float)) or not isinstance(event.get("what"), str):
            raise Malformed(f"{path}: an event without t and what")


def write(document, path, text=""):
    """RUN.json, RUN.txt (when there is a text) and RUN.html beside each other; their paths."""
    check(document, path)
    stem = path.removesuffix(".json")
    made = {".json": json.dumps(document, indent=1), ".txt": text, ".html": page.page(document)}
    written = []
    for ending, content in made.items():
        if content:
            with open(stem + ending, "w", encoding="utf-8") as file:
                file.write(content)
            written.append(stem + ending)
    return written


def main(arguments):
    if len(arguments) not in (1, 2) or arguments[0].startswith("-"):
        print(__doc__.split("usage: ")[1].split("\n\n")[0], file=sys.stderr)
        return 2
    try:
        document = read(arguments[0])
    except Malformed as malformed:
        print(malformed, file=sys.stderr)
        return 1
    path = arguments[1] if len(arguments) == 2 else arguments[0].removesuffix(".json") + ".html"
    with open(path, "w", encoding="utf-8") as file:
        file.write(page.page(document))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
