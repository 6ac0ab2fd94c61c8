"""What the checks share: which files the tree holds, and C++ without its comments and literals."""

import os
import re
import subprocess
import sys

LEFT_OUT = {".git", "build", "node_modules", ".sandbox", ".cache", "__pycache__", ".claviger"}


def files(root):
    """Paths relative to root of what is tracked or would be; of everything, where there is no git repository."""
    if os.path.exists(os.path.join(root, ".git")):
        git = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True)
        if git.returncode == 0:
            listed = git.stdout.decode("utf-8", "surrogateescape").split("\0")
            return sorted({path for path in listed if path and os.path.isfile(os.path.join(root, path))})
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def is_cpp(path):
    return path.endswith((".h", ".cc"))


_MASKED = re.compile(
    r"""//[^\n]*(?:\\\n[^\n]*)*"""
    r"""|/\*.*?\*/"""
    r"""|R"([^\s()\\]{0,16})\(.*?\)\1\""""
    r"""|"(?:\\.|[^"\\\n])*\""""
    r"""|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL | re.VERBOSE)


def without_comments(text, keep_literals=False):
    """The same text, lines and columns kept, with comments (and what literals hold) turned to spaces."""

    def blank(match):
        whole = match.group(0)
        if whole.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", whole)
        if keep_literals:
            return whole
        return whole[0] + re.sub(r"[^\n]", " ", whole[1:-1]) + whole[-1]

    return _MASKED.sub(blank, text)


def without_directives(text):
    """Preprocessor lines turned to spaces, continuation lines too."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: re.sub(r"[^\n]", " ", match.group(0)), text,
                  flags=re.MULTILINE)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def main(check, description):
    """Runs check(root) -> list of complaints over the tree named on the command line; the script's exit status."""
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    complaints = check(os.path.abspath(root))
    for complaint in complaints:
        print(complaint)
    print(f"{description}: {len(complaints)} complaints" if complaints else f"{description}: none to complain of")
    return 1 if complaints else 0
