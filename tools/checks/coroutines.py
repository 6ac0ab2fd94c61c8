#!/usr/bin/env python3
"""The coroutine rules: await names, not literals; one co_await per statement, at its outermost level; no borrowed parameter.

g++ 12 and clang 14 destroy temporaries of some co_await expressions twice or never. Nothing warns, so this does:
  - an aggregate literal, an initializer list or a lambda with captures inside a co_await expression;
  - co_await inside an initializer `Pair p{a, co_await f()}`, inside a call's arguments or other parentheses, in `? :`;
  - two co_await in one statement;
  - a reference, span, string_view or *View parameter of a function that returns Task<...>;
  - a lambda coroutine with captures (they do not live in its frame).
It reads tokens, not C++: `// coroutine: REASON` on the line lets a checked exception through.
"""

import re
import sys

import source

TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|&&|\|\||[^\s\w]|\"|'")
OPENING, CLOSING = {"(": ")", "[": "]", "{": "}"}, {")": "(", "]": "[", "}": "{"}
CONDITION = {"if", "while", "switch", "for", "constexpr", "CLAVIGER_TRY", "CLAVIGER_CO_TRY"}
BORROWING = {"span", "string_view", "initializer_list"}


class Tokens:
    def __init__(self, text):
        self.text = [match.group(0) for match in TOKEN.finditer(text)]
        self.at = [match.start() for match in TOKEN.finditer(text)]
        self.partner, self.outer = {}, []
        stack = []
        for i, token in enumerate(self.text):
            self.outer.append(stack[-1] if stack else None)
            if token in OPENING:
                stack.append(i)
            elif token in CLOSING:
                if stack and self.text[stack[-1]] == CLOSING[token]:
                    opening = stack.pop()
                    self.partner[opening], self.partner[i] = i, opening
                    self.outer[i] = self.outer[opening]

    def __getitem__(self, i):
        return self.text[i] if 0 <= i < len(self.text) else ""

    def __len__(self):
        return len(self.text)

    def direct(self, opening):
        """Indexes of the tokens directly inside a bracket, those of inner brackets left out."""
        i, end = opening + 1, self.partner.get(opening, len(self.text))
        while i < end:
            yield i
            i = self.partner[i] if self[i] in OPENING and i in self.partner else i + 1

    def is_block(self, opening):
        """A brace that holds statements; an initializer holds no semicolon of its own."""
        return self[opening] == "{" and any(self[i] == ";" for i in self.direct(opening))

    def lambda_body(self, introducer):
        """The opening brace of the lambda whose `[` this is, or None if it is an index or an attribute."""
        before = self[introducer - 1]
        if re.match(r"[\w\])>\"]", before) and before not in ("return", "co_return", "co_await", "co_yield"):
            return None
        if self[introducer + 1] == "[" or before == "[":
            return None
        i = self.partner.get(introducer, len(self)) + 1
        while i < len(self) and self[i] not in ("{", ";", ",", ")", "}", "]"):
            i = self.partner.get(i, i) + 1 if self[i] == "(" else i + 1
        return i if self[i] == "{" else None


def has_captures(tokens, introducer):
    return tokens.partner.get(introducer, introducer + 1) > introducer + 1


def statement_start(tokens, i):
    """Where the statement (or the part of a for or of a condition) of token i starts, at the level of i."""
    while i > 0:
        before = tokens[i - 1]
        if before in (";", "{", "(", "["):
            break
        if before == "}" and i - 1 in tokens.partner:
            opening = tokens.partner[i - 1]
            if tokens.is_block(opening) or tokens[i] not in (".", "->", ")", ",", "(", "?"):
                break
            i = opening
        elif before in (")", "]") and i - 1 in tokens.partner:
            i = tokens.partner[i - 1]
        else:
            i -= 1
    return i


def statement_end(tokens, i):
    while i < len(tokens) and tokens[i] not in (";", ")", "]", "}"):
        if tokens[i] in OPENING and i in tokens.partner:
            i = tokens.partner[i]
        i += 1
    return i


def check_await(tokens, i):
    """What is wrong with the co_await at token i: a list of texts."""
    wrong = []
    around = tokens.outer[i]
    if around is not None and tokens[around] == "{" and not tokens.is_block(around):
        wrong.append("co_await inside an initializer: await into a name first")
    elif around is not None and tokens[around] == "[":
        wrong.append("co_await inside an index or a capture: await into a name first")
    elif around is not None and tokens[around] == "(":
        if tokens[around - 1] not in CONDITION:
            wrong.append("co_await inside arguments or parentheses: await into a name first")
    start, end = statement_start(tokens, i), statement_end(tokens, i)

    j = start
    while j < end:
        token = tokens[j]
        if token == "co_await" and j > i:
            wrong.append("two co_await in one statement")
            break
        if token == "?" and j < i:
            wrong.append("co_await inside ? :")
        if token == "[" and j > i and j in tokens.partner:
            body = tokens.lambda_body(j)
            if body is not None:
                if has_captures(tokens, j):
                    wrong.append("a lambda with captures inside a co_await expression: name it first")
                j = tokens.partner.get(body, end)
        elif token == "{" and j > i and j in tokens.partner:
            if not tokens.is_block(j) and (tokens[j - 1], tokens.partner[j]) != ("Unit", j + 1):
                wrong.append("a literal in braces inside a co_await expression: name it first")
            j = tokens.partner[j]
        j += 1
    return wrong


