"""Plants each thing that the coroutine rules forbid, and what looks like it and is right."""

import unittest

import planted
import coroutines

BODY = "Task<Result<Unit>> Thing::run(Request request) {{\n  {}\n  co_return Unit{{}};\n}}\n"


class Coroutines(planted.PlantedTest):
    def check_body(self, statement):
        return [text for _, text in coroutines.check_text(BODY.format(statement))]

    def refused(self, statement, saying):
        found = self.check_body(statement)
        self.assertTrue(any(saying in text for text in found), (statement, found))

    def clean(self, statement):
        self.assertEqual(self.check_body(statement), [], statement)

    def test_literals_inside_an_await_are_refused(self):
        self.refused("co_await put({.id = i, .body = b});", "literal in braces")
        self.refused("auto x = co_await put(Record{i, b});", "literal in braces")
        self.refused("co_await f({a, b});", "literal in braces")
        self.refused("CLAVIGER_CO_TRY(done, co_await put(Record{i}));", "literal in braces")
        self.refused("if (auto x = co_await put(Record{i}); x) return_to();", "literal in braces")

    def test_lambdas_with_captures_inside_an_await_are_refused(self):
        self.refused("auto x = co_await offload(pool, [this] { return g(); });", "a lambda with captures inside")
        self.refused("co_await offload(pool, [n = 3](int m) mutable -> int { return m + n; });", "a lambda with captures inside")
        self.clean("auto x = co_await offload(pool, [] { return g(); });")
        self.clean("auto work = [n] { return g(n); };\n  auto x = co_await offload(pool, std::move(work));")

    def test_an_await_inside_something_is_refused(self):
        self.refused("Pair p{a, co_await f()};", "inside an initializer")
        self.refused("Pair p = {co_await f(), a};", "inside an initializer")
        self.refused("g(co_await f());", "inside arguments")
        self.refused("auto x = (co_await f()).value();", "inside arguments")
        self.refused("EXPECT_TRUE(co_await f());", "inside arguments")
        self.refused("auto x = list[co_await f()];", "inside an index")
        self.refused("auto x = is_old ? co_await f() : 0;", "inside ? :")

    def test_two_awaits_in_one_statement_are_refused(self):
        self.refused("auto x = co_await f() + co_await g();", "two co_await")
        self.refused("auto x = co_await f(co_await g());", "two co_await")
        self.clean("auto x = co_await f();\n  auto y = co_await g();")
        self.clean("if (x) co_await f(); else co_await g();")
        self.clean("for (;;) { co_await f(); if (done) { co_await g(); } }")

    def test_the_right_ways_are_let_through(self):
        self.clean("auto found = co_await records_.find(request.digest);")
        self.clean("CLAVIGER_CO_TRY(committed, co_await store_.commit(std::move(change)));")
        self.clean("if (!co_await f()) co_return Error{Code::NotFound, \"x\"};")
        self.clean("while (co_await f()) {\n    Pair p{a, b};\n    use(p);\n  }")
        self.clean("switch (co_await f()) { case 1: break; }")
        self.clean("Pair p{a, b};\n  co_await f(std::move(p));")
        self.clean("auto x = co_await f(Unit{});")
        self.clean('// co_await f({a, b})\n  auto s = "co_await f({a})";')

    def test_a_named_reason_lets_an_exception_through(self):
        self.clean("co_await f({a});  // coroutine: the literal is of scalars, tried under ASan")

    def test_borrowed_parameters_are_refused(self):
        for parameter, saying in (("const Request& request", "a reference"), ("std::string&& text", "a reference"),
                                  ("std::string_view text", "a string_view"), ("int n, std::span<const std::byte> b", "a span"),
                                  ("AvpView avp", "a AvpView"), ("int a = g(1, 2), T& b = c", "a reference")):
            for form in ("Task<int> run({});", "Task<Result<int>> Thing::run({}) {{ co_return 1; }}",
                         "virtual runtime::Task<int> run({}) = 0;", "auto f = []({}) -> Task<int> {{ co_return 1; }};"):
                found = coroutines.check_text(form.format(parameter), {"AvpView"})
                self.assertTrue(any(saying in text for _, text in found), (form, parameter, found))

    def test_owned_parameters_are_let_through(self):
        for text in ("Task<int> run(std::string text, Shard* home, std::function<void(const T&)> then);",
                     "bool spawn(Task<void> task, const Scope& scope);", "Result<int> parse(std::string_view text);",
                     "using Handler = std::function<runtime::Task<Response>(Request, PathValues)>;",
                     "Task(Task&& other) noexcept;", "Task<int> task(std::move(other));", "Task<Map<A, B>> run(int n);"):
            self.assertEqual(coroutines.check_text(text), [], text)

    def test_lambda_coroutines_with_captures_are_refused(self):
        found = coroutines.check_text("void f() { auto l = [x](int n) -> Task<int> { co_return n + x; }; g(l); }")
        self.assertIn("a lambda with captures is a coroutine", found[0][1])
        self.assertEqual(coroutines.check_text("void f() { auto l = [](int n) -> Task<int> { co_return n; }; g(l); }"), [])
        self.assertEqual(coroutines.check_text("void f() { auto l = [x] { return start(x); }; g(l); }"), [])

    def test_a_tree_is_read_and_its_views_are_learnt(self):
        self.assert_refused(coroutines.check, {
            "core/base/bytes.h": "using Bytes = std::span<const std::byte>;\n",
            "core/net/tcp.h": "Task<int> read(Bytes into);\n"}, "core/net/tcp.h:1: a Bytes")


if __name__ == "__main__":
    unittest.main()
