"""Plants what the house does not want."""

import unittest

import planted
from house import check

LIST = {"core/CMakeLists.txt": "claviger_library(core SOURCES a.cc)\n"}


class House(planted.PlantedTest):
    def test_an_ordinary_tree_is_let_through(self):
        self.assert_clean(check, dict(LIST, **{
            "README.md": "hello\n", ".gitignore": "/build/\n", "core/a.cc": "// sleep well\nint sleepless();\n",
            "tests/fuzz/core/x_fuzz.cc": "", "tests/fuzz/CMakeLists.txt": "claviger_fuzz(core/x SOURCES core/x_fuzz.cc)\n",
            "tests/fuzz/corpus/core/x/1": "seed"}))

    def test_a_new_thing_at_the_top_is_refused(self):
        self.assert_refused(check, {"docs/x.md": ""}, "the top level holds")

    def test_a_folder_without_a_noun_is_refused(self):
        self.assert_refused(check, {"core/utils/x.md": ""}, "without a named home")

    def test_paths_of_a_machine_are_refused(self):
        for text in ("/wo" "rk/main/x", "see /fa" "rm/x", "cd /ro" "ot/claviger"):
            self.assert_refused(check, {"tools/run": text + "\n"}, "one machine")

    def test_unfinished_things_are_refused(self):
        for text in ("// TO" "DO: later", "// FIX" "ME", "// not implem" "ented"):
            self.assert_refused(check, dict(LIST, **{"core/a.cc": text + "\n"}), "unfinished")

    def test_sleeping_is_refused(self):
        for text in ("std::this_thread::sl" "eep_for(1s);", "usl" "eep (3);", "::sl" "eep(1);"):
            self.assert_refused(check, dict(LIST, **{"core/a.cc": text + "\n"}), "no sleep")
        self.assert_refused(check, {"tests/x.py": "time.sl" "eep(1)\n"}, "no sleep in tests")
        self.assert_refused(check, {"tests/x": "#!/bin/sh\nsl" "eep 1\n"}, "no sleep in tests")

    def test_vectors_that_the_verifier_lets_stand_misaligned_are_refused(self):
        for text in ("table A { values: [int64]; }", "table A { values: [ ulong ]; }", "struct Pair { a: int32; }"):
            self.assert_refused(check, {"core/a.fbs": text + "\n"}, "misaligned")
        self.assert_clean(check, {"core/a.fbs": "table A { value: int64; values: [int32]; }\n"})

    def test_a_giant_file_is_refused(self):
        self.assert_refused(check, dict(LIST, **{"core/a.cc": "int x;\n" * 601}), "the second noun")
        self.assert_clean(check, dict(LIST, **{"core/a.cc": "int x;\n" * 600, "tests/vectors/v.txt": "x\n" * 9000}))

    def test_a_source_that_nobody_builds_is_refused(self):
        self.assert_refused(check, dict(LIST, **{"core/a.cc": "", "core/aa.cc": ""}), "core/aa.cc: no CMakeLists.txt builds it")

    def test_a_source_may_be_listed_from_above(self):
        self.assert_clean(check, {"core/CMakeLists.txt": "claviger_library(x SOURCES base/a.cc)\n", "core/base/a.cc": ""})

    def test_a_source_may_be_listed_by_a_foreach(self):
        lists = {"core/CMakeLists.txt": "foreach(name a b)\n  claviger_fuzz(x/${name} SOURCES ${name}_fuzz.cc)\nendforeach()\n"}
        self.assert_clean(check, dict(lists, **{"core/a_fuzz.cc": "", "core/b_fuzz.cc": ""}))
        self.assert_refused(check, dict(lists, **{"core/c_fuzz.cc": ""}), "core/c_fuzz.cc: no CMakeLists.txt builds it")

    def test_a_fuzz_target_without_corpus_is_refused(self):
        self.assert_refused(check, {
            "tests/fuzz/core/x_fuzz.cc": "",
            "tests/fuzz/CMakeLists.txt": "claviger_fuzz(core/x SOURCES core/x_fuzz.cc)\n"}, "is empty")

    def test_a_lock_file_that_names_a_mirror_is_refused(self):
        lock = '{"packages": {"a": {"resolved": "https://%s/a.tgz"}, "b": {}}}\n'
        path = "tests/interop/package-lock.json"
        self.assert_refused(check, {path: lock % "mirror.example"}, "comes from")
        self.assert_clean(check, {path: lock % ("regis" "try.npmjs.org")})


if __name__ == "__main__":
    unittest.main()