def template_end(tokens, i):
    """The index after the `>` that closes the `<` at i, or None if it is no template argument list."""
    depth = 0
    while i < len(tokens) and tokens[i] not in (";", "{", "}"):
        if tokens[i] == "<":
            depth += 1
        elif tokens[i] == ">":
            depth -= 1
            if depth == 0:
                return i + 1
        i = tokens.partner[i] if tokens[i] == "(" and i in tokens.partner else i
        i += 1
    return None


def parameters(tokens, opening):
    """Each parameter in a parenthesis as a list of token indexes, default arguments left out."""
    current, depth, default = [], 0, False
    i, end = opening + 1, tokens.partner[opening]
    while i < end:
        token = tokens[i]
        depth += (token == "<") - (token == ">")
        if token == "," and depth == 0:
            yield current
            current, default = [], False
        elif token == "=" and depth == 0:
            default = True
        elif not default:
            current.append(i)
        i = tokens.partner[i] + 1 if token in OPENING and i in tokens.partner else i + 1
    if current:
        yield current


def borrowed(tokens, parameter, views):
    depth = 0
    for i in parameter:
        token = tokens[i]
        depth += (token == "<") - (token == ">")
        if token in ("&", "&&") and depth == 0:
            return "a reference"
        if token in BORROWING or token in views:
            return f"a {token}"
    return None


def check_parameters(tokens, i, views):
    """Task<...> at token i: if it is the return type of a function, its parameters must own what they name."""
    after = template_end(tokens, i + 1)
    if after is None:
        return
    while re.match(r"[A-Za-z_]\w*$|::$", tokens[after]):  # the name, qualified or not
        after += 1
        if tokens[after] == "<" and template_end(tokens, after):
            after = template_end(tokens, after)
    trailing, before = None, i - 1
    while re.match(r"[A-Za-z_]\w*$|::$", tokens[before]):
        before -= 1
    if tokens[before] == "->":  # the trailing return type of a lambda or function
        back = before - 1
        while tokens[back] in ("mutable", "noexcept", "const"):
            back -= 1
        trailing = tokens.partner.get(back) if tokens[back] == ")" else None
    opening = trailing if trailing is not None else after
    if tokens[opening] != "(" or opening not in tokens.partner:
        return
    if trailing is None and not re.match(r"[A-Za-z_]\w*$", tokens[after - 1]):
        return  # Task<T>(...): a function type or a constructor call
    for parameter in parameters(tokens, opening):
        what = borrowed(tokens, parameter, views)
        if what:
            yield parameter[0], f"{what} as a parameter of a function that returns Task: take a value, a Slice or an id"


def check_lambda(tokens, i):
    """A lambda with captures that is itself a coroutine."""
    body = tokens.lambda_body(i)
    if body is None or not has_captures(tokens, i) or body not in tokens.partner:
        return
    j = body + 1
    while j < tokens.partner[body]:
        if tokens[j] == "[" and tokens.lambda_body(j) is not None:
            j = tokens.partner.get(tokens.lambda_body(j), j)
        elif tokens[j] in ("co_await", "co_return", "co_yield"):
            yield i, "a lambda with captures is a coroutine: write a function with parameters"
            return
        j += 1


def view_names(root, paths):
    """Our own names for what borrows: aliases of span and string_view, and every type called ...View."""
    names = set()
    for path in paths:
        text = source.without_comments(source.read(root, path))
        names |= set(re.findall(r"using\s+(\w+)\s*=\s*(?:std::)?(?:span|string_view)\b", text))
        names |= set(re.findall(r"\b(?:class|struct)\s+(\w+View)\b", text))
    return names


def check_text(text, views=frozenset()):
    """Complaints about one file: (line, text)."""
    original = text.split("\n")
    text = source.without_directives(source.without_comments(text))
    tokens = Tokens(text)
    found = []
    for i, token in enumerate(tokens.text):
        if token == "co_await" and tokens[i - 1] != "operator":
            found += [(i, wrong) for wrong in check_await(tokens, i)]
        elif token == "Task" and tokens[i + 1] == "<":
            found += check_parameters(tokens, i, views)
        elif token == "[":
            found += check_lambda(tokens, i)
    lines = sorted({(source.line_of(text, tokens.at[i]), wrong) for i, wrong in found})
    return [(line, wrong) for line, wrong in lines if not re.search(r"// coroutine: \w", original[line - 1])]


def check(root):
    paths = [path for path in source.files(root) if source.is_cpp(path)]
    views = view_names(root, paths)
    return [f"{path}:{line}: {wrong}" for path in paths for line, wrong in check_text(source.read(root, path), views)]


if __name__ == "__main__":
    sys.exit(source.main(check, "coroutines"))
