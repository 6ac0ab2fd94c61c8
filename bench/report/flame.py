"""Flame graphs from the text of `perf script`: stacks folded and counted, then drawn; widest below, callees above.

Each frame has its name, share and samples in a title that browsers show under the pointer; no script is needed. What
is drawn is also listed: the functions with the most samples of their own.
"""

import re
from html import escape

import svg

FRAME = re.compile(r"^\s+[0-9a-f]+\s+(.*)\s+\(([^()]*)\)$")
# Templates make names of a thousand characters; what a reader needs stands at their ends.
NAME_MAX = 120
WIDTH, ROW = 1080, 17
# Narrower than this is not seen: the parent's bare top says that something was there.
PIXELS_MIN = 0.6
DEPTH_MAX = 64


def without_templates(name):
    """std::function<void(int)>::operator() as std::function::operator(); operator< and operator<< stay."""
    out, depth, i = [], 0, 0
    while i < len(name):
        if depth == 0 and name.startswith("operator", i):
            word = re.match(r"operator\s*(<=>|<<=|<<|<=|<|>>=|>>|>=|>|->\*?)?", name[i:]).group(0)
            out.append(word)
            i += len(word)
            continue
        if name[i] == "<":
            depth += 1
        elif name[i] == ">" and depth:
            depth -= 1
        elif depth == 0:
            out.append(name[i])
        i += 1
    return "".join(out)


def frame_name(symbol, module):
    symbol = re.sub(r"\+0x[0-9a-f]+$", "", symbol)
    if symbol == "[unknown]":
        return f"[{module.rsplit('/', 1)[-1].strip('[]')}]"
    symbol = without_templates(symbol.replace("(anonymous namespace)::", "").replace("(inlined)", "").strip())
    is_kernel = module.startswith("[kernel") or module.startswith("[guest")
    symbol = re.sub(r"\((?!\)).*$", "", symbol) or symbol
    return shortened(symbol) + ("_[k]" if is_kernel else "")


def shortened(name):
    return name if len(name) <= NAME_MAX else "…" + name[1 - NAME_MAX:]


def fold(script):
    """{"thread;outer;inner": samples} of what `perf script` printed."""
    stacks, frames, thread = {}, [], None

    def end():
        if thread is not None:
            names = [thread, *reversed(frames)][:DEPTH_MAX]
            # a recursion through the same name is one frame
            names = [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]
            stacks[";".join(names)] = stacks.get(";".join(names), 0) + 1

    for line in script.splitlines():
        if not line.strip():
            end()
            frames, thread = [], None
        elif line[0] not in " \t":
            end()
            frames, thread = [], re.split(r"\s+\d+", line.strip())[0].replace(";", ":")
        else:
            match = FRAME.match(line)
            if match:
                frames.append(frame_name(match[1], match[2]).replace(";", ":"))
    end()
    return stacks


class Node:
    def __init__(self):
        self.samples, self.own, self.children = 0, 0, {}


def tree(stacks):
    root = Node()
    for stack, samples in stacks.items():
        node = root
        node.samples += samples
        for name in stack.split(";"):
            node = node.children.setdefault(name, Node())
            node.samples += samples
        node.own += samples
    return root


# Ciphers, hashes, signatures and the libraries of nothing else, whose inner names are stripped.
CRYPTOGRAPHY = (r"ecp_|\bbn_|BN_|EC_|ECDSA|sha\d|SHA\d|aes|gcm|EVP_|CRYPTO_|x25519|argon2|blake2|ge25519|fe25519|fill_segment|poly1305|chacha|"
                r"libcrypto|libargon2|libsodium|libgmp|__gmp|mpn_|claviger::crypto::")


def hue(name):
    """Kernel, cryptography, storage, the rest of ours and other libraries have a colour each, with a shade per name."""
    shade = sum(name.encode()) % 3
    if name.endswith("_[k]"):
        return f"kernel s{shade}"
    if re.search(CRYPTOGRAPHY + r"|SSL_|ssl|tls", name):
        return f"crypto s{shade}"
    if re.search(r"rocksdb|storage::|Store", name):
        return f"store s{shade}"
    return f"{'ours' if 'claviger' in name else 'library'} s{shade}"


def draw(title, stacks):
    root = tree(stacks)
    if root.samples == 0:
        return ""
    boxes, deepest = [], 0

    def place(node, left, depth):
        nonlocal deepest
        for name, child in sorted(node.children.items()):
            wide = child.samples / root.samples * WIDTH
            if wide >= PIXELS_MIN:
                boxes.append((left, depth, wide, name, child))
                deepest = max(deepest, depth)
                place(child, left, depth + 1)
            left += wide

    place(root, 0.0, 0)
    height = (deepest + 1) * ROW + 2
    parts = []
    for left, depth, wide, name, child in boxes:
        y = height - (depth + 1) * ROW
        label = name.removesuffix("_[k]")
        room = int(wide / 6.3)
        said = [svg.element("title", escape(f"{label}: {100 * child.samples / root.samples:.1f} %, {child.samples} samples, {child.own} its own")),
                svg.element("rect", x=left, y=y, width=max(wide - 0.5, 0.4), height=ROW - 1, class_=hue(name))]
        if room >= 4:
            last = label.split("claviger::")[-1]
            said.append(svg.text(last if len(last) <= room else last[:room - 1] + "…", left + 3, y + 12))
        parts.append(svg.element("g", *said))
    return svg.image(WIDTH, height, title, f"{root.samples} samples; the functions with most of them are listed beside it", *parts, style="flame")


def heaviest(stacks, most=12):
    """[(function, share of its own, share with callees)]"""
    total = sum(stacks.values()) or 1
    own, whole = {}, {}
    for stack, samples in stacks.items():
        names = stack.split(";")
        own[names[-1]] = own.get(names[-1], 0) + samples
        for name in set(names[1:]):
            whole[name] = whole.get(name, 0) + samples
    first = sorted(own, key=lambda name: (-own[name], name))[:most]
    return [(name.removesuffix("_[k]"), own[name] / total, whole.get(name, own[name]) / total) for name in first]


def share_of(stacks, pattern):
    """What part of all samples ended in a function whose name matches."""
    total = sum(stacks.values())
    return sum(samples for stack, samples in stacks.items() if re.search(pattern, stack.split(";")[-1])) / total if total else None
