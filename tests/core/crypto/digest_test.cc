#include "core/crypto/digest.h"

#include <gtest/gtest.h>

#include "tests/core/crypto/vectors.h"

namespace claviger::crypto {
namespace {

TEST(Digest, PublishedValues) {  // FIPS 180-4 examples
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha512(as_bytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, PiecesAreTheWhole) {
  const std::string text(300, 'x');
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.update(as_bytes(text).first(cut));
    hash.update(as_bytes(text).subspan(cut));
    EXPECT_EQ(hash.finish(), sha256(as_bytes(text)));
  }
}

TEST(Digest, ACopyForksTheState) {
  Sha256 prefix;
  prefix.update(as_bytes("ab"));
  Sha256 fork = prefix;
  prefix.update(as_bytes("c"));
  fork.update(as_bytes("d"));
  EXPECT_EQ(prefix.finish(), sha256(as_bytes("abc")));
  EXPECT_EQ(fork.finish(), sha256(as_bytes("abd")));
}

}  // namespace
}  // namespace claviger::crypto
