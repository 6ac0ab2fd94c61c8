"""Plants paths that rotted."""

import unittest

import planted
from readmes import check

TREE = {"core/base/slice.h": "", "core/base/secret.h": "", "tools/test": "", "tests/core/base/slice_test.cc": ""}


class Readmes(planted.PlantedTest):
    def test_paths_that_exist_are_let_through(self):
        self.assert_clean(check, dict(TREE, **{
            "README.md": "See `core/base/slice.h`, `core/base/`, `slice.h`, `core/base/{slice,secret}.h`, `core/*/slice.h`,\n"
                         "`tools/test full`, [slices](core/base/slice.h) and `x/y`, `std::span`, `application/json`.\n\n"
                         "    tools/test full   # all\n",
            "core/README.md": "`base/slice.h` and `slice.h:12`, `tests/core/base/slice_test.cc`\n"}))

    def test_paths_that_rotted_are_refused(self):
        for text in ("`core/base/gone.h`", "`core/gone`", "`gone.h`", "`core/base/{slice,gone}.h`", "[x](core/gone.h)",
                     "    tools/gone --now", "```\ntools/gone\n```", "`tools/gone up DIR`", "`core/gone/*.h`"):
            self.assert_refused(check, dict(TREE, **{"README.md": text + "\n"}), "there is no")

    def test_a_readme_below_is_read_from_its_own_folder(self):
        self.assert_refused(check, dict(TREE, **{"core/README.md": "`base/gone.h`\n"}), "core/README.md:1: there is no")


if __name__ == "__main__":
    unittest.main()
