#!/usr/bin/env python3
"""The bash completion, asked as bash asks it. usage: bash_completion_test.py CLAVIGERCTL"""

import subprocess
import sys

SCRIPT = """
source /dev/stdin <<< "$("$1" completion bash)"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_clavigerctl
printf '%s\\n' "${COMPREPLY[@]}"
"""

# What was typed, and some of what must, and must not, be offered.
CASES = [
    ([""], ["user", "status", "tenant", "--socket"], ["add", "FILE"]),
    (["us"], ["user"], ["status"]),
    (["user", ""], ["add", "import", "set-password"], ["status"]),
    (["--socket", "/s", "user", "se"], ["set-password"], ["add"]),
    (["user", "add", "alice", "--"], ["--mc-id", "--password-stdin", "--json"], ["--yes"]),
    (["tenant", "add", "alpha", "--algorithm", ""], ["ES256", "EdDSA", "RS256"], ["--issuer"]),
    (["log", "level", ""], ["debug", "error"], ["info2"]),
    (["completion", ""], ["bash", "zsh", "fish"], []),
]


def main():
    failures = 0
    for typed, wanted, unwanted in CASES:
        run = subprocess.run(["bash", "--norc", "-c", SCRIPT, "bash", sys.argv[1], "clavigerctl", *typed], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, check=False)
        offered = run.stdout.split("\n")
        for word in [word for word in wanted if word not in offered] + [word for word in unwanted if word in offered]:
            failures += 1
            print(f"{typed}: {word}: offered {offered} {run.stderr}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
