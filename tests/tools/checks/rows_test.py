"""Plants rows whose tests are not there."""

import unittest

import planted
from rows import check

TREE = {"tests/a_test.cc": "TEST_F(Signs, Off) {}\nTEST(Signs,\n     On) {}\n", "tests/b.py": "def check_it(): pass\n"}


class Rows(planted.PlantedTest):
    def test_rows_with_tests_are_let_through(self):
        self.assert_clean(check, dict(TREE, **{
            "tests/rows/x.txt": "# words\n\n== one (clause 1)\nsigns off | Signs.Off; Signs.On; b.py: def check_it\n"
                                "is not done | none: nobody asked for it\n"}))

    def test_a_test_that_is_not_there_is_refused(self):
        for tests, what in (("Signs.Out", "there is no test"), ("b.py: def check_that", "does not say"),
                            ("c.py: x", "does not say"), ("something", "names no test"), ("none: ", "names no test")):
            self.assert_refused(check, dict(TREE, **{"tests/rows/x.txt": f"== one\nrow | {tests}\n"}), what)

    def test_what_is_no_row_is_refused(self):
        for text in ("row | Signs.Off\n", "== one\nrow\n", "== one\n | Signs.Off\n"):
            self.assert_refused(check, dict(TREE, **{"tests/rows/x.txt": text}), "not a row of a section")


if __name__ == "__main__":
    unittest.main()
