"""Plants arrows that point up."""

import unittest

import planted
from layering import check


class Layering(planted.PlantedTest):
    def test_includes_that_point_up_are_refused(self):
        for path, include in (("core/base/a.cc", "core/runtime/shard.h"), ("core/codec/a.h", "core/crypto/jwk.h"),
                              ("core/net/a.cc", "core/http/router.h"), ("core/http/a.cc", "storage/store.h"),
                              ("storage/rocks/a.cc", "broker/tables.h"), ("storage/a.cc", "core/http/message.h"),
                              ("broker/tokens/a.cc", "broker/admin/api.h"), ("broker/a.cc", "tools/x/y.h"),
                              ("broker/tokens/verifier/a.cc", "core/runtime/shard.h"),
                              ("broker/tokens/verifier/a.cc", "storage/store.h"), ("core/base/a.h", "tests/core/x.h")):
            self.assert_refused(check, {path: f'#include "{include}"\n'}, "must not include")

    def test_includes_that_point_down_are_let_through(self):
        self.assert_clean(check, {
            "core/base/a.cc": '#include "core/base/slice.h"\n#include <vector>\n',
            "broker/identity/a.cc": '#include "broker/tokens/issue_procedure.h"\n#include "storage/store.h"\n',
            "broker/tokens/verifier/a.cc": '#include "core/crypto/jwk.h"\n#include "broker/tokens/verifier/token_cache.h"\n',
            "broker/tokens/revoke_endpoint.cc": '#include "broker/identity/client_authentication.h"\n',
            "tests/core/a.cc": '#include "broker/tables.h"\n#include "helper.h"\n// #include "x"\n'})

    def test_libraries_stay_behind_their_fronts(self):
        for path, include in (("broker/a.cc", "uv.h"), ("core/net/a.cc", "rocksdb/db.h"), ("storage/a.cc", "nghttp2/nghttp2.h"),
                              ("broker/identity/a.cc", "simdjson.h"), ("broker/tokens/verifier/a.cc", "rocksdb/db.h")):
            self.assert_refused(check, {path: f"#include <{include}>\n"}, "belongs behind")

    def test_heavy_libraries_stay_inside_a_folder(self):
        heavy = {"core/http/session.h": "#include <nghttp2/nghttp2.h>\n"}
        inside = {"core/http/session.cc": '#include "core/http/session.h"\n'}
        self.assert_clean(check, dict(heavy, **inside))
        self.assert_refused(check, dict(heavy, **{"broker/a.cc": '#include "core/http/session.h"\n'}), "is heavy")

    def test_rooms_without_a_row_and_bare_names_are_refused(self):
        self.assert_refused(check, {"core/base/a.cc": '#include "core/news/x.h"\n'}, "no room that this check knows")
        self.assert_refused(check, {"core/base/a.cc": '#include "slice.h"\n'}, "include from the root")

    def test_links_that_point_up_are_refused(self):
        tree = {"core/base/CMakeLists.txt": "claviger_library(core_base\n  SOURCES a.cc)\n",
                "storage/CMakeLists.txt": "claviger_library(storage SOURCES s.cc PUBLIC claviger::core_base)\n",
                "broker/CMakeLists.txt": "claviger_library(broker SOURCES b.cc PUBLIC claviger::storage)\n"}
        self.assert_clean(check, tree)
        up = dict(tree, **{"storage/CMakeLists.txt": "claviger_library(storage SOURCES s.cc\n  PRIVATE claviger::broker)\n"})
        self.assert_refused(check, up, "storage must not link claviger::broker")
        raw = dict(tree, **{"core/base/CMakeLists.txt": "claviger_library(core_base SOURCES a.cc)\n"
                            "target_link_libraries(claviger_core_base PUBLIC claviger_storage)\n"})
        self.assert_refused(check, raw, "core/base must not link claviger_storage")

    def test_links_to_nothing_and_to_a_library_of_another_room_are_refused(self):
        self.assert_refused(check, {"core/base/CMakeLists.txt": "claviger_library(core_base PUBLIC claviger::nowhere)\n"},
                            "no folder makes a target")
        self.assert_refused(check, {"broker/CMakeLists.txt": "claviger_library(broker PRIVATE RocksDB::rocksdb-shared)\n"},
                            "belongs behind")


if __name__ == "__main__":
    unittest.main()
