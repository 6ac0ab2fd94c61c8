#include "storage/rocks/key_hash.h"

#include <string>

#include "storage/rocks/database.h"
#include "tests/storage/rocks/rocks_fixture.h"

namespace claviger::storage {
namespace {

using rocks::KeyHash;

TEST(KeyHash, TheProcesssKeySaysWhereAKeyLies) {
  const KeyHash one{{1, 2}};
  const KeyHash other{{3, 4}};
  EXPECT_EQ(one("name"), one("name"));
  EXPECT_NE(one("name"), other("name"));
  EXPECT_NE(one("name"), one("names"));
}

using HashKeys = RocksFixture;

TEST_F(HashKeys, AreOfOneOpening) {
  SipKey before;
  for (int i = 0; i < 2; ++i) {
    const auto database = rocks::Database::open(options(), clock_, logger_);
    ASSERT_TRUE(database);
    const SipKey key = (*database)->hash_key();
    EXPECT_TRUE(key.k0 != before.k0 && key.k1 != before.k1 && key.k0 != key.k1);
    before = key;
  }
}

}  // namespace
}  // namespace claviger::storage
