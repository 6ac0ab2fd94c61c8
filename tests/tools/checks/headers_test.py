"""Plants headers that are no contracts."""

import unittest

import planted
from headers import check

CONTRACT = "// A slab: who owns it and where it lives.\n//\n// Any shard.\n"


class Headers(planted.PlantedTest):
    def test_a_contract_is_let_through(self):
        self.assert_clean(check, {"core/base/a.h": CONTRACT + "#pragma once\n\n#include <vector>\n",
                                  "core/base/a.cc": '#include "core/base/a.h"\n\n#include <vector>\n'})

    def test_a_header_without_comment_is_refused(self):
        self.assert_refused(check, {"core/base/a.h": "#pragma once\n"}, "opens with what it is")

    def test_a_header_without_pragma_once_is_refused(self):
        self.assert_refused(check, {"core/base/a.h": CONTRACT + "int f();\n"}, "no #pragma once")

    def test_pragma_once_after_code_is_refused(self):
        self.assert_refused(check, {"core/base/a.h": CONTRACT + "#include <vector>\n#pragma once\n"}, "right after")

    def test_using_namespace_in_a_header_is_refused(self):
        self.assert_refused(check, {"core/base/a.h": CONTRACT + "#pragma once\nusing namespace std;\n"}, "opens no namespace")

    def test_its_own_header_comes_first(self):
        self.assert_refused(check, {"core/base/a.h": CONTRACT + "#pragma once\n",
                                    "core/base/a.cc": '#include <vector>\n#include "core/base/a.h"\n'}, "its own header")


if __name__ == "__main__":
    unittest.main()
